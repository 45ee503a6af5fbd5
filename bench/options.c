#include "bench/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct option *find(const struct option *table, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    }
    die("there is no option %s", name);
}

static void set_number(const struct option *o, const char *value)
{
    char *end;

    errno = 0;
    if (o->kind == OPTION_REAL)
        *(double *)o->into = strtod(value, &end);
    else
        *(int64_t *)o->into = strtoll(value, &end, 10);
    if (errno || end == value || *end || *value == '-')
        die("%s needs a number, not '%s'", o->name, value);
}

static void add_to_list(const struct option *o, const char *value)
{
    struct option_list *list = o->into;

    if (list->count == OPTION_LIST_MAX)
        die("%s may come %d times at most", o->name, OPTION_LIST_MAX);
    list->values[list->count++] = value;
}

static void set(const struct option *o, const char *value)
{
    switch (o->kind) {
    case OPTION_TEXT:
        *(const char **)o->into = value;
        break;
    case OPTION_NUMBER:
    case OPTION_REAL:
        set_number(o, value);
        break;
    case OPTION_LIST:
        add_to_list(o, value);
        break;
    }
}

void options_parse(const struct option *table, size_t count, int argc, char **argv)
{
    for (int i = 1; i < argc; i += 2) {
        const struct option *o = find(table, count, argv[i]);

        if (i + 1 == argc)
            die("%s needs a value", o->name);
        set(o, argv[i + 1]);
    }
}
