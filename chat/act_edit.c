/* An edit: one's own message while it is fresh. What it said before is kept. */
#include "chat/act_rule.h"

#include "chat/mention.h"
#include "chat/post.h"
#include "db/revision.h"
#include "lib/secure.h"

#include <string.h>

/* An edit that began with an older text must not undo what was written meanwhile; the same text
 * again is what a retry brings. */
enum err act_judge_edit(struct chat *c, struct act_way *w, struct fail *f)
{
    const struct act *act = w->act;
    const struct message *m = w->message;
    enum err e = chat_clean_text(c, w->arena, act->text, act->text_len, &w->text, f);

    if (e)
        return e;
    if (m->user_id != w->user.id)
        return fail(f, ERR_FORBIDDEN, "Only its author may edit a message.");
    if (m->deleted_ms)
        return fail(f, ERR_MESSAGE_NOT_FOUND, "The message was removed.");
    if (!act_is_fresh(c, m, w->now_ms))
        return fail(f, ERR_FORBIDDEN, "A message can be edited for %lld minutes.",
                    (long long)c->conf->edit_minutes);
    if (strcmp(m->body, w->text) == 0 || strcmp(message_text(m), w->text) == 0)
        return OK;
    if (act->rev != m->rev)
        return fail(f, ERR_EDIT_CONFLICT, "The message was edited meanwhile.");
    w->changes = true;
    return OK;
}

enum err act_store_edit(struct chat *c, struct act_way *w, struct fail *f)
{
    const struct mention_place at = {w->act->actor, &w->user, &w->room};
    struct message *m = w->message;
    struct mentions mentions;
    enum err e = revision_keep(c->db, m, f);

    m->body = w->text;
    m->rev++;
    m->edited_ms = w->now_ms;
    secure_random(m->salt, sizeof m->salt);
    w->payload = arena_fmt(w->arena, "{\"rev\":%lld}", (long long)m->rev);
    if (!e)
        e = mention_read(c, w->arena, &at, m, &mentions, f);
    if (!e)
        e = message_edit(c->db, m, f);
    if (!e)
        e = mention_store(c, w->arena, &at, m, &mentions, f);
    return e ? e : message_fill_mentions(c->db, w->arena, m, f);
}
