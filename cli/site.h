/*
 * What most commands begin with: the configuration, the log, and the databases of one installation.
 */
#ifndef CLI_SITE_H
#define CLI_SITE_H

#include "chat/chat.h"
#include "cli/args.h"

struct site {
    struct conf conf;
    struct log log;
    struct chat chat; /* only after site_open() */
    struct arena arena;
};

/* --config, or where the programs look for it. Both say on stderr what failed; a site that could
 * not be opened needs no closing. */
MUST_CHECK bool site_load(struct site *s, const struct args *args);
/*
 * site_load(), then the databases. Run by root, the process becomes the owner of the database for
 * good: a -wal or lock file that belongs to root would lock the servers out.
 */
MUST_CHECK bool site_open(struct site *s, const struct args *args, enum db_access access);
void site_close(struct site *s);

/* The option that every such command has. */
#define SITE_OPTION                                                                                \
    {                                                                                              \
        "config", "FILE",                                                                          \
            "outcry.conf (else $OUTCRY_CONFIG, else beside the program, else "                     \
            "/etc/outcry)"                                                                         \
    }

/* The owner of the folder that holds `path` becomes the user of this process, where it is root. */
MUST_CHECK bool site_become_owner_of(const char *path);

/* "outcry: sentence" on stderr; returns EXIT_FAILED. */
int site_failed(const struct fail *f);

#endif
