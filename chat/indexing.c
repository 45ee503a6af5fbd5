#include "chat/indexing.h"

/* Measured on two cores, a step of 64 takes 2 to 5 ms, and joining 32 pages 1 to 10. */
enum {
    STEP_EVENTS = 64,
    STEP_PAGES = 32,
    BULK_EVENTS = 1000, /* where somebody waits for all of it */
    BULK_PAGES = 100,
    REST_TIMES = 19, /* so much longer than it worked: it has the lock 5 % of the time at most */
    REST_MIN_MS = 10
};

/* The indexes that the configuration wants. */
static enum search_part end_of(const struct chat *c)
{
    return c->conf->search == SEARCH_FULL       ? SEARCH_INDEXES
           : c->conf->search == SEARCH_BY_WORDS ? SEARCH_PARTS
                                                : SEARCH_WORDS;
}

/* The index that is furthest behind, SEARCH_INDEXES where none is so far. */
static enum search_part find_behind(const struct chat *c, const struct search_reach *reach,
                                    int64_t worth)
{
    enum search_part found = SEARCH_INDEXES;

    for (enum search_part part = 0; part < end_of(c); part++)
        if (reach->newest - reach->at[part] >= worth &&
            (found == SEARCH_INDEXES || reach->at[part] < reach->at[found]))
            found = part;
    return found;
}

static bool is_due(const struct chat *c, const struct search_reach *reach)
{
    return reach->stale || find_behind(c, reach, STEP_EVENTS) != SEARCH_INDEXES;
}

enum err indexing_is_due(struct chat *c, bool *due, struct fail *f)
{
    struct search_reach reach;
    enum err e = search_reach(c->db, &reach, f);

    *due = !e && is_due(c, &reach);
    return e;
}

int64_t indexing_rest_ms(int64_t took_ms)
{
    int64_t rest = took_ms * REST_TIMES;

    return rest > REST_MIN_MS ? rest : REST_MIN_MS;
}

/* ----- one transaction ----- */

struct step {
    int64_t worth, events;
    int pages;
    bool done;
};

static enum err work(struct chat *c, struct step *s, struct fail *f)
{
    struct search_reach reach;
    enum search_part part;
    int64_t to;
    bool more;
    enum err e = search_follow(c->db, f);

    if (!e)
        e = search_reach(c->db, &reach, f);
    if (e)
        return e;
    part = reach.stale ? SEARCH_INDEXES : find_behind(c, &reach, s->worth);
    s->done = part == SEARCH_INDEXES && !reach.stale;
    if (part == SEARCH_INDEXES)
        return OK;
    e = search_extend(c->db, part, s->events, &to, f);
    return e ? e : search_merge(c->db, part, s->pages, false, &more, f);
}

/* Nobody is told: it is no news to any reader. */
static enum err run(struct chat *c, struct step *s, struct fail *f)
{
    enum err e = db_begin_write(c->db, f);

    if (e)
        return e;
    e = work(c, s, f);
    if (!e)
        return db_commit(c->db, f);
    db_rollback(c->db);
    return e;
}

enum err indexing_step(struct chat *c, bool *done, struct fail *f)
{
    struct step s = {.worth = STEP_EVENTS, .events = STEP_EVENTS, .pages = STEP_PAGES};
    struct search_reach reach;
    enum err e = run(c, &s, f);

    if (!e)
        e = search_reach(c->db, &reach, f);
    *done = e || !is_due(c, &reach);
    return e;
}

enum err indexing_finish(struct chat *c, struct fail *f)
{
    struct step s = {.worth = 1, .events = BULK_EVENTS, .pages = BULK_PAGES};
    enum err e = OK;

    while (!e && !s.done)
        e = run(c, &s, f);
    return e;
}

/* ----- the rare things ----- */

static enum err empty_all(struct chat *c, void *arg, struct fail *f)
{
    enum err e = OK;

    (void)arg;
    for (enum search_part part = 0; !e && part < SEARCH_INDEXES; part++)
        e = search_empty(c->db, part, f);
    return e;
}

enum err indexing_restart(struct chat *c, struct fail *f)
{
    return chat_write(c, empty_all, NULL, f);
}

struct merge {
    enum search_part part;
    bool more;
};

static enum err merge_some(struct chat *c, void *arg, struct fail *f)
{
    struct merge *m = arg;

    return search_merge(c->db, m->part, BULK_PAGES, true, &m->more, f);
}

enum err indexing_compact(struct chat *c, struct fail *f)
{
    struct merge m = {.part = SEARCH_WORDS};
    enum err e = OK;

    for (; !e && m.part < SEARCH_INDEXES; m.part++) {
        m.more = true;
        while (!e && m.more)
            e = chat_write(c, merge_some, &m, f);
    }
    return e;
}
