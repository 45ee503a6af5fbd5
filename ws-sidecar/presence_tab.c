#include "ws-sidecar/presence_tab.h"

#include "ws-sidecar/session.h"

#include <stdlib.h>
#include <string.h>

struct presence_tab {
    struct presence_tab *next;
    char *row, *username; /* row: its key in the table */
    int64_t user_id, room_id;
    const char *state;  /* a literal */
    size_t streams;     /* that hold it open */
    int64_t renewed_ms; /* boot time */
    bool changed;       /* shall be written as it is here */
    bool left;          /* its last stream ended */
};

void presence_tabs_init(struct presence_tabs *t)
{
    map_init(&t->by_row);
}

static void forget(struct presence_tabs *t, struct presence_tab **place)
{
    struct presence_tab *tab = *place;

    *place = tab->next;
    map_remove(&t->by_row, tab->row, strlen(tab->row));
    free(tab->row);
    free(tab->username);
    free(tab);
}

void presence_tabs_release(struct presence_tabs *t)
{
    while (t->first)
        forget(t, &t->first);
    map_release(&t->by_row);
}

static struct presence_tab *find(struct session *x, struct arena *a, const char **row)
{
    struct presence_tabs *t = &x->sidecar->presence.tabs;

    *row = online_row_key(a, x->user_key, x->tab);
    return map_get(&t->by_row, *row, strlen(*row));
}

static struct presence_tab *add(struct presence_tabs *t, const char *row)
{
    struct presence_tab *tab;

    if (t->by_row.count >= PRESENCE_TABS_MAX)
        return NULL;
    tab = xcalloc(1, sizeof *tab);
    tab->row = xstrdup(row);
    tab->next = t->first;
    t->first = tab;
    map_put(&t->by_row, row, strlen(row), tab);
    return tab;
}

static void note(struct presence_tab *tab, const struct session *x)
{
    bool same = tab->username && !tab->left && tab->room_id == x->present_room &&
                strcmp(tab->state, x->present_state) == 0 &&
                strcmp(tab->username, x->actor.username) == 0;

    if (same)
        return;
    free(tab->username);
    tab->username = xstrdup(x->actor.username);
    tab->user_id = x->user_key;
    tab->room_id = x->present_room;
    tab->state = x->present_state;
    tab->changed = true;
    tab->left = false;
}

void presence_tab_seen(struct session *x)
{
    struct presence_tab *tab;
    struct arena a;
    const char *row;

    if (!x->user_key)
        return;
    arena_init(&a);
    tab = find(x, &a, &row);
    if (!tab)
        tab = add(&x->sidecar->presence.tabs, row);
    if (tab) {
        note(tab, x);
        if (x->kind == HANDSHAKE_STREAM) {
            tab->streams++;
            x->holds_tab = true;
        }
    }
    arena_release(&a);
}

void presence_tab_left(struct session *x)
{
    struct presence_tab *tab;
    struct arena a;
    const char *row;

    if (!x->holds_tab)
        return;
    x->holds_tab = false;
    arena_init(&a);
    tab = find(x, &a, &row);
    if (--tab->streams == 0)
        tab->left = true;
    arena_release(&a);
}

void presence_tab_renamed(struct session *x)
{
    struct presence_tab *tab;
    struct arena a;
    const char *row;

    if (!x->holds_tab)
        return;
    arena_init(&a);
    tab = find(x, &a, &row);
    if (strcmp(tab->username, x->actor.username) != 0) {
        free(tab->username);
        tab->username = xstrdup(x->actor.username);
        tab->renewed_ms -= PRESENCE_RENEW_MS; /* is due */
    }
    arena_release(&a);
}

size_t presence_tabs_count(const struct presence_tabs *t)
{
    return t->by_row.count;
}

static struct presence row_of(struct arena *a, const struct presence_tab *tab, int64_t ttl_ms)
{
    return (struct presence){
        .connection = arena_str(a, tab->row),
        .instance = "poll",
        .username = arena_str(a, tab->username),
        .state = tab->state,
        .user_id = tab->user_id,
        .room_id = tab->room_id,
        .expires_ms = ttl_ms,
    };
}

/* False: nothing is due. */
static bool change_of(struct presence_tab *tab, struct arena *a, const struct conf *conf,
                      int64_t now, struct presence_change *out)
{
    bool due = now - tab->renewed_ms >= PRESENCE_RENEW_MS;

    if (tab->left)
        *out = (struct presence_change){PRESENCE_SHORTEN, row_of(a, tab, conf->presence_grace_ms)};
    else if (tab->changed)
        *out = (struct presence_change){PRESENCE_PUT, row_of(a, tab, conf->presence_ttl_ms)};
    else if (tab->streams > 0 && due)
        *out = (struct presence_change){PRESENCE_RENEW, row_of(a, tab, conf->presence_ttl_ms)};
    else
        return false;
    tab->changed = false;
    tab->renewed_ms = now;
    return true;
}

size_t presence_tabs_collect(struct presence_tabs *t, struct arena *a, const struct conf *conf,
                             int64_t now, struct presence_change *out)
{
    struct presence_tab **place = &t->first;
    size_t count = 0;

    while (*place) {
        struct presence_tab *tab = *place;

        count += change_of(tab, a, conf, now, &out[count]);
        /* A poll's row that must be written again by the next poll need not be known. */
        if (tab->left || (tab->streams == 0 && now - tab->renewed_ms >= PRESENCE_RENEW_MS))
            forget(t, place);
        else
            place = &tab->next;
    }
    return count;
}
