#include "chat/online.h"

#include "lib/text.h"

#include <stdlib.h>
#include <string.h>

static const int64_t INTERVAL_MAX_MS = 600000;

const char *online_row_key(struct arena *a, int64_t user_id, const char *connection)
{
    return arena_fmt(a, "%lld:%s", (long long)user_id, connection);
}

static int rank(const char *state)
{
    return strcmp(state, "active") == 0 ? 2 : strcmp(state, "idle") == 0 ? 1 : 0;
}

static enum err check(struct chat *c, const char *connection, const char *state, struct fail *f)
{
    enum err e = chat_state(c, f);

    if (e)
        return e;
    if (!c->state)
        return fail(f, ERR_INTERNAL, "There is no state database to be present in.");
    if (!text_is_client_id(connection, strlen(connection)))
        return fail(f, ERR_BAD_REQUEST, "conn is 8 to 64 of A-Z, a-z, 0-9, '_' and '-'.");
    if (!rank(state) && strcmp(state, "invisible") != 0)
        return fail(f, ERR_BAD_REQUEST, "state is active, idle or invisible.");
    return OK;
}

enum err online_renew(struct chat *c, const struct actor *who, const char *connection,
                      int64_t room_id, const char *state, int64_t interval_ms, struct fail *f)
{
    int64_t ttl = c->conf->presence_ttl_ms;
    struct presence p = {
        .instance = "poll",
        .username = who->username,
        .state = state ? state : "active",
        .user_id = who->user_id,
        .room_id = room_id,
    };
    int64_t now = clock_boot_ms(&c->clock);
    bool known = true;
    struct arena a;
    enum err e;

    if (who->kind == ACTOR_ANONYMOUS)
        return OK;
    e = check(c, connection, p.state, f);
    if (e)
        return e;
    if (interval_ms > INTERVAL_MAX_MS)
        interval_ms = INTERVAL_MAX_MS;
    if (ttl < 3 * interval_ms)
        ttl = 3 * interval_ms;
    p.expires_ms = now + ttl;
    arena_init(&a);
    p.connection = online_row_key(&a, who->user_id, connection);
    e = presence_is_known(c->state, p.connection, &known, f);
    if (!e && !known) /* where no sidecar does, newcomers clear away who is gone */
        e = presence_sweep(c->state, c->boot_id, now, f);
    if (!e)
        e = presence_put(c->state, c->boot_id, now, &p, f);
    arena_release(&a);
    return e;
}

enum err online_leave(struct chat *c, const struct actor *who, const char *connection,
                      struct fail *f)
{
    struct arena a;
    enum err e;

    if (who->kind == ACTOR_ANONYMOUS)
        return OK;
    e = check(c, connection, "active", f);
    if (e)
        return e;
    arena_init(&a);
    e = presence_expire(c->state, online_row_key(&a, who->user_id, connection), who->user_id,
                        clock_boot_ms(&c->clock) + c->conf->presence_grace_ms, f);
    arena_release(&a);
    return e;
}

/* ----- the list ----- */

struct entry {
    struct online online;
    const char *fold;
};

static int by_fold(const void *x, const void *y)
{
    const struct entry *a = x, *b = y;
    int cmp = strcmp(a->fold, b->fold);

    if (cmp)
        return cmp;
    if (a->online.user_id != b->online.user_id)
        return a->online.user_id < b->online.user_id ? -1 : 1;
    return (a->online.room_id > b->online.room_id) - (a->online.room_id < b->online.room_id);
}

/* Rows come by user, then room; so those of one entry stand together. */
static size_t merge(const struct presence *rows, size_t count, int64_t room_id, struct entry *out)
{
    size_t n = 0;

    for (size_t i = 0; i < count; i++) {
        const struct presence *p = &rows[i];
        struct online *last = n ? &out[n - 1].online : NULL;

        if (room_id && p->room_id != room_id)
            continue;
        if (!last || last->user_id != p->user_id) {
            out[n++].online = (struct online){p->user_id, p->room_id, p->username, p->state};
        } else if (rank(p->state) > rank(last->state)) {
            last->room_id = p->room_id;
            last->state = p->state;
        }
    }
    return n;
}

static void sort(struct arena *a, struct entry *entries, size_t count, struct online *out)
{
    for (size_t i = 0; i < count; i++)
        entries[i].fold = text_fold(a, entries[i].online.username);
    if (count)
        qsort(entries, count, sizeof *entries, by_fold);
    for (size_t i = 0; i < count; i++)
        out[i] = entries[i].online;
}

enum err online_list(struct chat *c, struct arena *a, int64_t room_id, struct online **out,
                     size_t *count, struct fail *f)
{
    struct presence *rows;
    struct entry *entries;
    int64_t next_expiry;
    size_t row_count = 0;
    enum err e;

    *out = NULL;
    *count = 0;
    e = chat_state(c, f);
    if (e || !c->state)
        return e;
    /* Not from the arena: that would clear a megabyte for the few rows there are. */
    rows = xmalloc(PRESENCE_MAX * sizeof *rows);
    e = presence_list(c->state, a, c->boot_id, clock_boot_ms(&c->clock), rows, PRESENCE_MAX,
                      &row_count, &next_expiry, f);
    if (!e && row_count) {
        entries = arena_alloc(a, row_count * sizeof *entries);
        *count = merge(rows, row_count, room_id, entries);
        *out = arena_alloc(a, row_count * sizeof **out);
        sort(a, entries, *count, *out);
    }
    free(rows);
    return e;
}
