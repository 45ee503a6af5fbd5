#include "chat/naming.h"

#include "chat/self.h"
#include "db/event.h"
#include "db/renamed.h"
#include "lib/text.h"

#include <string.h>

/* More can share a fold only where a host itself reuses a name; two suffice to know of another. */
enum { ALIKE_MAX = 64 };

bool naming_is_guest(const struct user *u)
{
    return u->ext_id[0] == 'g';
}

enum err naming_clean(struct arena *a, const char *typed, size_t len, const char **name,
                      const char **fold, struct fail *f)
{
    char *clean = text_name(a, typed, len);

    if (!clean)
        return fail(f, ERR_BAD_REQUEST,
                    "A name has 1 to 32 characters and none of <>&\"'`~@#/\\ or invisible ones.");
    *name = clean;
    *fold = text_fold(a, clean);
    /* A name of marks alone folds to nothing: it would be alike to every such name. */
    if (!(*fold)[0])
        return fail(f, ERR_BAD_REQUEST, "A name needs at least one letter or digit.");
    return OK;
}

enum err naming_shown(struct chat *c, struct arena *a, const struct user *u, const char **out,
                      struct fail *f)
{
    struct user alike[2];
    size_t count;
    enum err e;

    *out = u->username;
    if (naming_is_guest(u))
        return OK; /* a guest's name is nobody else's */
    e = user_list_by_fold(c->db, a, u->name_fold, alike, ARRAY_LEN(alike), &count, f);
    if (e)
        return e;
    for (size_t i = 0; i < count; i++) {
        if (alike[i].id != u->id && !naming_is_guest(&alike[i])) {
            *out = arena_fmt(a, "%s#%lld", u->username, (long long)u->id);
            break;
        }
    }
    return OK;
}

enum err naming_check_free(struct chat *c, struct arena *a, const char *fold, int64_t self,
                           struct fail *f)
{
    struct user alike[2];
    size_t count;
    enum err e = user_list_by_fold(c->db, a, fold, alike, ARRAY_LEN(alike), &count, f);

    if (e)
        return e;
    for (size_t i = 0; i < count; i++) {
        if (alike[i].id != self)
            return fail(f, ERR_NAME_TAKEN, "This name is taken. Choose another one.");
    }
    return OK;
}

static enum err evict(struct chat *c, struct arena *a, const struct user *guest, struct fail *f)
{
    const char *name = arena_fmt(a, "%s~guest", guest->username);
    const char *fold = text_fold(a, name);
    enum err e = naming_check_free(c, a, fold, guest->id, f);

    if (e == ERR_NAME_TAKEN) {
        name = arena_fmt(a, "%s~guest%lld", guest->username, (long long)guest->id);
        fold = text_fold(a, name);
        e = OK;
    }
    if (!e)
        e = user_update_name(c->db, guest->id, name, fold, false, f);
    if (!e)
        e = self_append(c, a, guest->id, "notice", "{\"code\":\"renamed\"}", 0, f);
    return e;
}

enum err naming_evict_guests(struct chat *c, struct arena *a, const char *fold, struct fail *f)
{
    struct user *alike = arena_alloc(a, ALIKE_MAX * sizeof *alike);
    size_t count;
    enum err e = user_list_by_fold(c->db, a, fold, alike, ALIKE_MAX, &count, f);

    for (size_t i = 0; !e && i < count; i++) {
        if (naming_is_guest(&alike[i]))
            e = evict(c, a, &alike[i], f);
    }
    return e;
}

enum err naming_tell(struct chat *c, struct arena *a, const struct user *u, struct fail *f)
{
    int64_t *rooms = arena_alloc(a, RENAMED_ROOMS_MAX * sizeof *rooms);
    size_t count = 0;
    enum err e;

    if (naming_is_guest(u))
        return OK;
    e = self_append(c, a, u->id, "renamed", NULL, u->id, f);
    if (!e)
        e = renamed_rooms(c->db, u->id, rooms, &count, f);
    for (size_t i = 0; !e && i < count; i++) {
        struct event event = {
            .room_id = rooms[i],
            .ts_ms = clock_wall_ms(&c->clock),
            .kind = "renamed",
            .actor_id = u->id,
            .target_user_id = u->id,
        };

        e = event_append(c->db, &event, NULL, NULL, f);
    }
    return e;
}

/* One alone is shown otherwise than before; of more each has had a number all along. */
enum err naming_tell_alike(struct chat *c, struct arena *a, const char *fold, int64_t user_id,
                           struct fail *f)
{
    struct user *alike = arena_alloc(a, ALIKE_MAX * sizeof *alike);
    const struct user *other = NULL;
    size_t count, others = 0;
    enum err e = user_list_by_fold(c->db, a, fold, alike, ALIKE_MAX, &count, f);

    for (size_t i = 0; !e && i < count; i++) {
        if (alike[i].id != user_id && !naming_is_guest(&alike[i])) {
            other = &alike[i];
            others++;
        }
    }
    return !e && others == 1 && !user_is_erased(other) ? naming_tell(c, a, other, f) : e;
}
