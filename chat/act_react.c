/* A reaction: any emoji, one of each by each person, by whoever may write in the room. */
#include "chat/act_rule.h"

#include "db/reaction.h"
#include "lib/text_emoji.h"

#include <string.h>

enum { REACTION_MOST = 50000 }; /* people with one emoji on one message */

/* The emoji as this message has it, however it is spelled; NULL where it has none yet. */
static const struct reaction *find(const struct message *m, const char *emoji)
{
    for (size_t i = 0; i < m->reaction_count; i++)
        if (text_same_emoji(m->reactions[i].emoji, emoji))
            return &m->reactions[i];
    return NULL;
}

enum err act_judge_react(struct chat *c, struct act_way *w, struct fail *f)
{
    const struct act *act = w->act;
    const struct message *m = w->message;
    const struct reaction *there;
    bool on = false;
    enum err e;

    if (!act->emoji || !text_is_emoji(act->emoji, strlen(act->emoji)))
        return fail(f, ERR_BAD_REQUEST, "A reaction is one emoji.");
    if (m->deleted_ms)
        return fail(f, ERR_MESSAGE_NOT_FOUND, "The message was removed.");
    there = find(m, act->emoji);
    w->emoji = there ? there->emoji : act->emoji;
    e = reaction_exists(c->db, m->id, w->emoji, w->user.id, &on, f);
    if (e)
        return e;
    w->changes = on != act->on;
    if (!w->changes || !act->on)
        return OK;
    if (!there && m->reaction_count == REACTION_EMOJI)
        return fail(f, ERR_FORBIDDEN, "A message can have %d different reactions.", REACTION_EMOJI);
    if (there && there->count >= REACTION_MOST)
        return fail(f, ERR_FORBIDDEN, "There are enough of these.");
    return OK;
}

/* The emoji holds nothing that JSON would escape. */
enum err act_store_react(struct chat *c, struct act_way *w, struct fail *f)
{
    struct message *m = w->message;
    enum err e = w->act->on ? reaction_add(c->db, m->id, w->emoji, w->user.id, w->now_ms, f)
                            : reaction_remove(c->db, m->id, w->emoji, w->user.id, f);

    w->payload = arena_fmt(w->arena, "{\"emoji\":\"%s\",\"on\":%s,\"user_id\":%lld}", w->emoji,
                           w->act->on ? "true" : "false", (long long)w->user.id);
    return e ? e : message_fill_reactions(c->db, w->arena, m, f);
}
