#include "chat/render.h"

#include "chat/markup.h"
#include "db/message_text.h"

#include <string.h>

enum { BATCH = 100 };

struct step {
    struct render_total *total;
    int64_t last_id;
    bool done;
};

static bool differs(const char *a, const char *b)
{
    return !a || !b ? a != b : strcmp(a, b) != 0;
}

/* Whom it mentions is known; under their present names. */
static enum err render(struct chat *c, struct arena *a, const struct message_text *m,
                       const char **html, struct fail *f)
{
    struct mentions mentions = {.count = 0};
    struct mention *list = NULL;
    enum err e = m->mentions ? mention_list(c->db, a, m->id, &list, &mentions.count, f) : OK;

    if (e)
        return e;
    if (mentions.count)
        memcpy(mentions.list, list, mentions.count * sizeof *list);
    *html = mentions.count ? markup_mentions(a, m->body, &mentions) : markup_html(a, m->body);
    return OK;
}

static enum err take_batch(struct chat *c, struct step *s, struct arena *a, struct fail *f)
{
    struct message_text *list = arena_alloc(a, BATCH * sizeof *list);
    int64_t changed = 0;
    size_t count = 0;
    enum err e = message_texts(c->db, a, s->last_id, list, BATCH, &count, f);

    for (size_t i = 0; !e && i < count; i++) {
        const char *html;

        e = render(c, a, &list[i], &html, f);
        if (e || !differs(html, list[i].html))
            continue;
        e = message_set_html(c->db, list[i].id, html, f);
        changed++;
    }
    if (e)
        return e;
    if (count > 0)
        s->last_id = list[count - 1].id;
    s->done = count < BATCH;
    s->total->messages += (int64_t)count;
    s->total->changed += changed;
    return OK;
}

static enum err take_step(struct chat *c, void *arg, struct fail *f)
{
    struct arena a;
    enum err e;

    arena_init(&a);
    e = take_batch(c, arg, &a, f);
    arena_release(&a);
    return e;
}

enum err render_all(struct chat *c, struct render_total *total, struct fail *f)
{
    struct step s = {.total = total};
    enum err e = OK;

    *total = (struct render_total){0};
    while (!e && !s.done)
        e = chat_write(c, take_step, &s, f);
    return e;
}
