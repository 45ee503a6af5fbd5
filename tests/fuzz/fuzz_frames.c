/* What a WebSocket client may say: whatever is taken has the shape that the session relies on. */
#include "lib/text.h"
#include "ws-sidecar/frames.h"

#include "tests/fuzz/fuzz.h"

static void check_rooms(const struct client_frame *c)
{
    struct history_cursor *cursors;
    struct fail f = {0};
    struct arena a;
    size_t count;

    arena_init(&a);
    if (!frames_rooms(c, &a, &cursors, &count, &f)) {
        FUZZ_PROMISE(count <= FRAMES_ROOMS_MAX);
        for (size_t i = 0; i < count; i++)
            FUZZ_PROMISE(cursors[i].room && cursors[i].since >= -1);
    }
    arena_release(&a);
}

static void check_taken(const struct client_frame *c)
{
    FUZZ_PROMISE(c->type < CLIENT_TYPES);
    FUZZ_PROMISE(c->limit >= 1 && c->limit <= HISTORY_PAGE_MAX);
    FUZZ_PROMISE(c->since >= -1 && c->after >= -1 && c->before >= 0 && c->up_to >= 0);
    if (c->type == CLIENT_MESSAGE)
        FUZZ_PROMISE(c->message && strlen(c->message) == c->message_len);
    if (c->type == CLIENT_READ || c->type == CLIENT_SUBSCRIBE)
        FUZZ_PROMISE(c->room);
    if (c->type == CLIENT_AUTH)
        FUZZ_PROMISE(c->token || c->ticket);
    if (c->type == CLIENT_PRESENCE)
        FUZZ_PROMISE(c->state);
    check_rooms(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct client_frame c;
    struct fail f = {0};
    struct frame *answer;

    if (frames_parse(&c, (const char *)data, size, &f)) {
        FUZZ_PROMISE(f.message[0]);
        answer = frames_error(&f, c.client_id, NULL);
        FUZZ_PROMISE(text_is_utf8(answer->data + (answer->len < 128 ? 2 : 4),
                                  answer->len - (answer->len < 128 ? 2 : 4)));
        frame_unref(answer);
    } else {
        check_taken(&c);
    }
    if (c.client_id)
        FUZZ_PROMISE(text_is_client_id(c.client_id, strlen(c.client_id)));
    frames_release(&c);
    return 0;
}

static const struct fuzz_input examples[] = {
    FUZZ_INPUT("{\"type\":\"message\",\"message\":\"Hello traders!\",\"username\":\"trader123\"}"),
    FUZZ_INPUT("{\"type\":\"message\",\"message\":\"x\",\"room\":\"energy\",\"client_id\":"
               "\"abcdefgh\",\"reply_to\":7,\"sentiment\":\"bullish\"}"),
    FUZZ_INPUT("{\"type\":\"hello\",\"proto\":\"chat.v1\",\"rooms\":{\"general\":41,\"@me\":7}}"),
    FUZZ_INPUT("{\"type\":\"hello\",\"rooms\":[\"general\"],\"token\":\"a.b.c\"}"),
    FUZZ_INPUT("{\"type\":\"read\",\"room\":\"general\",\"up_to\":9007199254740991}"),
    FUZZ_INPUT("{\"type\":\"subscribe\",\"room\":\"general\",\"since\":0,\"epoch\":\"e\"}"),
    FUZZ_INPUT("{\"type\":\"history\",\"room\":\"general\",\"before\":50,\"limit\":200}"),
    FUZZ_INPUT("{\"type\":\"presence\",\"state\":\"idle\",\"room\":\"general\"}"),
    FUZZ_INPUT("{\"type\":\"typing\",\"room\":\"general\",\"on\":false}"),
    FUZZ_INPUT("{\"type\":\"auth\",\"ticket\":\"t\"}"),
    FUZZ_INPUT("{\"type\":\"pong\"}"),
};

static const struct fuzz_input words[] = {
    FUZZ_INPUT("\"type\":"), FUZZ_INPUT("\"rooms\":"), FUZZ_INPUT("\"client_id\":"),
    FUZZ_INPUT("null"),      FUZZ_INPUT("-1"),         FUZZ_INPUT("1e300"),
    FUZZ_INPUT("\\u0000"),   FUZZ_INPUT("\"@me\""),    FUZZ_INPUT("{}"),
    FUZZ_INPUT("[]"),        FUZZ_INPUT("\xff"),       FUZZ_INPUT("18446744073709551617"),
};

FUZZ_MAIN("client frames", 200000, examples, words);
