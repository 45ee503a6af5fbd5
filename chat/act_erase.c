/* A deletion of all that one person wrote, of which nothing is kept. */
#include "chat/act_rule.h"

#include "chat/erase.h"
#include "chat/identity_row.h"
#include "chat/members.h"
#include "chat/moderate.h"
#include "db/erase.h"
#include "db/erase_journal.h"
#include "db/mine.h"
#include "db/reaction.h"
#include "lib/text.h"

#include <string.h>

static const char nobody[] = "Deleted user";

struct erasing {
    struct arena arena;
    int64_t user_id, actor_id, now_ms;
    int64_t room_id, seq; /* of the last message that was erased */
    int64_t messages;
    bool reactionless; /* there is no reaction of theirs any more */
    bool done;
    bool again;       /* the journal has them already */
    off_t journal_at; /* where it says so since this erasure */
};

/* ----- who it was ----- */

static enum err note(struct chat *c, struct erasing *w, const struct user *u, struct fail *f)
{
    const struct erase_line line = {ERASE_PERSON, u->id, u->first_seen_ms, w->now_ms};

    return w->again || user_is_erased(u) ? OK : erase_journal_add(c->db, &line, &w->journal_at, f);
}

/* Their private rooms go on without them. Of conversations they stay a party, with a name that
 * says so. */
static enum err leave_rooms(struct chat *c, struct erasing *w, const struct user *u, struct fail *f)
{
    const struct actor who = {
        .kind = ACTOR_USER, .user_id = u->id, .username = u->username, .role = u->role};
    struct my_room *rooms = arena_alloc(&w->arena, ROOMS_MAX * sizeof *rooms);
    struct invitation *invited;
    size_t count = 0, invitations = 0;
    enum err e = mine_rooms(c->db, &w->arena, u->id, rooms, ROOMS_MAX, &count, f);

    for (size_t i = 0; !e && i < count; i++)
        if (strcmp(rooms[i].kind, "private") == 0)
            e = members_remove(c, &w->arena, &who, rooms[i].slug, u->id, f);
    if (!e)
        e = members_invitations(c, &w->arena, &who, &invited, &invitations, f);
    for (size_t i = 0; !e && i < invitations; i++)
        e = members_remove(c, &w->arena, &who, invited[i].room.slug, u->id, f);
    return e;
}

static enum err begin(struct chat *c, void *arg, struct fail *f)
{
    struct erasing *w = arg;
    struct user user = {0};
    enum err e = moderate_revoke(c, &w->arena, w->user_id, w->actor_id, f);

    if (!e)
        e = user_by_id(c->db, &w->arena, w->user_id, &user, f);
    if (!e)
        e = leave_rooms(c, w, &user, f);
    if (!e)
        e = note(c, w, &user, f);
    if (!e)
        e = erase_user(c->db, w->user_id, nobody, text_fold(&w->arena, nobody), w->now_ms, f);
    user.ext_id = "x:"; /* a guest, too, is told of */
    return e ? e : naming_tell(c, &w->arena, &user, f);
}

/* ----- what they thought of what others wrote ----- */

/* As anybody's who takes one back. */
static enum err take_back(struct chat *c, struct erasing *w, const struct my_reaction *r,
                          struct fail *f)
{
    struct message m;
    struct event event = {
        .ts_ms = w->now_ms, .kind = "reaction", .msg_id = r->msg_id, .actor_id = w->actor_id};
    enum err e = reaction_remove(c->db, r->msg_id, r->emoji, w->user_id, f);

    if (!e)
        e = message_by_id(c->db, &w->arena, r->msg_id, &m, f);
    if (e)
        return e;
    event.room_id = m.room_id;
    event.payload = arena_fmt(&w->arena, "{\"emoji\":\"%s\",\"on\":false,\"user_id\":%lld}",
                              r->emoji, (long long)w->user_id);
    return event_append(c->db, &event, NULL, NULL, f);
}

static enum err react_step(struct chat *c, struct erasing *w, struct fail *f)
{
    struct my_reaction *list = arena_alloc(&w->arena, ERASE_STEP * sizeof *list);
    size_t count = 0;
    enum err e = mine_some_reactions(c->db, &w->arena, w->user_id, list, ERASE_STEP, &count, f);

    for (size_t i = 0; !e && i < count; i++)
        e = take_back(c, w, &list[i], f);
    w->reactionless = count < ERASE_STEP;
    return e;
}

/* ----- what they wrote ----- */

/* As any deletion, with its event; only that what it said is not kept. */
static enum err remove_one(struct chat *c, struct erasing *w, struct message *m, struct fail *f)
{
    struct event event = {
        .room_id = m->room_id,
        .ts_ms = w->now_ms,
        .kind = "message_deleted",
        .msg_id = m->id,
        .actor_id = w->actor_id,
    };
    struct act_way way = {
        .arena = &w->arena,
        .room = {.id = m->room_id, .slug = m->room_slug},
        .user = {.id = w->actor_id},
        .now_ms = w->now_ms,
        .message = m,
    };
    enum err e = act_store_delete(c, &way, f);

    event.payload = way.payload;
    return e ? e : event_append(c->db, &event, NULL, NULL, f);
}

static enum err write_step(struct chat *c, struct erasing *w, struct fail *f)
{
    struct message *list = arena_alloc(&w->arena, ERASE_STEP * sizeof *list);
    size_t count = 0;
    enum err e = mine_messages(c->db, &w->arena, w->user_id, w->room_id, w->seq, list, ERASE_STEP,
                               &count, f);

    for (size_t i = 0; !e && i < count; i++) {
        if (!list[i].deleted_ms)
            e = remove_one(c, w, &list[i], f);
        if (!e)
            e = erase_message(c->db, list[i].id, nobody, f);
    }
    if (!e && count < ERASE_STEP)
        e = erase_finish(c->db, w->user_id, w->now_ms, f);
    if (e)
        return e;
    w->done = count < ERASE_STEP;
    w->messages += (int64_t)count;
    if (count > 0) {
        w->room_id = list[count - 1].room_id;
        w->seq = list[count - 1].seq;
    }
    return OK;
}

static enum err step(struct chat *c, void *arg, struct fail *f)
{
    struct erasing *w = arg;

    return w->reactionless ? write_step(c, w, f) : react_step(c, w, f);
}

static enum err steps(struct chat *c, struct erasing *w, int64_t until_ms, struct fail *f)
{
    enum err e;

    do {
        e = chat_write(c, step, w, f);
        arena_clear(&w->arena);
    } while (!e && !w->done && clock_boot_ms(&c->clock) < until_ms);
    return e;
}

/* ----- whole ----- */

static enum err erase(struct chat *c, struct erasing *w, bool anew, int64_t budget_ms,
                      struct erased *out, struct fail *f)
{
    int64_t now = clock_boot_ms(&c->clock);
    int64_t until = budget_ms < INT64_MAX - now ? now + budget_ms : INT64_MAX;
    struct fail unused;
    enum err e = OK;

    arena_init(&w->arena);
    w->now_ms = clock_wall_ms(&c->clock);
    w->journal_at = -1;
    if (anew)
        e = chat_write(c, begin, w, f);
    if (e)
        erase_journal_take_back(c->db, w->journal_at);
    else
        e = steps(c, w, until, f);
    arena_release(&w->arena);
    out->messages += w->messages;
    out->done = w->done;
    if (!e && db_checkpoint_all(c->db, &unused)) /* a reader stands in its way: the next one does */
        log_event(c->log, LOG_WARN, "erased_text_in_wal", LOG_S("why", unused.message));
    return e;
}

enum err erase_person(struct chat *c, int64_t user_id, int64_t actor_id, int64_t budget_ms,
                      struct erased *out, struct fail *f)
{
    struct erasing w = {.user_id = user_id, .actor_id = actor_id};

    *out = (struct erased){0};
    return erase(c, &w, true, budget_ms, out, f);
}

enum err erase_self(struct chat *c, const struct actor *who, const char *confirmed,
                    int64_t budget_ms, struct erased *out, struct fail *f)
{
    int64_t now = clock_wall_ms(&c->clock);

    if (strcmp(confirmed, who->username) != 0)
        return fail(f, ERR_BAD_REQUEST, "Type your name, %.100s, to delete your account.",
                    who->username);
    if (who->muted_until > now)
        return identity_muted(who->muted_until, now, f);
    return erase_person(c, who->user_id, who->user_id, budget_ms, out, f);
}

/* ----- what was left undone, or was undone by a restore ----- */

struct replay {
    struct chat *chat;
    struct arena arena;
    struct erased *out;
    bool messages; /* what moderators removed, too */
};

static enum err erase_person_again(struct replay *r, const struct erase_line *line, struct fail *f)
{
    struct erasing w = {.user_id = line->id, .again = true};
    struct erased erased = {0};
    struct user user;
    enum err e = user_by_id(r->chat->db, &r->arena, line->id, &user, f);
    bool same = !e && user.first_seen_ms == line->since_ms && !user_is_erased(&user);

    if (e == ERR_NOT_FOUND || (!e && !same))
        return OK;
    if (!e)
        e = erase(r->chat, &w, true, INT64_MAX, &erased, f);
    r->out->messages += erased.messages;
    r->out->people += !e;
    return e;
}

static enum err remove_again(struct chat *c, void *arg, struct fail *f)
{
    struct erasing w = {.now_ms = clock_wall_ms(&c->clock)};
    enum err e;

    arena_init(&w.arena);
    e = remove_one(c, &w, arg, f);
    arena_release(&w.arena);
    return e;
}

static enum err remove_message_again(struct replay *r, const struct erase_line *line,
                                     struct fail *f)
{
    struct message m;
    enum err e = message_by_id(r->chat->db, &r->arena, line->id, &m, f);

    if (e == ERR_NOT_FOUND || (!e && (m.deleted_ms || m.created_ms != line->since_ms)))
        return OK;
    if (!e)
        e = chat_write(r->chat, remove_again, &m, f);
    r->out->removed += !e;
    return e;
}

static enum err do_again(void *ctx, const struct erase_line *line, struct fail *f)
{
    struct replay *r = ctx;
    enum err e = OK;

    if (line->kind == ERASE_PERSON)
        e = erase_person_again(r, line, f);
    else if (r->messages)
        e = remove_message_again(r, line, f);
    arena_clear(&r->arena);
    return e;
}

static enum err begin_journal(struct chat *c, void *arg, struct fail *f)
{
    (void)arg;
    return erase_journal_begin(c->db, f);
}

static enum err finish_open(struct chat *c, struct erased *out, struct fail *f)
{
    int64_t id = 0;
    enum err e;

    while (!(e = erase_open(c->db, id, &id, f)) && id) {
        struct erasing w = {.user_id = id, .actor_id = 0};

        e = erase(c, &w, false, INT64_MAX, out, f);
        if (e)
            break;
    }
    return e;
}

static enum err replay(struct chat *c, bool messages, struct erased *out, struct fail *f)
{
    struct replay r = {.chat = c, .out = out, .messages = messages};
    enum err e;

    *out = (struct erased){.done = true};
    arena_init(&r.arena);
    e = finish_open(c, out, f);
    if (!e)
        e = chat_write(c, begin_journal, NULL, f);
    if (!e)
        e = erase_journal_read(c->conf, do_again, &r, f);
    arena_release(&r.arena);
    return e;
}

enum err erase_pending(struct chat *c, struct erased *out, struct fail *f)
{
    return replay(c, false, out, f);
}

enum err erase_restored(struct chat *c, bool messages, struct erased *out, struct fail *f)
{
    return replay(c, messages, out, f);
}
