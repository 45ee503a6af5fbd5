#include "chat/mention.h"

#include "chat/limits.h"
#include "chat/markup.h"
#include "chat/naming.h"
#include "chat/people.h"
#include "chat/permit.h"
#include "chat/self.h"
#include "chat/shortcode.h"
#include "db/ignored.h"
#include "db/member.h"
#include "lib/text.h"
#include "lib/text_find.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* A text of many signs is no reason to look up more than this many names. */
enum { NAME_CHARS = 32, QUOTED_MAX = 128, TRIES_MAX = 160, ALIKE_MAX = 16 };
enum { EVERYBODY = 0 }; /* in the place of a user's id */

struct hunt {
    struct chat *chat;
    struct arena *arena;
    const struct mention_place *at;
    struct people_circle circle;
    const struct message *message; /* its mentions: as before */
    struct mentions *out;
    int tries;
};

bool mention_is_possible(const char *body)
{
    return strchr(body, '@') != NULL;
}

/* `user_id` EVERYBODY: they all are. */
static bool has(const struct mention *list, size_t count, int64_t user_id)
{
    while (count > 0 && list[count - 1].user_id != user_id)
        count--;
    return count > 0;
}

/* ----- who is called so ----- */

static enum err sees(struct hunt *h, const struct user *u, bool *out, struct fail *f)
{
    const struct room *room = h->at->room;

    if (user_is_erased(u))
        return OK;
    if (strcmp(room->kind, "public") != 0)
        return member_exists(h->chat->db, room->id, u->id, out, f);
    return people_knows(&h->circle, u->id, out, f);
}

/* `id` 0: whoever came first of those who are called so. *found->username NULL: nobody. */
static enum err look_up(struct hunt *h, const char *name, size_t len, int64_t id,
                        struct mention *found, struct fail *f)
{
    const char *fold = text_fold(h->arena, arena_strn(h->arena, name, len));
    struct user alike[ALIKE_MAX];
    size_t count = 0;
    bool seen = false;
    enum err e;

    if (!*fold || h->tries-- <= 0)
        return OK;
    e = user_list_by_fold(h->chat->db, h->arena, fold, alike, ALIKE_MAX, &count, f);
    for (size_t i = 0; !e && !seen && i < count; i++) {
        if (id && alike[i].id != id)
            continue;
        e = sees(h, &alike[i], &seen, f);
        if (e || !seen)
            continue;
        found->user_id = alike[i].id;
        e = naming_shown(h->chat, h->arena, &alike[i], &found->username, f);
    }
    return e;
}

/* What follows a name: "#7", which says whose it is. *len: of all that. */
static int64_t number_at(const char *s, size_t *len)
{
    size_t digits = *s == '#' ? strspn(s + 1, "0123456789") : 0;
    int64_t id = 0;

    *len = 0;
    if (digits && text_to_i64(s + 1, digits, 1, INT64_MAX, &id))
        *len = digits + 1;
    return id;
}

/* The name of `len` bytes after the sign, with its number if that fits. */
static enum err try_name(struct hunt *h, const char *sign, size_t quotes, size_t len,
                         struct mention *found, struct fail *f)
{
    const char *name = sign + 1 + quotes;
    size_t suffix;
    int64_t id = number_at(name + len + quotes, &suffix);
    enum err e = suffix ? look_up(h, name, len, id, found, f) : OK;

    if (!e && !found->username) {
        suffix = 0;
        e = look_up(h, name, len, 0, found, f);
    }
    found->len = 1 + len + 2 * quotes + suffix;
    return e;
}

/* ----- where a name may end ----- */

static bool ends_run(char c)
{
    return c == '\0' || strchr("\n\t<>&\"'`@#/\\", c);
}

/* Ends of names that may begin at `s`, in bytes: not within a word, not behind a blank. */
static size_t find_ends(const char *s, size_t ends[NAME_CHARS])
{
    size_t at = 0, count = 0, left = strlen(s);

    for (int i = 0; i < NAME_CHARS && !ends_run(s[at]); i++) {
        bool blank = s[at] == ' ', in_word = text_is_in_word(s + at, left);
        size_t n = text_char_len(s + at);

        at += n;
        left -= n;
        if (!blank && !(in_word && left > 0 && text_is_in_word(s + at, left)))
            ends[count++] = at;
    }
    return count;
}

static enum err try_bare(struct hunt *h, const char *sign, struct mention *found, struct fail *f)
{
    size_t ends[NAME_CHARS], count = sign[1] == ' ' ? 0 : find_ends(sign + 1, ends);
    enum err e = OK;

    while (!e && !found->username && count > 0)
        e = try_name(h, sign, 0, ends[--count], found, f);
    return e;
}

static enum err try_quoted(struct hunt *h, const char *sign, struct mention *found, struct fail *f)
{
    size_t len = strcspn(sign + 2, "\"\n");

    if (sign[2 + len] != '"' || len == 0 || len > QUOTED_MAX)
        return OK;
    return try_name(h, sign, 1, len, found, f);
}

/* ----- everybody ----- */

static size_t call_length(const char *sign)
{
    static const char *const words[] = {"all", "here"};

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        size_t n = strlen(words[i]);

        if (strncasecmp(sign + 1, words[i], n) == 0 &&
            (!sign[1 + n] || !text_is_in_word(sign + 1 + n, strlen(sign + 1 + n))))
            return n + 1;
    }
    return 0;
}

/* Too many calls are words like others. */
static enum err try_all(struct hunt *h, const char *sign, struct mention *found, struct fail *f)
{
    size_t len = permit_is_moderator(h->at->author) ? call_length(sign) : 0;
    enum err e = OK;

    if (!len)
        return OK;
    if (!has(h->out->list, h->out->count, EVERYBODY) &&
        !has(h->message->mentions, h->message->mention_count, EVERYBODY))
        e = limits_take_call(h->chat, h->at->who, f);
    if (!e)
        found->len = len;
    return e == ERR_RATE_LIMITED ? OK : e;
}

/* ----- the text ----- */

/* An address and an escaped sign mention nobody. */
static bool may_begin(const char *body, const char *s)
{
    return s == body || (!isalnum((unsigned char)s[-1]) && !strchr("/\\@=", s[-1]));
}

/* found->len 0: it names nobody. */
static enum err try_sign(struct hunt *h, const char *sign, struct mention *found, struct fail *f)
{
    enum err e = try_all(h, sign, found, f);

    if (e || found->len)
        return e;
    e = sign[1] == '"' ? try_quoted(h, sign, found, f) : try_bare(h, sign, found, f);
    if (!found->username)
        found->len = 0;
    return e;
}

static enum err find(struct hunt *h, const char *body, struct fail *f)
{
    struct mentions *out = h->out;
    enum err e = OK;
    size_t n;

    for (const char *s = body; !e && *s && out->count < MENTIONS_MAX; s += n) {
        struct mention found = {.at = (size_t)(s - body)};

        n = *s == '`' ? shortcode_code_length(s) : 1;
        if (*s != '@' || !may_begin(body, s))
            continue;
        e = try_sign(h, s, &found, f);
        if (!e && found.len)
            out->list[out->count++] = found;
        n = found.len ? found.len : 1;
    }
    return e;
}

enum err mention_read(struct chat *c, struct arena *a, const struct mention_place *at,
                      struct message *m, struct mentions *out, struct fail *f)
{
    struct hunt h = {
        .chat = c,
        .arena = a,
        .at = at,
        .circle = {.chat = c, .arena = a, .user_id = at->author->id},
        .message = m,
        .out = out,
        .tries = TRIES_MAX,
    };
    enum err e;

    out->count = 0;
    e = mention_is_possible(m->body) ? find(&h, m->body, f) : OK;
    if (e)
        return e;
    m->html = out->count ? markup_mentions(a, m->body, out) : markup_html(a, m->body);
    m->mention_rows = (int64_t)out->count;
    return OK;
}

/* ----- rows, and who is told ----- */

static enum err tell(struct chat *c, struct arena *a, const struct mention_place *at,
                     const struct message *m, int64_t user_id, struct fail *f)
{
    const char *payload = arena_fmt(a, "{\"of\":\"%s\"}", at->room->slug);
    bool ignored = false;
    enum err e = ignored_is(c->db, user_id, m->user_id, &ignored, f);

    if (e || ignored)
        return e;
    return self_append_about(c, a, user_id, "mention", payload, m->user_id, m->id, f);
}

enum err mention_store(struct chat *c, struct arena *a, const struct mention_place *at,
                       struct message *m, const struct mentions *found, struct fail *f)
{
    const struct mention *list = found->list, *before = m->mentions;
    size_t before_count = m->mention_count;
    enum err e = before_count ? mention_clear(c->db, m->id, f) : OK;

    for (size_t i = 0; !e && i < found->count; i++) {
        int64_t id = list[i].user_id;

        e = mention_insert(c->db, m, &list[i], f);
        if (!e && id && id != m->user_id && !has(list, i, id) && !has(before, before_count, id))
            e = tell(c, a, at, m, id, f);
    }
    return e;
}
