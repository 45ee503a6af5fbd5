/* What lib/mustache_parse.c makes and lib/mustache.c renders. Nobody else includes this. */
#ifndef LIB_MUSTACHE_NODE_H
#define LIB_MUSTACHE_NODE_H

#include "lib/arena.h"
#include "lib/mustache.h"

enum { MUSTACHE_DEPTH = 64 }; /* sections and partials inside one another */

enum mustache_type {
    MUSTACHE_LINE,     /* a line of output begins: a partial's indentation goes here */
    MUSTACHE_TEXT,     /* str as it is */
    MUSTACHE_VALUE,    /* {{x}} */
    MUSTACHE_RAW,      /* {{{x}}} and {{&x}} */
    MUSTACHE_SECTION,  /* {{#x}} */
    MUSTACHE_INVERTED, /* {{^x}} */
    MUSTACHE_PARTIAL,  /* {{>x}} */
};

struct mustache_node {
    enum mustache_type type;
    /* text: the bytes. A name: its dotted parts, each ending in NUL. A partial: its name. */
    const char *str;
    size_t len;   /* of text */
    size_t parts; /* of a name; 0 is "." */
    size_t end;   /* of a section: the index after its last node */
    /* of a partial that stands alone on its line: what is before it there, put before each line */
    bool standalone;
    const char *indent;
    size_t indent_len;
};

struct mustache {
    struct arena mem; /* the name, the text, and names cut out of it */
    const char *name;
    struct mustache_node *nodes; /* in the order of the text; owned */
    size_t count, cap;
};

#endif
