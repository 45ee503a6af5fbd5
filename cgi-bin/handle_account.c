/* me/ as a page, and what is done to an account: its data, leaving, the end of it. */
#include "cgi-bin/handle.h"

#include "cgi-bin/answer.h"
#include "cgi-bin/auth.h"
#include "cgi-bin/page.h"
#include "chat/erase.h"
#include "chat/leave.h"
#include "chat/mydata.h"
#include "chat/prefs.h"
#include "chat/wire.h"
#include "lib/scratch_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

/* A request ends within its time, however much there is to erase; `outcry purge` does the rest. */
static const int64_t ERASE_BUDGET_MS = 8000;
/* Of a person's data at once: a hundred thousand messages and more, two or three seconds. */
static const int64_t DATA_PART_BYTES = 64 << 20;

static enum err add_ignored(struct call *c, struct json_object *o, struct fail *f)
{
    struct ignored_user *list = arena_alloc(c->arena, IGNORED_MOST * sizeof *list);
    size_t count = 0;
    enum err e = ignored_list(c->chat->db, c->arena, c->actor.user_id, list, &count, f);

    json_set(o, "ignored", wire_ignored(list, e ? 0 : count));
    return e;
}

/* Each value of a setting by its name, so that a template can mark the one that holds. */
static enum err add_prefs(struct call *c, struct json_object *o, struct fail *f)
{
    struct json_object *prefs, *marks = json_object_new_object();
    enum err e = prefs_load(c->chat, c->arena, &c->actor, &prefs, f);

    if (e) {
        json_object_put(marks);
        return e;
    }
    json_object_object_foreach(prefs, name, value)
    {
        json_set_bool(marks, arena_fmt(c->arena, "%s_%s", name, json_object_get_string(value)),
                      true);
    }
    json_set(o, "prefs", prefs);
    json_set(o, "chosen", marks);
    return OK;
}

enum err handle_account_page(struct call *c, struct fail *f)
{
    struct json_object *o = json_object_new_object();
    enum err e;

    page_add_site(c, o);
    json_set(o, "me", wire_user(&c->actor));
    json_set_str(o, "csrf", identity_csrf(c->chat, c->arena, &c->actor));
    e = add_ignored(c, o, f);
    if (!e)
        e = add_prefs(c, o, f);
    if (e) {
        json_object_put(o);
        return e;
    }
    http_add_header(&c->res, "Vary", "Accept, Cookie, Authorization");
    return call_wants_page(c) ? answer_page(c, 200, "account", o, f) : answer_json(c, 200, o);
}

/* Into a file without a name, which is the answer. */
static enum err write_data(struct call *c, struct fail *f)
{
    struct source_file *file = &c->res.file;
    enum err e = scratch_file(c->chat->conf->database, &file->fd, f);
    int own = e ? -1 : fcntl(file->fd, F_DUPFD_CLOEXEC, 0);
    FILE *out = own >= 0 ? fdopen(own, "w") : NULL;

    if (!e && !out)
        e = fail(f, ERR_INTERNAL, "No file to write to: %s.", strerror(errno));
    if (!e)
        e = mydata_write(c->chat, &c->actor, call_text(c, "after"), DATA_PART_BYTES, out, f);
    if (!e)
        file->len = (int64_t)ftello(out);
    if (out)
        fclose(out);
    else if (own >= 0)
        close(own);
    return e;
}

enum err handle_my_data(struct call *c, struct fail *f)
{
    enum err e = write_data(c, f);

    if (e)
        return e;
    c->res.status = 200;
    c->res.content_type = "application/json; charset=utf-8";
    http_add_header(&c->res, "Content-Disposition", "attachment; filename=\"chat-data.json\"");
    return OK;
}

/* The page forgets what this browser kept of whoever it was. */
static const char *left_url(struct call *c)
{
    return arena_fmt(c->arena, "%s?left=1", answer_room_url(c, NULL));
}

enum err handle_account_delete(struct call *c, struct fail *f)
{
    struct json_object *o;
    struct erased erased;
    enum err e =
        erase_self(c->chat, &c->actor, call_text(c, "confirm"), ERASE_BUDGET_MS, &erased, f);

    if (e)
        return e;
    if (c->actor.kind == ACTOR_GUEST)
        auth_set_guest_cookie(c, NULL);
    if (call_wants_page(c))
        return answer_see_other(c, left_url(c));
    o = json_object_new_object();
    json_set_i64(o, "messages", erased.messages);
    json_set_bool(o, "done", erased.done);
    return answer_json(c, 200, o);
}

enum err handle_session_leave(struct call *c, struct fail *f)
{
    enum err e = leave_guest(c->chat, c->arena, &c->actor, f);

    if (e)
        return e;
    auth_set_guest_cookie(c, NULL);
    return call_wants_page(c) ? answer_see_other(c, left_url(c)) : answer_empty(c, 204);
}
