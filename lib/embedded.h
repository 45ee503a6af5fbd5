/* What is built into the programs: files (scripts/embed), and the emoji that have a name. */
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

/* Here `name` is a shortcode and `text` its emoji; by name, in the order of strcmp(). */
extern const struct embedded embedded_shortcodes[];
extern const size_t embedded_shortcode_count;

#endif
