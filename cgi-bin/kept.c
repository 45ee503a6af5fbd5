#include "cgi-bin/kept.h"

#include "cgi-bin/squeeze.h"
#include "lib/secure.h"

#include <stdlib.h>
#include <string.h>

enum { ANSWERS_MAX = 64, BYTES_MAX = 1 << 20, FINGERPRINT_MAX = 64 << 10 };

/* What they were all made of. */
struct world {
    struct db_mark chat, state;
    int64_t second;
};

struct answer {
    unsigned char request[SECURE_HASH]; /* the fingerprint's: that one may have a token in it */
    struct http_response res;
    int64_t user_id;
};

struct kept {
    struct world world;
    struct answer answers[ANSWERS_MAX];
    size_t count, bytes;
    struct buf fingerprint;
    bool open; /* kept_find() was asked about this: */
    unsigned char request[SECURE_HASH];
};

struct kept *kept_new(void)
{
    struct kept *k = xcalloc(1, sizeof *k);

    buf_init(&k->fingerprint, FINGERPRINT_MAX);
    return k;
}

void kept_clear(struct kept *k)
{
    if (!k)
        return;
    for (size_t i = 0; i < k->count; i++)
        http_response_release(&k->answers[i].res);
    k->count = k->bytes = 0;
}

void kept_free(struct kept *k)
{
    if (!k)
        return;
    kept_clear(k);
    buf_release(&k->fingerprint);
    free(k);
}

/* state.db changes often, so it is not looked at for answers that have nothing of it. */
static struct world look(const struct kept *k, const struct chat *c, enum kept_while what)
{
    struct world w = {db_mark(c->db), k->world.state, clock_wall_ms(&c->clock) / 1000};

    if (what == KEPT_WHILE_CHAT_AND_STATE)
        w.state = db_mark(c->state);
    return w;
}

static bool is_same(const struct world *a, const struct world *b, enum kept_while what)
{
    return a->second == b->second && db_mark_equal(&a->chat, &b->chat) &&
           (what == KEPT_WHILE_CHAT || db_mark_equal(&a->state, &b->state));
}

static size_t size_of(const struct http_response *res)
{
    return res->headers.cap + res->body.cap;
}

/* No two answers share it. */
static void renew_once(struct http_response *res)
{
    char old[sizeof res->once];

    memcpy(old, res->once, sizeof old);
    secure_random_hex(res->once, (sizeof res->once - 1) / 2);
    for (size_t i = 0; i < res->once_count; i++)
        memcpy(res->body.data + res->once_at[i].at, res->once, sizeof res->once - 1);
    if (res->squeezed)
        squeeze_mend(res, old);
}

/* Out of the collection, until kept_store() brings it back. */
static void take_out(struct kept *k, size_t i, struct call *c)
{
    struct http_response *res = &c->res;

    *res = k->answers[i].res;
    c->actor.user_id = k->answers[i].user_id;
    c->kept = true;
    k->bytes -= size_of(res);
    k->answers[i] = k->answers[--k->count];
    if (res->once_count)
        renew_once(res);
}

bool kept_find(struct kept *k, struct call *c)
{
    struct world now;

    if (!k || !c->chat->state)
        return false;
    buf_clear(&k->fingerprint);
    http_fingerprint(&c->req, &k->fingerprint);
    secure_sha256(k->request, buf_cstr(&k->fingerprint), k->fingerprint.len);
    k->open = !k->fingerprint.overflow;
    now = look(k, c->chat, c->route->kept); /* before anything is read */
    if (!is_same(&k->world, &now, c->route->kept))
        kept_clear(k);
    k->world = now;
    for (size_t i = 0; k->open && i < k->count; i++) {
        if (memcmp(k->answers[i].request, k->request, sizeof k->request) == 0) {
            take_out(k, i, c);
            return true;
        }
    }
    return false;
}

void kept_store(struct kept *k, struct call *c, bool good)
{
    size_t size = size_of(&c->res);
    bool asked = k && k->open;

    if (k)
        k->open = false;
    if (!asked || !good || *c->req.strayed || size > BYTES_MAX || c->res.once_lost)
        return;
    if (k->count == ANSWERS_MAX || k->bytes + size > BYTES_MAX)
        kept_clear(k);
    memcpy(k->answers[k->count].request, k->request, sizeof k->request);
    k->answers[k->count].user_id = c->actor.user_id;
    k->answers[k->count++].res = c->res;
    k->bytes += size;
    http_response_init(&c->res);
}
