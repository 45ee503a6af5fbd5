#include "cli/probe.h"

#include "cli/channel.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/text.h"

#include <string.h>
#include <strings.h>

enum { ANSWER_MAX = 256 * 1024 };

bool probe_url(struct arena *a, const char *url, struct probe_url *out)
{
    const char *host, *end, *colon;
    int64_t port;

    out->tls = strncmp(url, "https://", 8) == 0;
    if (!out->tls && strncmp(url, "http://", 7) != 0)
        return false;
    host = strchr(url, '/') + 2;
    end = host + strcspn(host, "/?#");
    out->authority = arena_strn(a, host, (size_t)(end - host));
    out->origin = arena_strn(a, url, (size_t)(end - url));
    out->path = arena_str(a, *end == '/' ? end : "/");
    colon = strrchr(out->authority, ':');
    if (colon && !strchr(colon, ']')) {
        if (!text_to_i64(colon + 1, strlen(colon + 1), 1, 65535, &port))
            return false;
        out->host = arena_strn(a, out->authority, (size_t)(colon - out->authority));
        out->port = arena_str(a, colon + 1);
    } else {
        out->host = arena_str(a, out->authority);
        out->port = arena_str(a, out->tls ? "443" : "80");
    }
    if (out->host[0] == '[') /* an IPv6 address in a URL */
        out->host = arena_strn(a, out->host + 1, strcspn(out->host, "]") - 1);
    return out->host[0] != '\0';
}

/* Until the other end closes, or `until` is there (NULL: never). */
static bool receive(struct channel *c, struct buf *b, const char *until, int64_t deadline)
{
    char chunk[4096];
    ssize_t n;

    while ((n = channel_read(c, chunk, sizeof chunk, deadline)) > 0) {
        buf_add(b, chunk, (size_t)n);
        if (b->overflow || (until && strstr(buf_cstr(b), until)))
            return true;
    }
    return n == 0;
}

static bool split(struct arena *a, const struct buf *b, struct probe_answer *out)
{
    const char *text = buf_cstr(b), *end = strstr(text, "\r\n\r\n");
    int64_t status;

    if (!end || strncmp(text, "HTTP/1.", 7) != 0 || !text_to_i64(text + 9, 3, 100, 599, &status))
        return false;
    out->status = (int)status;
    out->head = arena_strn(a, text, (size_t)(end - text));
    out->body_len = b->len - (size_t)(end + 4 - text);
    out->body = arena_strn(a, end + 4, out->body_len);
    return true;
}

bool probe_until(struct arena *a, const struct probe_url *to, const char *path, const char *headers,
                 const char *until, struct probe_answer *out, const char **why)
{
    struct clock clock = {0};
    int64_t deadline = clock_boot_ms(&clock) + PROBE_TIMEOUT_MS;
    bool upgrade = strstr(headers, "Upgrade:") != NULL, ok;
    struct channel channel;
    struct buf b;

    if (!channel_open(&channel, a, to->host, to->port, to->tls, deadline, why))
        return false;
    out->distrust = arena_str(a, channel.distrust);
    buf_init(&b, ANSWER_MAX);
    /* HTTP/1.0 keeps the answer free of chunks; an upgrade needs 1.1. */
    buf_fmt(&b, "GET %s HTTP/1.%c\r\nHost: %s\r\n%s%s\r\n", path, upgrade ? '1' : '0',
            to->authority, upgrade ? "" : "Connection: close\r\n", headers);
    ok = channel_write(&channel, b.data, b.len, deadline);
    buf_clear(&b);
    ok = ok && receive(&channel, &b, until, deadline);
    channel_close(&channel);
    if (!ok)
        *why = "the answer did not come within five seconds";
    else if (!split(a, &b, out)) {
        *why = "the answer is not HTTP";
        ok = false;
    }
    buf_release(&b);
    return ok;
}

bool probe_get(struct arena *a, const struct probe_url *to, const char *path, const char *headers,
               struct probe_answer *out, const char **why)
{
    return probe_until(a, to, path, headers, NULL, out, why);
}

const char *probe_header(struct arena *a, const struct probe_answer *answer, const char *name)
{
    size_t len = strlen(name);

    for (const char *line = strstr(answer->head, "\r\n"); line; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, len) == 0 && line[len] == ':') {
            line += len + 1;
            line += strspn(line, " \t");
            return arena_strn(a, line, strcspn(line, "\r\n"));
        }
    }
    return NULL;
}
