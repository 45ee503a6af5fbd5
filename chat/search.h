/*
 * Finding messages again. Every reader searches what they may read and nothing else. What is found
 * is bounded: of the newest SEARCH_WINDOW messages that fit, a page, the best or the newest first;
 * and so is the time that it takes (`partial` says that it was over).
 */
#ifndef CHAT_SEARCH_H
#define CHAT_SEARCH_H

#include "chat/rooms.h"
#include "chat/search_match.h"
#include "db/message.h"

enum { SEARCH_PAGE = 20, SEARCH_WINDOW = 400, SEARCH_PAGES = SEARCH_WINDOW / SEARCH_PAGE };

struct search {
    const struct actor *who;
    const char *text; /* as typed, valid UTF-8 */
    size_t len;
    const char *room; /* NULL: everywhere; a slug: there, whatever the text says */
    bool newest;      /* the newest first */
    int64_t page;     /* 1 … SEARCH_PAGES */
};

/* A message that was found; it is loaded, quotes and reactions are not. Field 0 of `match` is its
 * text, the others are its files' names. */
struct found {
    struct message message; /* room_slug filled */
    const char *room_title;
    struct search_match match;
};

struct search_result {
    struct search_query query;
    struct found *list;
    size_t count;
    size_t total; /* that fit, in the window */
    bool has_more, partial;
    bool as_parts; /* no message has the words; these have them within longer ones */
    bool asked;    /* there was something to look for */
};

/* Strings live in `a`. ERR_NOT_FOUND where search is off, ERR_ROOM_NOT_FOUND for `room`. */
MUST_CHECK enum err search_run(struct chat *c, struct arena *a, const struct search *s,
                               struct search_result *out, struct fail *f);

#endif
