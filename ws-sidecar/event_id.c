#include "ws-sidecar/event_id.h"

#include <string.h>

static void add(struct event_id *id, const char *text)
{
    size_t len = strlen(text);

    if (len <= sizeof id->text - id->len) {
        memcpy(id->text + id->len, text, len);
        id->len += len;
    }
}

/* Once for each room of each event: what printf() does besides would show. */
static void add_number(struct event_id *id, int64_t n)
{
    char digits[24], *at = digits + sizeof digits - 1;

    *at = '\0';
    do {
        *--at = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    add(id, at);
}

static void add_room(void *ctx, int64_t room_id, const char *room, int64_t cursor)
{
    struct event_id *id = ctx;

    add(id, id->text[id->len - 1] == ' ' ? "" : ",");
    add(id, room);
    add(id, ":");
    add_number(id, room_id == id->room_id ? id->reached : cursor);
}

void event_id_make(struct event_id *id, const struct hub_reader *r, const char *epoch,
                   int64_t room_id, int64_t reached)
{
    id->len = 0;
    id->room_id = room_id;
    id->reached = reached;
    if (!r->subs)
        return;
    add(id, "id: ");
    add(id, epoch);
    add(id, " ");
    hub_each_room(r, add_room, id);
    add(id, "\n");
}
