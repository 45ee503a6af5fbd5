#include "chat/ignore.h"

#include "chat/limits.h"
#include "chat/people.h"
#include "chat/self.h"
#include "db/reaction.h"

#include <string.h>

enum err ignore_load(struct chat *c, struct arena *a, const struct actor *who, struct ignored *out,
                     struct fail *f)
{
    return ignored_load(c->db, a, who->user_id, out, f);
}

/* ----- what is hidden ----- */

void ignore_parties(const struct event *e, int64_t out[IGNORE_PARTIES])
{
    bool by_its_actor = strcmp(e->kind, "message") == 0 || strcmp(e->kind, "reaction") == 0;

    out[0] = e->message.user_id;
    out[1] = by_its_actor ? e->actor_id : 0;
}

/* Without the ignored people's; false: nobody's are left. Those who are not named are counted. */
static bool dress_reaction(const struct ignored *i, struct reaction *r)
{
    size_t kept = 0;

    for (size_t j = 0; j < r->user_count; j++)
        if (!ignored_has(i, r->user_ids[j]))
            r->user_ids[kept++] = r->user_ids[j];
    r->count -= (int64_t)(r->user_count - kept);
    r->user_count = kept;
    return r->count > 0;
}

static void dress_reactions(const struct ignored *i, struct arena *a, struct message *m)
{
    struct reaction *dressed = arena_alloc(a, m->reaction_count * sizeof *dressed);
    size_t kept = 0;

    for (size_t j = 0; j < m->reaction_count; j++) {
        dressed[kept] = m->reactions[j];
        kept += dress_reaction(i, &dressed[kept]);
    }
    m->reactions = dressed;
    m->reaction_count = kept;
}

static enum err dress_counts(struct chat *c, const struct ignored *i, struct message *m,
                             struct fail *f)
{
    enum err e = OK;

    if (m->replies)
        e = message_shown_replies(c->db, m->id, i->user_id, &m->replies, f);
    if (!e && m->thread_root && m->thread_replies > 0)
        e = message_shown_replies(c->db, m->thread_root, i->user_id, &m->thread_replies, f);
    return e;
}

enum err ignore_dress(struct chat *c, const struct ignored *i, struct arena *a, struct message *m,
                      struct fail *f)
{
    if (i->count == 0)
        return OK;
    if (m->quote && ignored_has(i, m->quote->user_id)) {
        m->quote = NULL;
        m->quote_hidden = true;
    }
    if (m->reaction_count)
        dress_reactions(i, a, m);
    return dress_counts(c, i, m, f);
}

enum err ignore_dress_event(struct chat *c, const struct ignored *i, struct arena *a,
                            struct event *e, struct fail *f)
{
    int64_t parties[IGNORE_PARTIES];

    ignore_parties(e, parties);
    for (size_t j = 0; j < IGNORE_PARTIES; j++)
        e->withheld = e->withheld || ignored_has(i, parties[j]);
    return ignore_dress(c, i, a, &e->message, f);
}

enum err ignore_dress_for(struct chat *c, struct arena *a, const struct actor *who,
                          struct message *m, struct fail *f)
{
    struct ignored ignored;
    enum err e = ignore_load(c, a, who, &ignored, f);

    return e ? e : ignore_dress(c, &ignored, a, m, f);
}

/* ----- the list ----- */

struct setting {
    struct arena *arena;
    const struct actor *who;
    int64_t target_id;
    bool on;
};

static enum err judge(struct chat *c, const struct setting *s, struct fail *f)
{
    struct ignored ignored;
    struct user target;
    enum err e;

    if (!s->on)
        return OK;
    if (s->target_id == s->who->user_id)
        return fail(f, ERR_BAD_REQUEST, "Nobody can ignore themselves.");
    e = people_find(c, s->arena, s->who, s->target_id, &target, f);
    if (!e)
        e = ignore_load(c, s->arena, s->who, &ignored, f);
    if (!e && ignored.count == IGNORED_MOST && !ignored_has(&ignored, target.id))
        e = fail(f, ERR_BAD_REQUEST, "At most %d people can be ignored.", (int)IGNORED_MOST);
    return e;
}

static enum err store(struct chat *c, void *arg, struct fail *f)
{
    const struct setting *s = arg;
    int64_t me = s->who->user_id;
    bool changed = false;
    enum err e = judge(c, s, f);

    if (!e && s->on)
        e = ignored_insert(c->db, me, s->target_id, clock_wall_ms(&c->clock), &changed, f);
    else if (!e)
        e = ignored_delete(c->db, me, s->target_id, &changed, f);
    if (e || !changed)
        return e;
    e = limits_take_act(c, s->who, NULL, f);
    return e ? e
             : self_append(c, s->arena, me, "ignored",
                           arena_fmt(s->arena, "{\"user_id\":%lld,\"on\":%s}",
                                     (long long)s->target_id, s->on ? "true" : "false"),
                           me, f);
}

enum err ignore_set(struct chat *c, struct arena *a, const struct actor *who, int64_t target_id,
                    bool on, struct fail *f)
{
    struct setting s = {a, who, target_id, on};

    return chat_write(c, store, &s, f);
}
