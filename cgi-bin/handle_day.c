/* rooms/<slug>/day/ and the page day/: where a day begins in a room. */
#include "cgi-bin/handle.h"

#include "cgi-bin/answer.h"
#include "chat/day.h"
#include "lib/json.h"
#include "lib/text_day.h"

enum err handle_day(struct call *c, struct fail *f)
{
    struct message m;
    struct json_object *o;
    enum err e = day_find(c->chat, c->arena, &c->actor, call_text(c, "slug"),
                          call_number(c, "ms", 0), &m, f);

    if (e)
        return e;
    o = json_object_new_object();
    json_set_i64(o, "id", m.id);
    json_set_i64(o, "seq", m.seq);
    json_set_i64(o, "timestamp", m.created_ms);
    return answer_json(c, 200, o);
}

/* For a form: on to the message's page. */
enum err handle_day_page(struct call *c, struct fail *f)
{
    const struct value *day = call_value(c, "day");
    struct message m;
    int64_t ms;
    enum err e = identity_may_read(c->chat, &c->actor, f);

    if (!e && !text_day(day->text, day->len, &ms))
        e = fail(f, ERR_BAD_REQUEST, "A day looks like 2026-11-01.");
    if (!e)
        e = day_find(c->chat, c->arena, &c->actor, call_text(c, "room"), ms, &m, f);
    return e ? e : answer_see_other(c, answer_message_url(c, m.id, m.seq));
}
