/*
 * The lock file of the sidecar: whoever has it locked may bind the sidecar's sockets, so there is
 * one at most. It says which process that is; or that somebody began to start one (when: the file's
 * time of change) which is not serving yet.
 */
#ifndef LIB_SIDECAR_LOCK_H
#define LIB_SIDECAR_LOCK_H

#include "lib/err.h"

enum { SIDECAR_RETRY_S = 10 };

/* Takes the lock: its fd, or -1 with `f` filled; ERR_BUSY: another has it. */
int sidecar_lock_take(const char *path, struct fail *f);
/* That `fd`, which whoever started us opened, holds this lock. From here
 * on it is closed by exec. */
MUST_CHECK enum err sidecar_lock_inherit(int fd, const char *path, struct fail *f);
bool sidecar_lock_is_held(const char *path);

/* How the last start on demand went. */
enum sidecar_start {
    SIDECAR_STARTED,  /* well, or there was none */
    SIDECAR_STARTING, /* less than SIDECAR_RETRY_S ago, and not there yet */
    SIDECAR_NOT_STARTED
};
enum sidecar_start sidecar_lock_last_start(const char *path);
/* All by the holder: a start begins; this process serves; its sockets are
 * gone, and so is the lock. */
void sidecar_lock_begin_start(int fd);
void sidecar_lock_serve(int fd);
void sidecar_lock_let_go(int fd);

#endif
