/* Acts on messages: from the frame to the writer's job, and its answer. */
#include "ws-sidecar/session.h"

#include "ws-sidecar/wsframe.h"

#include <string.h>

static const enum act_kind kinds[CLIENT_TYPES] = {
    [CLIENT_DELETE] = ACT_DELETE,
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
        .address = *x->address ? arena_str(&j->arena, x->address) : NULL,
    };
    session_submit(x, j, c);
}

void session_acted(struct session *x, struct job *j)
{
    const struct job_act *in = &j->u.act;

    x->jobs--;
    if (x->closing)
        return;
    if (j->err)
        session_refused(x, j, in->client_id, NULL);
    else
        session_send(x, wsframe_text(in->ack, strlen(in->ack)));
}
