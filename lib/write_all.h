/* write(2) until all of it is written: signals and short writes are gone over. */
#ifndef LIB_WRITE_ALL_H
#define LIB_WRITE_ALL_H

#include "lib/base.h"

/* False with errno set where it could not; a part may be written then. */
bool write_all(int fd, const void *bytes, size_t len);

#endif
