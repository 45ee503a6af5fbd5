#include "bench/answer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The value of a header, from behind the colon to the end of the line; NULL where it is absent. */
static const char *header(const char *head, const char *end, const char *name)
{
    size_t len = strlen(name);

    for (const char *p = head; (p = memchr(p, '\n', (size_t)(end - p)));) {
        p++;
        if ((size_t)(end - p) > len && strncasecmp(p, name, len) == 0 && p[len] == ':')
            return p + len + 1 + strspn(p + len + 1, " ");
    }
    return NULL;
}

bool answer_head(const char *bytes, size_t len, struct answer *a)
{
    const char *end = len > 12 ? memmem(bytes, len, "\r\n\r\n", 4) : NULL, *value;

    if (!end)
        return false;
    *a = (struct answer){.head_size = (size_t)(end - bytes) + 4};
    a->status = (int)strtol(bytes + 9, NULL, 10);
    value = header(bytes, end, "Content-Length");
    a->length = value ? strtoul(value, NULL, 10) : 0;
    value = header(bytes, end, "Transfer-Encoding");
    a->chunked = value && strncasecmp(value, "chunked", 7) == 0;
    value = header(bytes, end, "Connection");
    a->closes = value && strncasecmp(value, "close", 5) == 0;
    a->body = bytes + a->head_size;
    return true;
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c | 0x20) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* One byte of "SIZE[;extension] CR LF". */
static void read_size(struct chunked *c, char byte)
{
    int digit = hex_digit(byte);

    if (byte == '\n') {
        c->in_extension = false;
        c->done = c->size == 0;
        c->left = c->size + 2;
        c->size = 0;
    } else if (digit >= 0 && !c->in_extension) {
        c->size = c->size << 4 | (size_t)digit;
    } else {
        c->in_extension = true;
    }
}

size_t chunked_decode(struct chunked *c, char *bytes, size_t len)
{
    size_t out = 0, at = 0;

    while (at < len) {
        size_t run = c->left < len - at ? c->left : len - at;
        size_t content = c->left > 2 ? c->left - 2 : 0;

        if (!c->left) {
            read_size(c, bytes[at++]);
            continue;
        }
        content = content < run ? content : run;
        memmove(bytes + out, bytes + at, content);
        out += content;
        at += run;
        c->left -= run;
    }
    return out;
}

size_t answer_take(char *bytes, size_t len, struct answer *a)
{
    struct chunked c = {0};

    if (!answer_head(bytes, len, a))
        return 0;
    if (a->chunked) {
        /* Whole where it ends with the last chunk: nothing is asked for before it has come. */
        if (len < a->head_size + 5 || memcmp(bytes + len - 5, "0\r\n\r\n", 5) != 0)
            return 0;
        a->body_len = chunked_decode(&c, bytes + a->head_size, len - a->head_size);
        return len;
    }
    if (a->status == 304 || a->status == 204)
        return a->head_size;
    a->body_len = a->length;
    return len >= a->head_size + a->length ? a->head_size + a->length : 0;
}
