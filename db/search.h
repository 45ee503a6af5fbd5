/*
 * Walking through messages that a search may be about, the newest first: by the index of words, by
 * that of parts, or row by row. Whether one really fits is for whoever walks to say; whether the
 * reader may see it is decided here.
 */
#ifndef DB_SEARCH_H
#define DB_SEARCH_H

#include "db/search_index.h"

/* Strings live until the walk goes on; they have no NUL at their end. */
struct search_row {
    int64_t msg_id, room_id, seq, user_id, created_ms, edited_ms;
    const char *body, *file_names; /* names: a line each */
    size_t body_len, file_names_len;
    bool has_files, has_pictures;
};

struct search_walk {
    /* The way: an expression in FTS5's language for the index `part`, or NULL: row by row. */
    enum search_part part;
    const char *match;
    int64_t after_event, before_event; /* both exclusive */

    int64_t reader_id;          /* 0: nobody */
    int64_t room_id;            /* 0: every room that the reader may see */
    int64_t from_ms, before_ms; /* created within: from inclusive, before exclusive */
    int64_t deadline_ms;        /* search_now_ms(): a walk that takes longer is cut */
};

/* False: enough. */
typedef bool search_row_fn(void *ctx, const struct search_row *row);

/* *cut: the time was over before the end; what was told so far is right. */
MUST_CHECK enum err search_walk(struct db *db, const struct search_walk *walk, search_row_fn *tell,
                                void *ctx, bool *cut, struct fail *f);
/* A clock that only rises. */
int64_t search_now_ms(void);

/* An event near that wall time, by which a walk can begin or end: nearly all before it are older.
 * 0 where nothing is older. */
MUST_CHECK enum err search_event_at(struct db *db, int64_t wall_ms, int64_t *id, struct fail *f);

#endif
