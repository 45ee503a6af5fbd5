/* Query strings and urlencoded bodies, pair by pair. */
#include "lib/urlencoded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* What `in` says, as "name=value;" for each pair. */
static const char *read_all(struct arena *a, const char *in)
{
    size_t len = strlen(in);
    const char *out = "";
    struct url_pair pair;

    while (url_next_pair(a, &in, &len, &pair)) {
        assert_int_equal(pair.name[pair.name_len], 0);
        assert_int_equal(pair.value[pair.value_len], 0);
        out = arena_fmt(a, "%s%s=%s;", out, pair.name, pair.value);
    }
    assert_int_equal(len, 0);
    return out;
}

static void test_pairs_come_one_by_one_and_decoded(void **state)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"", ""},
        {"a=1", "a=1;"},
        {"a=1&b=2", "a=1;b=2;"},
        {"a", "a=;"},
        {"a=", "a=;"},
        {"=1", "=1;"},
        {"&&a=1&&b=2&", "a=1;b=2;"},
        {"a=b=c", "a=b=c;"},
        {"a+b=c+d", "a b=c d;"},
        {"%61=%3d%26", "a==&;"},
        {"a=%", "a=%;"},
        {"a=%4", "a=%4;"},
        {"a=%zz%41", "a=%zzA;"},
        {"a=%4&b=1", "a=%4;b=1;"},
        {"rooms=general:41,%40me:7", "rooms=general:41,@me:7;"},
    };
    struct arena a;

    (void)state;
    arena_init(&a);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *got = read_all(&a, cases[i].in);

        if (strcmp(got, cases[i].out) != 0)
            fail_msg("%s: %s", cases[i].in, got);
    }
    arena_release(&a);
}

static void test_a_nul_is_a_byte_like_others(void **state)
{
    const char *in = "a=x%00y";
    size_t len = strlen(in);
    struct url_pair pair;
    struct arena a;

    (void)state;
    arena_init(&a);
    assert_true(url_next_pair(&a, &in, &len, &pair));
    assert_int_equal(pair.value_len, 3);
    assert_memory_equal(pair.value, "x\0y", 4);
    assert_false(url_next_pair(&a, &in, &len, &pair));
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pairs_come_one_by_one_and_decoded),
        cmocka_unit_test(test_a_nul_is_a_byte_like_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
