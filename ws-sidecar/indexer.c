#include "ws-sidecar/indexer.h"

#include "chat/indexing.h"

enum { AFTER_TROUBLE_MS = 10000 };

static void step(struct indexer *x, struct chat *c, int64_t now)
{
    struct fail f;
    bool done = false;
    int64_t after;

    if (indexing_step(c, &done, &f)) {
        x->next_ms = now + AFTER_TROUBLE_MS;
        return;
    }
    after = clock_boot_ms(&c->clock);
    x->due = !done;
    x->next_ms = after + indexing_rest_ms(after - now);
}

int64_t indexer_run(struct indexer *x, struct chat *c)
{
    int64_t now = clock_boot_ms(&c->clock);
    struct fail f;
    bool moved;

    if (now < x->next_ms)
        return x->due ? x->next_ms - now : -1;
    if (chat_follow(c, &moved, &f))
        return AFTER_TROUBLE_MS;
    if (!x->due && indexing_is_due(c, &x->due, &f))
        x->due = false;
    if (x->due)
        step(x, c, now);
    return x->due ? x->next_ms - clock_boot_ms(&c->clock) : -1;
}
