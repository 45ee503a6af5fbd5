#include "chat/room_settings.h"

#include "chat/members.h"
#include "chat/permit.h"
#include "chat/self.h"
#include "db/member.h"
#include "lib/market.h"

#include <string.h>

static const int64_t HOUR_MS = 3600000;
/* A muted_until that no clock reaches, and that JavaScript holds exactly. */
static const int64_t NEVER_MS = (INT64_C(1) << 53) - 1;

static enum err may_settle(struct chat *c, const struct actor *who, const struct room *r,
                           const struct room_change *change, struct fail *f)
{
    if (!members_rights(who, r).settle)
        return fail(f, ERR_FORBIDDEN, "Only the room's owner and moderators change it.");
    if (change->invite_policy && strcmp(r->kind, "private") != 0)
        return fail(f, ERR_BAD_REQUEST, "Everybody may come here: nobody is invited.");
    if (change->archived > 0 && strcmp(r->slug, c->conf->default_room) == 0)
        return fail(f, ERR_BAD_REQUEST, "This is the default room; it stays open.");
    return OK;
}

static bool differs(const char *wanted, const char *is)
{
    return wanted && strcmp(wanted, is) != 0;
}

/* Of the row as a whole; then, each by itself, what stands in one column. */
static enum err change_row(struct chat *c, struct arena *a, int64_t actor_id, struct room *r,
                           const struct room_change *change, struct fail *f)
{
    const char *post = change->post_policy ? change->post_policy : r->post_policy;
    const char *invite = change->invite_policy ? change->invite_policy : r->invite_policy;
    enum err e = OK;

    if (differs(change->title, r->title))
        e = rooms_set_title(c, a, r, change->title, actor_id, f);
    if (!e && (differs(post, r->post_policy) || differs(invite, r->invite_policy)))
        e = rooms_set_policies(c, r, post, invite, actor_id, f);
    return e;
}

static enum err change_rest(struct chat *c, struct arena *a, int64_t actor_id, const struct room *r,
                            const struct room_change *change, struct fail *f)
{
    enum err e = OK;

    if (differs(change->topic, r->topic))
        e = rooms_set_topic(c, r, change->topic, actor_id, f);
    if (!e && change->slow_s >= 0 && change->slow_s != r->slow_s)
        e = rooms_set_slow(c, a, r, change->slow_s, actor_id, f);
    if (!e && change->archived >= 0 && (change->archived != 0) != (r->archived_ms != 0))
        e = rooms_set_archived(c, r, change->archived != 0, actor_id, f);
    return e;
}

enum err room_settings_change(struct chat *c, struct arena *a, const struct actor *who,
                              const char *room, const struct room_change *change, struct fail *f)
{
    struct user self;
    struct room r;
    enum err e = rooms_find_bare(c, a, who, room, &r, f);

    if (!e)
        e = permit_person(c, a, who, &self, f);
    if (!e)
        e = may_settle(c, who, &r, change, f);
    if (!e)
        e = change_row(c, a, who->user_id, &r, change, f);
    return e ? e : change_rest(c, a, who->user_id, &r, change, f);
}

enum err room_mute_until(struct chat *c, const char *how_long, int64_t *until, struct fail *f)
{
    int64_t now = clock_wall_ms(&c->clock);

    if (strcmp(how_long, "off") == 0)
        *until = 0;
    else if (strcmp(how_long, "1h") == 0)
        *until = now + HOUR_MS;
    else if (strcmp(how_long, "close") == 0)
        *until = market_next_close(c->conf->market_close, now);
    else if (strcmp(how_long, "forever") == 0)
        *until = NEVER_MS;
    else
        return fail(f, ERR_BAD_REQUEST, "Mute for 1h, close, forever or off.");
    return OK;
}

enum err room_settings_mute(struct chat *c, struct arena *a, const struct actor *who,
                            const char *room, int64_t until, struct fail *f)
{
    struct room r;
    enum err e = rooms_find_bare(c, a, who, room, &r, f);

    if (!e && strcmp(r.kind, "self") == 0)
        e = fail(f, ERR_ROOM_NOT_FOUND, NULL);
    if (!e)
        e = room_mute(c->db, r.id, who->user_id, until, f);
    return e ? e
             : self_append(c, a, who->user_id, "membership",
                           arena_fmt(a, "{\"change\":\"muted\",\"of\":\"%s\",\"until\":%lld}",
                                     r.slug, (long long)until),
                           who->user_id, f);
}

/* ----- out of one's list ----- */

static enum err set_hidden(struct chat *c, struct arena *a, const struct actor *who,
                           const struct room *r, bool hidden, struct fail *f)
{
    bool changed;
    enum err e = member_hide(c->db, r->id, who->user_id, hidden, &changed, f);

    return e || !changed ? e
                         : self_append(c, a, who->user_id, "membership",
                                       arena_fmt(a, "{\"change\":\"%s\",\"of\":\"%s\"}",
                                                 hidden ? "hidden" : "shown", r->slug),
                                       who->user_id, f);
}

enum err room_settings_hide(struct chat *c, struct arena *a, const struct actor *who,
                            const char *room, int64_t up_to, struct fail *f)
{
    struct room_view v;
    bool rose = false;
    enum err e = rooms_find(c, a, who, room, &v, f);

    if (!e && strcmp(v.room.kind, "direct") != 0)
        e = fail(f, ERR_FORBIDDEN,
                 "Only conversations are hidden; mute a room to hear less of it.");
    if (!e)
        e = rooms_mark_read(c, who, &v, up_to < 0 ? v.room.head : up_to, &rose, f);
    if (!e && rose)
        e = rooms_tell_read(c, who, &v, f);
    if (!e)
        e = rooms_find(c, a, who, room, &v, f);
    return e || v.unread ? e : set_hidden(c, a, who, &v.room, true, f);
}

enum err room_settings_show(struct chat *c, struct arena *a, const struct actor *who,
                            const char *room, struct fail *f)
{
    struct room r;
    enum err e = rooms_find_bare(c, a, who, room, &r, f);

    return e ? e : set_hidden(c, a, who, &r, false, f);
}
