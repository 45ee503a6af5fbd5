/* search/: as JSON, and as a page that needs no script. */
#include "cgi-bin/handle.h"

#include "cgi-bin/answer.h"
#include "cgi-bin/auth.h"
#include "cgi-bin/page.h"
#include "chat/limits.h"
#include "chat/wire_search.h"
#include "lib/text.h"

#include <string.h>

static struct search search_of(struct call *c)
{
    const struct value *q = call_value(c, "q");
    const char *sort = call_text(c, "sort");

    return (struct search){
        .who = &c->actor,
        .text = q->given ? q->text : "",
        .len = q->given ? q->len : 0,
        .room = call_text(c, "room"),
        .newest = sort && strcmp(sort, "newest") == 0,
        .page = call_number(c, "page", 1),
    };
}

/* A page without a question costs nothing. */
static enum err run(struct call *c, const struct search *s, struct search_result *out,
                    struct fail *f)
{
    const char *address = *c->req.address ? c->req.address : NULL;
    enum err e = s->len ? limits_take_search(c->chat, &c->actor, address, f) : OK;

    return e ? e : search_run(c->chat, c->arena, s, out, f);
}

enum err handle_search(struct call *c, struct fail *f)
{
    const struct search s = search_of(c);
    struct search_result result;
    enum err e = run(c, &s, &result, f);

    return e ? e : answer_json(c, 200, wire_search(&s, &result));
}

/* ----- the page ----- */

static const char *url_of(struct call *c, const struct search *s, bool newest, int64_t page)
{
    struct buf b;
    const char *url;

    buf_init(&b, 8192);
    buf_fmt(&b, "%s/search/?q=", c->app->conf->page_path);
    buf_url(&b, s->text, s->len);
    if (s->room)
        buf_fmt(&b, "&room=%s", s->room); /* a slug */
    if (newest)
        buf_str(&b, "&sort=newest");
    if (page > 1)
        buf_fmt(&b, "&page=%lld", (long long)page);
    url = arena_str(c->arena, buf_cstr(&b));
    buf_release(&b);
    return url;
}

static void add_rows(struct call *c, struct json_object *o)
{
    struct json_object *list = json_object_object_get(o, "results");

    for (size_t i = 0; i < json_object_array_length(list); i++) {
        struct json_object *row = json_object_array_get_idx(list, i);
        const char *name = json_object_get_string(json_object_object_get(row, "username"));

        page_add_times(c->arena, row);
        page_add_day(c->arena, row);
        json_set_str(row, "initial", page_initial(c->arena, name));
        json_set_str(row, "url",
                     answer_message_url(c, json_object_get_int64(json_object_object_get(row, "id")),
                                        json_object_get_int64(json_object_object_get(row, "seq"))));
    }
}

/* What is to be said beside the results. */
static const char *summary(struct call *c, const struct search_result *r)
{
    if (!r->asked)
        return "Type what you are looking for.";
    if (r->total == 0)
        return r->partial ? "Nothing was found in the newest messages. There was no time for all."
                          : "Nothing was found.";
    return arena_fmt(c->arena, "%s%zu message%s%s.%s%s",
                     r->total == SEARCH_WINDOW ? "The newest " : "", r->total,
                     r->total == 1 ? "" : "s", r->as_parts ? " with this as a part of words" : "",
                     r->total == SEARCH_WINDOW ? " Further words find fewer." : "",
                     r->partial ? " There was time for the newest messages only." : "");
}

static struct json_object *page_of(struct call *c, const struct search *s,
                                   const struct search_result *r)
{
    struct json_object *o = wire_search(s, r);

    page_add_site(c, o);
    add_rows(c, o);
    json_set_str(o, "q", s->text);
    json_set_str(o, "room", s->room);
    json_set_str(o, "summary", summary(c, r));
    json_set_bool(o, "newest", s->newest);
    json_set_bool(o, "has_results", r->count > 0);
    json_set_str(o, "other_sort_url", url_of(c, s, !s->newest, 1));
    json_set_str(o, "back_url", answer_room_url(c, s->room));
    if (r->has_more)
        json_set_str(o, "next_url", url_of(c, s, s->newest, s->page + 1));
    if (s->page > 1)
        json_set_str(o, "previous_url", url_of(c, s, s->newest, s->page - 1));
    return o;
}

enum err handle_search_page(struct call *c, struct fail *f)
{
    const struct search s = search_of(c);
    struct search_result result;
    enum err e = identity_may_read(c->chat, &c->actor, f);

    if (!e)
        e = run(c, &s, &result, f);
    if (e)
        return e;
    http_add_header(&c->res, "Vary", "Accept, Cookie, Authorization");
    return call_wants_page(c) ? answer_page(c, 200, "search", page_of(c, &s, &result), f)
                              : answer_json(c, 200, page_of(c, &s, &result));
}
