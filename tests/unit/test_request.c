/* What a stream or a poll asks for, and the ids by which a stream goes on. */
#include "ws-sidecar/request.h"

#include "ws-sidecar/event_id.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static enum err parse(struct arena *a, const char *query, const char *id, struct request *out)
{
    struct fail f = {0};
    enum err e = request_parse(a, query, id, out, &f);

    assert_true(!e || f.message[0]);
    return e;
}

static void test_all_fields(void **state)
{
    struct request r;
    struct arena a;

    (void)state;
    arena_init(&a);
    assert_int_equal(parse(&a,
                           "epoch=abc&rooms=general:41:38,%40me:7,energy&conn=abcd-EF_1&state=idle"
                           "&wait=5&token=ignored#part",
                           NULL, &r),
                     OK);
    assert_string_equal(r.epoch, "abc");
    assert_string_equal(r.conn, "abcd-EF_1");
    assert_string_equal(r.state, "idle");
    assert_int_equal(r.wait_ms, 5000);
    assert_int_equal(r.count, 3);
    assert_string_equal(r.cursors[0].room, "general");
    assert_int_equal(r.cursors[0].since, 41);
    assert_int_equal(r.cursors[0].marked, 38);
    assert_string_equal(r.cursors[1].room, "@me");
    assert_int_equal(r.cursors[1].since, 7);
    assert_int_equal(r.cursors[1].marked, -1);
    assert_int_equal(r.cursors[2].since, -1);
    arena_release(&a);
}

static void test_what_is_left_out(void **state)
{
    struct request r;
    struct arena a;

    (void)state;
    arena_init(&a);
    assert_int_equal(parse(&a, "rooms=general&conn=&state=&wait=", NULL, &r), OK);
    assert_null(r.epoch);
    assert_null(r.conn);
    assert_string_equal(r.state, "active");
    assert_int_equal(r.wait_ms, REQUEST_WAIT_MAX_S * 1000);
    assert_int_equal(parse(&a, "rooms=general&epoch=", NULL, &r), OK);
    assert_string_equal(r.epoch, ""); /* given, and no epoch of ours */
    assert_int_equal(parse(&a, "rooms=general&wait=0", NULL, &r), OK);
    assert_int_equal(r.wait_ms, 0);
    arena_release(&a);
}

static void test_what_is_malformed(void **state)
{
    static const char *const queries[] = {
        "",
        "epoch=e",
        "rooms=",
        "rooms=general:",
        "rooms=general:-1",
        "rooms=general:1,",
        "rooms=GENERAL",
        "rooms=general%00",
        "rooms=general,general",
        "rooms=a&rooms=b",
        "rooms=a&wait=21",
        "rooms=a&wait=-1",
        "rooms=a&wait=x",
        "rooms=a&wait=1&wait=1",
        "rooms=a&conn=short",
        "rooms=a&conn=with%20blanks",
        "rooms=a&conn=12345678%00",
        "rooms=a&state=gone",
        "rooms=a&state=activ",
        "rooms=a&epoch=0123456789012345678901234567890123456789012345678901234567890123456789",
    };
    struct request r;
    struct arena a;

    (void)state;
    arena_init(&a);
    for (size_t i = 0; i < ARRAY_LEN(queries); i++)
        if (parse(&a, queries[i], NULL, &r) != ERR_BAD_REQUEST)
            fail_msg("%s", queries[i]);
    arena_release(&a);
}

static void test_the_last_event_id_wins(void **state)
{
    static const char *const bad[] = {"17",           "e ",    " general:1", "e general:x",
                                      "e  general:1", "e a a", "e a:1,"};
    struct request r;
    struct arena a;

    (void)state;
    arena_init(&a);
    assert_int_equal(parse(&a, "rooms=general:1&epoch=old", "new energy:7,@me:0", &r), OK);
    assert_string_equal(r.epoch, "new");
    assert_int_equal(r.count, 2);
    assert_string_equal(r.cursors[0].room, "energy");
    assert_int_equal(r.cursors[0].since, 7);
    assert_int_equal(parse(&a, "", "new energy:7", &r), OK);    /* it says all */
    assert_int_equal(parse(&a, "rooms=general:1", "", &r), OK); /* none was seen */
    assert_int_equal(r.cursors[0].since, 1);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (parse(&a, "rooms=general:1", bad[i], &r) != ERR_BAD_REQUEST)
            fail_msg("%s", bad[i]);
    arena_release(&a);
}

static void test_a_copy_stands_alone(void **state)
{
    struct request from, to;
    struct arena a, b;

    (void)state;
    arena_init(&a);
    arena_init(&b);
    assert_int_equal(parse(&a, "epoch=e&rooms=general:4,energy&conn=12345678", NULL, &from), OK);
    request_copy(&b, &to, &from);
    arena_release(&a);
    assert_string_equal(to.epoch, "e");
    assert_string_equal(to.conn, "12345678");
    assert_int_equal(to.count, 2);
    assert_string_equal(to.cursors[1].room, "energy");
    assert_int_equal(to.cursors[0].since, 4);
    arena_release(&b);
}

/* ----- ids ----- */

static enum err load_nothing(void *ctx, int64_t room_id, const char *room, int64_t since,
                             struct slice **out, size_t max, size_t *count)
{
    (void)ctx, (void)room_id, (void)room, (void)since, (void)out, (void)max;
    *count = 0;
    return OK;
}

/* An id as a client gives it back: without the field's name and the line's end. */
static const char *id_text(struct arena *a, const struct hub_reader *r, int64_t room, int64_t seq)
{
    struct event_id *id = arena_alloc(a, sizeof *id);

    event_id_make(id, r, "0123456789abcdef0123456789abcdef", room, seq);
    assert_true(id->len < EVENT_ID_MAX);
    if (id->len == 0)
        return "";
    assert_memory_equal(id->text, "id: ", 4);
    assert_int_equal(id->text[id->len - 1], '\n');
    return arena_strn(a, id->text + 4, id->len - 5);
}

static void test_an_id_says_where_each_room_stands(void **state)
{
    struct hub_setup setup = {.load = load_nothing, .max_lag = 1000};
    struct hub *h = hub_new(&setup);
    struct hub_reader r = {0};
    struct arena a;

    (void)state;
    arena_init(&a);
    assert_string_equal(id_text(&a, &r, 0, 0), "");
    hub_subscribe(h, &r, 1, "general", 41, -1);
    hub_subscribe(h, &r, 2, "@me", 0, -1);
    hub_subscribe(h, &r, 3, "energy", 9, 9);
    assert_string_equal(id_text(&a, &r, 0, 0),
                        "0123456789abcdef0123456789abcdef general:41,@me:0,energy:9");
    assert_string_equal(id_text(&a, &r, 3, 110),
                        "0123456789abcdef0123456789abcdef general:41,@me:0,energy:110");
    hub_leave(h, &r);
    hub_free(h);
    arena_release(&a);
}

static void test_the_longest_id_is_read_back_whole(void **state)
{
    struct hub_setup setup = {.load = load_nothing, .max_lag = 1000};
    struct hub *h = hub_new(&setup);
    struct hub_reader r = {0};
    struct request back;
    struct arena a;

    (void)state;
    arena_init(&a);
    for (int i = 0; i < HISTORY_CURSORS_MAX; i++)
        hub_subscribe(h, &r, i + 1, arena_fmt(&a, "a-room-with-a-very-long-name-%03d", i),
                      (INT64_C(1) << 53) - 1, -1);
    assert_int_equal(parse(&a, "", id_text(&a, &r, 1, 5), &back), OK);
    assert_int_equal(back.count, HISTORY_CURSORS_MAX);
    assert_int_equal(back.cursors[0].since, 5);
    assert_int_equal(back.cursors[HISTORY_CURSORS_MAX - 1].since, (INT64_C(1) << 53) - 1);
    hub_leave(h, &r);
    hub_free(h);
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_fields),
        cmocka_unit_test(test_what_is_left_out),
        cmocka_unit_test(test_what_is_malformed),
        cmocka_unit_test(test_the_last_event_id_wins),
        cmocka_unit_test(test_a_copy_stands_alone),
        cmocka_unit_test(test_an_id_says_where_each_room_stands),
        cmocka_unit_test(test_the_longest_id_is_read_back_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
