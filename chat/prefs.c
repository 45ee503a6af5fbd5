#include "chat/prefs.h"

#include "chat/limits.h"
#include "chat/self.h"
#include "db/mine.h"
#include "lib/text.h"

#include <string.h>

/* The first value holds where none was set. */
static const struct pref {
    const char *name;
    const char *const values[4];
} table[] = {
    {"direct", {"everyone", "shared", "nobody", NULL}}, /* from whom conversations are taken */
    {"notify", {"off", "on", NULL}},         /* by the browser, of direct messages and mentions */
    {"notify_text", {"off", "on", NULL}},    /* with what was said */
    {"sound", {"off", "mine", "all", NULL}}, /* mine: what notify is about */
};

const char *const prefs_names[ARRAY_LEN(table) + 1] = {"direct", "notify", "notify_text", "sound",
                                                       NULL};

static const struct pref *find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    return NULL;
}

static bool may_be(const struct pref *p, const char *value)
{
    for (size_t i = 0; value && p->values[i]; i++)
        if (strcmp(p->values[i], value) == 0)
            return true;
    return false;
}

enum err prefs_load(struct chat *c, struct arena *a, const struct actor *who,
                    struct json_object **out, struct fail *f)
{
    struct json_object *stored = NULL;
    const char *text = "{}";
    enum err e = mine_prefs(c->db, a, who->user_id, &text, f);

    if (e)
        return e;
    if (json_parse(text, strlen(text), &stored, f))
        stored = NULL; /* an operator's hand was there: what holds by itself holds */
    *out = json_object_new_object();
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct json_object *value = stored ? json_object_object_get(stored, table[i].name) : NULL;
        const char *set = value ? json_object_get_string(value) : NULL;

        json_set_str(*out, table[i].name, may_be(&table[i], set) ? set : table[i].values[0]);
    }
    json_object_put(stored);
    return OK;
}

struct setting {
    struct arena *arena;
    const struct actor *who;
    struct json_object *changes;
};

static enum err store(struct chat *c, void *arg, struct fail *f)
{
    const struct setting *s = arg;
    int64_t me = s->who->user_id;
    size_t len;
    enum err e = limits_take_act(c, s->who, NULL, f);

    json_object_object_foreach(s->changes, name, value)
    {
        if (!e)
            e = user_set_pref(c->db, me, name, json_object_get_string(value), f);
    }
    return e ? e
             : self_append(c, s->arena, me, "prefs",
                           arena_fmt(s->arena, "{\"prefs\":%s}", json_text(s->changes, &len)), me,
                           f);
}

enum err prefs_set(struct chat *c, struct arena *a, const struct actor *who,
                   struct json_object *changes, struct fail *f)
{
    struct setting s = {a, who, changes};
    bool any = false;

    if (json_object_is_type(changes, json_type_object)) {
        json_object_object_foreach(changes, name, value)
        {
            const struct pref *p = find(name);

            any = true;
            if (!p || !json_object_is_type(value, json_type_string) ||
                !may_be(p, json_object_get_string(value)))
                return fail(f, ERR_BAD_REQUEST, "%.60s is no setting, or cannot be this.", name);
        }
    }
    return any ? chat_write(c, store, &s, f) : fail(f, ERR_BAD_REQUEST, "There is no setting.");
}
