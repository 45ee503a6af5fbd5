/* What mentioned the reader: as JSON, and as a page that needs no script. */
#include "cgi-bin/handle.h"

#include "cgi-bin/answer.h"
#include "cgi-bin/page.h"
#include "chat/wire_mention.h"

enum err handle_mentions(struct call *c, struct fail *f)
{
    int64_t page = call_number(c, "page", 1);
    struct mentioned_page found;
    enum err e = mentioned_load(c->chat, c->arena, &c->actor, page, &found, f);

    return e ? e : answer_json(c, 200, wire_mentioned(&found, page));
}

enum err handle_mentions_page(struct call *c, struct fail *f)
{
    int64_t page = call_number(c, "page", 1);
    struct mentioned_page found;
    struct json_object *o;
    enum err e = mentioned_load(c->chat, c->arena, &c->actor, page, &found, f);

    if (e)
        return e;
    o = page_mentioned_data(c, &found, page);
    http_add_header(&c->res, "Vary", "Accept, Cookie, Authorization");
    return call_wants_page(c) ? answer_page(c, 200, "mentions", o, f) : answer_json(c, 200, o);
}
