/* A writer's round: what is asked, in one transaction where it writes to chat.db. */
#include "ws-sidecar/writer.h"

#include "chat/online.h"
#include "chat/wire.h"

#include <stdlib.h>
#include <string.h>

enum { BUSY_RETRY_MS = 1000 };

/* Sockets of a sidecar that died come back within 10 s: so long they still count as there. */
enum { RETURN_MS = 15000 };

enum { LEASE_RENEWALS = 3 }; /* so often within its length: one may fail */

static enum err try_credential(struct chat *c, struct job *j, const struct credential *cred)
{
    struct actor *out = &j->u.identify.actor;
    size_t len = strlen(cred->value);

    switch (cred->kind) {
    case CREDENTIAL_HOST_COOKIE:
        return identity_from_host_token(c, &j->arena, cred->value, len, out, &j->fail);
    case CREDENTIAL_GUEST_COOKIE:
        return identity_from_guest_token(c, &j->arena, cred->value, len, out, &j->fail);
    case CREDENTIAL_TICKET:
        return identity_from_ticket(c, &j->arena, cred->value, len, out, &j->fail);
    default:
        return identity_from_token(c, &j->arena, cred->value, len, out, &j->fail);
    }
}

/*
 * The first credential that holds, in the order of their authority. A guest's cookie that no longer
 * does is nobody's, as on the pages: the browser cannot take it back by itself. Every other refusal
 * is told: what the client showed on purpose must not silently become somebody else or nobody.
 */
static enum err identify(struct chat *c, struct job *j)
{
    enum err refused = OK;
    struct fail why = {0};

    for (size_t i = 0; i < j->u.identify.count; i++) {
        const struct credential *cred = &j->u.identify.credentials[i];
        enum err e = try_credential(c, j, cred);
        bool passed_over = cred->kind == CREDENTIAL_GUEST_COOKIE && e != ERR_BANNED;

        if (!e || e == ERR_BANNED || e == ERR_BUSY || e == ERR_STORAGE_FULL || e == ERR_INTERNAL)
            return e;
        if (!passed_over) {
            refused = e;
            why = j->fail;
        }
    }
    if (refused) {
        j->fail = why;
        return refused;
    }
    return identity_anonymous(c, &j->u.identify.actor, &j->fail);
}

/* Takes the object over. */
static const char *keep_json(struct job *j, struct json_object *o)
{
    size_t len;
    const char *text = arena_str(&j->arena, json_text(o, &len));

    json_object_put(o);
    return text;
}

/* Whoever asked does it by himself now, and may be told no. He waits for the lock that is held
 * here: what is done in time he finds there. */
static bool is_too_late(const struct chat *c, const struct job_post *p)
{
    return p->until_ms && clock_boot_ms(&c->clock) >= p->until_ms;
}

static enum err post(struct chat *c, struct job *j)
{
    struct job_post *in = &j->u.post;
    struct posted posted;
    enum err e = OK;

    if (is_too_late(c, in))
        return fail_later(&j->fail, ERR_BUSY, BUSY_RETRY_MS, NULL);
    if (in->by_name)
        e = identity_from_name(c, &j->arena, in->post.address, in->name, in->name_len, &in->actor,
                               &j->fail);
    in->post.actor = &in->actor;
    if (!e)
        e = chat_post(c, &j->arena, &in->post, &posted, &j->fail);
    if (e)
        return e;
    in->room_id = posted.message.room_id;
    in->ack = keep_json(j, j->worker ? handover_posted(&posted)
                                     : wire_ack(&posted, posted.message.room_slug));
    return OK;
}

static enum err act(struct chat *c, struct job *j)
{
    struct job_act *in = &j->u.act;
    struct acted done;
    enum err e;

    in->act.actor = &in->actor;
    e = chat_act(c, &j->arena, &in->act, &done, &j->fail);
    if (e == ERR_EDIT_CONFLICT)
        in->current = keep_json(j, wire_message(&done.message, done.message.room_slug));
    if (!e)
        in->ack = keep_json(j, wire_acted(&done, in->client_id));
    return e;
}

static enum err mark_read(struct chat *c, struct job *j)
{
    struct job_read *in = &j->u.read;
    struct room_view room;
    enum err e = rooms_find(c, &j->arena, &in->actor, in->room, &room, &j->fail);

    if (!e)
        e = rooms_mark_read(c, &in->actor, &room, in->up_to, &in->changed, &j->fail);
    if (!e && in->changed)
        e = rooms_find(c, &j->arena, &in->actor, in->room, &in->view, &j->fail);
    return e;
}

/* The jobs that write to chat.db. */
typedef enum err write_fn(struct chat *c, struct job *j);
static write_fn *write_of(const struct job *j)
{
    switch (j->kind) {
    case JOB_POST:
        return post;
    case JOB_ACT:
        return act;
    case JOB_READ:
        return mark_read;
    default:
        return NULL;
    }
}

static bool is_written(const struct job *j)
{
    return !j->err && write_of(j);
}

/* Nothing of this round was stored. Why, everybody is told where it is theirs to know. */
static void fail_all(struct job *jobs, const struct fail *why)
{
    struct fail said = *why;

    if (why->err != ERR_STORAGE_FULL && why->err != ERR_BUSY)
        fail(&said, ERR_BUSY, NULL);
    if (said.err == ERR_BUSY && !said.retry_after_ms)
        said.retry_after_ms = BUSY_RETRY_MS;
    for (struct job *j = jobs; j; j = j->next) {
        if (!is_written(j))
            continue;
        j->fail = said;
        j->err = said.err;
    }
}

/* True where the outer transaction may be committed: SQLite ends it by itself on a full disk. */
static bool run_written(struct chat *c, struct job *jobs, struct fail *f)
{
    for (struct job *j = jobs; j; j = j->next) {
        if (!is_written(j))
            continue;
        j->tried = true;
        j->err = write_of(j)(c, j);
        if (c->spoiled || !db_in_transaction(c->db)) {
            fail(f, j->err == ERR_STORAGE_FULL ? ERR_STORAGE_FULL : ERR_BUSY, NULL);
            return false;
        }
    }
    return true;
}

/* The rate buckets of a round share a transaction too, where that lock is free in time. */
static enum err begin_round(struct chat *c, bool *state_too, struct fail *f)
{
    struct fail unused;
    enum err e = db_begin_write(c->db, f);

    *state_too = !e && db_begin_write(c->state, &unused) == OK;
    return e;
}

static enum err end_round(struct chat *c, bool state_too, struct fail *f)
{
    struct fail unused;

    if (state_too && db_commit(c->state, &unused) != OK)
        log_event(c->log, LOG_WARN, "charges_lost", LOG_S("why", unused.message));
    return db_commit(c->db, f);
}

/* `whole`: without a savepoint for each post. */
static enum err try_round(struct chat *c, struct job *jobs, bool whole, struct fail *f)
{
    bool state_too = false;
    enum err e;

    c->spoiled = false;
    e = begin_round(c, &state_too, f);
    if (e)
        return e;
    c->whole = whole;
    if (run_written(c, jobs, f)) {
        e = end_round(c, state_too, f);
    } else {
        if (state_too)
            db_rollback(c->state);
        db_rollback(c->db);
        e = f->err;
    }
    c->whole = false;
    return e;
}

static void forget_tries(struct job *jobs)
{
    for (struct job *j = jobs; j; j = j->next) {
        if (!j->tried)
            continue;
        j->tried = false;
        j->err = OK;
        j->fail = (struct fail){0};
    }
}

/* What may fail in a post is asked before its first row, so that a savepoint is hardly ever of use:
 * where one would have been, the round is done again with one for each. */
static void write_round(struct chat *c, struct job *jobs)
{
    struct fail f = {0};
    enum err e = try_round(c, jobs, true, &f);

    if (e && c->spoiled) {
        forget_tries(jobs);
        e = try_round(c, jobs, false, &f);
    }
    if (e)
        fail_all(jobs, &f);
}

static enum err store_one(struct writer_round *r, const struct presence_change *change, int64_t now,
                          struct fail *f)
{
    struct presence p = change->row;
    struct chat *c = r->chat;

    if (p.expires_ms != PRESENCE_LEASED)
        p.expires_ms += now;
    if (!p.instance)
        p.instance = r->instance;
    switch (change->act) {
    case PRESENCE_PUT:
        return presence_put(c->state, c->boot_id, now, &p, f);
    case PRESENCE_RENEW:
        return presence_renew(c->state, c->boot_id, now, &p, f);
    case PRESENCE_SHORTEN:
        return presence_shorten(c->state, p.connection, p.user_id, p.expires_ms, f);
    case PRESENCE_LET_GO:
        return presence_expire(c->state, p.connection, p.user_id, p.expires_ms, f);
    }
    return fail(f, ERR_INTERNAL, NULL);
}

static enum err store_presence(struct writer_round *r, struct job *j, int64_t now)
{
    enum err e = OK;

    for (size_t i = 0; !e && i < j->u.presence.count; i++)
        e = store_one(r, &j->u.presence.changes[i], now, &j->fail);
    return e;
}

static enum err change_presence(struct writer_round *r, struct job *j, int64_t now)
{
    enum err e;

    if (j->u.presence.count == 0)
        return OK;
    e = db_begin_write(r->chat->state, &j->fail);
    if (e)
        return e;
    e = store_presence(r, j, now);
    if (!e)
        return db_commit(r->chat->state, &j->fail);
    db_rollback(r->chat->state);
    return e;
}

/* One row for all our connections. Where it ended (the machine slept), theirs may be swept away. */
static enum err keep_lease(struct writer_round *r, struct job *j, int64_t now)
{
    struct chat *c = r->chat;
    int64_t ends = now + c->conf->presence_ttl_ms;
    enum err e;

    if (now < r->lease_due_ms)
        return OK;
    e = presence_lease(c->state, c->boot_id, r->instance, ends, &j->fail);
    if (!e)
        e = presence_sweep(c->state, c->boot_id, now, &j->fail);
    if (e)
        return e;
    j->u.presence.lapsed = now >= r->lease_ends_ms;
    r->lease_ends_ms = ends;
    r->lease_due_ms = now + c->conf->presence_ttl_ms / LEASE_RENEWALS;
    return OK;
}

static enum err retire_others(struct writer_round *r, int64_t now, struct fail *f)
{
    enum err e = r->retired ? OK : presence_retire(r->chat->state, r->instance, now + RETURN_MS, f);

    r->retired = !e;
    return e;
}

/* Not at once into the arena: that would clear, and keep, a megabyte for the few rows there are. */
static enum err read_presence(struct writer_round *r, struct job *j, int64_t now)
{
    struct job_presence *in = &j->u.presence;
    struct presence *rows = xmalloc(PRESENCE_MAX * sizeof *rows);
    enum err e = presence_list(r->chat->state, &j->arena, r->chat->boot_id, now, rows, PRESENCE_MAX,
                               &in->row_count, &r->next_expiry, &j->fail);

    if (!e) {
        in->rows = arena_alloc(&j->arena, in->row_count * sizeof *rows);
        memcpy(in->rows, rows, in->row_count * sizeof *rows);
    }
    free(rows);
    return e;
}

/* Lists only where something changed: by us, by another process, or by time. */
static enum err list_presence(struct writer_round *r, struct job *j, int64_t now)
{
    int64_t version = db_data_version(r->chat->state);
    enum err e;

    if (version == r->state_version && now < r->next_expiry && !r->unlisted)
        return OK;
    e = read_presence(r, j, now);
    if (e)
        return e;
    r->state_version = version;
    r->unlisted = false;
    j->u.presence.listed = true;
    return OK;
}

static enum err say_typing(struct writer_round *r, struct job *j, int64_t now)
{
    struct chat *c = r->chat;
    enum err e = OK;

    for (size_t i = 0; !e && i < j->u.presence.said_count; i++) {
        struct typing_change *said = &j->u.presence.said[i];

        said->who.expires_ms = now + TYPING_MS;
        if (said->on)
            e = typing_put(c->state, c->boot_id, now, &said->who, &j->fail);
        else
            e = typing_drop(c->state, said->who.room_id, said->who.user_id, &j->fail);
    }
    return e;
}

static enum err store_typing(struct writer_round *r, struct job *j, int64_t now)
{
    enum err e;

    if (j->u.presence.said_count == 0)
        return OK;
    e = db_begin_write(r->chat->state, &j->fail);
    if (e)
        return e;
    e = say_typing(r, j, now);
    if (!e)
        return db_commit(r->chat->state, &j->fail);
    db_rollback(r->chat->state);
    return e;
}

/* Mostly nobody types: memory is taken when there is a first. */
static enum err list_typing(struct writer_round *r, struct job *j, int64_t now)
{
    struct chat *c = r->chat;
    struct job_presence *p = &j->u.presence;
    struct typist *rows = xmalloc(TYPING_ALL_MAX * sizeof *rows);
    enum err e =
        typing_list(c->state, c->boot_id, now, 0, rows, TYPING_ALL_MAX, &p->typist_count, &j->fail);

    if (!e && p->typist_count > 0) {
        p->typists = arena_alloc(&j->arena, p->typist_count * sizeof *rows);
        memcpy(p->typists, rows, p->typist_count * sizeof *rows);
    }
    free(rows);
    return e;
}

static enum err presence(struct writer_round *r, struct job *j)
{
    int64_t now = clock_boot_ms(&r->chat->clock);
    enum err e = retire_others(r, now, &j->fail);

    if (!e)
        e = keep_lease(r, j, now);
    if (!e)
        e = change_presence(r, j, now);
    if (!e)
        e = store_typing(r, j, now);
    if (!e)
        e = list_typing(r, j, now);
    if (e)
        return e;
    r->unlisted = r->unlisted || j->u.presence.count > 0;
    return j->u.presence.unlisted ? OK : list_presence(r, j, now);
}

/* Jobs that speak of another database than the one that is there now do not touch it. */
static void refuse_stale(struct writer_round *r, struct job *jobs)
{
    struct fail f = {0};
    bool moved, usable = chat_follow(r->chat, &moved, &f) == OK;

    for (struct job *j = jobs; j; j = j->next) {
        if (!usable || (j->history && j->history != db_file(r->chat->db)))
            j->err = fail_later(&j->fail, ERR_BUSY, BUSY_RETRY_MS, NULL);
    }
}

void writer_run(struct writer_round *r, struct job *jobs)
{
    bool writes = false;

    refuse_stale(r, jobs);
    for (struct job *j = jobs; j; j = j->next) {
        if (j->err)
            continue;
        writes = writes || is_written(j);
        if (j->kind == JOB_IDENTIFY)
            j->err = identify(r->chat, j);
        else if (j->kind == JOB_PRESENCE)
            j->err = presence(r, j);
    }
    if (writes)
        write_round(r->chat, jobs);
}
