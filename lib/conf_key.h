/* The table of configuration keys: private to lib/conf*.c. */
#ifndef LIB_CONF_KEY_H
#define LIB_CONF_KEY_H

#include "lib/conf.h"

enum { CONF_SOCKET_MAX = 107, CONF_SECRET_MIN = 32, CONF_CHOICES = 8 };

enum conf_type {
    CONF_TEXT,
    CONF_PATH,     /* relative to the file's folder; "" stays "" */
    CONF_SOCKET,   /* a path of at most CONF_SOCKET_MAX bytes */
    CONF_URL_PATH, /* "/stocks/chat" */
    CONF_WORD,     /* one of `choices`, kept as text */
    CONF_CHOICE,   /* one of `choices`, kept as its number */
    CONF_NUMBER    /* int64_t, min…max */
};

struct conf_key {
    const char *section; /* set on a section's first key */
    const char *name;
    enum conf_type type;
    size_t at;       /* offset in struct conf: char *, an enum or int64_t */
    const char *def; /* as in the file; NULL: the key must be set */
    int64_t min, max;
    const char *choices[CONF_CHOICES]; /* ended by NULL */
    /* NULL where the value may be, else what is allowed: "must be …" */
    const char *(*check)(const char *value);
    const char *doc; /* Markdown, one line */
};

extern const struct conf_key conf_keys[];
extern const size_t conf_key_count;

/* The caller frees each of these (conf_find.c). `path` below `dir`; one that is absolute or empty
 * as it is. */
char *conf_join(const char *dir, const char *path);
/* The file's folder as an absolute path, so that a later chdir() changes nothing. */
char *conf_folder_of(const char *path);
/* A file of that name in the folder of `path`, which is absolute or below where we are. */
char *conf_beside(const char *path, const char *name);
/* A file of that name in the folder of the program that runs. */
char *conf_beside_program(const char *name);

#endif
