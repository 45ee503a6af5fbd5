#include "chat/identity_row.h"

#include "chat/self.h"

#include <stdio.h>
#include <time.h>

/* A sanction that ends later than this is told as one without end. */
static const int64_t FOREVER_MS = 10LL * 366 * 24 * 3600 * 1000;

const char *identity_ext(struct arena *a, char kind, const char *id)
{
    return arena_fmt(a, "%c:%s", kind, id);
}

/* "2026-11-22 09:00 UTC" */
static void date(char out[32], int64_t wall_ms)
{
    time_t s = (time_t)(wall_ms / 1000);
    struct tm tm;

    if (!gmtime_r(&s, &tm) || !strftime(out, 32, "%Y-%m-%d %H:%M UTC", &tm))
        snprintf(out, 32, "later");
}

static enum err banned(int64_t until, int64_t now, struct fail *f)
{
    char when[32];

    if (until - now > FOREVER_MS)
        return fail(f, ERR_BANNED, NULL);
    date(when, until);
    return fail(f, ERR_BANNED, "You are banned until %s.", when);
}

enum err identity_muted(int64_t until, int64_t now, struct fail *f)
{
    char when[32];

    if (until - now > FOREVER_MS)
        return fail(f, ERR_MUTED, NULL);
    date(when, until);
    return fail(f, ERR_MUTED, "You are muted until %s.", when);
}

enum err identity_judge(struct chat *c, const struct user *u, int64_t issued_ms, struct fail *f)
{
    int64_t now = clock_wall_ms(&c->clock);

    if (user_is_erased(u))
        return fail(f, ERR_TOKEN_INVALID, "This account was deleted.");
    if (u->banned_until > now)
        return banned(u->banned_until, now, f);
    if (issued_ms && issued_ms < u->tokens_valid_after)
        return fail(f, ERR_TOKEN_INVALID, "This session was ended. Please sign in again.");
    return OK;
}

enum err identity_from_row(struct chat *c, struct arena *a, const struct user *u, int64_t exp_s,
                           int64_t issued_ms, struct actor *out, struct fail *f)
{
    enum err e = identity_judge(c, u, issued_ms, f);

    if (e)
        return e;
    *out = (struct actor){
        .kind = naming_is_guest(u) ? ACTOR_GUEST : ACTOR_USER,
        .user_id = u->id,
        .ext_id = u->ext_id,
        .role = u->role,
        .exp_s = exp_s,
        .issued_ms = issued_ms,
        .muted_until = u->muted_until,
        .banned_until = u->banned_until,
    };
    return naming_shown(c, a, u, &out->username, f);
}

enum err identity_insert(struct chat *c, struct arena *a, struct user *u, struct fail *f)
{
    enum err e;

    u->first_seen_ms = clock_wall_ms(&c->clock);
    e = user_insert(c->db, u, f);
    if (!e)
        e = self_create(c, a, u->id, f);
    return e;
}

enum err identity_write(struct chat *c, chat_work_fn *work, void *arg, struct fail *f)
{
    enum err e;

    if (!db_in_transaction(c->db))
        return chat_write(c, work, arg, f);
    e = db_savepoint(c->db, f);
    if (e)
        return e;
    e = work(c, arg, f);
    if (e) {
        db_rollback_savepoint(c->db);
        return e;
    }
    return db_release_savepoint(c->db, f);
}

enum err identity_guests_write(const struct chat *c, struct fail *f)
{
    switch (c->conf->guests) {
    case GUESTS_WRITE:
        return OK;
    case GUESTS_READ:
        return fail(f, ERR_READ_ONLY, NULL);
    case GUESTS_OFF:
        break;
    }
    return fail(f, ERR_AUTH_REQUIRED, NULL);
}
