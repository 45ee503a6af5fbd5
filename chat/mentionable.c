#include "chat/mentionable.h"

#include "chat/naming.h"
#include "chat/rooms.h"
#include "db/member.h"
#include "lib/text.h"

#include <string.h>

enum { CANDIDATES_MAX = 200, PREFIX_MAX = 128 };

struct hunt {
    struct chat *chat;
    struct arena *arena;
    struct room room;
    struct people_circle circle;
    struct user *list;
    size_t list_count;
    struct mentionable *out;
    size_t *count;
};

/* Whether the candidate is one of these: of the room's readers, or of the others who are known. */
static enum err fits(struct hunt *h, const struct user *u, bool readers, bool *out, struct fail *f)
{
    bool reads = false;
    enum err e = member_exists(h->chat->db, h->room.id, u->id, &reads, f);

    *out = reads == readers && !user_is_erased(u);
    if (e || !*out || strcmp(h->room.kind, "public") != 0)
        return e;
    return people_knows(&h->circle, u->id, out, f);
}

static enum err take(struct hunt *h, bool readers, struct fail *f)
{
    enum err e = OK;

    for (size_t i = 0; !e && i < h->list_count && *h->count < PEOPLE_FOUND_MAX; i++) {
        struct mentionable *next = &h->out[*h->count];
        bool wanted = false;

        e = fits(h, &h->list[i], readers, &wanted, f);
        if (e || !wanted)
            continue;
        next->user = h->list[i];
        e = naming_shown(h->chat, h->arena, &next->user, &next->shown, f);
        ++*h->count;
    }
    return e;
}

enum err mentionable_search(struct chat *c, struct arena *a, const struct actor *who,
                            const char *room, const char *prefix, struct mentionable *out,
                            size_t *count, struct fail *f)
{
    struct hunt h = {
        .chat = c,
        .arena = a,
        .circle = {.chat = c, .arena = a, .user_id = who->user_id},
        .out = out,
        .count = count,
    };
    enum err e = rooms_find_bare(c, a, who, room, &h.room, f);

    *count = 0;
    if (e || strlen(prefix) > PREFIX_MAX || text_is_blank(prefix, strlen(prefix)))
        return e;
    h.list = arena_alloc(a, CANDIDATES_MAX * sizeof *h.list);
    e = user_list_by_prefix(c->db, a, text_fold(a, prefix), who->user_id, h.list, CANDIDATES_MAX,
                            &h.list_count, f);
    if (!e)
        e = take(&h, true, f);
    return !e && strcmp(h.room.kind, "public") == 0 ? take(&h, false, f) : e;
}
