#include "ws-sidecar/http_head.h"

#include <string.h>
#include <strings.h>

struct field {
    const char *name;
    size_t at;        /* offset of the member in struct http_head */
    const char *join; /* NULL: twice is an error */
};

static const struct field fields[] = {
    {"host", offsetof(struct http_head, host), NULL},
    {"origin", offsetof(struct http_head, origin), NULL},
    {"authorization", offsetof(struct http_head, authorization), NULL},
    {"cookie", offsetof(struct http_head, cookie), "; "},
    {"x-forwarded-for", offsetof(struct http_head, forwarded), ", "},
    {"upgrade", offsetof(struct http_head, upgrade), ", "},
    {"connection", offsetof(struct http_head, connection), ", "},
    {"sec-websocket-key", offsetof(struct http_head, ws_key), NULL},
    {"sec-websocket-version", offsetof(struct http_head, ws_version), NULL},
    {"sec-websocket-protocol", offsetof(struct http_head, ws_protocol), ", "},
    {"sec-fetch-site", offsetof(struct http_head, sec_fetch_site), NULL},
    {"last-event-id", offsetof(struct http_head, last_event_id), NULL},
    {"content-length", offsetof(struct http_head, content_length), NULL},
    {"transfer-encoding", offsetof(struct http_head, transfer_encoding), ", "},
};

static bool is_token_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_token(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!is_token_char(s[i]))
            return false;
    }
    return len > 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool store_field(struct arena *a, struct http_head *h, const struct field *f,
                        const char *value, size_t len)
{
    const char **member = (const char **)(void *)((char *)h + f->at);

    if (!*member)
        *member = arena_strn(a, value, len);
    else if (f->join)
        *member = arena_fmt(a, "%s%s%.*s", *member, f->join, (int)len, value);
    else
        return false;
    return true;
}

/* "GET /path?query HTTP/1.1" */
static bool parse_request_line(struct arena *a, struct http_head *h, const char *line, size_t len)
{
    const char *target = memchr(line, ' ', len), *end = line + len, *version;

    if (!target || !is_token(line, (size_t)(target - line)))
        return false;
    target++;
    version = memchr(target, ' ', (size_t)(end - target));
    if (!version || version == target || *target != '/')
        return false;
    for (const char *p = target; p < version; p++) {
        if (*p <= ' ' || *p == 0x7f)
            return false;
    }
    if (end - version != 9 || memcmp(version, " HTTP/1.", 8) != 0 ||
        (version[8] != '0' && version[8] != '1'))
        return false;
    h->method = arena_strn(a, line, (size_t)(target - 1 - line));
    h->target = arena_strn(a, target, (size_t)(version - target));
    h->minor = version[8] - '0';
    return true;
}

static bool parse_field(struct arena *a, struct http_head *h, const char *line, size_t len)
{
    const char *colon = memchr(line, ':', len), *value, *end = line + len;
    size_t name_len;

    if (!colon || !is_token(line, (size_t)(colon - line)))
        return false;
    name_len = (size_t)(colon - line);
    for (value = colon + 1; value < end && is_blank(*value); value++)
        ;
    while (end > value && is_blank(end[-1]))
        end--;
    for (const char *p = value; p < end; p++) {
        if (((unsigned char)*p < 0x20 && *p != '\t') || *p == 0x7f)
            return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        if (strlen(fields[i].name) == name_len && strncasecmp(fields[i].name, line, name_len) == 0)
            return store_field(a, h, &fields[i], value, (size_t)(end - value));
    }
    return true;
}

enum http_head_state http_head_parse(struct arena *a, const char *data, size_t len,
                                     struct http_head *out)
{
    const char *end = memmem(data, len, "\r\n\r\n", 4), *line = data;
    size_t count = 0;

    if (!end)
        return len >= HTTP_HEAD_MAX ? HTTP_HEAD_TOO_LONG : HTTP_HEAD_MORE;
    if (end - data + 4 > HTTP_HEAD_MAX)
        return HTTP_HEAD_TOO_LONG;
    *out = (struct http_head){.size = (size_t)(end - data) + 4};
    end += 2; /* each line has its CRLF now */
    while (line < end) {
        const char *stop = memmem(line, (size_t)(end - line), "\r\n", 2);
        size_t line_len = (size_t)(stop - line);
        bool good = line == data ? parse_request_line(a, out, line, line_len)
                                 : parse_field(a, out, line, line_len);

        if (!good || count++ > HTTP_HEAD_FIELDS)
            return HTTP_HEAD_BAD;
        line = stop + 2;
    }
    return HTTP_HEAD_DONE;
}

bool http_head_has(const char *list, const char *token)
{
    size_t len = strlen(token);

    while (list && *list) {
        size_t item;

        list += strspn(list, ", \t");
        item = strcspn(list, ", \t");
        if (item == len && strncasecmp(list, token, len) == 0)
            return true;
        list += item;
    }
    return false;
}

const char *http_head_cookie(struct arena *a, const char *cookies, const char *name)
{
    size_t len = strlen(name);

    while (cookies && *cookies) {
        size_t item;

        cookies += strspn(cookies, "; \t");
        item = strcspn(cookies, ";");
        if (item > len && cookies[len] == '=' && strncmp(cookies, name, len) == 0) {
            const char *value = cookies + len + 1;
            size_t value_len = item - len - 1;

            while (value_len > 0 && is_blank(value[value_len - 1]))
                value_len--;
            if (value_len >= 2 && value[0] == '"' && value[value_len - 1] == '"') {
                value++;
                value_len -= 2;
            }
            return arena_strn(a, value, value_len);
        }
        cookies += item;
    }
    return NULL;
}
