#include "chat/people.h"

#include "chat/online.h"
#include "db/member.h"
#include "lib/text.h"

#include <string.h>

enum { CANDIDATES_MAX = 200, PREFIX_MAX = 128 };

static enum err is_online(struct people_circle *k, int64_t id, bool *out, struct fail *f)
{
    enum err e = OK;

    if (!k->asked)
        e = online_list(k->chat, k->arena, 0, &k->online, &k->online_count, f);
    k->asked = true;
    for (size_t i = 0; !*out && i < k->online_count; i++)
        *out = k->online[i].user_id == id;
    return e;
}

enum err people_knows(struct people_circle *k, int64_t id, bool *out, struct fail *f)
{
    enum err e;

    *out = id == k->user_id;
    if (*out)
        return OK;
    e = user_wrote_in_public(k->chat->db, id, out, f);
    if (!e && !*out)
        e = member_of_same(k->chat->db, k->user_id, id, out, f);
    if (!e && !*out)
        e = is_online(k, id, out, f);
    return e;
}

static enum err nobody(struct fail *f)
{
    return fail(f, ERR_NOT_FOUND, "There is no such person.");
}

enum err people_find(struct chat *c, struct arena *a, const struct actor *who, int64_t user_id,
                     struct user *out, struct fail *f)
{
    struct people_circle k = {.chat = c, .arena = a, .user_id = who->user_id};
    bool known = false;
    enum err e =
        people_knows(&k, user_id, &known, f); /* first: it takes as long for who never was */

    if (!e && known)
        e = user_by_id(c->db, a, user_id, out, f);
    return e == ERR_NOT_FOUND || (!e && !known) ? nobody(f) : e;
}

/* Keeps of list[] those whom the actor may know of, at most `max`. */
static enum err keep_known(struct people_circle *k, const struct user *list, size_t count,
                           struct user *out, size_t max, size_t *kept, struct fail *f)
{
    enum err e = OK;

    *kept = 0;
    for (size_t i = 0; !e && i < count && *kept < max; i++) {
        bool known = false;

        e = people_knows(k, list[i].id, &known, f);
        if (!e && known)
            out[(*kept)++] = list[i];
    }
    return e;
}

enum err people_find_by_name(struct chat *c, struct arena *a, const struct actor *who,
                             const char *name, struct user *out, struct fail *f)
{
    struct people_circle k = {.chat = c, .arena = a, .user_id = who->user_id};
    struct user *same = arena_alloc(a, CANDIDATES_MAX * sizeof *same);
    size_t count = 0, kept = 0;
    enum err e;

    if (strlen(name) > PREFIX_MAX)
        return nobody(f);
    e = user_list_by_fold(c->db, a, text_fold(a, name), same, CANDIDATES_MAX, &count, f);
    if (!e)
        e = keep_known(&k, same, count, out, 1, &kept, f);
    return !e && kept == 0 ? nobody(f) : e;
}

enum err people_search(struct chat *c, struct arena *a, const struct actor *who, const char *prefix,
                       struct user *out, size_t *count, struct fail *f)
{
    struct people_circle k = {.chat = c, .arena = a, .user_id = who->user_id};
    struct user *found = arena_alloc(a, CANDIDATES_MAX * sizeof *found);
    size_t all = 0;
    enum err e;

    *count = 0;
    if (strlen(prefix) > PREFIX_MAX || text_is_blank(prefix, strlen(prefix)))
        return OK;
    e = user_list_by_prefix(c->db, a, text_fold(a, prefix), who->user_id, found, CANDIDATES_MAX,
                            &all, f);
    return e ? e : keep_known(&k, found, all, out, PEOPLE_FOUND_MAX, count, f);
}
