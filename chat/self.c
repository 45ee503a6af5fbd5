#include "chat/self.h"

#include "db/event.h"
#include "db/room.h"

const char *self_slug(struct arena *a, int64_t user_id)
{
    return arena_fmt(a, "@%lld", (long long)user_id);
}

enum err self_create(struct chat *c, struct arena *a, int64_t user_id, struct fail *f)
{
    struct room r = {
        .slug = self_slug(a, user_id),
        .kind = "self",
        .title = "Notices",
        .topic = "",
        .post_policy = "all",
        .owner_id = user_id,
        .created_ms = clock_wall_ms(&c->clock),
    };

    return room_insert(c->db, &r, f);
}

enum err self_append(struct chat *c, struct arena *a, int64_t user_id, const char *kind,
                     const char *payload, int64_t actor_id, struct fail *f)
{
    return self_append_about(c, a, user_id, kind, payload, actor_id, 0, f);
}

enum err self_append_about(struct chat *c, struct arena *a, int64_t user_id, const char *kind,
                           const char *payload, int64_t actor_id, int64_t msg_id, struct fail *f)
{
    struct room r;
    struct event event;
    enum err e = room_by_slug(c->db, a, self_slug(a, user_id), &r, f);

    if (e == ERR_NOT_FOUND)
        return fail(f, ERR_INTERNAL, "User %lld has no room of their own.", (long long)user_id);
    if (e)
        return e;
    event = (struct event){
        .room_id = r.id,
        .ts_ms = clock_wall_ms(&c->clock),
        .kind = kind,
        .payload = payload,
        .msg_id = msg_id,
        .actor_id = actor_id,
        .target_user_id = user_id,
    };
    return event_append(c->db, &event, NULL, NULL, f);
}
