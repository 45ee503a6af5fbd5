#include "chat/leave.h"

#include "chat/moderate.h"
#include "lib/text.h"

struct leaving {
    struct arena *arena;
    const struct actor *who;
};

/* Nobody can type a "~", so the name that is kept stands in no one's way. */
static enum err leave(struct chat *c, void *arg, struct fail *f)
{
    const struct leaving *l = arg;
    int64_t id = l->who->user_id;
    const char *name = arena_fmt(l->arena, "%s~%lld", l->who->username, (long long)id);
    enum err e = moderate_revoke(c, l->arena, id, id, f);

    return e ? e : user_update_name(c->db, id, name, text_fold(l->arena, name), false, f);
}

enum err leave_guest(struct chat *c, struct arena *a, const struct actor *who, struct fail *f)
{
    struct leaving l = {a, who};

    if (who->kind != ACTOR_GUEST)
        return fail(f, ERR_FORBIDDEN, "You are signed in by the site: sign out there.");
    return chat_write(c, leave, &l, f);
}
