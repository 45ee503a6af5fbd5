/* What all acts have in common. The rules themselves are in act_*.c. */
#include "chat/act.h"

#include "chat/act_rule.h"
#include "chat/limits.h"
#include "chat/lookup.h"
#include "chat/permit.h"

#include <string.h>

static const struct rule {
    const char *event; /* its kind */
    act_rule_fn *judge, *store;
    bool tells_text; /* the event's hash is of the message's text */
} rules[ACT_KINDS] = {
    [ACT_EDIT] = {"message_edited", act_judge_edit, act_store_edit, true},
    [ACT_DELETE] = {"message_deleted", act_judge_delete, act_store_delete, false},
    [ACT_REACT] = {"reaction", act_judge_react, act_store_react, false},
    [ACT_PIN] = {"pin", act_judge_pin, act_store_pin, false},
};

bool act_is_fresh(const struct chat *c, const struct message *m, int64_t now_ms)
{
    return now_ms - m->created_ms < c->conf->edit_minutes * 60000;
}

/* The rows and the event are one: both or neither. */
static enum err store(struct chat *c, const struct rule *rule, struct act_way *w, struct acted *out,
                      struct fail *f)
{
    struct event event = {
        .room_id = w->room.id,
        .ts_ms = w->now_ms,
        .kind = rule->event,
        .msg_id = w->message->id,
        .actor_id = w->user.id,
    };
    enum err e = rule->store(c, w, f);

    event.payload = w->payload;
    if (!e && rule->tells_text)
        e = event_append(c->db, &event, w->message->salt, w->message->body, f);
    else if (!e)
        e = event_append(c->db, &event, NULL, NULL, f);
    out->seq = e ? 0 : event.seq;
    out->ts_ms = event.ts_ms;
    return e;
}

static enum err store_in_savepoint(struct chat *c, const struct rule *rule, struct act_way *w,
                                   struct acted *out, struct fail *f)
{
    enum err e = db_savepoint(c->db, f);

    if (e)
        return e;
    e = store(c, rule, w, out, f);
    if (e) {
        db_rollback_savepoint(c->db);
        return e;
    }
    return db_release_savepoint(c->db, f);
}

enum err chat_act(struct chat *c, struct arena *a, const struct act *act, struct acted *out,
                  struct fail *f)
{
    const struct rule *rule = &rules[act->kind];
    struct act_way w = {.act = act, .arena = a, .now_ms = clock_wall_ms(&c->clock)};
    struct room_view view;
    enum err e;

    memset(out, 0, sizeof *out);
    w.message = &out->message;
    e = lookup_message(c, a, act->actor, act->msg_id, &view, w.message, f);
    if (e)
        return e;
    w.room = view.room;
    e = permit_person(c, a, act->actor, &w.user, f);
    if (!e)
        e = permit_room(&w.room, &w.user, f);
    if (e)
        return e;
    w.moderator = permit_is_moderator(&w.user);
    e = rule->judge(c, &w, f);
    if (e || !w.changes)
        return e;
    e = limits_take_act(c, act->actor, act->address, f);
    return e ? e : store_in_savepoint(c, rule, &w, out, f);
}

struct act_now {
    struct arena *arena;
    const struct act *act;
    struct acted *out;
};

static enum err act_in_write(struct chat *c, void *arg, struct fail *f)
{
    const struct act_now *n = arg;

    return chat_act(c, n->arena, n->act, n->out, f);
}

enum err chat_act_now(struct chat *c, struct arena *a, const struct act *act, struct acted *out,
                      struct fail *f)
{
    struct act_now n = {a, act, out};

    return chat_write(c, act_in_write, &n, f);
}

struct act_rights act_rights(const struct chat *c, const struct actor *who, const struct room *room,
                             const struct message *m)
{
    int64_t now = clock_wall_ms(&c->clock);
    bool moderator = actor_is_moderator(who);
    bool writes =
        who->kind == ACTOR_USER || (who->kind == ACTOR_GUEST && c->conf->guests == GUESTS_WRITE);
    bool here = writes && !m->deleted_ms && !room->archived_ms && who->muted_until <= now;
    bool own = who->user_id && m->user_id == who->user_id;
    bool fresh = own && act_is_fresh(c, m, now);

    return (struct act_rights){
        .reply = here,
        .react = here,
        .edit = here && fresh,
        .remove = here && (fresh || moderator),
        .pin = here && (moderator || (who->user_id && room->owner_id == who->user_id)),
        .revisions = moderator || (own && !m->deleted_ms),
    };
}
