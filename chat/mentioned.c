#include "chat/mentioned.h"

#include "db/mention.h"

static enum err load(struct chat *c, struct arena *a, const struct actor *who, int64_t page,
                     struct mentioned_page *out, struct fail *f)
{
    int64_t ids[MENTIONED_PAGE + 1];
    size_t count = 0;
    enum err e = mention_messages(c->db, who->user_id, (page - 1) * MENTIONED_PAGE, ids,
                                  ARRAY_LEN(ids), &count, f);

    out->has_more = count > MENTIONED_PAGE && page < MENTIONED_PAGES;
    for (size_t i = 0; !e && i < count && i < MENTIONED_PAGE; i++) {
        struct mentioned *next = &out->list[out->count];

        e = lookup_shown(c, a, who, ids[i], &next->room, &next->message, f);
        out->count += !e;
    }
    return e;
}

enum err mentioned_load(struct chat *c, struct arena *a, const struct actor *who, int64_t page,
                        struct mentioned_page *out, struct fail *f)
{
    enum err e = db_begin_read(c->db, f);

    *out = (struct mentioned_page){.list = arena_alloc(a, MENTIONED_PAGE * sizeof *out->list)};
    if (e)
        return e;
    e = load(c, a, who, page, out, f);
    db_end_read(c->db);
    return e;
}
