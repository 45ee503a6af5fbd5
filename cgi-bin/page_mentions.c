/* Mentions in the rows of pages, and the page that lists the reader's. */
#include "cgi-bin/page.h"

#include "cgi-bin/answer.h"
#include "chat/excerpt.h"
#include "chat/wire_mention.h"
#include "db/mention_name.h"

#include <string.h>

static bool is_reader(const struct call *c, int64_t user_id)
{
    return user_id == 0 || user_id == c->actor.user_id;
}

/* The way to the person; everybody is nobody's page. */
static void put_link(const void *ctx, struct buf *out, int64_t user_id, const char *shown,
                     size_t len)
{
    const struct call *c = ctx;
    const char *mine = is_reader(c, user_id) ? " mention-me" : "";
    const char *path = c->app->conf->page_path;

    if (user_id == 0) {
        buf_fmt(out, "<span class=\"mention%s\" data-user=\"0\">", mine);
        buf_add(out, shown, len);
        buf_str(out, "</span>");
        return;
    }
    buf_fmt(out, "<a class=\"mention%s\" href=\"", mine);
    buf_html(out, path, strlen(path));
    buf_fmt(out, "/u/%lld/\" data-user=\"%lld\">", (long long)user_id, (long long)user_id);
    buf_add(out, shown, len);
    buf_str(out, "</a>");
}

void page_add_mentions(const struct call *c, const struct message *m, struct json_object *row)
{
    bool called = false;

    if (!m->mention_count)
        return;
    for (size_t i = 0; i < m->mention_count; i++)
        called = called || is_reader(c, m->mentions[i].user_id);
    json_set_bool(row, "called", called && c->actor.user_id && m->user_id != c->actor.user_id);
    if (m->html)
        json_set_str(row, "html", mention_name_each(c->arena, m->html, put_link, c));
}

/* ----- the page ----- */

static const char *page_url(struct call *c, int64_t page)
{
    return arena_fmt(c->arena, "%s/mentions/?page=%lld", c->app->conf->page_path, (long long)page);
}

/* As a row of templates/found.mustache. */
static void finish_row(struct call *c, const struct mentioned *m, struct json_object *row)
{
    struct json_object *snippet = json_object_new_array(), *piece = json_object_new_object();
    char excerpt[EXCERPT_BYTES];

    excerpt_write(excerpt, message_text(&m->message));
    json_set_str(piece, "text", excerpt);
    json_object_array_add(snippet, piece);
    json_set(row, "snippet", snippet);
    json_set_str(row, "url", answer_message_url(c, m->message.id, m->message.seq));
    page_add_times(c->arena, row);
    page_add_day(c->arena, row);
}

struct json_object *page_mentioned_data(struct call *c, const struct mentioned_page *p,
                                        int64_t page)
{
    struct json_object *o = wire_mentioned(p, page);
    struct json_object *list = json_object_object_get(o, "mentions");

    for (size_t i = 0; i < p->count; i++)
        finish_row(c, &p->list[i], json_object_array_get_idx(list, i));
    page_add_site(c, o);
    json_set_bool(o, "has_mentions", p->count > 0);
    json_set_str(o, "back_url", answer_room_url(c, NULL));
    if (p->has_more)
        json_set_str(o, "next_url", page_url(c, page + 1));
    if (page > 1)
        json_set_str(o, "previous_url", page_url(c, page - 1));
    return o;
}
