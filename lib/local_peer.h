/* Who is at the other end of a Unix socket, as the kernel knows it (unix(7): SO_PEERCRED). */
#ifndef LIB_LOCAL_PEER_H
#define LIB_LOCAL_PEER_H

#include "lib/base.h"

#include <sys/types.h>

/* Whether whoever made the other end may write to the file, by its owner, group and mode. *uid: as
 * whom. */
bool local_peer_may_write(int fd, const char *path, uid_t *uid);

#endif
