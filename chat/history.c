#include "chat/history.h"

#include "lib/text.h"

#include <string.h>

/* ----- a page ----- */

/* What is at or below the reader's floor does not exist for them. Forwards, load_page() begins
 * there. */
static void cut(struct history_page *p)
{
    size_t hidden = 0;

    while (hidden < p->count && p->messages[hidden].seq <= p->room.room.floor)
        hidden++;
    if (!hidden)
        return;
    p->messages += hidden;
    p->count -= hidden;
    p->has_more = false;
}

enum err history_finish(struct chat *c, struct arena *a, const struct actor *who,
                        struct history_page *p, struct fail *f)
{
    enum err e = ignore_load(c, a, who, &p->ignored, f);

    for (size_t i = 0; !e && i < p->count; i++)
        e = ignore_dress(c, &p->ignored, a, &p->messages[i], f);
    cut(p);
    return e;
}

static enum err load_page(struct chat *c, struct arena *a, const struct actor *who,
                          const char *room, int64_t before, int64_t after, size_t limit,
                          struct history_page *out, struct fail *f)
{
    enum err e = rooms_find(c, a, who, room, &out->room, f);

    if (!e)
        e = db_epoch(c->db, a, &out->epoch, f);
    if (!e && after >= 0 && after < out->room.room.floor)
        after = out->room.room.floor;
    if (!e)
        e = message_list(c->db, a, out->room.room.id, who->user_id, before, after, out->messages,
                         limit, &out->count, &out->has_more, f);
    return e ? e : history_finish(c, a, who, out, f);
}

enum err history_messages(struct chat *c, struct arena *a, const struct actor *who,
                          const char *room, int64_t before, int64_t after, size_t limit,
                          struct history_page *out, struct fail *f)
{
    enum err e;

    if (limit < 1 || limit > HISTORY_PAGE_MAX)
        limit = HISTORY_PAGE_MAX;
    *out = (struct history_page){.epoch = ""};
    out->messages = arena_alloc(a, limit * sizeof *out->messages);
    e = db_begin_read(c->db, f);
    if (e)
        return e;
    e = load_page(c, a, who, room, before, after, limit, out, f);
    db_end_read(c->db);
    return e;
}

/* ----- cursors ----- */

static bool is_named(const struct history_cursor *cursors, size_t count, const char *room)
{
    while (count > 0 && strcmp(cursors[count - 1].room, room) != 0)
        count--;
    return count > 0;
}

static bool parse_cursor(struct arena *a, const char *text, size_t len, struct history_cursor *out)
{
    const char *end = text + len, *colon = memchr(text, ':', len);
    const char *name_end = colon ? colon : end;
    const char *second = colon ? memchr(colon + 1, ':', (size_t)(end - colon - 1)) : NULL;
    const char *since_end = second ? second : end;
    size_t name = (size_t)(name_end - text);

    *out = (struct history_cursor){.room = arena_strn(a, text, name), .since = -1, .marked = -1};
    return text_is_slug(text, name) &&
           (!colon ||
            text_to_i64(colon + 1, (size_t)(since_end - colon - 1), 0, INT64_MAX, &out->since)) &&
           (!second ||
            text_to_i64(second + 1, (size_t)(end - second - 1), 0, INT64_MAX, &out->marked));
}

enum err history_parse_cursors(struct arena *a, const char *text, struct history_cursor **out,
                               size_t *count, struct fail *f)
{
    size_t items = 1;

    for (const char *p = text; *p; p++)
        items += *p == ',';
    *count = 0;
    if (!*text)
        return fail(f, ERR_BAD_REQUEST, "rooms is empty.");
    if (items > HISTORY_CURSORS_MAX)
        return fail(f, ERR_BAD_REQUEST, "rooms names more than %d rooms.", HISTORY_CURSORS_MAX);
    *out = arena_alloc(a, items * sizeof(**out));
    for (size_t i = 0; i < items; i++) {
        size_t len = strcspn(text, ",");
        struct history_cursor cursor;

        if (!parse_cursor(a, text, len, &cursor))
            return fail(f, ERR_BAD_REQUEST, "rooms must look like general:41,@me:7.");
        if (is_named(*out, *count, cursor.room))
            return fail(f, ERR_BAD_REQUEST, "rooms names %s twice.", cursor.room);
        (*out)[(*count)++] = cursor;
        text += len + 1;
    }
    return OK;
}

bool history_is_read_further(const struct history_cursor *cursors, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct history_cursor *c = &cursors[i];

        if (!c->err && c->marked >= 0 && c->view.last_read_seq > c->marked)
            return true;
    }
    return false;
}

/* ----- what is newer ----- */

static void judge(struct chat *c, bool epoch_fits, struct history_cursor *cur)
{
    int64_t head = cur->view.room.head;

    if (cur->since < 0)
        cur->since = head;
    else if (!epoch_fits)
        cur->resync = "epoch";
    else if (cur->since < cur->view.room.floor)
        cur->resync = "floor";
    else if (cur->since > head)
        cur->resync = "ahead";
    else if (head - cur->since > c->conf->ws_max_lag_events)
        cur->resync = "lag";
}

static enum err open_each(struct chat *c, struct arena *a, const struct actor *who,
                          const char *epoch, struct history_cursor *cursors, size_t count,
                          const char **current, struct fail *f)
{
    enum err e = db_epoch(c->db, a, current, f);

    for (size_t i = 0; !e && i < count; i++) {
        struct history_cursor *cur = &cursors[i];

        cur->resync = NULL;
        cur->err = rooms_find(c, a, who, cur->room, &cur->view, f);
        if (!cur->err)
            judge(c, !epoch || strcmp(epoch, *current) == 0, cur);
        else if (cur->err != ERR_ROOM_NOT_FOUND)
            e = cur->err;
    }
    return e;
}

enum err history_open_cursors(struct chat *c, struct arena *a, const struct actor *who,
                              const char *epoch, struct history_cursor *cursors, size_t count,
                              const char **current, struct fail *f)
{
    enum err e = db_begin_read(c->db, f);

    if (e)
        return e;
    e = open_each(c, a, who, epoch, cursors, count, current, f);
    db_end_read(c->db);
    return e;
}

/* Events between the cursor and the head that was read with it. Seqs have no gaps, so the distance
 * is their number. */
static size_t pending(const struct history_cursor *cur)
{
    if (cur->err || cur->resync || cur->since < 0 || cur->since >= cur->view.room.head)
        return 0;
    return (size_t)(cur->view.room.head - cur->since);
}

enum err history_events(struct chat *c, struct arena *a, const struct actor *who,
                        const struct history_cursor *cursors, size_t cursor_count,
                        struct event **out, size_t *count, bool *more, struct fail *f)
{
    size_t want = 0, room = HISTORY_EVENTS_MAX;
    struct ignored ignored;
    enum err e = OK;

    *out = NULL;
    *count = 0;
    for (size_t i = 0; i < cursor_count; i++)
        want += pending(&cursors[i]);
    *more = want > room;
    if (!want)
        return OK;
    if (want < room)
        room = want;
    *out = arena_alloc(a, room * sizeof **out);
    for (size_t i = 0; !e && i < cursor_count && *count < room; i++) {
        size_t max = pending(&cursors[i]), got = 0;

        if (max > room - *count)
            max = room - *count;
        if (max)
            e = event_list(c->db, a, cursors[i].view.room.id, cursors[i].since, *out + *count, max,
                           &got, f);
        *count += got;
    }
    if (!e)
        e = ignore_load(c, a, who, &ignored, f);
    for (size_t i = 0; !e && i < *count; i++)
        e = ignore_dress_event(c, &ignored, a, &(*out)[i], f);
    return e;
}

enum err history_look(struct chat *c, struct arena *a, const struct actor *who, const char *epoch,
                      struct history_cursor *cursors, size_t count, struct history_news *out,
                      struct fail *f)
{
    enum err e = db_begin_read(c->db, f);

    *out = (struct history_news){.epoch = ""};
    if (e)
        return e;
    e = history_open_cursors(c, a, who, epoch, cursors, count, &out->epoch, f);
    for (size_t i = 0; !e && i < count; i++)
        out->resync = out->resync || cursors[i].resync;
    if (!e && !out->resync)
        e = history_events(c, a, who, cursors, count, &out->events, &out->count, &out->more, f);
    db_end_read(c->db);
    return e;
}
