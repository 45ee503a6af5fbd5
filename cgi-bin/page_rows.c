/* The parts of the page that are lists of people's doings: messages and who is online. */
#include "cgi-bin/page.h"

#include "chat/wire.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

/* Rows of one author within this time stand under one head. */
static const int64_t CONTINUED_MS = 5 * 60 * 1000;
static const int64_t DAY_MS = 24 * 3600 * 1000;

const char *page_initial(struct arena *a, const char *name)
{
    size_t len = 1;

    while (name[0] && ((unsigned char)name[len] & 0xC0u) == 0x80)
        len++;
    if (!name[0])
        return "";
    if (len > 1)
        return arena_strn(a, name, len);
    return arena_fmt(a, "%c", toupper((unsigned char)name[0]));
}

/* Month names in English: the locale of a web server's child is nobody's. */
static const char *day_label(struct arena *a, const struct tm *t)
{
    static const char *const months[] = {"January",   "February", "March",    "April",
                                         "May",       "June",     "July",     "August",
                                         "September", "October",  "November", "December"};

    return arena_fmt(a, "%d %s %d", t->tm_mday, months[t->tm_mon], t->tm_year + 1900);
}

static struct tm moment(int64_t ms)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm t = {0};

    gmtime_r(&seconds, &t);
    return t;
}

static struct tm day_of(const struct json_object *row)
{
    return moment(json_object_get_int64(json_object_object_get(row, "timestamp")));
}

const char *page_day(struct arena *a, int64_t ms)
{
    struct tm t = moment(ms);

    return day_label(a, &t);
}

void page_add_times(struct arena *a, struct json_object *row)
{
    struct tm t = day_of(row);

    json_set_str(row, "time_iso",
                 arena_fmt(a, "%04d-%02d-%02dT%02d:%02d:%02dZ", t.tm_year + 1900, t.tm_mon + 1,
                           t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec));
    json_set_str(row, "time_label", arena_fmt(a, "%02d:%02d UTC", t.tm_hour, t.tm_min));
}

const char *page_replies_label(struct arena *a, int64_t replies)
{
    if (replies < 1)
        return "";
    return replies == 1 ? "1 reply" : arena_fmt(a, "%lld replies", (long long)replies);
}

void page_add_day(struct arena *a, struct json_object *row)
{
    struct tm t = day_of(row);

    json_set_str(row, "day_label", day_label(a, &t));
}

/* Who, as one attribute for the script: "7 12". */
static void add_reactors(struct arena *a, struct json_object *row)
{
    struct json_object *list = json_object_object_get(row, "reactions");
    size_t count = list ? json_object_array_length(list) : 0;

    json_set_bool(row, "has_reactions", count > 0);
    for (size_t i = 0; i < count; i++) {
        struct json_object *one = json_object_array_get_idx(list, i);
        struct json_object *ids = json_object_object_get(one, "user_ids");
        const char *users = "";

        for (size_t j = 0; j < json_object_array_length(ids); j++)
            users = arena_fmt(a, "%s%s%lld", users, j ? " " : "",
                              (long long)json_object_get_int64(json_object_array_get_idx(ids, j)));
        json_set_str(one, "users", users);
    }
}

void page_add_messages(const struct call *c, const struct history_page *page, struct json_object *o)
{
    struct json_object *rows = json_object_new_array();
    const char *room = rooms_wire_name(&page->room.room);

    for (size_t i = 0; i < page->count; i++) {
        const struct message *m = &page->messages[i], *previous = i ? m - 1 : NULL;
        struct json_object *row = wire_message(m, room);
        bool same_day = previous && previous->created_ms / DAY_MS == m->created_ms / DAY_MS;

        json_set_bool(row, "mine", c->actor.user_id && m->user_id == c->actor.user_id);
        json_set_bool(row, "continued",
                      same_day && previous->user_id == m->user_id &&
                          strcmp(previous->author_name, m->author_name) == 0 &&
                          m->created_ms - previous->created_ms < CONTINUED_MS);
        json_set_bool(row, "quote_lost",
                      m->reply_to && !m->quote && !m->quote_hidden && !m->deleted_ms);
        json_set_str(row, "initial", page_initial(c->arena, m->author_name));
        json_set_str(row, "replies_label", page_replies_label(c->arena, m->replies));
        page_add_times(c->arena, row);
        add_reactors(c->arena, row);
        page_add_files(c->arena, row);
        page_add_mentions(c, m, row);
        if (!same_day)
            page_add_day(c->arena, row);
        json_object_array_add(rows, row);
    }
    json_set(o, "messages", rows);
}

enum err page_add_online(struct call *c, int64_t room_id, struct json_object *o, struct fail *f)
{
    struct online *here, *everybody;
    size_t count = 0, total = 0;
    struct json_object *rows;
    enum err e = online_list(c->chat, c->arena, room_id, &here, &count, f);

    if (!e)
        e = online_list(c->chat, c->arena, 0, &everybody, &total, f);
    if (e)
        return e;
    rows = wire_online(here, count);
    for (size_t i = 0; i < count; i++)
        json_set_str(json_object_array_get_idx(rows, i), "initial",
                     page_initial(c->arena, here[i].username));
    json_set(o, "online", rows);
    json_set_i64(o, "online_count", (int64_t)count);
    json_set_i64(o, "online_total", (int64_t)total);
    return OK;
}
