/* The bump allocator: zeroed, aligned, apart, and reusable. */
#include "lib/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_memory_is_zeroed_and_aligned(void **state)
{
    static const size_t sizes[] = {0, 1, 7, 16, 17, 100, 8191, 8192, 8193, 100000, 3};
    struct arena a;

    (void)state;
    arena_init(&a);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
            unsigned char *p = arena_alloc(&a, sizes[i]);

            assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
            for (size_t k = 0; k < sizes[i]; k++)
                if (p[k] != 0)
                    fail_msg("byte %zu of %zu is not zero", k, sizes[i]);
            memset(p, 0xff, sizes[i]);
        }
        arena_clear(&a);
    }
    arena_release(&a);
}

static void test_pieces_do_not_overlap(void **state)
{
    enum { PIECES = 2000 };
    unsigned char *pieces[PIECES];
    struct arena a;

    (void)state;
    arena_init(&a);
    for (size_t i = 0; i < PIECES; i++) {
        pieces[i] = arena_alloc(&a, i % 300 + 1);
        memset(pieces[i], (int)(i % 251), i % 300 + 1);
    }
    for (size_t i = 0; i < PIECES; i++)
        for (size_t k = 0; k <= i % 300; k++)
            if (pieces[i][k] != i % 251)
                fail_msg("piece %zu was overwritten", i);
    arena_release(&a);
}

static void test_strings_are_copied(void **state)
{
    char source[] = "hello";
    struct arena a;
    char *copy, *part;

    (void)state;
    arena_init(&a);
    copy = arena_str(&a, source);
    part = arena_strn(&a, source + 1, 3);
    memset(source, 'x', 5);
    assert_string_equal(copy, "hello");
    assert_string_equal(part, "ell");
    assert_null(arena_str(&a, NULL));
    assert_string_equal(arena_strn(&a, "", 0), "");
    assert_memory_equal(arena_strn(&a, "a\0b", 3), "a\0b", 4);
    arena_release(&a);
}

static void test_formatting_has_no_length_limit(void **state)
{
    char big[20000];
    struct arena a;

    (void)state;
    memset(big, 'y', sizeof big);
    big[sizeof big - 1] = '\0';
    arena_init(&a);
    assert_string_equal(arena_fmt(&a, "%s=%d", "n", -7), "n=-7");
    assert_int_equal(strlen(arena_fmt(&a, "<%s>", big)), sizeof big - 1 + 2);
    assert_string_equal(arena_fmt(&a, "%s", ""), "");
    arena_release(&a);
}

static void test_a_cleared_arena_uses_its_block_again(void **state)
{
    struct arena a;
    void *first, *again;

    (void)state;
    arena_init(&a);
    arena_clear(&a); /* empty: nothing to do */
    first = arena_alloc(&a, 10);
    arena_alloc(&a, 50000);
    arena_clear(&a);
    again = arena_alloc(&a, 10);
    assert_ptr_equal(first, again);
    arena_release(&a);
    assert_null(a.head);
    assert_string_equal(arena_str(&a, "after release"), "after release");
    arena_release(&a);
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_is_zeroed_and_aligned),
        cmocka_unit_test(test_pieces_do_not_overlap),
        cmocka_unit_test(test_strings_are_copied),
        cmocka_unit_test(test_formatting_has_no_length_limit),
        cmocka_unit_test(test_a_cleared_arena_uses_its_block_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
