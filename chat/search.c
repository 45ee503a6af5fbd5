#include "chat/search.h"

#include "chat/search_expression.h"
#include "db/attachment.h"
#include "db/search.h"
#include "lib/text.h"
#include "lib/text_find.h"

#include <stdlib.h>
#include <string.h>

enum { BUDGET_MS = 300 };
static const int64_t DAY_MS = 24 * 3600 * 1000;

struct candidate {
    int64_t msg_id;
    double score;
    size_t order; /* of coming, newest first */
};

/* A search on its way. */
struct hunt {
    struct chat *chat;
    struct arena *arena;
    struct arena scratch; /* of one row */
    const struct search *search;
    struct search_result *out;
    struct search_need needs[SEARCH_TERMS_MAX];
    size_t need_count;
    struct search_keys keys;
    struct search_walk walk;
    int64_t now_ms;
    struct candidate found[SEARCH_WINDOW];
    size_t found_count;
    enum err err; /* of judging a row */
    struct fail *fail;
};

/* ----- what is looked for ----- */

static bool is_ascii(const struct search_term *t)
{
    for (size_t i = 0; i < t->len; i++)
        if ((unsigned char)t->text[i] >= 0x80)
            return false;
    return true;
}

/* A term is words; or, where no index of words can have it, a part: 上海, an emoji. One that is
 * neither, such as a lone star, asks for nothing. */
static enum err add_needs(struct hunt *h, struct fail *f)
{
    const struct search_query *q = &h->out->query;
    enum err e = OK;

    for (size_t i = 0; !e && i < q->term_count; i++) {
        struct search_need need = {.term = &q->terms[i]};

        e = tokens_split(h->chat->db, h->arena, need.term->text, need.term->len, &need.words, f);
        need.as_part = need.words.count == 0 || text_is_unspaced(need.term->text, need.term->len);
        if (need.words.count > 0 || !is_ascii(need.term))
            h->needs[h->need_count++] = need;
    }
    return e;
}

/* Everybody who has the name, or of "name#7" the one with that number. Nobody: nothing is found,
 * and nothing said: who exists is not for everybody to know. */
static enum err find_authors(struct hunt *h, struct fail *f)
{
    const char *from = h->out->query.from, *number = from ? strchr(from, '#') : NULL;
    struct user users[SEARCH_AUTHORS_MAX];
    int64_t id = 0;
    size_t count = 0;
    const char *name;
    enum err e;

    if (!from)
        return OK;
    name = number ? arena_strn(h->arena, from, (size_t)(number - from)) : from;
    if (number && !text_to_i64(number + 1, strlen(number + 1), 1, INT64_MAX, &id))
        return OK;
    e = user_list_by_fold(h->chat->db, h->arena, text_fold(h->arena, name), users,
                          SEARCH_AUTHORS_MAX, &count, f);
    for (size_t i = 0; !e && i < count; i++)
        if (!id || users[i].id == id)
            h->keys.authors[h->keys.author_count++] = users[i].id;
    return e;
}

/* *nowhere: the text names a room that is not there for the reader. */
static enum err find_room(struct hunt *h, bool *nowhere, struct fail *f)
{
    struct search_query *q = &h->out->query;
    const char *slug = h->search->room ? h->search->room : q->room;
    struct room_view view;
    enum err e;

    *nowhere = false;
    if (!slug)
        return OK;
    e = rooms_find(h->chat, h->arena, h->search->who, slug, &view, f);
    if (!e)
        h->walk.room_id = h->keys.room_id = view.room.id;
    if (e != ERR_ROOM_NOT_FOUND || h->search->room)
        return e;
    *nowhere = true;
    search_query_note(q, arena_fmt(h->arena, "There is no room %.40s that you can see.", slug));
    return OK;
}

/* ----- judging rows ----- */

static bool is_author(const struct hunt *h, int64_t user_id)
{
    for (size_t i = 0; i < h->keys.author_count; i++)
        if (h->keys.authors[i] == user_id)
            return true;
    return !h->out->query.from;
}

/* As db/migrations/chat/014-things-found.sql has it for the index. */
static unsigned has(const struct search_row *row)
{
    unsigned link = memmem(row->body, row->body_len, "://", 3) ? SEARCH_HAS_LINK : 0;

    return link | (row->has_files ? SEARCH_HAS_FILE : 0) |
           (row->has_pictures ? SEARCH_HAS_IMAGE : 0);
}

struct fields {
    struct search_field list[SEARCH_FIELDS_MAX];
    size_t count;
};

static void add_field(struct fields *of, const char *text, size_t len)
{
    if (of->count < SEARCH_FIELDS_MAX)
        of->list[of->count++] = (struct search_field){.text = text, .len = len};
}

static void add_names(struct fields *of, const char *names, size_t len)
{
    const char *end = names + len;

    while (names < end) {
        const char *stop = memchr(names, '\n', (size_t)(end - names));

        if (!stop)
            stop = end;
        add_field(of, names, (size_t)(stop - names));
        names = stop + 1;
    }
}

static enum err judge(struct hunt *h, struct arena *a, struct fields *of, bool *fits,
                      struct search_match *match, struct fail *f)
{
    enum err e = OK;

    for (size_t i = 0; !e && i < of->count; i++)
        e = tokens_split(h->chat->db, a, of->list[i].text, of->list[i].len, &of->list[i].words, f);
    *fits = !e && search_match(h->needs, h->need_count, of->list, of->count, match);
    return e;
}

/* Fresh news counts up to twice as much as old. */
static double score(const struct hunt *h, double fit, int64_t created_ms)
{
    double age = (double)(h->now_ms > created_ms ? h->now_ms - created_ms : 0);

    return fit * (1 + 1 / (1 + age / (7 * (double)DAY_MS)));
}

static bool take_row(void *ctx, const struct search_row *row)
{
    struct hunt *h = ctx;
    struct fields of = {.count = 0};
    struct search_match match;
    bool fits = false;

    if (!is_author(h, row->user_id) || (h->keys.has & ~has(row)))
        return true;
    arena_clear(&h->scratch);
    add_field(&of, row->body, row->body_len);
    add_names(&of, row->file_names, row->file_names_len);
    h->err = judge(h, &h->scratch, &of, &fits, &match, h->fail);
    if (h->err)
        return false;
    if (fits) {
        h->found[h->found_count] =
            (struct candidate){row->msg_id, score(h, match.fit, row->created_ms), h->found_count};
        h->found_count++;
    }
    return h->found_count < SEARCH_WINDOW;
}

/* ----- ways ----- */

static bool asks_for_words(const struct hunt *h)
{
    for (size_t i = 0; i < h->need_count; i++)
        if (!h->needs[i].term->negative && search_is_indexed(&h->needs[i]))
            return true;
    return false;
}

/* By words where there is one; by parts; by who, where and links, which stand among the words; else
 * row by row. */
static void choose_way(struct hunt *h)
{
    const char *parts = h->chat->conf->search == SEARCH_FULL && !asks_for_words(h)
                            ? search_parts_expression(h->arena, h->needs, h->need_count)
                            : NULL;

    h->walk.part = parts ? SEARCH_PARTS : SEARCH_WORDS;
    h->walk.match =
        parts ? parts : search_words_expression(h->arena, h->needs, h->need_count, &h->keys);
}

static enum err walk(struct hunt *h, const struct search_walk *way, struct fail *f)
{
    bool cut = false;
    enum err e = search_walk(h->chat->db, way, take_row, h, &cut, f);

    h->out->partial = h->out->partial || cut;
    return e ? e : h->err;
}

/* What is not in the index yet, row by row, then the index. */
static enum err walk_both(struct hunt *h, struct fail *f)
{
    struct search_reach reach;
    struct search_walk rest = h->walk, index = h->walk;
    enum err e = search_reach(h->chat->db, &reach, f);
    int64_t indexed = reach.at[h->walk.part];

    if (e || !h->walk.match)
        return e ? e : walk(h, &rest, f);
    rest.match = NULL;
    if (rest.after_event < indexed)
        rest.after_event = indexed;
    if (index.before_event > indexed + 1)
        index.before_event = indexed + 1;
    e = walk(h, &rest, f);
    return !e && !h->out->partial && h->found_count < SEARCH_WINDOW ? walk(h, &index, f) : e;
}

/* Times rise with the numbers of events but where a clock was set: by
 * less than a day, let us say. */
static enum err set_times(struct hunt *h, struct fail *f)
{
    const struct search_query *q = &h->out->query;
    enum err e = OK;

    h->walk.from_ms = q->from_ms;
    h->walk.before_ms = q->before_ms;
    h->walk.before_event = INT64_MAX;
    if (q->from_ms > DAY_MS)
        e = search_event_at(h->chat->db, q->from_ms - DAY_MS, &h->walk.after_event, f);
    if (!e && q->before_ms < INT64_MAX) {
        e = search_event_at(h->chat->db, q->before_ms + DAY_MS, &h->walk.before_event, f);
        h->walk.before_event++;
    }
    return e;
}

/* The words as parts of longer ones: only where all are long enough for the index to tell. */
static bool turn_to_parts(struct hunt *h)
{
    bool any = false;

    for (size_t i = 0; i < h->need_count; i++) {
        const struct search_term *t = h->needs[i].term;

        if (h->needs[i].as_part || t->negative)
            continue;
        if (text_count(t->text, t->len) < SEARCH_PART_CHARS)
            return false;
        any = true;
    }
    for (size_t i = 0; any && i < h->need_count; i++)
        h->needs[i].as_part = h->needs[i].as_part || !h->needs[i].term->negative;
    return any;
}

static bool say_yes(void *ctx, const struct search_row *row)
{
    (void)row;
    *(bool *)ctx = true;
    return false;
}

/* Whether the word stands in some message of those that are searched. */
static enum err is_word(struct hunt *h, const struct search_need *word, bool *out, struct fail *f)
{
    static const struct search_keys anybodys;
    struct search_walk way = h->walk;
    bool cut;

    *out = false;
    way.part = SEARCH_WORDS;
    way.match = search_words_expression(h->arena, word, 1, &anybodys);
    return way.match ? search_walk(h->chat->db, &way, say_yes, out, &cut, f) : OK;
}

/* Whether each is one, by itself. Then whoever asked knows the words, and parts of longer ones,
 * which take long to go through, are not meant. */
static enum err are_words(struct hunt *h, bool *out, struct fail *f)
{
    enum err e = OK;

    *out = true;
    for (size_t i = 0; !e && *out && i < h->need_count; i++) {
        const struct search_need *need = &h->needs[i];

        if (need->term->negative)
            continue;
        *out = !need->as_part;
        for (size_t j = 0; !e && *out && j < need->words.count; j++) {
            const struct search_need word = {.term = need->term,
                                             .words = {.list = &need->words.list[j], .count = 1}};

            e = is_word(h, &word, out, f);
        }
    }
    return e;
}

static enum err hunt(struct hunt *h, struct fail *f)
{
    bool known = false;
    enum err e;

    choose_way(h);
    e = walk_both(h, f);
    if (e || h->found_count > 0 || h->out->partial || h->chat->conf->search != SEARCH_FULL)
        return e;
    e = are_words(h, &known, f);
    if (e || known || !turn_to_parts(h))
        return e;
    h->out->as_parts = true;
    choose_way(h);
    return walk_both(h, f);
}

/* ----- what was found ----- */

static int by_score(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;

    if (x->score != y->score)
        return x->score < y->score ? 1 : -1;
    return x->order < y->order ? -1 : 1;
}

static enum err load(struct hunt *h, int64_t msg_id, struct found *out, struct fail *f)
{
    struct fields of = {.count = 0};
    struct room_view view;
    bool fits;
    enum err e = message_by_id(h->chat->db, h->arena, msg_id, &out->message, f);

    if (!e)
        e = room_view(h->chat->db, h->arena, out->message.room_id, h->walk.reader_id, &view, f);
    if (e)
        return e == ERR_NOT_FOUND ? fail(f, ERR_INTERNAL, NULL) : e;
    out->room_title = view.room.title;
    out->message.body = message_text(&out->message);
    add_field(&of, out->message.body, strlen(out->message.body));
    for (size_t i = 0; i < out->message.attachment_count; i++)
        add_field(&of, out->message.attachments[i].name, strlen(out->message.attachments[i].name));
    return judge(h, h->arena, &of, &fits, &out->match, f);
}

static enum err load_page(struct hunt *h, struct fail *f)
{
    struct search_result *out = h->out;
    size_t first = (size_t)(h->search->page - 1) * SEARCH_PAGE;
    enum err e = OK;

    if (!h->search->newest)
        qsort(h->found, h->found_count, sizeof h->found[0], by_score);
    out->total = h->found_count;
    out->has_more = h->found_count > first + SEARCH_PAGE;
    out->list = arena_alloc(h->arena, SEARCH_PAGE * sizeof *out->list);
    for (size_t i = first; !e && i < h->found_count && out->count < SEARCH_PAGE; i++)
        e = load(h, h->found[i].msg_id, &out->list[out->count++], f);
    return e;
}

static enum err run(struct hunt *h, struct fail *f)
{
    const struct search_query *q = &h->out->query;
    bool nowhere = false;
    enum err e = add_needs(h, f);

    h->out->asked = h->need_count > 0 || q->from || q->room || q->has || q->from_ms > 0 ||
                    q->before_ms < INT64_MAX;
    h->keys.has = q->has;
    if (!e)
        e = find_room(h, &nowhere, f);
    if (!e)
        e = find_authors(h, f);
    if (!e)
        e = set_times(h, f);
    if (e || !h->out->asked || nowhere || (q->from && !h->keys.author_count))
        return e;
    e = hunt(h, f);
    return e ? e : load_page(h, f);
}

enum err search_run(struct chat *c, struct arena *a, const struct search *s,
                    struct search_result *out, struct fail *f)
{
    struct hunt *h = arena_alloc(a, sizeof *h);
    enum err e;

    *out = (struct search_result){0};
    if (c->conf->search == SEARCH_OFF)
        return fail(f, ERR_NOT_FOUND, "Search is switched off here.");
    *h = (struct hunt){.chat = c, .arena = a, .search = s, .out = out, .fail = f};
    h->now_ms = clock_wall_ms(&c->clock);
    h->walk.reader_id = s->who->user_id;
    h->walk.deadline_ms = search_now_ms() + BUDGET_MS;
    search_query_parse(a, s->text, s->len, &out->query);
    arena_init(&h->scratch);
    e = db_begin_read(c->db, f);
    if (!e) {
        e = run(h, f);
        db_end_read(c->db);
    }
    arena_release(&h->scratch);
    return e;
}
