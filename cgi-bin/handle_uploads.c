/* uploads/…: a file on its way in. */
#include "cgi-bin/handle.h"

#include "cgi-bin/answer.h"
#include "chat/wire_file.h"

static enum err answer_upload(struct call *c, int status, const struct upload *u)
{
    struct json_object *o = json_object_new_object();

    json_set(o, "upload", wire_upload(u));
    return answer_json(c, status, o);
}

enum err handle_upload_begin(struct call *c, struct fail *f)
{
    const struct upload_wish wish = {
        .actor = &c->actor,
        .room = call_text(c, "room"),
        .name = call_text(c, "name"),
        .name_len = call_value(c, "name")->len,
        .size = call_number(c, "size", 0),
        .address = *c->req.address ? c->req.address : NULL,
    };
    struct upload u;
    enum err e = upload_begin(c->chat, c->arena, &wish, &u, f);

    return e ? e : answer_upload(c, 201, &u);
}

enum err handle_upload(struct call *c, struct fail *f)
{
    struct upload u;
    enum err e = upload_find(c->chat, c->arena, &c->actor, call_text(c, "id"), &u, f);

    return e ? e : answer_upload(c, 200, &u);
}

enum err handle_upload_part(struct call *c, struct fail *f)
{
    struct upload u;
    enum err e = upload_part(c->chat, c->arena, &c->actor, call_text(c, "id"),
                             call_number(c, "offset", 0), c->bytes, c->bytes_len, &u, f);

    return e ? e : answer_upload(c, 200, &u);
}

enum err handle_upload_thumb(struct call *c, struct fail *f)
{
    struct upload u;
    enum err e = upload_thumb(c->chat, c->arena, &c->actor, call_text(c, "id"), c->bytes,
                              c->bytes_len, &u, f);

    return e ? e : answer_upload(c, 200, &u);
}

enum err handle_upload_done(struct call *c, struct fail *f)
{
    struct upload u;
    enum err e = upload_done(c->chat, c->arena, &c->actor, call_text(c, "id"),
                             call_text(c, "sha256"), &u, f);

    return e ? e : answer_upload(c, 200, &u);
}

enum err handle_upload_cancel(struct call *c, struct fail *f)
{
    enum err e = upload_cancel(c->chat, c->arena, &c->actor, call_text(c, "id"), f);

    return e ? e : answer_empty(c, 204);
}
