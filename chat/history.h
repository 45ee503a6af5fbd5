/* Reading the logs: a page of messages, and what is newer than a cursor. */
#ifndef CHAT_HISTORY_H
#define CHAT_HISTORY_H

#include "chat/ignore.h"
#include "chat/rooms.h"

enum {
    HISTORY_PAGE = 50,
    HISTORY_PAGE_MAX = 200,
    HISTORY_EVENTS_MAX = 1000,
    HISTORY_CURSORS_MAX = ROOMS_MAX + 1 /* all rooms, and "@me" */
};

struct history_page {
    const char *epoch;
    struct room_view room;    /* head and floor of the same read transaction as the rows */
    struct message *messages; /* oldest first, without those of whom the reader ignores */
    size_t count;
    bool has_more; /* further ones in the direction asked */
    struct ignored ignored;
};

/* before > 0: older than that seq; after >= 0: newer than that seq; else (before 0, after -1) the
 * newest. */
MUST_CHECK enum err history_messages(struct chat *c, struct arena *a, const struct actor *who,
                                     const char *room, int64_t before, int64_t after, size_t limit,
                                     struct history_page *out, struct fail *f);

/* Takes out of a page what the reader's floor hides, and out of its rows
 * what the reader ignores. */
MUST_CHECK enum err history_finish(struct chat *c, struct arena *a, const struct actor *who,
                                   struct history_page *p, struct fail *f);

/* One room's cursor as a client holds it, and what became of it. */
struct history_cursor {
    const char *room; /* wire name */
    int64_t since;    /* -1: from now on */
    int64_t marked;   /* the reader's mark as the client knows it; -1: it did not say */
    struct room_view view;
    const char *resync; /* NULL, or why it must load again: "epoch", "floor", "ahead", "lag" */
    enum err err;       /* ERR_ROOM_NOT_FOUND: the others are served all the same */
};

/* "general:41,@me:7" as clients write them, at least one; a room without a number: from now on; a
 * second number is the read mark that is known: "general:41:38". *out lives in `a`.
 * ERR_BAD_REQUEST: malformed, a room twice, more than HISTORY_CURSORS_MAX. */
MUST_CHECK enum err history_parse_cursors(struct arena *a, const char *text,
                                          struct history_cursor **out, size_t *count,
                                          struct fail *f);

/* The person has read further on another device than this client knows. */
bool history_is_read_further(const struct history_cursor *cursors, size_t count);

/*
 * Judges each cursor in one read transaction: fills view, resync and err (wrong epoch; since <
 * floor; since > head; more than conf->ws_max_lag_events behind). `epoch` NULL is not compared;
 * *current is the one they are of.
 */
MUST_CHECK enum err history_open_cursors(struct chat *c, struct arena *a, const struct actor *who,
                                         const char *epoch, struct history_cursor *cursors,
                                         size_t count, const char **current, struct fail *f);
/* The events of the good cursors, by room then seq, at most HISTORY_EVENTS_MAX, those of whom the
 * reader ignores withheld; *more: ask again. */
MUST_CHECK enum err history_events(struct chat *c, struct arena *a, const struct actor *who,
                                   const struct history_cursor *cursors, size_t cursor_count,
                                   struct event **out, size_t *count, bool *more, struct fail *f);

struct history_news {
    const char *epoch;    /* the present one */
    bool resync;          /* a cursor at least says so; there are no events then */
    struct event *events; /* as of history_events() */
    size_t count;
    bool more;
};

/* Both of one moment: what a purge takes between them would be a hole in what is told. */
MUST_CHECK enum err history_look(struct chat *c, struct arena *a, const struct actor *who,
                                 const char *epoch, struct history_cursor *cursors, size_t count,
                                 struct history_news *out, struct fail *f);

#endif
