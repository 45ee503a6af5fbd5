#include "db/search_index.h"
#include "db/handle.h"
#include "db/statements.h"

#include <string.h>

static const struct sql reach = {
    "search_index.reach",
    "SELECT (SELECT event_id FROM search_cursor WHERE part = 'words'),"
    " (SELECT event_id FROM search_cursor WHERE part = 'parts'),"
    " (SELECT id FROM event ORDER BY id DESC LIMIT 1),"
    " (SELECT number FROM search_stale ORDER BY number LIMIT 1) IS NOT NULL",
    DB_CHAT, "the first row of a queue that is nearly always empty"};
static const struct sql next = {
    "search_index.next",
    "SELECT max(id) FROM (SELECT id FROM event WHERE id > ?1 ORDER BY id LIMIT ?2)", DB_CHAT, NULL};
static const struct sql advance = {"search_index.advance",
                                   "UPDATE search_cursor SET event_id = ?2 WHERE part = ?1",
                                   DB_CHAT, NULL};
static const struct sql oldest_change = {
    "search_index.oldest_change",
    "SELECT number, event_id, old_body, old_keys, body, keys FROM search_stale"
    " WHERE number > ?1 ORDER BY number LIMIT 1",
    DB_CHAT, NULL};
static const struct sql followed = {"search_index.followed",
                                    "DELETE FROM search_stale WHERE number <= ?1", DB_CHAT, NULL};

/* One column of an index less or more is all in which the two differ. */
struct part {
    const char *name;
    struct sql extend, forget, add, empty, merge;
};

#define NEXT_ROWS " FROM search_text WHERE id > ?1 AND id <= ?2 ORDER BY id"

static const struct part parts[SEARCH_INDEXES] = {
    [SEARCH_WORDS] =
        {"words",
         {"search_words.extend",
          "INSERT INTO search_words (rowid, body, keys)"
          " SELECT id, body, keys" NEXT_ROWS,
          DB_CHAT, NULL},
         {"search_words.forget",
          "INSERT INTO search_words (search_words, rowid, body, keys) VALUES ('delete', ?1, ?2, "
          "?3)",
          DB_CHAT, NULL},
         {"search_words.add", "INSERT INTO search_words (rowid, body, keys) VALUES (?1, ?2, ?3)",
          DB_CHAT, NULL},
         {"search_words.empty", "INSERT INTO search_words (search_words) VALUES ('delete-all')",
          DB_CHAT, NULL},
         {"search_words.merge",
          "INSERT INTO search_words (search_words, rank) VALUES ('merge', ?1)", DB_CHAT, NULL}},
    [SEARCH_PARTS] =
        {"parts",
         {"search_parts.extend", "INSERT INTO search_parts (rowid, body) SELECT id, body" NEXT_ROWS,
          DB_CHAT, NULL},
         {"search_parts.forget",
          "INSERT INTO search_parts (search_parts, rowid, body) VALUES ('delete', ?1, ?2)", DB_CHAT,
          NULL},
         {"search_parts.add", "INSERT INTO search_parts (rowid, body) VALUES (?1, ?2)", DB_CHAT,
          NULL},
         {"search_parts.empty", "INSERT INTO search_parts (search_parts) VALUES ('delete-all')",
          DB_CHAT, NULL},
         {"search_parts.merge",
          "INSERT INTO search_parts (search_parts, rank) VALUES ('merge', ?1)", DB_CHAT, NULL}},
};

const struct sql *const search_index_statements[] = {
    &reach,
    &next,
    &advance,
    &oldest_change,
    &followed,
    &parts[SEARCH_WORDS].extend,
    &parts[SEARCH_WORDS].forget,
    &parts[SEARCH_WORDS].add,
    &parts[SEARCH_WORDS].empty,
    &parts[SEARCH_WORDS].merge,
    &parts[SEARCH_PARTS].extend,
    &parts[SEARCH_PARTS].forget,
    &parts[SEARCH_PARTS].add,
    &parts[SEARCH_PARTS].empty,
    &parts[SEARCH_PARTS].merge,
    NULL,
};

enum err search_reach(struct db *db, struct search_reach *out, struct fail *f)
{
    struct query q = query_begin(db, &reach);

    *out = (struct search_reach){0};
    if (query_row(&q)) {
        out->at[SEARCH_WORDS] = query_i64(&q, 0);
        out->at[SEARCH_PARTS] = query_i64(&q, 1);
        out->newest = query_i64(&q, 2);
        out->stale = query_i64(&q, 3) != 0;
    }
    return query_end(&q, f);
}

static enum err set_reach(struct db *db, enum search_part part, int64_t to, struct fail *f)
{
    struct query q = query_begin(db, &advance);

    query_bind_text(&q, 1, parts[part].name);
    query_bind_i64(&q, 2, to);
    return query_run(&q, f);
}

static enum err find_next(struct db *db, int64_t from, int64_t events, int64_t *to, struct fail *f)
{
    struct query q = query_begin(db, &next);

    query_bind_i64(&q, 1, from);
    query_bind_i64(&q, 2, events);
    *to = query_row(&q) ? query_i64(&q, 0) : 0;
    if (*to < from)
        *to = from; /* there is none */
    return query_end(&q, f);
}

/* What waits to be followed is about the index as it is, so that comes first. */
enum err search_extend(struct db *db, enum search_part part, int64_t events, int64_t *to,
                       struct fail *f)
{
    struct search_reach now = {0};
    struct query q;
    enum err e = search_follow(db, f);

    if (!e)
        e = search_reach(db, &now, f);
    *to = now.at[part];
    if (!e && !now.stale)
        e = find_next(db, now.at[part], events, to, f);
    if (e || *to == now.at[part])
        return e;
    q = query_begin(db, &parts[part].extend);
    query_bind_i64(&q, 1, now.at[part]);
    query_bind_i64(&q, 2, *to);
    e = query_run(&q, f);
    return e ? e : set_reach(db, part, *to, f);
}

/* FTS5 says by the number of changes whether it did anything: one is the command itself. */
enum err search_merge(struct db *db, enum search_part part, int pages, bool all, bool *more,
                      struct fail *f)
{
    int before = sqlite3_total_changes(db->sqlite);
    struct query q = query_begin(db, &parts[part].merge);
    enum err e;

    query_bind_i64(&q, 1, all ? -pages : pages);
    e = query_run(&q, f);
    *more = !e && sqlite3_total_changes(db->sqlite) - before >= 2;
    return e;
}

enum err search_empty(struct db *db, enum search_part part, struct fail *f)
{
    struct search_reach now = {.stale = true};
    struct query q;
    enum err e = OK;

    while (!e && now.stale) { /* the other index needs it */
        e = search_follow(db, f);
        if (!e)
            e = search_reach(db, &now, f);
    }
    if (e)
        return e;
    q = query_begin(db, &parts[part].empty);
    e = query_run(&q, f);
    return e ? e : set_reach(db, part, 0, f);
}

/* ----- what was changed ----- */

struct change {
    int64_t number, event_id;
    const char *old_body, *old_keys, *body, *keys;
};

static enum err load_change(struct db *db, struct arena *a, int64_t after, struct change *out,
                            bool *found, struct fail *f)
{
    struct query q = query_begin(db, &oldest_change);

    query_bind_i64(&q, 1, after);
    *found = query_row(&q);
    if (*found)
        *out = (struct change){
            .number = query_i64(&q, 0),
            .event_id = query_i64(&q, 1),
            .old_body = query_text(&q, 2, a),
            .old_keys = query_text(&q, 3, a),
            .body = query_text(&q, 4, a),
            .keys = query_text(&q, 5, a),
        };
    return query_end(&q, f);
}

static enum err put(struct db *db, enum search_part part, const struct sql *sql, int64_t event_id,
                    const char *body, const char *keys, struct fail *f)
{
    struct query q = query_begin(db, sql);

    query_bind_i64(&q, 1, event_id);
    query_bind_text(&q, 2, body);
    if (part == SEARCH_WORDS)
        query_bind_text(&q, 3, keys);
    return query_run(&q, f);
}

static enum err follow_one(struct db *db, const struct search_reach *now, const struct change *c,
                           struct fail *f)
{
    enum err e = OK;

    for (enum search_part part = 0; !e && part < SEARCH_INDEXES; part++) {
        if (c->event_id > now->at[part])
            continue;
        e = put(db, part, &parts[part].forget, c->event_id, c->old_body, c->old_keys, f);
        if (!e && c->body)
            e = put(db, part, &parts[part].add, c->event_id, c->body, c->keys, f);
    }
    return e;
}

static enum err follow_all(struct db *db, const struct search_reach *now, struct arena *a,
                           struct fail *f)
{
    struct change c = {0};
    bool found = true;
    struct query q;
    enum err e = OK;

    for (int i = 0; !e && found && i < SEARCH_FOLLOWED; i++) {
        arena_clear(a);
        e = load_change(db, a, c.number, &c, &found, f);
        if (!e && found)
            e = follow_one(db, now, &c, f);
    }
    if (e)
        return e;
    q = query_begin(db, &followed);
    query_bind_i64(&q, 1, c.number);
    return query_run(&q, f);
}

enum err search_follow(struct db *db, struct fail *f)
{
    struct search_reach now;
    struct arena a;
    enum err e = search_reach(db, &now, f);

    db->search_stale = false;
    if (e || !now.stale)
        return e;
    arena_init(&a);
    e = follow_all(db, &now, &a, f);
    arena_release(&a);
    return e;
}

void search_is_stale(struct db *db)
{
    db->search_stale = true;
}
