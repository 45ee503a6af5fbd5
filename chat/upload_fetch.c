/* Who may fetch a file: whoever sees the message that it belongs to, as of now. */
#include "chat/upload.h"

#include "chat/lookup.h"
#include "lib/file_store.h"

#include <string.h>

static enum err fetch(struct chat *c, struct arena *a, const struct actor *who, const char *id,
                      struct attachment *out, struct fail *f)
{
    enum err e = attachment_by_id(c->db, a, id, out, f);
    struct room_view room;
    struct message m;

    if (!e && !out->msg_id)
        return who->user_id && who->user_id == out->user_id ? OK
                                                            : fail(f, ERR_FILE_NOT_FOUND, NULL);
    if (!e)
        e = lookup_message(c, a, who, out->msg_id, &room, &m, f);
    if (e == ERR_MESSAGE_NOT_FOUND || (!e && m.deleted_ms))
        return fail(f, ERR_FILE_NOT_FOUND, NULL);
    return e;
}

enum err upload_fetch(struct chat *c, struct arena *a, const struct actor *who, const char *id,
                      struct attachment *out, struct fail *f)
{
    enum err e;

    if (!file_store_is_id(id, strlen(id)))
        return fail(f, ERR_FILE_NOT_FOUND, NULL);
    e = db_begin_read(c->db, f);
    if (e)
        return e;
    e = fetch(c, a, who, id, out, f);
    db_end_read(c->db);
    return e;
}
