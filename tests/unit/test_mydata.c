/* What is kept of a person, for that person. */
#include "tests/unit/act_fixture.h"

#include "chat/ignore.h"
#include "chat/mydata.h"

#include <stdlib.h>

static struct json_object *data(struct fixture *fx, const struct actor *who, const char *after)
{
    struct json_object *o = NULL;
    struct buf out;

    buf_init(&out, 32 << 20);
    assert_int_equal(mydata_write(&fx->chat, &fx->arena, who, after, &out, &fx->fail), OK);
    assert_int_equal(json_parse(out.data, out.len, &o, &fx->fail), OK);
    buf_release(&out);
    return o;
}

static struct json_object *at(struct json_object *o, const char *key)
{
    return json_object_object_get(o, key);
}

static void test_it_has_all_that_is_theirs_and_nothing_else(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana"), ben = fixture_user(fx, "8", "ben");
    struct json_object *o, *messages, *first;
    struct acted out;
    const char *text;
    int64_t id, bens;
    size_t len;

    bens = fixture_post(fx, &ben, "general", "by ben").message.id;
    id = fixture_post(fx, &ana, "general", "by ana, wrong").message.id;
    fixture_post(fx, &ana, "energy", "about oil");
    assert_int_equal(act(fx,
                         (struct act){.kind = ACT_EDIT, .text = "by ana", .text_len = 6, .rev = 1},
                         &ana, id, &out),
                     OK);
    assert_int_equal(
        act(fx, (struct act){.kind = ACT_REACT, .emoji = "🚀", .on = true}, &ana, bens, &out), OK);
    assert_int_equal(ignore_set(&fx->chat, &fx->arena, &ana, ben.user_id, true, &fx->fail), OK);
    o = data(fx, &ana, NULL);
    text = json_text(o, &len);
    assert_null(strstr(text, "by ben"));
    assert_string_equal(json_object_get_string(at(at(o, "user"), "login")), "h:7");
    assert_int_equal(json_object_array_length(at(o, "reactions")), 1);
    assert_int_equal(json_object_array_length(at(o, "ignored")), 1);
    assert_true(json_object_is_type(at(o, "prefs"), json_type_object));
    assert_null(at(o, "next"));
    messages = at(o, "messages");
    assert_int_equal(json_object_array_length(messages), 2);
    first = json_object_array_get_idx(messages, 0);
    assert_string_equal(json_object_get_string(at(first, "message")), "by ana");
    assert_int_equal(json_object_array_length(at(first, "revisions")), 2);
    json_object_put(o);
}

static void test_a_long_list_comes_in_parts(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    struct json_object *o;
    const char *after;
    struct buf out;

    fixture_post(fx, &ana, "general", "the first");
    fixture_sql(fx, "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n LIMIT 6000)"
                    " INSERT INTO message (id, room_id, seq, user_id, author_name, body, salt, via,"
                    " client_id, created_ms) SELECT n.i, m.room_id, m.seq + n.i, m.user_id, 'ana',"
                    " 'more', m.salt, 'api', 'client' || n.i, 1 FROM n, message m"
                    " WHERE m.body = 'the first'");
    o = data(fx, &ana, NULL);
    assert_int_equal(json_object_array_length(at(o, "messages")), MYDATA_PART);
    after = arena_str(&fx->arena, json_object_get_string(at(o, "next")));
    json_object_put(o);
    o = data(fx, &ana, after);
    assert_int_equal(json_object_array_length(at(o, "messages")), 6001 - MYDATA_PART);
    assert_null(at(o, "next"));
    assert_null(at(o, "user"));
    json_object_put(o);
    buf_init(&out, 1000);
    assert_int_equal(mydata_write(&fx->chat, &fx->arena, &ana, "1", &out, &fx->fail),
                     ERR_BAD_REQUEST);
    assert_int_equal(mydata_write(&fx->chat, &fx->arena, &ana, "x:y", &out, &fx->fail),
                     ERR_BAD_REQUEST);
    buf_release(&out);
}

static void test_it_is_not_given_all_the_time(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana"), ben = fixture_user(fx, "8", "ben");
    struct buf out;

    fx->conf.rate_session_burst = 2;
    buf_init(&out, 100000);
    assert_int_equal(mydata_write(&fx->chat, &fx->arena, &ana, NULL, &out, &fx->fail), OK);
    assert_int_equal(mydata_write(&fx->chat, &fx->arena, &ana, NULL, &out, &fx->fail), OK);
    assert_int_equal(mydata_write(&fx->chat, &fx->arena, &ana, NULL, &out, &fx->fail),
                     ERR_RATE_LIMITED);
    assert_int_equal(mydata_write(&fx->chat, &fx->arena, &ben, NULL, &out, &fx->fail), OK);
    buf_release(&out);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_it_has_all_that_is_theirs_and_nothing_else),
        TEST(test_a_long_list_comes_in_parts),
        TEST(test_it_is_not_given_all_the_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
