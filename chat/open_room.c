#include "chat/open_room.h"

#include "chat/limits.h"
#include "chat/members.h"
#include "chat/people.h"
#include "chat/permit.h"
#include "chat/room_settings.h"
#include "db/ignored.h"

#include <stdlib.h>
#include <string.h>

enum { POSITION_LAST = 1000 }; /* behind those of the configuration */

static enum err may_open(struct chat *c, struct arena *a, const struct actor *who, struct fail *f)
{
    struct user self;
    enum err e = permit_person(c, a, who, &self, f);

    if (!e && who->kind != ACTOR_USER)
        e = fail(f, ERR_FORBIDDEN, "Guests cannot do this. Please sign in.");
    return e;
}

bool open_may_private(const struct conf *conf, const struct actor *who)
{
    enum conf_creators creators = conf->who_creates_rooms;

    return who->kind == ACTOR_USER &&
           (creators == CREATORS_MEMBERS ||
            (creators == CREATORS_MODERATORS && actor_is_moderator(who)));
}

enum err open_private(struct chat *c, struct arena *a, const struct actor *who, const char *title,
                      const char *address, struct room *out, struct fail *f)
{
    enum conf_creators creators = c->conf->who_creates_rooms;
    enum err e = may_open(c, a, who, f);

    if (!e && !open_may_private(c->conf, who))
        e = fail(f, ERR_FORBIDDEN,
                 creators == CREATORS_NOBODY ? "Rooms are made by the operator."
                                             : "Only moderators make rooms.");
    if (!e)
        e = limits_take_act(c, who, address, f);
    if (!e)
        e = rooms_create_hidden(c, a, "private", title, who->user_id, out, f);
    return e ? e : members_add(c, a, out, who->user_id, who->user_id, NULL, f);
}

enum err open_public(struct chat *c, struct arena *a, const struct actor *who, const char *slug,
                     const char *title, const char *address, struct room *out, struct fail *f)
{
    enum err e = may_open(c, a, who, f);

    if (!e && !actor_is_moderator(who))
        e = fail(f, ERR_FORBIDDEN, "Only moderators open public rooms.");
    if (!e)
        e = limits_take_act(c, who, address, f);
    return e ? e : rooms_create(c, a, slug, title, POSITION_LAST, who->user_id, out, f);
}

/* ----- conversations ----- */

static int by_number(const void *x, const void *y)
{
    const int64_t *a = x, *b = y;

    return (*a > *b) - (*a < *b);
}

/* Everybody in it, each once, in order. */
static size_t everybody(const struct actor *who, const int64_t *others, size_t count, int64_t *out)
{
    size_t all = 0;

    out[all++] = who->user_id;
    for (size_t i = 0; i < count; i++)
        out[all++] = others[i];
    qsort(out, all, sizeof *out, by_number);
    count = all;
    all = 0;
    for (size_t i = 0; i < count; i++) {
        if (all == 0 || out[all - 1] != out[i])
            out[all++] = out[i];
    }
    return all;
}

static const char *key_of(struct arena *a, const int64_t *ids, size_t count)
{
    const char *key = arena_fmt(a, "%lld", (long long)ids[0]);

    for (size_t i = 1; i < count; i++)
        key = arena_fmt(a, "%s,%lld", key, (long long)ids[i]);
    return key;
}

/* The same for whoever is ignored: they are not told. */
static enum err unwanted(struct fail *f)
{
    return fail(f, ERR_FORBIDDEN, "This person does not take messages from you.");
}

/* Whether somebody takes a conversation that this actor begins. */
static enum err takes_it(struct chat *c, struct arena *a, const struct actor *who, int64_t user_id,
                         struct fail *f)
{
    struct user u;
    const char *from = "";
    bool shared = false, ignored = false;
    enum err e = people_find(c, a, who, user_id, &u, f);

    if (e || user_id == who->user_id || actor_is_moderator(who))
        return e;
    e = ignored_is(c->db, user_id, who->user_id, &ignored, f);
    if (!e)
        e = user_pref(c->db, a, user_id, "direct", &from, f);
    if (!e && ignored)
        return unwanted(f);
    if (e || !from || strcmp(from, "everyone") == 0)
        return e;
    if (strcmp(from, "shared") == 0)
        e = member_of_same(c->db, who->user_id, user_id, &shared, f);
    return e || shared ? e : unwanted(f);
}

static enum err make(struct chat *c, struct arena *a, const struct actor *who, const int64_t *ids,
                     size_t count, const char *key, struct room *out, struct fail *f)
{
    enum err e = rooms_create_hidden(c, a, "direct", NULL, 0, out, f);

    if (!e)
        e = room_set_direct_key(c->db, out->id, key, f);
    for (size_t i = 0; !e && i < count; i++)
        e = members_add(c, a, out, ids[i], who->user_id, NULL, f);
    return e;
}

enum err open_direct(struct chat *c, struct arena *a, const struct actor *who,
                     const int64_t *others, size_t count, const char *address, struct room *out,
                     bool *made, struct fail *f)
{
    int64_t ids[DIRECT_OTHERS_MAX + 1];
    const char *key;
    size_t all;
    enum err e;

    *made = false;
    if (count < 1 || count > DIRECT_OTHERS_MAX)
        return fail(f, ERR_BAD_REQUEST, "A conversation is with 1 to %d others.",
                    DIRECT_OTHERS_MAX);
    e = may_open(c, a, who, f);
    if (e)
        return e;
    all = everybody(who, others, count, ids);
    if (all < 2)
        return fail(f, ERR_BAD_REQUEST, "A conversation is with somebody else.");
    key = key_of(a, ids, all);
    e = room_by_direct_key(c->db, a, key, out, f);
    if (!e)
        e = room_settings_show(c, a, who, out->slug, f);
    if (e != ERR_NOT_FOUND)
        return e;
    e = OK;
    for (size_t i = 0; !e && i < all; i++)
        e = takes_it(c, a, who, ids[i], f);
    if (!e)
        e = limits_take_act(c, who, address, f);
    *made = !e;
    return e ? e : make(c, a, who, ids, all, key, out, f);
}
