/* Files built into the programs by scripts/embed: the migrations and the default templates. */
#ifndef LIB_EMBEDDED_H
#define LIB_EMBEDDED_H

#include <stddef.h>

struct embedded {
    const char *name; /* the file's name without its folder; NULL ends a list */
    const char *text;
    size_t len;
};

extern const struct embedded embedded_chat_migrations[];  /* db/migrations/chat, by name */
extern const struct embedded embedded_state_migrations[]; /* db/migrations/state, by name */
extern const struct embedded embedded_templates[];        /* templates, by name */

#endif
