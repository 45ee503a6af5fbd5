/* The head of a request to the sidecar: what is let in has what the WebSocket library is told, or
 * cursors to read from; what is not gets a whole answer. */
#include "ws-sidecar/handshake.h"

#include "lib/text.h"
#include "ws-sidecar/http_answer.h"

#include "tests/fuzz/fuzz.h"

static void check_upgrade(struct arena *a, const struct handshake *h)
{
    const char *request = handshake_request(a, h);

    FUZZ_PROMISE(h->kind == HANDSHAKE_SOCKET);
    FUZZ_PROMISE(strlen(h->ws_key) == 24);
    FUZZ_PROMISE(strstr(request, "\r\n\r\n") == request + strlen(request) - 4);
}

static void check_request(const struct handshake *h)
{
    const struct request *r = &h->request;

    FUZZ_PROMISE(h->kind != HANDSHAKE_SOCKET);
    FUZZ_PROMISE(r->count > 0 && r->count <= HISTORY_CURSORS_MAX);
    for (size_t i = 0; i < r->count; i++) {
        FUZZ_PROMISE(text_is_slug(r->cursors[i].room, strlen(r->cursors[i].room)));
        FUZZ_PROMISE(r->cursors[i].since >= -1);
    }
    FUZZ_PROMISE(!r->conn || text_is_client_id(r->conn, strlen(r->conn)));
    FUZZ_PROMISE(request_state(r->state, strlen(r->state)) == r->state);
    FUZZ_PROMISE(r->wait_ms >= 0 && r->wait_ms <= REQUEST_WAIT_MAX_S * 1000);
    FUZZ_PROMISE(!r->epoch || strlen(r->epoch) <= REQUEST_EPOCH_MAX);
}

static void judge(struct arena *a, const struct http_head *head)
{
    static const char path[] = "/ws/chat", none[] = "", name[] = "host";
    struct conf conf = {.ws_path = (char *)path,
                        .allowed_origins = (char *)none,
                        .trusted_proxies = (char *)none,
                        .browser_token_kind = BROWSER_TOKEN_COOKIE,
                        .browser_token_name = (char *)name};
    struct handshake h;

    handshake_judge(&conf, a, head, "", &h);
    FUZZ_PROMISE(h.credential_count <= CREDENTIALS_MAX);
    for (size_t i = 0; i < h.credential_count; i++)
        FUZZ_PROMISE(h.credentials[i].value[0]);
    if (h.status == 101)
        check_upgrade(a, &h);
    else if (h.status == 200)
        check_request(&h);
    else
        FUZZ_PROMISE(strstr(http_refusal(a, h.status, &h.fail, h.field, ""), "\r\n\r\n{"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct http_head head;
    struct arena a;

    arena_init(&a);
    if (http_head_parse(&a, (const char *)data, size, &head) == HTTP_HEAD_DONE) {
        FUZZ_PROMISE(head.size <= size && head.size <= HTTP_HEAD_MAX);
        FUZZ_PROMISE(memcmp(data + head.size - 4, "\r\n\r\n", 4) == 0);
        FUZZ_PROMISE(head.method && head.target[0] == '/');
        judge(&a, &head);
    }
    arena_release(&a);
    return 0;
}

#define UPGRADE                                                                                    \
    "GET /ws/chat/ HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"           \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"

static const struct fuzz_input examples[] = {
    FUZZ_INPUT(UPGRADE "\r\n"),
    FUZZ_INPUT(UPGRADE "Cookie: host=a.b.c; outcry_guest=\"d.e.f\"\r\nOrigin: http://x\r\n\r\n"),
    FUZZ_INPUT(UPGRADE "Sec-WebSocket-Protocol: chat.v1, bearer.a.b.c\r\n\r\n"),
    FUZZ_INPUT(UPGRADE "Authorization: Bearer a.b.c\r\nX-Forwarded-For: 1.2.3.4, ::1\r\n\r\n"),
    FUZZ_INPUT("POST / HTTP/1.0\r\n\r\n"),
    FUZZ_INPUT("GET /ws/chat/stream/?rooms=general:41,%40me:7&epoch=e&conn=abcdefgh HTTP/1.1\r\n"
               "Host: x\r\nLast-Event-ID: e general:42,@me:7\r\nOrigin: http://x\r\n\r\n"),
    FUZZ_INPUT("GET /ws/chat/poll?wait=5&state=idle&rooms=general HTTP/1.0\r\n"
               "Connection: keep-alive\r\nSec-Fetch-Site: same-origin\r\n\r\n"),
};

static const struct fuzz_input words[] = {
    FUZZ_INPUT("\r\n"),
    FUZZ_INPUT("\r\n\r\n"),
    FUZZ_INPUT(": "),
    FUZZ_INPUT("Cookie: "),
    FUZZ_INPUT("Origin:"),
    FUZZ_INPUT("null"),
    FUZZ_INPUT("HTTP/1.1"),
    FUZZ_INPUT("; host="),
    FUZZ_INPUT("bearer."),
    FUZZ_INPUT("\t"),
    FUZZ_INPUT(","),
    FUZZ_INPUT("==\r\n"),
    FUZZ_INPUT("rooms="),
    FUZZ_INPUT("general:"),
    FUZZ_INPUT("&epoch="),
    FUZZ_INPUT("&wait=20"),
    FUZZ_INPUT("%00"),
    FUZZ_INPUT("@me"),
    FUZZ_INPUT("/stream"),
    FUZZ_INPUT("/poll"),
    FUZZ_INPUT("&conn="),
    FUZZ_INPUT("&state="),
    FUZZ_INPUT("close"),
    FUZZ_INPUT("Last-Event-ID: "),
    FUZZ_INPUT("Content-Length: 0\r\n"),
};

FUZZ_MAIN("handshake", 200000, examples, words);
