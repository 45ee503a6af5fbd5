#include "ws-sidecar/wsframe.h"

#include <string.h>

enum { OPCODE_TEXT = 1, OPCODE_CLOSE = 8, OPCODE_PING = 9, FINAL = 0x80, REASON_MAX = 100 };

static size_t header_len(size_t payload)
{
    return payload < 126 ? 2 : payload < 65536 ? 4 : 10;
}

static char *put_header(char *at, int opcode, size_t payload)
{
    size_t bytes = payload < 126 ? 0 : payload < 65536 ? 2 : 8;

    *at++ = (char)(FINAL | opcode);
    *at++ = (char)(bytes == 0 ? payload : bytes == 2 ? 126 : 127);
    while (bytes-- > 0)
        *at++ = (char)(payload >> (8 * bytes));
    return at;
}

static char *put(char *at, const char *bytes, size_t len)
{
    memcpy(at, bytes, len);
    return at + len;
}

static struct frame *one(int opcode, const char *payload, size_t len)
{
    struct frame *f = frame_new(header_len(len) + len);

    f->head = header_len(len);
    put(put_header(f->data, opcode, len), payload, len);
    return f;
}

struct frame *wsframe_text(const char *text, size_t len)
{
    return one(OPCODE_TEXT, text, len);
}

struct frame *wsframe_ping(void)
{
    return one(OPCODE_PING, "ping", 4);
}

struct frame *wsframe_close(int code, const char *reason)
{
    char payload[2 + REASON_MAX] = {(char)(code >> 8), (char)code};
    size_t len = strnlen(reason, REASON_MAX);

    memcpy(payload + 2, reason, len);
    return one(OPCODE_CLOSE, payload, 2 + len);
}

struct frame *wsframe_seed(const struct slice *const *slices, size_t count)
{
    size_t size = 0;
    struct frame *f;
    char *at;

    for (size_t i = 0; i < count; i++) {
        if (slices[i]->is_message)
            size += header_len(slices[i]->len) + slices[i]->len;
    }
    if (size == 0)
        return NULL;
    f = frame_new(size);
    at = f->data;
    for (size_t i = 0; i < count; i++) {
        if (slices[i]->is_message)
            at = put(put_header(at, OPCODE_TEXT, slices[i]->len), slices[i]->json, slices[i]->len);
    }
    return f;
}

static char *put_list(char *at, const struct slice *const *slices, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            *at++ = ',';
        at = put(at, slices[i]->json, slices[i]->len);
    }
    return at;
}

static size_t list_len(const struct slice *const *slices, size_t count)
{
    size_t len = count - 1;

    for (size_t i = 0; i < count; i++)
        len += slices[i]->len;
    return len;
}

struct frame *wsframe_chat(const struct slice *const *slices, size_t count)
{
    static const char head[] = "{\"type\":\"batch\",\"events\":[", tail[] = "]}";
    size_t size = sizeof head - 1 + list_len(slices, count) + sizeof tail - 1;
    struct frame *f;
    char *at;

    if (count == 1)
        return wsframe_text(slices[0]->json, slices[0]->len);
    f = frame_new(header_len(size) + size);
    f->head = header_len(size);
    at = put(put_header(f->data, OPCODE_TEXT, size), head, sizeof head - 1);
    put(put_list(at, slices, count), tail, sizeof tail - 1);
    return f;
}

struct frame *wsframe_array(const struct slice *const *slices, size_t count)
{
    struct frame *f = frame_new(list_len(slices, count) + 2);

    f->data[0] = '[';
    *put_list(f->data + 1, slices, count) = ']';
    return f;
}
