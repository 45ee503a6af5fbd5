#include "tests/lib/outsider.h"

#include "chat/act.h"
#include "chat/members.h"
#include "chat/open_room.h"
#include "chat/upload.h"

#include <stdio.h>
#include <string.h>

unsigned outsider_draw(struct question *q, unsigned below)
{
    q->state = q->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return below ? (unsigned)(q->state >> 33) % below : 0;
}

static const char *one_of(struct question *q, const struct pair *list, unsigned count)
{
    const struct pair *p = &list[outsider_draw(q, count)];

    q->refers = true;
    return q->never ? p->never : p->real;
}

static const char *a_room(struct question *q)
{
    return one_of(q, q->world->rooms, ARRAY_LEN(q->world->rooms));
}

static const char *a_message(struct question *q)
{
    return one_of(q, q->world->messages, ARRAY_LEN(q->world->messages));
}

static const char *a_person(struct question *q)
{
    return one_of(q, q->world->people, ARRAY_LEN(q->world->people));
}

static const char *a_file(struct question *q)
{
    return one_of(q, q->world->files, ARRAY_LEN(q->world->files));
}

const struct pair outsider_words[OUTSIDER_WORDS] = {
    {"Yaffle", "Yafflx"}, {"Zephyrdesk", "Zephyrdxsk"}, {"Xanthippe", "Xanthixxe"}};

static const char *a_word(struct question *q)
{
    return one_of(q, outsider_words, OUTSIDER_WORDS);
}

/* The number of a thing, or of an event. */
static const char *a_number(struct question *q, const char *name)
{
    size_t len = strlen(name);

    if (strcmp(name, "reply_to") == 0)
        return a_message(q);
    if (len >= 2 && strcmp(name + len - 2, "id") == 0)
        return outsider_draw(q, 2) ? a_message(q) : a_person(q);
    return outsider_draw(q, 2) ? "1" : "0";
}

/* A value as the route's parameter may have it. A name that somebody has is no secret where one
 * asks for a name of one's own. */
static const char *a_value(struct question *q, const struct param *p)
{
    struct arena *a = &q->world->w->fx->arena;
    bool about_people =
        strcmp(p->name, "username") == 0 && (strcmp(q->route->pattern, "direct") == 0 ||
                                             strcmp(q->route->pattern, "rooms/<slug>/invite") == 0);

    switch (p->kind) {
    case PARAM_NUMBER:
        return a_number(q, p->name);
    case PARAM_SLUG:
        return outsider_draw(q, 4) ? a_room(q) : "general";
    case PARAM_CLIENT_ID:
        return "conn-of-outsider";
    case PARAM_LIST:
        return a_file(q);
    case PARAM_CHOICE:
        return arena_strn(a, p->choices, strcspn(p->choices, " "));
    case PARAM_TEXT:
        break;
    }
    if (strcmp(p->name, "rooms") == 0)
        return arena_fmt(a, "general:0,%s%s", a_room(q), outsider_draw(q, 2) ? ":0" : "");
    if (about_people || p->from == FROM_QUERY)
        return a_word(q);
    if (strcmp(p->name, "username") == 0 || strcmp(p->name, "display_name") == 0)
        return arena_fmt(a, "%016llx", (unsigned long long)++q->world->names);
    return strcmp(p->name, "emoji") == 0 ? "%F0%9F%91%8D" : "words";
}

/* "messages/<#id>": what the number is of, is said by the segment before it. */
static const char *a_segment(struct question *q, const char *pattern, size_t at)
{
    bool of_people = at >= 6 && (strncmp(pattern + at - 6, "users/", 6) == 0 ||
                                 (at >= 8 && (strncmp(pattern + at - 8, "members/", 8) == 0 ||
                                              strncmp(pattern + at - 8, "ignored/", 8) == 0)));

    if (strncmp(pattern + at, "<id>", 4) == 0)
        return a_file(q);
    if (strncmp(pattern + at, "<name>", 6) == 0)
        return "words";
    if (strncmp(pattern + at, "<#", 2) == 0)
        return of_people ? a_person(q) : a_message(q);
    return strncmp(pattern + at, "<emoji>", 7) == 0 ? "%F0%9F%91%8D" : a_room(q);
}

static void add(char *out, size_t size, const char *text)
{
    size_t len = strlen(out);

    assert_true(len + strlen(text) < size);
    memcpy(out + len, text, strlen(text) + 1);
}

static void fill_path(struct question *q, const char *prefix)
{
    const char *p = q->route->pattern;

    snprintf(q->uri, sizeof q->uri, "%s/", prefix);
    for (size_t i = 0; p[i];) {
        char one[2] = {p[i], '\0'};

        if (p[i] == '<') {
            add(q->uri, sizeof q->uri, a_segment(q, p, i));
            i += strcspn(p + i, ">") + 1;
        } else {
            add(q->uri, sizeof q->uri, one);
            i++;
        }
    }
    if (*p)
        add(q->uri, sizeof q->uri, "/");
}

static void add_field(struct question *q, const struct param *p, const char *value)
{
    struct arena *a = &q->world->w->fx->arena;
    bool number = p->kind == PARAM_NUMBER;

    if (p->from == FROM_QUERY)
        add(q->uri, sizeof q->uri,
            arena_fmt(a, "%c%s=%s", strchr(q->uri, '?') ? '&' : '?', p->name, value));
    else if (q->as_form)
        add(q->body, sizeof q->body, arena_fmt(a, "%s%s=%s", *q->body ? "&" : "", p->name, value));
    else
        add(q->body, sizeof q->body,
            arena_fmt(a, number ? "%s\"%s\":%s" : "%s\"%s\":\"%s\"", *q->body ? "," : "", p->name,
                      value));
}

void outsider_make(struct question *q, const struct route *table, unsigned at)
{
    const struct conf *conf = &q->world->w->fx->conf;

    q->route = &table[at];
    q->method = q->route->method == HTTP_GET     ? "GET"
                : q->route->method == HTTP_POST  ? "POST"
                : q->route->method == HTTP_PUT   ? "PUT"
                : q->route->method == HTTP_PATCH ? "PATCH"
                                                 : "DELETE";
    q->person = (int)outsider_draw(q, 4);
    q->as_form = outsider_draw(q, 2);
    fill_path(q, table == api_routes ? conf->api_path : conf->page_path);
    for (const struct param *p = q->route->params; p && p->name; p++) {
        if ((p->from == FROM_QUERY || p->from == FROM_BODY) && (p->required || outsider_draw(q, 2)))
            add_field(q, p, a_value(q, p));
    }
}

/* Somebody of the host, who was in the room, a guest, nobody. */
static void be(struct world *world, int person)
{
    struct web *w = world->w;

    web_sign_out(w);
    if (person < 2)
        w->bearer = world->tokens[person];
    w->cookie = person == 2 ? world->cookie : NULL;
    w->csrf = person == 2 ? world->csrf : NULL;
}

int outsider_ask(struct question *q)
{
    struct web *w = q->world->w;
    const char *body = q->as_form ? q->body : arena_fmt(&w->fx->arena, "{%s}", q->body);

    be(q->world, q->person);
    web_begin(w, q->method, q->uri);
    if (strcmp(q->method, "GET") != 0)
        web_body(w,
                 q->route->bytes_max ? "application/octet-stream"
                 : q->as_form        ? "application/x-www-form-urlencoded"
                                     : "application/json",
                 body, strlen(body));
    return web_send(w);
}

/* ----- what is hidden ----- */

static void enter(struct world *world, const struct actor *ana, const struct actor *who,
                  const char *slug)
{
    struct fixture *fx = world->w->fx;
    struct room_view v;

    fixture_sql(fx, arena_fmt(&fx->arena,
                              "INSERT INTO invitation (room_id, user_id, inviter_id, ts_ms)"
                              " SELECT id, %lld, %lld, 1 FROM room WHERE slug = '%s'",
                              (long long)who->user_id, (long long)ana->user_id, slug));
    FIXTURE_WRITE(fx, members_join(&fx->chat, &fx->arena, who, slug, &v, &fx->fail));
}

static const char *number(struct world *world, int64_t n)
{
    return arena_fmt(&world->w->fx->arena, "%lld", (long long)n);
}

/* A message with everything on it. */
static struct pair decorated(struct world *world, const struct actor *ana, const char *slug)
{
    struct fixture *fx = world->w->fx;
    int64_t id = fixture_post(fx, ana, slug, "Yaffel").message.id;
    const struct act acts[] = {
        {.kind = ACT_EDIT, .text = "Yaffle", .text_len = 6, .rev = 1},
        {.kind = ACT_REACT, .emoji = "👍", .on = true},
        {.kind = ACT_PIN, .on = true},
    };

    for (size_t i = 0; i < ARRAY_LEN(acts); i++) {
        struct act act = acts[i];
        struct acted done;

        act.actor = ana;
        act.msg_id = id;
        if (act.kind == ACT_PIN && slug[0] == 'd')
            continue;
        assert_int_equal(chat_act_now(&fx->chat, &fx->arena, &act, &done, &fx->fail), OK);
    }
    return (struct pair){number(world, id), "1234567890123456"};
}

/* A file, posted or not. */
static struct pair file(struct world *world, const struct actor *ana, const char *slug, bool posted)
{
    static const char text[] = "Yaffle";
    struct fixture *fx = world->w->fx;
    const struct upload_wish wish = {
        .actor = ana, .room = slug, .name = "Yaffle.txt", .name_len = 10, .size = 6};
    struct posted message;
    struct upload u;

    assert_int_equal(upload_whole(&fx->chat, &fx->arena, &wish, text, &u, &fx->fail), OK);
    if (posted) {
        const struct post post = {
            .actor = ana, .room = slug, .via = "api", .attachments = u.row.id};

        assert_int_equal(chat_post_now(&fx->chat, &fx->arena, &post, &message, &fx->fail), OK);
    }
    return (struct pair){u.row.id, "0123456789abcdef0123456789abcdef"};
}

static void hide(struct world *world)
{
    struct fixture *fx = world->w->fx;
    struct actor ana = fixture_user(fx, "7", "ana"), ben = fixture_user(fx, "8", "ben"),
                 hidden = fixture_user(fx, "11", "Xanthippe");
    struct room desk, talk;
    bool made;

    fixture_post(fx, &ana, NULL, "in public");
    FIXTURE_WRITE(fx,
                  open_private(&fx->chat, &fx->arena, &ana, "Zephyrdesk", NULL, &desk, &fx->fail));
    FIXTURE_WRITE(fx, rooms_set_topic(&fx->chat, &desk, "Quokkas only", ana.user_id, &fx->fail));
    enter(world, &ana, &ben, desk.slug);
    enter(world, &ana, &hidden, desk.slug);
    FIXTURE_WRITE(fx, open_direct(&fx->chat, &fx->arena, &ana, &hidden.user_id, 1, NULL, &talk,
                                  &made, &fx->fail));
    world->messages[0] = decorated(world, &ana, desk.slug);
    world->messages[1] = decorated(world, &ana, talk.slug);
    world->messages[2] =
        (struct pair){number(world, fixture_post(fx, &hidden, desk.slug, "Yaffle").message.id),
                      "1234567890123457"};
    world->files[0] = file(world, &ana, desk.slug, true);
    world->files[1] = file(world, &ana, talk.slug, false);
    FIXTURE_WRITE(fx,
                  members_remove(&fx->chat, &fx->arena, &ana, desk.slug, ben.user_id, &fx->fail));
    world->rooms[0] = (struct pair){desk.slug, "p-0123456789abcdef0123"};
    world->rooms[1] = (struct pair){talk.slug, "d-0123456789abcdef0123"};
    world->tokens[0] = fixture_token(fx, "9", "eve", NULL);
    world->tokens[1] = fixture_token(fx, "8", "ben", NULL);
    web_join(world->w, "gus");
    world->cookie = world->w->cookie;
    world->csrf = world->w->csrf;
    world->people[0] = (struct pair){number(world, hidden.user_id), "4711"};
}

void outsider_open(struct world *world, uint64_t seed)
{
    *world = (struct world){.state = seed,
                            .w = web_open_with("rate_user_burst = 1000000\n"
                                               "rate_user_per_minute = 1000000\n"
                                               "rate_address_burst = 1000000\n"
                                               "rate_address_per_minute = 1000000\n"
                                               "rate_session_burst = 1000000\n"
                                               "rate_session_per_minute = 1000000\n")};
    hide(world);
}
