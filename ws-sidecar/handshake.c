#include "ws-sidecar/handshake.h"

#include "lib/peer.h"

#include <string.h>
#include <strings.h>

static void refuse(struct handshake *h, int status, enum err err, const char *sentence,
                   const char *field)
{
    h->status = status;
    h->field = field;
    fail(&h->fail, err, sentence ? "%s" : NULL, sentence);
}

static void refuse_as(struct handshake *h, enum err err)
{
    refuse(h, err_row(err)->http_status, err, NULL, NULL);
}

/* Which of our paths; a query and a trailing slash make no difference. */
static bool find_kind(const struct conf *conf, const char *target, enum handshake_kind *kind)
{
    static const char *const tails[] = {
        [HANDSHAKE_SOCKET] = "", [HANDSHAKE_STREAM] = "/stream", [HANDSHAKE_POLL] = "/poll"};
    size_t len = strcspn(target, "?#"), base = strlen(conf->ws_path);

    if (len > 1 && target[len - 1] == '/')
        len--;
    if (len < base || strncmp(conf->ws_path, target, base) != 0)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(tails); i++) {
        if (strlen(tails[i]) == len - base && strncmp(tails[i], target + base, len - base) == 0) {
            *kind = (enum handshake_kind)i;
            return true;
        }
    }
    return false;
}

/* 16 bytes in base64: 22 characters and "==". */
static bool is_key(const char *key)
{
    static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    return key && strlen(key) == 24 && strspn(key, base64) == 22 && strcmp(key + 22, "==") == 0;
}

static void judge_upgrade(const struct http_head *head, struct handshake *out)
{
    static const char speaks[] = "This address speaks WebSocket.";

    out->status = 101;
    if (!http_head_has(head->upgrade, "websocket") || !http_head_has(head->connection, "upgrade"))
        refuse(out, 426, ERR_BAD_REQUEST, speaks, "Upgrade: websocket");
    else if (!head->ws_version || strcmp(head->ws_version, "13") != 0)
        refuse(out, 426, ERR_BAD_REQUEST, speaks, "Sec-WebSocket-Version: 13");
    else if (head->minor != 1 || !head->host || !is_key(head->ws_key))
        refuse_as(out, ERR_BAD_REQUEST);
}

/* Whether bytes of a body follow, which nobody here would read: behind a proxy that shares its
 * connection they would be taken for somebody's next request. */
static bool has_body(const struct http_head *head)
{
    return head->transfer_encoding ||
           (head->content_length && strcmp(head->content_length, "0") != 0);
}

static void judge_get(struct arena *a, const struct http_head *head, struct handshake *out)
{
    const char *query = strchr(head->target, '?');

    out->status = 200;
    out->keep_alive = head->minor == 1 ? !http_head_has(head->connection, "close")
                                       : http_head_has(head->connection, "keep-alive");
    if (has_body(head) || (head->minor == 1 && !head->host))
        refuse_as(out, ERR_BAD_REQUEST);
    else if (request_parse(a, query ? query + 1 : "",
                           out->kind == HANDSHAKE_STREAM ? head->last_event_id : NULL,
                           &out->request, &out->fail))
        out->status = err_row(out->fail.err)->http_status;
}

static void add_credential(struct handshake *h, enum credential_kind kind, const char *value)
{
    if (value && *value)
        h->credentials[h->credential_count++] = (struct credential){kind, value};
}

static const char *bearer_of(struct arena *a, const char *authorization)
{
    static const char scheme[] = "Bearer ";

    if (!authorization || strncasecmp(authorization, scheme, sizeof scheme - 1) != 0)
        return NULL;
    authorization += sizeof scheme - 1;
    return arena_str(a, authorization + strspn(authorization, " "));
}

/* "chat.v1, bearer.<jwt>" */
static const char *subprotocol_token(struct arena *a, const char *list)
{
    static const char prefix[] = "bearer.";

    while (list && *list) {
        size_t item;

        list += strspn(list, ", \t");
        item = strcspn(list, ", \t");
        if (item > sizeof prefix - 1 && strncmp(list, prefix, sizeof prefix - 1) == 0)
            return arena_strn(a, list + sizeof prefix - 1, item - (sizeof prefix - 1));
        list += item;
    }
    return NULL;
}

static const char *guest_cookie(struct arena *a, const char *cookies)
{
    const char *secure = http_head_cookie(a, cookies, "__Host-outcry_guest");

    return secure ? secure : http_head_cookie(a, cookies, "outcry_guest");
}

static void find_credentials(const struct conf *conf, struct arena *a, const struct http_head *head,
                             struct handshake *out)
{
    const char *bearer = bearer_of(a, head->authorization);

    add_credential(out, CREDENTIAL_BEARER, bearer);
    if (bearer)
        return;
    if (conf->browser_token_kind == BROWSER_TOKEN_COOKIE)
        add_credential(out, CREDENTIAL_HOST_COOKIE,
                       http_head_cookie(a, head->cookie, conf->browser_token_name));
    add_credential(out, CREDENTIAL_GUEST_COOKIE, guest_cookie(a, head->cookie));
}

static bool is_own_origin(const struct conf *conf, const struct http_head *head)
{
    return head->origin &&
           peer_origin_allowed(conf->allowed_origins, head->origin, head->host ? head->host : "");
}

/* A browser sends cookies with any page's request, so a cookie counts only where the page is ours:
 * with an upgrade its Origin says so. A GET of the same origin may have none, but a foreign page's
 * is marked, and without our CORS headers that page could not read the answer. */
static bool is_from_elsewhere(const struct conf *conf, const struct http_head *head,
                              const struct handshake *h)
{
    const char *site = head->sec_fetch_site;

    if (h->kind == HANDSHAKE_SOCKET)
        return h->credential_count > 0 && h->credentials[0].kind != CREDENTIAL_BEARER &&
               !is_own_origin(conf, head);
    return (site && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0) ||
           (head->origin && !is_own_origin(conf, head));
}

void handshake_judge(const struct conf *conf, struct arena *a, const struct http_head *head,
                     const char *peer, struct handshake *out)
{
    *out = (struct handshake){.ws_key = head->ws_key};
    out->address = peer_address(a, conf->trusted_proxies, peer, head->forwarded);
    out->chat_v1 = http_head_has(head->ws_protocol, "chat.v1");
    if (!find_kind(conf, head->target, &out->kind)) {
        refuse_as(out, ERR_NOT_FOUND);
        return;
    }
    if (strcmp(head->method, "GET") != 0) {
        refuse(out, 405, ERR_METHOD_NOT_ALLOWED, NULL, "Allow: GET");
        return;
    }
    find_credentials(conf, a, head, out);
    if (is_from_elsewhere(conf, head, out)) {
        refuse_as(out, ERR_ORIGIN);
        return;
    }
    if (out->kind == HANDSHAKE_SOCKET) {
        judge_upgrade(head, out);
        add_credential(out, CREDENTIAL_SUBPROTOCOL, subprotocol_token(a, head->ws_protocol));
    } else {
        judge_get(a, head, out);
    }
}

const char *handshake_request(struct arena *a, const struct handshake *h)
{
    return arena_fmt(a,
                     "GET / HTTP/1.1\r\n"
                     "Host: outcry\r\n"
                     "Upgrade: websocket\r\n"
                     "Connection: Upgrade\r\n"
                     "Sec-WebSocket-Key: %s\r\n"
                     "Sec-WebSocket-Version: 13\r\n"
                     "%s\r\n",
                     h->ws_key, h->chat_v1 ? "Sec-WebSocket-Protocol: chat.v1\r\n" : "");
}
