/* The shapes of docs/protocol.md, byte for byte. */
#include "tests/lib/fixture.h"

#include "chat/wire.h"

#include <string.h>

/* Prints, frees, compares. */
static void expect(struct json_object *o, const char *text)
{
    const char *got = json_text(o, NULL);

    assert_string_equal(got, text);
    json_object_put(o);
}

static const struct message full = {
    .id = 9007199254740991,
    .room_id = 3,
    .seq = 41,
    .user_id = 7,
    .author_name = "ana",
    .body = "a/b \"<b>\" \xe2\x82\xac",
    .html = "<p>a</p>",
    .sentiment = "bullish",
    .disclosure = "I hold.",
    .via = "ws",
    .client_id = "client-0001",
    .reply_to = 5,
    .created_ms = 1795338000000,
    .rev = 2,
    .edited_ms = 1795338000001,
};

static void test_a_message_begins_as_it_always_did(void **state)
{
    struct message m = {.id = 5,
                        .seq = 1,
                        .user_id = 7,
                        .author_name = "ana",
                        .body = "hi",
                        .client_id = "client-0001",
                        .created_ms = 1,
                        .rev = 1};

    (void)state;
    expect(wire_message(&m, "general"),
           "{\"id\":5,\"username\":\"ana\",\"message\":\"hi\",\"timestamp\":1,\"type\":\"message\","
           "\"room\":\"general\",\"seq\":1,\"user_id\":7,\"actor_id\":7,\"rev\":1,"
           "\"client_id\":\"client-0001\"}");
}

static void test_a_message_says_all_that_it_has(void **state)
{
    (void)state;
    expect(wire_message(&full, "energy"),
           "{\"id\":9007199254740991,\"username\":\"ana\","
           "\"message\":\"a/b \\\"<b>\\\" \xe2\x82\xac\",\"timestamp\":1795338000000,"
           "\"type\":\"message\",\"room\":\"energy\",\"seq\":41,\"user_id\":7,\"actor_id\":7,"
           "\"html\":\"<p>a</p>\",\"sentiment\":\"bullish\",\"disclosure\":\"I hold.\","
           "\"reply_to\":5,\"rev\":2,\"client_id\":\"client-0001\",\"edited_at\":1795338000001}");
}

static void test_a_deleted_message_says_nothing_of_its_text(void **state)
{
    struct message m = full;

    (void)state;
    m.deleted_ms = 9;
    expect(wire_message(&m, "energy"),
           "{\"id\":9007199254740991,\"username\":\"ana\",\"timestamp\":1795338000000,"
           "\"type\":\"message\",\"room\":\"energy\",\"seq\":41,\"user_id\":7,\"actor_id\":7,"
           "\"reply_to\":5,\"rev\":2,\"client_id\":\"client-0001\",\"edited_at\":1795338000001,"
           "\"deleted\":true}");
}

static void test_every_event_has_the_five_fields(void **state)
{
    struct event message = {.seq = 41, .kind = "message", .msg_id = full.id, .message = full};
    struct event gone = {.seq = 3, .ts_ms = 9, .kind = "message", .msg_id = 77, .actor_id = 7};
    struct event room = {.seq = 1, .ts_ms = 9, .kind = "room", .payload = "{\"change\":\"topic\"}"};
    struct event ban = {.seq = 2,
                        .ts_ms = 9,
                        .kind = "moderation",
                        .payload = "{\"act\":\"ban\",\"until\":10}",
                        .actor_id = 1,
                        .target_user_id = 7};
    struct event forged = {
        .seq = 2, .ts_ms = 9, .kind = "room", .payload = "{\"seq\":99,\"change\":\"x\"}"};
    struct json_object *same = wire_message(&full, "energy");

    (void)state;
    expect(wire_event(&message, "energy"), json_text(same, NULL));
    json_object_put(same);
    expect(wire_event(&gone, "energy"),
           "{\"type\":\"message\",\"room\":\"energy\",\"seq\":3,\"timestamp\":9,\"actor_id\":7,"
           "\"id\":77,\"deleted\":true}");
    expect(wire_event(&room, "energy"),
           "{\"type\":\"room\",\"room\":\"energy\",\"seq\":1,\"timestamp\":9,\"actor_id\":0,"
           "\"change\":\"topic\"}");
    expect(wire_event(&ban, "@me"),
           "{\"type\":\"moderation\",\"room\":\"@me\",\"seq\":2,\"timestamp\":9,\"actor_id\":1,"
           "\"target_id\":7,\"act\":\"ban\",\"until\":10}");
    expect(wire_event(&forged, "energy"),
           "{\"type\":\"room\",\"room\":\"energy\",\"seq\":2,\"timestamp\":9,\"actor_id\":0,"
           "\"change\":\"x\"}");
}

static void test_a_notice_is_a_sentence(void **state)
{
    struct event e = {.seq = 1, .ts_ms = 9, .kind = "notice", .payload = "{\"code\":\"renamed\"}"};
    struct json_object *o = wire_event(&e, "@me");

    (void)state;
    assert_string_equal(json_object_get_string(json_object_object_get(o, "code")), "renamed");
    assert_true(json_object_get_string_len(json_object_object_get(o, "message")) > 20);
    json_object_put(o);
}

static void test_rooms_and_people(void **state)
{
    struct room_view v = {.room = {.slug = "energy",
                                   .kind = "public",
                                   .title = "Energy",
                                   .topic = "Oil & gas",
                                   .head = 9,
                                   .floor = 2},
                          .has_mark = true,
                          .last_read_seq = 5,
                          .unread = 3};
    struct actor ana = {.kind = ACTOR_USER, .user_id = 7, .username = "ana", .role = "member"},
                 bob = {.kind = ACTOR_GUEST, .user_id = 8, .username = "bob", .role = "guest"},
                 nobody = {.kind = ACTOR_ANONYMOUS, .username = "", .role = ""};
    struct online list[] = {{7, 1, "ana", "active"}, {8, 0, "bob", "idle"}};

    (void)state;
    expect(wire_room(&v), "{\"id\":\"energy\",\"title\":\"Energy\",\"topic\":\"Oil & gas\","
                          "\"kind\":\"public\",\"seq\":9,\"floor\":2,\"unread\":3,\"mentions\":0,"
                          "\"last_read_seq\":5}");
    expect(wire_room_state(&v),
           "{\"seq\":9,\"floor\":2,\"unread\":3,\"mentions\":0,\"last_read_seq\":5}");
    expect(wire_user(&ana), "{\"id\":7,\"username\":\"ana\",\"role\":\"member\",\"guest\":false}");
    expect(wire_user(&bob), "{\"id\":8,\"username\":\"bob\",\"role\":\"guest\",\"guest\":true}");
    assert_null(wire_user(&nobody));
    expect(wire_online(list, 2), "[{\"user_id\":7,\"username\":\"ana\",\"state\":\"active\"},"
                                 "{\"user_id\":8,\"username\":\"bob\",\"state\":\"idle\"}]");
    expect(wire_online(NULL, 0), "[]");
}

static void test_answers(void **state)
{
    struct posted p = {.message = full};
    struct fail slow = {ERR_SLOW_MODE, 4200, "Wait."}, bad = {ERR_BAD_REQUEST, 0, "No."};

    (void)state;
    expect(wire_ack(&p, "energy"),
           "{\"type\":\"ack\",\"client_id\":\"client-0001\",\"msg_id\":9007199254740991,"
           "\"room\":\"energy\",\"seq\":41,\"timestamp\":1795338000000}");
    p.duplicate = true;
    expect(wire_ack(&p, "energy"),
           "{\"type\":\"ack\",\"client_id\":\"client-0001\",\"msg_id\":9007199254740991,"
           "\"room\":\"energy\",\"seq\":41,\"timestamp\":1795338000000,\"duplicate\":true}");
    expect(wire_error(&slow, "client-0001"),
           "{\"type\":\"error\",\"client_id\":\"client-0001\",\"code\":\"slow_mode\","
           "\"message\":\"Wait.\",\"retryable\":true,\"retry_after_ms\":4200}");
    expect(wire_error(&bad, NULL), "{\"type\":\"error\",\"code\":\"bad_request\","
                                   "\"message\":\"No.\",\"retryable\":false}");
    expect(wire_resync("energy", "abcd", 41, 2, "lag"),
           "{\"type\":\"resync\",\"room\":\"energy\",\"epoch\":\"abcd\",\"seq\":41,\"floor\":2,"
           "\"reason\":\"lag\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_message_begins_as_it_always_did),
        cmocka_unit_test(test_a_message_says_all_that_it_has),
        cmocka_unit_test(test_a_deleted_message_says_nothing_of_its_text),
        cmocka_unit_test(test_every_event_has_the_five_fields),
        cmocka_unit_test(test_a_notice_is_a_sentence),
        cmocka_unit_test(test_rooms_and_people),
        cmocka_unit_test(test_answers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
