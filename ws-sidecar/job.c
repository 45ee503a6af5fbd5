#include "ws-sidecar/job.h"

#include <stdlib.h>

struct job *job_new(enum job_kind kind, int64_t session)
{
    struct job *j = xcalloc(1, sizeof *j);

    j->kind = kind;
    j->session = session;
    arena_init(&j->arena);
    return j;
}

void job_free(struct job *j)
{
    if (!j)
        return;
    arena_release(&j->arena);
    free(j);
}

void job_copy_actor(struct job *j, struct actor *to, const struct actor *from)
{
    *to = *from;
    to->ext_id = arena_str(&j->arena, from->ext_id);
    to->username = arena_str(&j->arena, from->username);
    to->role = arena_str(&j->arena, from->role);
}
