/* What is given back is nothing but zeros, and reads as before. */
#include "lib/footprint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

enum { PAGES = 8 };

static size_t resident(void *at, size_t pages, size_t page)
{
    unsigned char in[PAGES];
    size_t count = 0;

    assert_int_equal(mincore(at, pages * page, in), 0);
    for (size_t i = 0; i < pages; i++)
        count += in[i] & 1;
    return count;
}

static void test_pages_of_zeros_go_and_no_others(void **state)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), size = PAGES * page;
    char *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *expected = calloc(1, size);

    (void)state;
    assert_true(at != MAP_FAILED && expected);
    memset(at, 0, size); /* touched */
    at[0] = at[3 * page - 1] = at[5 * page + 7] = 'x';
    memcpy(expected, at, size);
    assert_int_equal(resident(at, PAGES, page), PAGES);
    footprint_drop_zeros(at + 1, size - 2); /* neither the first page nor the last is whole */
    assert_int_equal(resident(at, PAGES, page), 4); /* those two, and the third and the sixth */
    assert_memory_equal(at, expected, size);
    free(expected);
    munmap(at, size);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pages_of_zeros_go_and_no_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
