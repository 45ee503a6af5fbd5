/* me/mentions/: what mentioned the reader. */
#include "cgi-bin/handle.h"

#include "cgi-bin/answer.h"
#include "chat/wire_mention.h"

enum err handle_mentions(struct call *c, struct fail *f)
{
    int64_t page = call_number(c, "page", 1);
    struct mentioned_page found;
    enum err e = mentioned_load(c->chat, c->arena, &c->actor, page, &found, f);

    return e ? e : answer_json(c, 200, wire_mentioned(&found, page));
}
