/*
 * A number of places for all processes together: lock files slot.0, slot.1 … in one folder. Who has
 * locked one has the place; the kernel frees it when the process dies, however it dies.
 */
#ifndef LIB_SLOT_H
#define LIB_SLOT_H

#include "lib/base.h"

/* A free one of the first `count` slots in the folder of the file `beside`: its fd, which close(2)
 * frees; -1 where all are taken, or no file can be locked there. */
int slot_take(const char *beside, int64_t count);
/* How many of them nobody has at this moment. */
int64_t slot_count_free(const char *beside, int64_t count);

#endif
