#include "lib/footprint.h"

#include <link.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* What was relocated lies in segments that were writable, and is not touched. */
static int let_go(struct dl_phdr_info *object, size_t size, void *ctx)
{
    const uintptr_t page = *(const uintptr_t *)ctx;

    (void)size;
    for (size_t i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        uintptr_t from = (object->dlpi_addr + segment->p_vaddr) & ~(page - 1);
        uintptr_t to = object->dlpi_addr + segment->p_vaddr + segment->p_memsz;

        if (segment->p_type == PT_LOAD && !(segment->p_flags & PF_W))
            (void)madvise((void *)from, to - from, MADV_DONTNEED); /* or nothing is gained */
    }
    return 0;
}

void footprint_trim(void)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

    malloc_trim(0);
    dl_iterate_phdr(let_go, &page);
}

static bool is_zero(const char *page, size_t size)
{
    return page[0] == 0 && memcmp(page, page + 1, size - 1) == 0;
}

void footprint_drop_zeros(void *from, size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *end = (char *)from + size;

    for (char *at = (char *)from + (page - (uintptr_t)from % page) % page; at + page <= end;
         at += page)
        if (is_zero(at, page))
            (void)madvise(at, page, MADV_DONTNEED); /* or nothing is gained */
}
