#include "ws-sidecar/ws.h"

#include "lib/footprint.h"
#include "ws-sidecar/session.h"
#include "ws-sidecar/wsframe.h"

#include <errno.h>
#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RX_BUFFER = 1024, TX_STEP = 16384, UNHEARD_MAX = 65536 };

/* In libwebsockets' memory for the connection, which is zeroed. */
struct ws_conn {
    struct conn base; /* first: the session's functions lead back here */
    struct lws *wsi;
    struct session *session; /* NULL: refused or gone */
    int fd;
    bool blocked;     /* something of ours is unfinished */
    bool peer_closed; /* a close frame came: nothing may follow ours */
    bool close_sent;
    int close_code; /* of our close; 0: none */
    const char *close_reason;
    size_t unheard; /* bytes that came after our close */
    char *message;  /* fragments so far; NULL mostly */
    size_t message_len, fragments;
};

struct ws {
    struct sidecar *sidecar;
    struct lws_context *context;
    struct lws_vhost *vhost;
    struct lws_protocols protocols[2];
    void *loops[1];
    size_t open;
    /* While a connection is handed over: libwebsockets has no place for it before ESTABLISHED. */
    struct session *arriving;
    int arriving_fd;
};

static struct ws *ws_of(struct lws *wsi)
{
    return lws_context_user(lws_get_context(wsi));
}

static struct ws_conn *conn_of(struct conn *c)
{
    return (struct ws_conn *)(void *)c;
}

/* ----- output ----- */

static void kill_it(struct conn *base)
{
    shutdown(conn_of(base)->fd, SHUT_RDWR);
}

static void block(struct ws_conn *c)
{
    c->blocked = true;
    lws_callback_on_writable(c->wsi);
}

/* LWS_WRITE_HTTP is the one kind that libwebsockets passes on as it is, without a frame around it.
 */
static enum hub_sent leave_to_lws(struct ws_conn *c, struct frame *f, size_t sent)
{
    block(c);
    if (lws_write(c->wsi, (unsigned char *)f->data + sent, f->len - sent, LWS_WRITE_HTTP) < 0)
        kill_it(&c->base);
    return HUB_KEPT;
}

static enum hub_sent send_frame(struct conn *base, struct frame *f, int64_t room_id,
                                int64_t reached)
{
    struct ws_conn *c = conn_of(base);
    ssize_t sent;

    (void)room_id; /* a socket's frames say themselves how far they reach */
    (void)reached;
    if (c->blocked || c->peer_closed || c->close_code)
        return HUB_FULL;
    if (lws_partial_buffered(c->wsi)) {
        block(c);
        return HUB_FULL;
    }
    sent = send(c->fd, f->data, f->len, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent == (ssize_t)f->len)
        return HUB_SENT;
    if (sent > 0)
        return leave_to_lws(c, f, (size_t)sent);
    /* Full, or broken: then libwebsockets hears of it from the loop. */
    block(c);
    return HUB_FULL;
}

/*
 * Ours too: Debian's build of the library has a debugging aid that closes a second time, right
 * after a callback for writing asked for a close, and so cuts the connection before the close frame
 * is out.
 */
static void send_close(struct ws_conn *c)
{
    struct frame *f = wsframe_close(c->close_code, c->close_reason);

    c->close_sent = true;
    if (send(c->fd, f->data, f->len, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)f->len)
        kill_it(&c->base);
    frame_unref(f);
}

/* Sends a close frame as soon as the connection can take it; session_closed() follows the client's
 * answer, or a kill. Nothing else of the client is heard any more. */
static void close_it(struct conn *base, int code, const char *reason)
{
    struct ws_conn *c = conn_of(base);

    if (c->close_code || c->peer_closed)
        return;
    c->close_code = code;
    c->close_reason = reason;
    if (!c->blocked && !lws_partial_buffered(c->wsi))
        send_close(c);
    else
        lws_callback_on_writable(c->wsi);
}

static const struct conn_ops ops = {.send = send_frame, .close = close_it, .kill = kill_it};

/* ----- input ----- */

/* From within a callback for reading the library's own close works. */
static int refuse(struct ws_conn *c, int code, const char *reason)
{
    c->close_code = code;
    c->close_sent = true;
    lws_close_reason(c->wsi, (enum lws_close_status)code, (unsigned char *)reason, strlen(reason));
    return -1;
}

static int hear(struct ws_conn *c, const char *text, size_t len)
{
    static const char binary[] = "binary";

    if (lws_frame_is_binary(c->wsi))
        session_heard(c->session, binary, sizeof binary - 1); /* is not JSON, and says so */
    else
        session_heard(c->session, text, len);
    return 0;
}

static void forget_message(struct ws_conn *c)
{
    free(c->message);
    c->message = NULL;
    c->message_len = c->fragments = 0;
}

static int on_receive(struct ws_conn *c, const char *bytes, size_t len)
{
    bool frame_ends = lws_remaining_packet_payload(c->wsi) == 0;
    bool ends = lws_is_final_fragment(c->wsi);
    int rc;

    if (c->close_code) /* not listening, but not for ever */
        c->unheard += len;
    if (c->unheard > UNHEARD_MAX)
        return -1;
    if (!c->session || c->close_code)
        return 0;
    if (ends && !c->message)
        return hear(c, bytes, len);
    if (c->message_len + len > WS_MESSAGE_MAX ||
        (frame_ends && ++c->fragments > WS_FRAGMENTS_MAX)) {
        forget_message(c);
        return refuse(c, CLOSE_TOO_BIG, "message too big");
    }
    if (!c->message)
        c->message = xmalloc(WS_MESSAGE_MAX);
    memcpy(c->message + c->message_len, bytes, len);
    c->message_len += len;
    if (!ends)
        return 0;
    rc = hear(c, c->message, c->message_len);
    forget_message(c);
    return rc;
}

/* ----- life ----- */

static int on_established(struct lws *wsi, struct ws_conn *c)
{
    struct ws *w = ws_of(wsi);

    c->base.ops = &ops;
    c->wsi = wsi;
    w->open++;
    if (!w->arriving)
        return -1;
    c->session = w->arriving;
    c->fd = w->arriving_fd;
    w->arriving = NULL;
    session_opened(c->session, &c->base);
    return 0;
}

static int on_writable(struct ws_conn *c)
{
    c->blocked = false;
    if (c->session)
        session_writable(c->session);
    if (c->close_code && !c->close_sent && !c->blocked)
        send_close(c);
    return 0;
}

static void on_closed(struct ws *w, struct ws_conn *c)
{
    w->open--;
    forget_message(c);
    if (c->session)
        session_closed(c->session);
    c->session = NULL;
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t len)
{
    struct ws_conn *c = user;

    switch (reason) {
    case LWS_CALLBACK_ESTABLISHED:
        return on_established(wsi, c);
    case LWS_CALLBACK_RECEIVE:
        return on_receive(c, in, len);
    case LWS_CALLBACK_RECEIVE_PONG:
        if (c->session)
            session_heard_pong(c->session);
        return 0;
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return on_writable(c);
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        c->peer_closed = true;
        return c->close_sent ? -1 : 0; /* the answer to ours ends it */
    case LWS_CALLBACK_CLOSED:
        on_closed(ws_of(wsi), c);
        return 0;
    case LWS_CALLBACK_HTTP: /* a request that is no upgrade never gets here */
        return -1;
    default:
        return 0;
    }
}

bool ws_adopt(struct ws *w, int fd, struct session *x, const char *request, size_t len)
{
    bool adopted;

    w->arriving = x;
    w->arriving_fd = fd;
    if (!lws_adopt_socket_vhost_readbuf(w->vhost, fd, request, len))
        log_event(w->sidecar->log, LOG_WARN, "ws_adopt_failed", LOG_N("session", x->number));
    adopted = !w->arriving;
    w->arriving = NULL;
    return adopted;
}

/* Its own pings and hang-ups, which are ours to judge (session_sweep()): never. It keeps them in
 * one sorted list, and walks that whenever a connection begins or answers. */
static const lws_retry_bo_t no_validity_checks = {.secs_since_valid_hangup = 0};

static struct lws_context_creation_info context_info(struct ws *w)
{
    struct lws_context_creation_info info = {0};

    info.port = CONTEXT_PORT_NO_LISTEN_SERVER;
    info.protocols = w->protocols;
    info.extensions = NULL; /* never permessage-deflate on 4.1.6: it can abort the process */
    info.options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_VALIDATE_UTF8 |
                   LWS_SERVER_OPTION_EXPLICIT_VHOSTS;
    info.retry_and_idle_policy = &no_validity_checks;
    info.foreign_loops = w->loops;
    info.user = w;
    info.timeout_secs = 5;
    info.pt_serv_buf_size = 4096;
    info.vhost_name = "outcry";
    return info;
}

/*
 * libwebsockets makes tables of all the descriptors that there may be, and writes zeros into them:
 * 0.2 MB that nobody needs before as many have come. Of the process, as its allocator is.
 */
enum { TABLE_MIN = 32768 };
static struct table {
    void *at; /* NULL: none */
    size_t size;
} tables[4];

static struct table *find_table(const void *at)
{
    for (size_t i = 0; i < ARRAY_LEN(tables); i++)
        if (tables[i].at == at)
            return &tables[i];
    return NULL;
}

static void *allocate(void *old, size_t size, const char *reason)
{
    struct table *table = find_table(old); /* of nothing: a free place */
    void *made = NULL;

    (void)reason;
    if (size > 0)
        made = realloc(old, size);
    else
        free(old);
    if (table && (made || size == 0))
        *table = (struct table){size >= TABLE_MIN ? made : NULL, size};
    return made;
}

static void empty_tables(void)
{
    for (size_t i = 0; i < ARRAY_LEN(tables); i++)
        if (tables[i].at)
            footprint_drop_zeros(tables[i].at, tables[i].size);
}

enum err ws_new(struct ws **out, struct sidecar *s, struct fail *f)
{
    struct ws *w = xcalloc(1, sizeof *w);
    struct lws_context_creation_info info;

    lws_set_log_level(0, NULL);
    lws_set_allocator(allocate);
    w->sidecar = s;
    w->loops[0] = &s->loop;
    w->protocols[0] = (struct lws_protocols){.name = "chat.v1",
                                             .callback = on_event,
                                             .per_session_data_size = sizeof(struct ws_conn),
                                             .rx_buffer_size = RX_BUFFER,
                                             .tx_packet_size = TX_STEP};
    info = context_info(w);
    w->context = lws_create_context(&info);
    if (w->context)
        w->vhost = lws_create_vhost(w->context, &info);
    if (!w->vhost) {
        if (w->context)
            lws_context_destroy(w->context);
        free(w);
        return fail(f, ERR_INTERNAL,
                    "libwebsockets did not start: is libwebsockets-evlib-uv installed?");
    }
    empty_tables();
    *out = w;
    return OK;
}

void ws_stop(struct ws *w)
{
    lws_context_destroy(w->context);
}

bool ws_gone(const struct ws *w)
{
    return w->open == 0;
}

/* On a loop that is not its own, 4.1.6 only begins to go in ws_stop(); this is the other half. */
void ws_free(struct ws *w)
{
    lws_context_destroy(w->context);
    free(w);
}
