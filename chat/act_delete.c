/* Deletion: one's own message while it is fresh, any by a moderator. The row stays as a stub. */
#include "chat/act_rule.h"

#include "db/attachment.h"
#include "db/erase_journal.h"
#include "db/mention.h"
#include "db/pin.h"
#include "db/reaction.h"
#include "db/revision.h"

enum err act_judge_delete(struct chat *c, struct act_way *w, struct fail *f)
{
    bool own = w->message->user_id == w->user.id;

    if (!own && !w->moderator)
        return fail(f, ERR_FORBIDDEN, "Only its author and moderators may delete a message.");
    if (!w->moderator && !act_is_fresh(c, w->message, w->now_ms))
        return fail(f, ERR_FORBIDDEN, "A message can be deleted for %lld minutes.",
                    (long long)c->conf->edit_minutes);
    w->changes = !w->message->deleted_ms;
    return OK;
}

/* What a moderator removed does not come back with a backup. */
static enum err note(struct chat *c, const struct act_way *w, struct fail *f)
{
    const struct message *m = w->message;
    const struct erase_line line = {ERASE_MESSAGE, m->id, m->created_ms, w->now_ms};
    off_t at;

    return w->moderator && m->user_id != w->user.id ? erase_journal_add(c->db, &line, &at, f) : OK;
}

enum err act_store_delete(struct chat *c, struct act_way *w, struct fail *f)
{
    struct message *m = w->message;
    enum err e = note(c, w, f);

    if (!e)
        e = revision_keep(c->db, m, f);
    if (!e)
        e = pin_delete(c->db, w->room.id, m->id, f);
    if (!e && m->reaction_kinds)
        e = reaction_clear(c->db, m->id, f);
    if (!e && m->attachment_rows)
        e = attachment_drop(c->db, m->id, f);
    if (!e && m->mention_rows)
        e = mention_clear(c->db, m->id, f);
    if (!e)
        e = message_delete(c->db, m->id, w->now_ms, w->user.id, f);
    if (!e && m->thread_root)
        e = message_count_reply(c->db, m->thread_root, -1, f);
    if (!e && m->thread_root)
        e = message_fill_thread(c->db, m, f);
    m->body = "";
    m->html = m->disclosure = NULL;
    m->quote = NULL;
    m->reactions = NULL;
    m->reaction_count = 0;
    m->reaction_kinds = 0;
    m->attachments = NULL;
    m->attachment_count = 0;
    m->attachment_rows = 0;
    m->renamed = NULL;
    m->mentions = NULL;
    m->mention_count = 0;
    m->mention_rows = 0;
    m->deleted_ms = w->now_ms;
    m->deleted_by = w->user.id;
    return e;
}
