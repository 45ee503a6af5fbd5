/*
 * Erasing a person: their name and login at once, then their reactions and whatever they wrote,
 * also what was kept of it for moderators, with tombstones in the rooms' logs, whose chains stay
 * whole. What is left is a number. Between steps others write; what is interrupted is finished by
 * the next that asks.
 */
#ifndef CHAT_ERASE_H
#define CHAT_ERASE_H

#include "chat/identity.h"

enum { ERASE_STEP = 200 };

struct erased {
    int64_t messages;
    int64_t people, removed; /* of the two below: people and messages that were there again */
    bool done;               /* false: the time was over; erase_pending() goes on */
};

/* In write transactions of its own, for about `budget_ms`; then the WAL, which still has the texts,
 * is emptied. actor_id 0: the CLI. ERR_NOT_FOUND. */
MUST_CHECK enum err erase_person(struct chat *c, int64_t user_id, int64_t actor_id,
                                 int64_t budget_ms, struct erased *out, struct fail *f);
/* Oneself; `confirmed` is the name as typed. ERR_BAD_REQUEST where it is not theirs, ERR_MUTED:
 * nobody gets rid of a mute by coming back as somebody else. */
MUST_CHECK enum err erase_self(struct chat *c, const struct actor *who, const char *confirmed,
                               int64_t budget_ms, struct erased *out, struct fail *f);
/* Finishes what was begun, and erases again whom the database still knows but the journal
 * (db/erase_journal.h) says was erased. */
MUST_CHECK enum err erase_pending(struct chat *c, struct erased *out, struct fail *f);
/* The same, and with `messages` removes again what moderators removed: for `outcry restore`, whose
 * database lies beside the one in use. `c` is not open but for that one (c->conf, c->log, c->db,
 * c->notify.fd = -1). */
MUST_CHECK enum err erase_restored(struct chat *c, bool messages, struct erased *out,
                                   struct fail *f);

#endif
