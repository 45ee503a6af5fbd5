#include "chat/rooms.h"

#include "chat/self.h"
#include "db/event.h"
#include "db/mark.h"
#include "lib/secure.h"
#include "lib/text.h"

#include <string.h>

enum { TITLE_MAX = 100, TOPIC_MAX = 250, SLOW_MAX = 86400, EPOCH_BYTES = 16, SLUG_BYTES = 10 };

static enum err no_room(struct fail *f)
{
    return fail(f, ERR_ROOM_NOT_FOUND, NULL);
}

/* What the database calls it; NULL for what cannot be one. */
static const char *stored_slug(struct chat *c, struct arena *a, const struct actor *who,
                               const char *slug)
{
    if (!slug || !slug[0])
        return c->conf->default_room;
    if (strcmp(slug, "@me") == 0)
        return who->kind == ACTOR_ANONYMOUS ? NULL : self_slug(a, who->user_id);
    return text_is_slug(slug, strlen(slug)) ? slug : NULL; /* "@7": nobody names another's log */
}

enum err rooms_find(struct chat *c, struct arena *a, const struct actor *who, const char *slug,
                    struct room_view *out, struct fail *f)
{
    enum err e;

    slug = stored_slug(c, a, who, slug);
    e = slug ? room_view_by_slug(c->db, a, slug, who->user_id, out, f) : ERR_NOT_FOUND;
    if (e)
        return e == ERR_NOT_FOUND ? no_room(f) : e;
    if (out->joined_seq > out->room.floor)
        out->room.floor = out->joined_seq;
    return OK;
}

enum err rooms_find_bare(struct chat *c, struct arena *a, const struct actor *who, const char *slug,
                         struct room *out, struct fail *f)
{
    enum err e;

    slug = stored_slug(c, a, who, slug);
    e = slug ? room_seen_by_slug(c->db, a, slug, who->user_id, out, f) : ERR_NOT_FOUND;
    return e == ERR_NOT_FOUND ? no_room(f) : e;
}

enum err rooms_list(struct chat *c, struct arena *a, const struct actor *who, struct room_view *out,
                    size_t *count, struct fail *f)
{
    size_t own = 0;
    enum err e = room_list_public(c->db, a, who->user_id, out, ROOMS_MAX, count, f);

    if (!e && who->user_id)
        e = room_list_own(c->db, a, who->user_id, out + *count, ROOMS_MAX - *count, &own, f);
    *count += own;
    return e;
}

enum err rooms_list_away(struct chat *c, struct arena *a, const struct actor *who,
                         struct room_view *out, size_t max, size_t *count, struct fail *f)
{
    return room_list_away(c->db, a, who->user_id, out, max, count, f);
}

const char *rooms_wire_name(const struct room *r)
{
    return strcmp(r->kind, "self") == 0 ? "@me" : r->slug;
}

enum err rooms_mark_read(struct chat *c, const struct actor *who, const struct room_view *room,
                         int64_t up_to, bool *changed, struct fail *f)
{
    *changed = false;
    if (who->kind == ACTOR_ANONYMOUS)
        return fail(f, ERR_AUTH_REQUIRED, NULL);
    if (up_to < 0)
        return fail(f, ERR_BAD_REQUEST, "up_to is the seq of an event.");
    if (up_to > room->room.head)
        up_to = room->room.head;
    return room_mark_read(c->db, room->room.id, who->user_id, up_to, changed, f);
}

enum err rooms_tell_read(struct chat *c, const struct actor *who, const struct room_view *room,
                         struct fail *f)
{
    return mark_note(c->db, who->user_id, room->room.id, f);
}

static enum err append(struct chat *c, int64_t room_id, const char *kind, const char *payload,
                       int64_t actor_id, int64_t target_id, struct fail *f)
{
    struct event event = {
        .room_id = room_id,
        .ts_ms = clock_wall_ms(&c->clock),
        .kind = kind,
        .payload = payload,
        .actor_id = actor_id,
        .target_user_id = target_id,
    };

    return event_append(c->db, &event, NULL, NULL, f);
}

enum err rooms_tell(struct chat *c, int64_t room_id, const char *payload, int64_t actor_id,
                    int64_t target_id, struct fail *f)
{
    return append(c, room_id, "room", payload, actor_id, target_id, f);
}

static enum err clean_title(struct arena *a, const char *title, const char **out, struct fail *f)
{
    *out = text_clean(a, title, strlen(title));
    if (!*out || text_is_blank(*out, strlen(*out)) || strchr(*out, '\n') ||
        text_count(*out, strlen(*out)) > TITLE_MAX)
        return fail(f, ERR_BAD_REQUEST, "A room's title has 1 to %d characters.", TITLE_MAX);
    return OK;
}

/* With its first event. */
static enum err insert(struct chat *c, struct room *r, struct fail *f)
{
    enum err e;

    r->topic = "";
    r->post_policy = "all";
    r->invite_policy = "members";
    r->created_ms = clock_wall_ms(&c->clock);
    e = room_insert(c->db, r, f);
    if (!e)
        e = rooms_tell(c, r->id, "{\"change\":\"created\"}", r->owner_id, 0, f);
    r->head = e ? 0 : 1;
    return e;
}

enum err rooms_create(struct chat *c, struct arena *a, const char *slug, const char *title,
                      int64_t position, int64_t actor_id, struct room *out, struct fail *f)
{
    const char *clean;
    enum err e;

    if (!text_is_slug(slug, strlen(slug)) || slug[0] == '@')
        return fail(f, ERR_BAD_REQUEST,
                    "A room's name is 1 to 32 of a-z, 0-9 and '-', with no '-' at its ends.");
    e = clean_title(a, title, &clean, f);
    if (e)
        return e;
    e = room_by_slug(c->db, a, slug, out, f);
    if (!e)
        return fail(f, ERR_NAME_TAKEN, "There is a room '%s' already.", slug);
    if (e != ERR_NOT_FOUND)
        return e;
    *out = (struct room){.slug = arena_str(a, slug),
                         .kind = "public",
                         .title = clean,
                         .position = position,
                         .owner_id = actor_id};
    return insert(c, out, f);
}

enum err rooms_create_hidden(struct chat *c, struct arena *a, const char *kind, const char *title,
                             int64_t owner_id, struct room *out, struct fail *f)
{
    char random[2 * SLUG_BYTES + 1];
    const char *clean = "";
    enum err e = title ? clean_title(a, title, &clean, f) : OK;

    if (e)
        return e;
    secure_random_hex(random, SLUG_BYTES);
    *out = (struct room){.slug = arena_fmt(a, "%c-%s", kind[0], random),
                         .kind = kind,
                         .title = clean,
                         .owner_id = owner_id};
    return insert(c, out, f);
}

enum err rooms_set_title(struct chat *c, struct arena *a, struct room *room, const char *title,
                         int64_t actor_id, struct fail *f)
{
    enum err e = clean_title(a, title, &room->title, f);

    if (!e)
        e = room_update(c->db, room, f);
    return e ? e : rooms_tell(c, room->id, "{\"change\":\"title\"}", actor_id, 0, f);
}

enum err rooms_set_policies(struct chat *c, struct room *room, const char *post_policy,
                            const char *invite_policy, int64_t actor_id, struct fail *f)
{
    enum err e;

    room->post_policy = post_policy;
    room->invite_policy = invite_policy;
    e = room_update(c->db, room, f);
    return e ? e : rooms_tell(c, room->id, "{\"change\":\"policy\"}", actor_id, 0, f);
}

enum err rooms_set_topic(struct chat *c, const struct room *room, const char *topic,
                         int64_t actor_id, struct fail *f)
{
    struct arena a;
    char *clean;
    enum err e;

    arena_init(&a);
    clean = text_clean(&a, topic, strlen(topic));
    if (!clean || text_count(clean, strlen(clean)) > TOPIC_MAX)
        e = fail(f, ERR_BAD_REQUEST, "A topic has at most %d characters.", TOPIC_MAX);
    else
        e = room_update_topic(c->db, room->id, clean, f);
    if (!e)
        e = rooms_tell(c, room->id, "{\"change\":\"topic\"}", actor_id, 0, f);
    arena_release(&a);
    return e;
}

enum err rooms_set_archived(struct chat *c, const struct room *room, bool archived,
                            int64_t actor_id, struct fail *f)
{
    int64_t at = archived ? clock_wall_ms(&c->clock) : 0;
    enum err e = room_update_archived(c->db, room->id, at, f);

    return e ? e
             : rooms_tell(c, room->id,
                          archived ? "{\"change\":\"archived\"}" : "{\"change\":\"restored\"}",
                          actor_id, 0, f);
}

enum err rooms_set_slow(struct chat *c, struct arena *a, const struct room *room, int64_t seconds,
                        int64_t actor_id, struct fail *f)
{
    enum err e;

    if (seconds < 0 || seconds > SLOW_MAX)
        return fail(f, ERR_BAD_REQUEST, "Slow mode is 0 (off) to %d seconds.", SLOW_MAX);
    e = room_update_slow(c->db, room->id, seconds, f);
    return e ? e
             : append(c, room->id, "moderation",
                      arena_fmt(a, "{\"act\":\"slow\",\"value\":%lld}", (long long)seconds),
                      actor_id, 0, f);
}

/* ----- the rooms of the configuration ----- */

static enum err init_epoch(struct chat *c, struct arena *a, struct fail *f)
{
    const char *epoch;
    char fresh[2 * EPOCH_BYTES + 1];
    enum err e = db_epoch(c->db, a, &epoch, f);

    if (e || epoch[0])
        return e;
    secure_random_hex(fresh, EPOCH_BYTES);
    return db_set_epoch(c->db, fresh, f);
}

enum err rooms_init(struct chat *c, struct arena *a, int *created, struct fail *f)
{
    const char *rest = c->conf->rooms;
    char *slug, *title;
    int64_t position = 0;
    enum err e = init_epoch(c, a, f);

    *created = 0;
    while (!e && conf_next_room(a, &rest, &slug, &title)) {
        struct room r;

        e = room_by_slug(c->db, a, slug, &r, f);
        if (e == ERR_NOT_FOUND) {
            e = rooms_create(c, a, slug, title, position, 0, &r, f);
            *created += !e;
        }
        position++;
    }
    return e;
}
