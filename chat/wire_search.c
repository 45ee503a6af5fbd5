#include "chat/wire_search.h"

#include "db/attachment.h"
#include "lib/text.h"

#include <string.h>

/* Bytes before the first hit, and in all. */
enum { SNIPPET_LEAD = 60, SNIPPET_BYTES = 320 };

static bool is_inside_char(const char *s)
{
    return ((unsigned char)*s & 0xC0u) == 0x80;
}

/* Where the snippet begins: a little before the first hit, at a word's
 * beginning if there is one. */
static size_t begin_of(const char *text, size_t hit)
{
    size_t at = hit > SNIPPET_LEAD ? hit - SNIPPET_LEAD : 0, word;

    while (at > 0 && is_inside_char(text + at))
        at--;
    if (at == 0)
        return 0;
    word = at + strcspn(text + at, " \t\n");
    word += strspn(text + word, " \t\n");
    return word < hit ? word : at;
}

static size_t end_of(const char *text, size_t len, size_t begin)
{
    size_t end = begin + SNIPPET_BYTES;

    if (end >= len)
        return len;
    while (end > begin && is_inside_char(text + end))
        end--;
    return end;
}

static void add_piece(struct json_object *list, const char *text, size_t from, size_t to, bool hit)
{
    struct json_object *o;

    if (from >= to)
        return;
    o = json_object_new_object();
    json_set(o, "text", json_object_new_string_len(text + from, (int)(to - from)));
    if (hit)
        json_set_bool(o, "hit", true);
    json_object_array_add(list, o);
}

static void add_more(struct json_object *list)
{
    static const char more[] = "…";

    add_piece(list, more, 0, sizeof more - 1, false);
}

/* The hits from *next on that are in the field, and what is around them; *next is behind them. */
static void add_hits(struct json_object *list, const struct search_match *m, size_t *next,
                     size_t field, const char *text, size_t from, size_t to)
{
    for (; *next < m->hit_count && m->hits[*next].field == field; ++*next) {
        const struct search_hit *hit = &m->hits[*next];
        size_t stop = hit->end < to ? hit->end : to;

        if (hit->start >= to)
            continue;
        add_piece(list, text, from, hit->start, false);
        add_piece(list, text, hit->start, stop, true);
        from = stop;
    }
    add_piece(list, text, from, to, false);
}

static struct json_object *snippet(const struct found *found, size_t *next)
{
    const struct search_match *m = &found->match;
    bool any = m->hit_count && m->hits[0].field == 0;
    const char *text = found->message.body;
    size_t len = strlen(text), at = begin_of(text, any ? m->hits[0].start : 0);
    size_t end = end_of(text, len, at);
    struct json_object *list = json_object_new_array();

    if (at > 0)
        add_more(list);
    add_hits(list, m, next, 0, text, at, end);
    if (end < len)
        add_more(list);
    return list;
}

/* Those whose names were hit; NULL where none was. */
static struct json_object *files(const struct found *found, size_t *next)
{
    const struct search_match *m = &found->match;
    struct json_object *all = *next < m->hit_count ? json_object_new_array() : NULL;

    while (*next < m->hit_count) {
        size_t field = m->hits[*next].field;
        const struct attachment *file = &found->message.attachments[field - 1];
        struct json_object *o = json_object_new_object(), *name = json_object_new_array();

        add_hits(name, m, next, field, file->name, 0, strlen(file->name));
        json_set_str(o, "id", file->id);
        json_set(o, "name", name);
        json_object_array_add(all, o);
    }
    return all;
}

static struct json_object *wire_found(const struct found *found)
{
    const struct message *m = &found->message;
    struct json_object *o = json_object_new_object(), *hit;
    size_t next = 0;

    json_set_i64(o, "id", m->id);
    json_set_str(o, "room", m->room_slug);
    json_set_str(o, "room_title", found->room_title);
    json_set_i64(o, "seq", m->seq);
    json_set_i64(o, "user_id", m->user_id);
    json_set_str(o, "username", m->author_name);
    json_set_i64(o, "timestamp", m->created_ms);
    if (m->edited_ms)
        json_set_i64(o, "edited_at", m->edited_ms);
    json_set(o, "snippet", snippet(found, &next));
    hit = files(found, &next);
    if (hit)
        json_set(o, "files", hit);
    return o;
}

struct json_object *wire_search(const struct search *s, const struct search_result *r)
{
    struct json_object *o = json_object_new_object();
    struct json_object *results = json_object_new_array(), *notes = json_object_new_array();

    for (size_t i = 0; i < r->count; i++)
        json_object_array_add(results, wire_found(&r->list[i]));
    for (size_t i = 0; i < r->query.note_count; i++)
        json_object_array_add(notes, json_object_new_string(r->query.notes[i]));
    json_set(o, "results", results);
    json_set_i64(o, "total", (int64_t)r->total);
    json_set_i64(o, "page", s->page);
    json_set_bool(o, "has_more", r->has_more);
    json_set_bool(o, "partial", r->partial);
    json_set_bool(o, "as_parts", r->as_parts);
    json_set_bool(o, "asked", r->asked);
    json_set(o, "notes", notes);
    return o;
}
