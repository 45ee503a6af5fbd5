#include "chat/chat.h"

#include <string.h>

static enum err open_parts(struct chat *c, const struct conf *conf, enum db_access access,
                           struct fail *f)
{
    enum err e = token_policy_load(&c->host_tokens, conf, f);

    if (!e)
        e = token_policy_guest(&c->guest_tokens, conf, f);
    if (!e)
        e = db_open(&c->db, DB_CHAT, access, conf, c->log, f);
    if (!e && access == DB_READ_WRITE)
        e = db_open(&c->state, DB_STATE, access, conf, c->log, f);
    if (!e)
        e = notify_open(&c->notify, conf->notify_socket, f);
    return e;
}

enum err chat_open(struct chat *c, const struct conf *conf, struct log *log, enum db_access access,
                   struct fail *f)
{
    enum err e;

    memset(c, 0, sizeof *c);
    c->conf = conf;
    c->log = log;
    c->notify.fd = -1;
    clock_boot_id(c->boot_id);
    e = open_parts(c, conf, access, f);
    if (e)
        chat_close(c);
    return e;
}

void chat_close(struct chat *c)
{
    if (c->notify.fd >= 0)
        notify_close(&c->notify);
    if (c->state)
        db_close(c->state);
    if (c->db)
        db_close(c->db);
    token_policy_release(&c->host_tokens);
    token_policy_release(&c->guest_tokens);
    memset(c, 0, sizeof *c);
    c->notify.fd = -1;
}

void chat_rest(struct chat *c)
{
    db_rest(c->db);
    if (c->state)
        db_rest(c->state);
}

enum err chat_follow(struct chat *c, bool *moved, struct fail *f)
{
    bool forgotten;
    enum err e = db_follow(c->db, moved, f);

    return !e && c->state ? db_follow(c->state, &forgotten, f) : e;
}

enum err chat_write(struct chat *c, chat_work_fn *work, void *arg, struct fail *f)
{
    enum err e = db_begin_write(c->db, f);

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
