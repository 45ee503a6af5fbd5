/* Acts on messages: from the frame to the writer's job, and its answer. */
#include "ws-sidecar/session_part.h"

#include "ws-sidecar/wsframe.h"

#include <string.h>

static const enum act_kind kinds[CLIENT_TYPES] = {
    [CLIENT_EDIT] = ACT_EDIT,
    [CLIENT_DELETE] = ACT_DELETE,
    [CLIENT_REACT] = ACT_REACT,
    [CLIENT_PIN] = ACT_PIN,
};

void session_hear_act(struct session *x, const struct client_frame *c)
{
    struct job *j = session_job(x, JOB_ACT, c);
    struct job_act *in;

    if (!j)
        return;
    in = &j->u.act;
    job_copy_actor(j, &in->actor, &x->actor);
    in->client_id = arena_str(&j->arena, c->client_id);
    in->act = (struct act){
        .kind = kinds[c->type],
        .msg_id = c->msg_id,
        .text = arena_strn(&j->arena, c->message ? c->message : "", c->message_len),
        .text_len = c->message_len,
        .rev = c->rev,
        .emoji = arena_str(&j->arena, c->emoji),
        .on = c->on,
        .address = *x->address ? arena_str(&j->arena, x->address) : NULL,
    };
    session_submit(x, j, c);
}

/* The text that stands there now comes with the refusal, so that nothing is lost. */
static void send_conflict(struct session *x, const struct job *j)
{
    const struct job_act *in = &j->u.act;
    struct json_object *o = wire_error(&j->fail, in->client_id), *current = NULL;
    struct fail f;

    if (!json_parse(in->current, strlen(in->current), &current, &f))
        json_set(o, "current", current);
    session_send(x, frames_of(o));
}

void session_acted(struct session *x, struct job *j)
{
    const struct job_act *in = &j->u.act;

    x->jobs--;
    if (x->closing)
        return;
    if (j->err && in->current)
        send_conflict(x, j);
    else if (j->err)
        session_refused(x, j, in->client_id, NULL);
    else
        session_send(x, wsframe_text(in->ack, strlen(in->ack)));
}
