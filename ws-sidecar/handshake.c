#include "ws-sidecar/handshake.h"

#include "lib/peer.h"

#include <string.h>
#include <strings.h>

static void refuse(struct handshake *h, int status, enum err err, const char *allow)
{
    h->status = status;
    h->err = err;
    h->allow = allow;
}

/* The path without query and trailing slash, compared with ws_path. */
static bool is_socket_path(const struct conf *conf, const char *target)
{
    size_t len = strcspn(target, "?#");

    if (len > 1 && target[len - 1] == '/')
        len--;
    return strlen(conf->ws_path) == len && strncmp(conf->ws_path, target, len) == 0;
}

/* 16 bytes in base64: 22 characters and "==". */
static bool is_key(const char *key)
{
    static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    return key && strlen(key) == 24 && strspn(key, base64) == 22 && strcmp(key + 22, "==") == 0;
}

static void judge_upgrade(const struct conf *conf, const struct http_head *head,
                          struct handshake *out)
{
    out->status = 101;
    if (!is_socket_path(conf, head->target))
        refuse(out, 404, ERR_NOT_FOUND, NULL);
    else if (strcmp(head->method, "GET") != 0)
        refuse(out, 405, ERR_METHOD_NOT_ALLOWED, "Allow: GET");
    else if (!http_head_has(head->upgrade, "websocket") ||
             !http_head_has(head->connection, "upgrade"))
        refuse(out, 426, ERR_BAD_REQUEST, "Upgrade: websocket");
    else if (!head->ws_version || strcmp(head->ws_version, "13") != 0)
        refuse(out, 426, ERR_BAD_REQUEST, "Sec-WebSocket-Version: 13");
    else if (head->minor != 1 || !head->host || !is_key(head->ws_key))
        refuse(out, 400, ERR_BAD_REQUEST, NULL);
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

/* A browser sends cookies with any page's request, so a cookie counts only where the page is ours.
 */
static void judge_credentials(const struct conf *conf, struct arena *a,
                              const struct http_head *head, struct handshake *out)
{
    const char *bearer = bearer_of(a, head->authorization);
    bool has_cookie;

    add_credential(out, CREDENTIAL_BEARER, bearer);
    if (!bearer) {
        if (conf->browser_token_kind == BROWSER_TOKEN_COOKIE)
            add_credential(out, CREDENTIAL_HOST_COOKIE,
                           http_head_cookie(a, head->cookie, conf->browser_token_name));
        add_credential(out, CREDENTIAL_GUEST_COOKIE, guest_cookie(a, head->cookie));
    }
    has_cookie = !bearer && out->credential_count > 0;
    add_credential(out, CREDENTIAL_SUBPROTOCOL, subprotocol_token(a, head->ws_protocol));
    if (has_cookie &&
        (!head->origin || !peer_origin_allowed(conf->allowed_origins, head->origin, head->host)))
        refuse(out, 403, ERR_ORIGIN, NULL);
}

void handshake_judge(const struct conf *conf, struct arena *a, const struct http_head *head,
                     const char *peer, struct handshake *out)
{
    *out = (struct handshake){.ws_key = head->ws_key};
    out->address = peer_address(a, conf->trusted_proxies, peer, head->forwarded);
    out->chat_v1 = http_head_has(head->ws_protocol, "chat.v1");
    judge_upgrade(conf, head, out);
    if (out->status == 101)
        judge_credentials(conf, a, head, out);
}

static const char *reason_of(int status)
{
    switch (status) {
    case 400:
        return "Bad Request";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 408:
        return "Request Timeout";
    case 426:
        return "Upgrade Required";
    case 431:
        return "Request Header Fields Too Large";
    default:
        return "Service Unavailable";
    }
}

const char *handshake_refusal(struct arena *a, int status, enum err err, const char *allow)
{
    const struct err_row *row = err_row(err);
    const char *body =
        arena_fmt(a, "{\"error\":{\"code\":\"%s\",\"message\":\"%s\",\"retryable\":%s}}", row->code,
                  status == 426 ? "This address speaks WebSocket." : row->message,
                  row->retryable ? "true" : "false");

    return arena_fmt(a,
                     "HTTP/1.1 %d %s\r\n"
                     "Content-Type: application/json\r\n"
                     "Content-Length: %zu\r\n"
                     "Cache-Control: no-store\r\n"
                     "X-Content-Type-Options: nosniff\r\n"
                     "%s%s%s"
                     "Connection: close\r\n\r\n%s",
                     status, reason_of(status), strlen(body),
                     status == 503 ? "Retry-After: 5\r\n" : "", allow ? allow : "",
                     allow ? "\r\n" : "", body);
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
