/*
 * Somebody outside, and what is hidden from them: a private room and a conversation with messages,
 * files and a person who is nowhere else. Questions are made from the route tables, so new routes
 * and parameters are asked about by themselves; each can be about what is there or about what never
 * was.
 */
#ifndef TESTS_LIB_OUTSIDER_H
#define TESTS_LIB_OUTSIDER_H

#include "tests/lib/web.h"

/* A thing, and one of its kind that never was. */
struct pair {
    const char *real, *never;
};

struct world {
    struct web *w;
    struct pair rooms[2], messages[3], people[1], files[2];
    const char *tokens[2], *cookie, *csrf;
    uint64_t state, names;
};

/* The question being made: of the real things, or of those that never were. */
struct question {
    struct world *world;
    uint64_t state;
    bool never, refers; /* refers: to one of either */
    char uri[600], body[600];
    const char *method;
    const struct route *route;
    int person; /* somebody of the host, who was in the room, a guest, nobody */
    bool as_form;
};

/* Words that are looked for, never kept. */
enum { OUTSIDER_WORDS = 3 };
extern const struct pair outsider_words[OUTSIDER_WORDS];

/* web_close(world->w) closes it. */
void outsider_open(struct world *world, uint64_t seed);
/* A number below that one, of the question's own chance. */
unsigned outsider_draw(struct question *q, unsigned below);
/* Fills a question whose world, state and `never` are set: about table[at]. */
void outsider_make(struct question *q, const struct route *table, unsigned at);
/* Asks it, and returns the status. */
int outsider_ask(struct question *q);

#endif
