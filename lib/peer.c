#include "lib/peer.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum { HOPS_MAX = 32, ADDRESS_TEXT_MAX = 64 };

/* An address as 16 bytes, v4 in its mapped form, so that one comparison serves both. */
struct address {
    unsigned char bytes[16];
    bool v4;
};

static const unsigned char v4_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool address_parse(const char *s, size_t len, struct address *out)
{
    char text[ADDRESS_TEXT_MAX];

    if (len == 0 || len >= sizeof text)
        return false;
    memcpy(text, s, len);
    text[len] = '\0';
    if (inet_pton(AF_INET, text, out->bytes + 12) == 1) {
        memcpy(out->bytes, v4_prefix, sizeof v4_prefix);
        out->v4 = true;
        return true;
    }
    if (inet_pton(AF_INET6, text, out->bytes) != 1)
        return false;
    out->v4 = memcmp(out->bytes, v4_prefix, sizeof v4_prefix) == 0;
    return true;
}

static const char *address_text(struct arena *a, const struct address *address)
{
    char text[INET6_ADDRSTRLEN];

    if (address->v4)
        inet_ntop(AF_INET, address->bytes + 12, text, sizeof text);
    else
        inet_ntop(AF_INET6, address->bytes, text, sizeof text);
    return arena_str(a, text);
}

static bool same_prefix(const struct address *a, const struct address *b, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;
    unsigned mask = (0xff00u >> rest) & 0xffu;

    if (memcmp(a->bytes, b->bytes, whole) != 0)
        return false;
    return rest == 0 || ((a->bytes[whole] ^ b->bytes[whole]) & mask) == 0;
}

/* "10.0.0.0/8" or a single address. */
static bool block_holds(const char *entry, size_t len, const struct address *address)
{
    const char *slash = memchr(entry, '/', len);
    size_t address_len = slash ? (size_t)(slash - entry) : len;
    unsigned bits = 0, max;
    struct address base;

    if (!address_parse(entry, address_len, &base) || base.v4 != address->v4)
        return false;
    max = base.v4 ? 32 : 128;
    if (!slash)
        return same_prefix(&base, address, 128);
    if (slash + 1 == entry + len || entry + len - slash > 4)
        return false;
    for (const char *p = slash + 1; p < entry + len; p++) {
        if (*p < '0' || *p > '9')
            return false;
        bits = bits * 10 + (unsigned)(*p - '0');
    }
    return bits <= max && same_prefix(&base, address, bits + (128 - max));
}

static bool list_holds(const char *list, const struct address *address)
{
    while (*list) {
        size_t len = strcspn(list, " \t");

        if (len > 0 && block_holds(list, len, address))
            return true;
        list += len;
        list += strspn(list, " \t");
    }
    return false;
}

bool peer_in_list(const char *list, const char *address)
{
    struct address parsed;

    return address_parse(address, strlen(address), &parsed) && list_holds(list, &parsed);
}

/* An entry of X-Forwarded-For: an address, perhaps in brackets, perhaps with a port. */
static bool hop_parse(const char *s, size_t len, struct address *out)
{
    const char *end;

    while (len > 0 && (*s == ' ' || *s == '\t'))
        s++, len--;
    while (len > 0 && (s[len - 1] == ' ' || s[len - 1] == '\t'))
        len--;
    if (len > 0 && *s == '[') {
        end = memchr(s, ']', len);
        return end && address_parse(s + 1, (size_t)(end - s - 1), out);
    }
    end = memchr(s, ':', len);
    if (end && !memchr(end + 1, ':', len - (size_t)(end + 1 - s)))
        len = (size_t)(end - s);
    return address_parse(s, len, out);
}

const char *peer_address(struct arena *a, const char *trusted, const char *peer,
                         const char *forwarded)
{
    struct address found, hop;
    bool known = address_parse(peer, strlen(peer), &found);
    const char *end;

    if (!forwarded || (*peer && (!known || !list_holds(trusted, &found))))
        return known ? address_text(a, &found) : "";
    end = forwarded + strlen(forwarded);
    for (int i = 0; i < HOPS_MAX && end > forwarded; i++) {
        const char *start = end;

        while (start > forwarded && start[-1] != ',')
            start--;
        if (!hop_parse(start, (size_t)(end - start), &hop))
            break;
        found = hop;
        known = true;
        if (!list_holds(trusted, &hop) || start == forwarded)
            break;
        end = start - 1;
    }
    return known ? address_text(a, &found) : "";
}

/* The length of `host` without the port that its scheme has anyway. */
static size_t host_length(const char *host, const char *default_port)
{
    size_t len = strlen(host), port_len = strlen(default_port);

    if (len > port_len && strcmp(host + len - port_len, default_port) == 0)
        len -= port_len;
    return len;
}

static bool origin_is_host(const char *origin, const char *host)
{
    const char *rest, *port;
    size_t len;

    if (strncmp(origin, "http://", 7) == 0) {
        rest = origin + 7;
        port = ":80";
    } else if (strncmp(origin, "https://", 8) == 0) {
        rest = origin + 8;
        port = ":443";
    } else {
        return false;
    }
    len = host_length(rest, port);
    return len > 0 && len == host_length(host, port) && memcmp(rest, host, len) == 0;
}

bool peer_origin_allowed(const char *allowed, const char *origin, const char *host)
{
    size_t origin_len = strlen(origin);

    if (!*allowed)
        return origin_is_host(origin, host);
    while (*allowed) {
        size_t len = strcspn(allowed, " \t");

        if (len > 0 && len == origin_len && memcmp(allowed, origin, len) == 0)
            return true;
        allowed += len;
        allowed += strspn(allowed, " \t");
    }
    return false;
}
