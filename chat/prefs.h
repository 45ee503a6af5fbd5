/*
 * A person's small settings, the same on all devices: an event in "@me" tells those that are there.
 * Only what stands in the table of prefs.c is a setting, with one of its values.
 */
#ifndef CHAT_PREFS_H
#define CHAT_PREFS_H

#include "chat/identity.h"
#include "lib/json.h"

/* All of them, with what holds where nothing was set; the caller owns *out. */
MUST_CHECK enum err prefs_load(struct chat *c, struct arena *a, const struct actor *who,
                               struct json_object **out, struct fail *f);
/* {name: value, …}: all or, with ERR_BAD_REQUEST, none. In a write transaction of its own. */
MUST_CHECK enum err prefs_set(struct chat *c, struct arena *a, const struct actor *who,
                              struct json_object *changes, struct fail *f);
/* The names, NULL behind the last: what a form may have for fields. */
extern const char *const prefs_names[];

#endif
