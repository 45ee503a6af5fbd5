/*
 * Folders that several programs use, perhaps as several users of one group: a system installation's
 * web server and sidecar.
 */
#ifndef LIB_FOLDER_H
#define LIB_FOLDER_H

#include "lib/base.h"

#include <sys/types.h>

/*
 * Every folder on the way to `file` (0755) and the one that holds it, with `mode`. uid and gid -1:
 * the process's own; else a folder that was made here is given to them. False with errno set; what
 * exists is left as it is.
 */
MUST_CHECK bool folder_make_for(const char *file, mode_t mode, uid_t uid, gid_t gid);

/* What was made, renamed or removed in the folder of `file` is on disk. False with errno set. */
MUST_CHECK bool folder_sync_of(const char *file);

/* Where the folder of `file` is open to its group, so are the files that this process makes from
 * now on; else they are as they were. Never are they open to others. */
void folder_set_umask(const char *file);

#endif
