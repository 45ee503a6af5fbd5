/* Command lines of the bench programs: `--name value` pairs, described by a table. */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include "lib/base.h"

enum option_kind {
    OPTION_TEXT,   /* const char ** */
    OPTION_NUMBER, /* int64_t *, not negative */
    OPTION_REAL,   /* double *, not negative */
    OPTION_LIST    /* struct option_list *: may come several times */
};

enum { OPTION_LIST_MAX = 8 };

struct option_list {
    const char *values[OPTION_LIST_MAX];
    size_t count;
};

struct option {
    const char *name; /* with its dashes */
    enum option_kind kind;
    void *into;
};

/* die()s with a sentence where the command line does not fit the table. */
void options_parse(const struct option *table, size_t count, int argc, char **argv);

#endif
