/* What starting took and serving does not need, for programs that run for weeks. */
#ifndef LIB_FOOTPRINT_H
#define LIB_FOOTPRINT_H

#include <stddef.h>

/*
 * Gives the heap's free end back, and lets go of the pages of the program and its libraries that
 * cannot have been changed: relocation tables, names of symbols, code that runs once. Those that
 * are needed again come back from the file, unread where it is still in the kernel's cache.
 */
void footprint_trim(void);

/*
 * Of memory that malloc gave: whole pages with nothing but zeros go back; what reads them finds
 * zeros all the same. Nobody else may be writing there meanwhile.
 */
void footprint_drop_zeros(void *from, size_t size);

#endif
