/* What is kept of a person, for that person. */
#include "tests/unit/act_fixture.h"

#include "chat/ignore.h"
#include "chat/mydata.h"
#include "chat/upload.h"

#include <stdio.h>
#include <stdlib.h>

enum { PART = 64 << 20 };

static struct json_object *data(struct fixture *fx, const struct actor *who, const char *after,
                                int64_t part_bytes)
{
    struct json_object *o = NULL;
    size_t len = 0;
    char *text = NULL;
    FILE *out = open_memstream(&text, &len);

    assert_int_equal(mydata_write(&fx->chat, who, after, part_bytes, out, &fx->fail), OK);
    fclose(out);
    assert_int_equal(json_parse(text, len, &o, &fx->fail), OK);
    free(text);
    return o;
}

static enum err try(struct fixture *fx, const struct actor *who, const char *after)
{
    FILE *out = tmpfile();
    enum err e = mydata_write(&fx->chat, who, after, PART, out, &fx->fail);

    fclose(out);
    return e;
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
    o = data(fx, &ana, NULL, PART);
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

static void test_files_are_named_with_address_and_hash(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana"), ben = fixture_user(fx, "8", "ben");
    const struct upload_wish wish = {
        .actor = &ana, .room = "energy", .name = "a table.csv", .name_len = 11, .size = 4};
    struct upload posted, waiting;
    struct posted message;
    struct json_object *o, *file;

    assert_int_equal(upload_whole(&fx->chat, &fx->arena, &wish, "a,b\n", &posted, &fx->fail), OK);
    assert_int_equal(upload_whole(&fx->chat, &fx->arena, &wish, "c,d\n", &waiting, &fx->fail), OK);
    const struct post p = {
        .actor = &ana, .room = "energy", .via = "api", .attachments = posted.row.id};

    assert_int_equal(chat_post_now(&fx->chat, &fx->arena, &p, &message, &fx->fail), OK);
    o = data(fx, &ana, NULL, PART);
    assert_int_equal(json_object_array_length(at(o, "files")), 2);
    for (size_t i = 0; i < 2; i++) {
        file = json_object_array_get_idx(at(o, "files"), i);
        if (at(file, "msg_id"))
            break;
    }
    assert_int_equal(json_object_get_int64(at(file, "msg_id")), message.message.id);
    assert_string_equal(json_object_get_string(at(file, "sha256")), posted.row.file.sha256);
    assert_string_equal(json_object_get_string(at(file, "url")),
                        arena_fmt(&fx->arena, "files/%s/a%%20table.csv", posted.row.id));
    json_object_put(o);
    o = data(fx, &ben, NULL, PART);
    assert_int_equal(json_object_array_length(at(o, "files")), 0);
    json_object_put(o);
}

static void test_a_long_list_comes_in_parts(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    struct json_object *o;
    const char *after;
    int first;

    fixture_post(fx, &ana, "general", "the first");
    fixture_sql(fx, "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n LIMIT 6000)"
                    " INSERT INTO message (id, room_id, seq, user_id, author_name, body, salt, via,"
                    " client_id, created_ms) SELECT n.i, m.room_id, m.seq + n.i, m.user_id, 'ana',"
                    " 'more', m.salt, 'api', 'client' || n.i, 1 FROM n, message m"
                    " WHERE m.body = 'the first'");
    o = data(fx, &ana, NULL, PART);
    assert_int_equal(json_object_array_length(at(o, "messages")), 6001);
    assert_null(at(o, "next"));
    json_object_put(o);
    o = data(fx, &ana, NULL, 100000);
    first = (int)json_object_array_length(at(o, "messages"));
    assert_in_range(first, 100, 1000);
    after = arena_str(&fx->arena, json_object_get_string(at(o, "next")));
    json_object_put(o);
    o = data(fx, &ana, after, PART);
    assert_int_equal(json_object_array_length(at(o, "messages")), 6001 - first);
    assert_null(at(o, "next"));
    assert_null(at(o, "user"));
    json_object_put(o);
    assert_int_equal(try(fx, &ana, "1"), ERR_BAD_REQUEST);
    assert_int_equal(try(fx, &ana, "x:y"), ERR_BAD_REQUEST);
}

static void test_it_is_not_given_all_the_time(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana"), ben = fixture_user(fx, "8", "ben");

    fx->conf.rate_session_burst = 2;
    assert_int_equal(try(fx, &ana, NULL), OK);
    assert_int_equal(try(fx, &ana, NULL), OK);
    assert_int_equal(try(fx, &ana, NULL), ERR_RATE_LIMITED);
    assert_int_equal(try(fx, &ben, NULL), OK);
}

static void test_a_full_disk_is_no_half_of_it(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    FILE *out = fopen("/dev/full", "we");

    fixture_post(fx, &ana, "general", "the first");
    assert_int_equal(mydata_write(&fx->chat, &ana, NULL, PART, out, &fx->fail), ERR_STORAGE_FULL);
    fclose(out);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_it_has_all_that_is_theirs_and_nothing_else),
        TEST(test_files_are_named_with_address_and_hash),
        TEST(test_a_long_list_comes_in_parts),
        TEST(test_it_is_not_given_all_the_time),
        TEST(test_a_full_disk_is_no_half_of_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
