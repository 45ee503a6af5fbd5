#include "cgi-bin/hold.h"

#include "cgi-bin/demand.h"
#include "lib/slot.h"

#include <unistd.h>

enum {
    FIRST_PAUSE_MS = 5, /* after a write: its commit comes when the disk is done */
    WATCHED_MS = 500,   /* how long to trust the watch */
    UNWATCHED_MS = 250,
    LOOK_MS = 100 /* at most one look in so long: other rooms may be busy */
};

static int64_t now_ms(const struct hold *h)
{
    return clock_boot_ms(&h->call->chat->clock);
}

/* HEAD asks whether there is something, not for it. A sidecar that is to be started is better than
 * waiting, and it is started after this answer. */
static bool may_wait(const struct call *c)
{
    return c->req.source->wait && c->req.method == HTTP_GET &&
           !notify_has_reader(&c->chat->notify) && !demand_is_due(c->chat);
}

void hold_begin(struct hold *h, struct call *c, int64_t seconds)
{
    const struct conf *conf = c->app->conf;
    int64_t ms = seconds * 1000, most = conf->request_timeout_s * 2000 / 3;

    *h = (struct hold){.call = c, .slot = -1, .watch = -1};
    if (seconds <= 0 || !may_wait(c))
        return;
    h->slot = slot_take(conf->notify_socket, conf->wait_slots);
    h->taken = h->slot >= 0;
    h->refused = !h->taken;
    if (!h->taken)
        return;
    h->watch = db_watch(c->chat->db);
    h->version = db_data_version(c->chat->db);
    h->looked_ms = now_ms(h);
    h->until_ms = h->looked_ms + (ms < most ? ms : most);
    h->pause_ms = FIRST_PAUSE_MS;
}

static void pause_next(struct hold *h)
{
    int64_t most = h->watch >= 0 ? WATCHED_MS : UNWATCHED_MS;

    h->pause_ms = db_watched(h->watch) ? FIRST_PAUSE_MS : 2 * h->pause_ms;
    if (h->pause_ms > most)
        h->pause_ms = most;
}

static void sleep_for(struct hold *h, int fd, int64_t ms)
{
    const struct source *s = h->call->req.source;
    int64_t left = h->until_ms - now_ms(h);

    if (left > 0 && !s->wait(s->ctx, fd, ms < left ? ms : left))
        h->cut = true;
}

/* Whether there may be news: somebody committed, or all of it is new. */
static enum err listen_for_news(struct hold *h, bool *news, bool *moved, struct fail *f)
{
    struct chat *chat = h->call->chat;
    enum err e = chat_follow(chat, moved, f);
    int64_t version;

    if (e)
        return e;
    if (*moved) {
        if (h->watch >= 0)
            close(h->watch);
        h->watch = db_watch(chat->db);
    }
    version = db_data_version(chat->db);
    *news = *moved || version != h->version;
    h->version = version;
    return OK;
}

enum err hold_wait(struct hold *h, bool *look, bool *moved, struct fail *f)
{
    enum err e = OK;
    int64_t rest;

    *look = *moved = false;
    while (!e && !*look && h->taken && !h->cut && now_ms(h) < h->until_ms) {
        sleep_for(h, h->watch, h->pause_ms);
        pause_next(h);
        e = listen_for_news(h, look, moved, f); /* cut or not: what is there goes out */
    }
    rest = h->looked_ms + LOOK_MS - now_ms(h);
    if (!e && *look && !h->cut && rest > 0)
        sleep_for(h, -1, rest);
    h->looked_ms = now_ms(h);
    return e;
}

void hold_end(struct hold *h)
{
    if (h->watch >= 0)
        close(h->watch);
    if (h->slot >= 0)
        close(h->slot);
    h->watch = h->slot = -1;
}
