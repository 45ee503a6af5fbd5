#include "chat/typing.h"

#include "chat/permit.h"
#include "chat/rooms.h"

#include <stdio.h>

/* What was said so lately need not be said again. */
enum { SAID_AGAIN_MS = 1000 };

/* Until when they are known to type there; 0: they are not. */
static enum err known_until(struct chat *c, const struct typist *t, int64_t now, int64_t *out,
                            struct fail *f)
{
    struct typist there[TYPING_ROOM_MAX];
    size_t count = 0;
    enum err e = chat_state(c, f);

    *out = 0;
    if (!e)
        e = typing_list(c->state, c->boot_id, now, t->room_id, there, TYPING_ROOM_MAX, &count, f);
    for (size_t i = 0; i < count; i++)
        if (there[i].user_id == t->user_id)
            *out = there[i].expires_ms;
    return e;
}

static enum err say(struct chat *c, const struct typist *t, bool on, int64_t now, struct fail *f)
{
    int64_t until = 0;
    enum err e = known_until(c, t, now, &until, f);

    if (e || (on && until > now + TYPING_MS - SAID_AGAIN_MS) || (!on && !until))
        return e;
    return on ? typing_put(c->state, c->boot_id, now, t, f)
              : typing_drop(c->state, t->room_id, t->user_id, f);
}

enum err typing_say(struct chat *c, struct arena *a, const struct actor *who, const char *room,
                    bool on, struct fail *f)
{
    int64_t now = clock_boot_ms(&c->clock);
    struct typist t = {.user_id = who->user_id, .posted = true, .expires_ms = now + TYPING_MS};
    struct room r;
    struct user user;
    enum err e = rooms_find_bare(c, a, who, room, &r, f);

    if (!e)
        e = permit_person(c, a, who, &user, f);
    if (e == ERR_MUTED)
        return OK;
    if (!e)
        e = permit_room(&r, &user, f);
    if (e)
        return e;
    t.room_id = r.id;
    snprintf(t.username, sizeof t.username, "%s", who->username);
    return say(c, &t, on, now, f);
}

enum err typing_in(struct chat *c, struct arena *a, const struct actor *who, int64_t room_id,
                   struct typist *out, size_t *count, struct fail *f)
{
    struct ignored ignored = {0};
    size_t all = 0;
    enum err e = chat_state(c, f);

    *count = 0;
    if (e || !c->state)
        return e;
    e = typing_list(c->state, c->boot_id, clock_boot_ms(&c->clock), room_id, out, TYPING_ROOM_MAX,
                    &all, f);
    if (!e && all > 0)
        e = ignored_load(c->db, a, who->user_id, &ignored, f);
    for (size_t i = 0; !e && i < all; i++)
        if (out[i].user_id != who->user_id && !ignored_has(&ignored, out[i].user_id))
            out[(*count)++] = out[i];
    return e;
}
