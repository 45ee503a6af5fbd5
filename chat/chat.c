#include "chat/chat.h"

#include <string.h>

static enum err open_state(struct chat *c, struct fail *f)
{
    return db_open(&c->state, DB_STATE, DB_READ_WRITE, c->conf, c->log, f);
}

static enum err open_parts(struct chat *c, const struct conf *conf, enum db_access access,
                           struct fail *f)
{
    enum err e = token_policy_load(&c->host_tokens, conf, f);

    if (!e)
        e = token_policy_guest(&c->guest_tokens, conf, f);
    if (!e)
        e = db_open(&c->db, DB_CHAT, access, conf, c->log, f);
    if (!e && access == DB_READ_WRITE && !c->later)
        e = open_state(c, f);
    if (!e)
        e = notify_open(&c->notify, conf->notify_socket, f);
    return e;
}

static enum err open_all(struct chat *c, const struct conf *conf, struct log *log,
                         enum db_access access, bool later, struct fail *f)
{
    enum err e;

    *c = (struct chat){.conf = conf, .log = log, .notify.fd = -1, .hotline.fd = -1, .later = later};
    clock_boot_id(c->boot_id);
    e = open_parts(c, conf, access, f);
    if (e)
        chat_close(c);
    return e;
}

enum err chat_open(struct chat *c, const struct conf *conf, struct log *log, enum db_access access,
                   struct fail *f)
{
    return open_all(c, conf, log, access, false, f);
}

enum err chat_open_briefly(struct chat *c, const struct conf *conf, struct log *log, struct fail *f)
{
    return open_all(c, conf, log, DB_READ_WRITE, true, f);
}

enum err chat_state(struct chat *c, struct fail *f)
{
    if (c->state)
        return db_return(c->state, f);
    return c->later ? open_state(c, f) : OK;
}

void chat_close(struct chat *c)
{
    hotline_close(&c->hotline);
    if (c->notify.fd >= 0)
        notify_close(&c->notify);
    if (c->state)
        db_close(c->state);
    if (c->db)
        db_close(c->db);
    token_policy_release(&c->host_tokens);
    token_policy_release(&c->guest_tokens);
    memset(c, 0, sizeof *c);
    c->notify.fd = c->hotline.fd = -1;
}

void chat_rest(struct chat *c)
{
    db_rest(c->db);
    if (c->state)
        db_rest(c->state);
}

void chat_leave(struct chat *c)
{
    hotline_close(&c->hotline);
    db_leave(c->db);
    if (c->state)
        db_leave(c->state);
}

enum err chat_follow(struct chat *c, bool *moved, struct fail *f)
{
    bool forgotten;
    enum err e = db_follow(c->db, moved, f);

    return !e && c->state ? db_follow(c->state, &forgotten, f) : e;
}

enum err chat_write(struct chat *c, chat_work_fn *work, void *arg, struct fail *f)
{
    enum err e = chat_state(c, f); /* not while others wait for the lock */

    if (!e)
        e = db_begin_write(c->db, f);
    if (e)
        return e;
    c->whole = true;
    e = work(c, arg, f);
    c->whole = false;
    if (e) {
        db_rollback(c->db);
        return e;
    }
    e = db_commit(c->db, f);
    if (!e)
        notify_send(&c->notify);
    return e;
}

enum err chat_part(struct chat *c, chat_work_fn *work, void *arg, struct fail *f)
{
    enum err e = c->whole ? OK : db_savepoint(c->db, f);

    if (e)
        return e;
    e = work(c, arg, f);
    if (c->whole)
        c->spoiled = c->spoiled || e;
    else if (e)
        db_rollback_savepoint(c->db);
    else
        e = db_release_savepoint(c->db, f);
    return e;
}
