/*
 * application/x-www-form-urlencoded, pair by pair: query strings and form bodies. What the pairs
 * mean, and how many there may be, is the caller's business.
 */
#ifndef LIB_URLENCODED_H
#define LIB_URLENCODED_H

#include "lib/arena.h"

/* Decoded; the bytes may be anything, NUL too. A NUL follows. */
struct url_pair {
    const char *name, *value;
    size_t name_len, value_len;
};

/* Takes the next pair off *in; it lives in `a`. False at the end. A pair without '=' has an empty
 * value; empty pairs are passed over. */
bool url_next_pair(struct arena *a, const char **in, size_t *len, struct url_pair *out);

#endif
