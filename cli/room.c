#include "cli/commands.h"
#include "cli/site.h"

#include "chat/retention.h"
#include "chat/rooms.h"
#include "lib/text.h"

#include <string.h>

enum { SLOW_SECONDS_MAX = 86400, POSITION_LAST = 1000 };

/* One change, as the write transaction sees it. */
struct change {
    struct arena *arena;
    const char *slug, *text; /* text: title or topic */
    int64_t number;          /* seconds or days */
    bool undo;
};

static enum err find(struct chat *c, struct change *ch, struct room *room, struct fail *f)
{
    enum err e = room_by_slug(c->db, ch->arena, ch->slug, room, f);

    return e == ERR_NOT_FOUND
               ? fail(f, e, "There is no room '%s'. See `outcry room list`.", ch->slug)
               : e;
}

static enum err create(struct chat *c, void *arg, struct fail *f)
{
    struct change *ch = arg;
    struct room room;

    return rooms_create(c, ch->arena, ch->slug, ch->text, POSITION_LAST, 0, &room, f);
}

static enum err set_topic(struct chat *c, void *arg, struct fail *f)
{
    struct change *ch = arg;
    struct room room;
    enum err e = find(c, ch, &room, f);

    return e ? e : rooms_set_topic(c, &room, ch->text, 0, f);
}

static enum err archive(struct chat *c, void *arg, struct fail *f)
{
    struct change *ch = arg;
    struct room room;
    enum err e = find(c, ch, &room, f);

    if (!e && strcmp(ch->slug, c->conf->default_room) == 0 && !ch->undo)
        return fail(f, ERR_BAD_REQUEST, "'%s' is the default room; it stays open.", ch->slug);
    return e ? e : rooms_set_archived(c, &room, !ch->undo, 0, f);
}

static enum err retention(struct chat *c, void *arg, struct fail *f)
{
    struct change *ch = arg;
    struct room room;
    enum err e = find(c, ch, &room, f);

    return e ? e : retention_set(c, ch->arena, &room, ch->number, 0, f);
}

static enum err slow(struct chat *c, void *arg, struct fail *f)
{
    struct change *ch = arg;
    struct room room;
    enum err e = find(c, ch, &room, f);

    return e ? e : rooms_set_slow(c, ch->arena, &room, ch->number, 0, f);
}

/* ASCII tables, one row a room, archived ones last: for people and for cut(1). */
static enum err list(struct chat *c, struct arena *a, struct fail *f)
{
    struct room_view *rooms = arena_alloc(a, 2 * ROOMS_MAX * sizeof *rooms);
    size_t count, archived = 0;
    enum err e = room_list_public(c->db, a, 0, rooms, ROOMS_MAX, &count, f);

    if (!e)
        e = room_list_away(c->db, a, 0, rooms + count, ROOMS_MAX, &archived, f);
    count += archived;
    if (e)
        return e;
    printf("%-32s %8s %6s  %s\n", "room", "seq", "slow", "title");
    for (size_t i = 0; i < count; i++) {
        const struct room *r = &rooms[i].room;

        printf("%-32s %8lld %6lld  %s%s%s%s\n", r->slug, (long long)r->head, (long long)r->slow_s,
               r->title, r->topic[0] ? " - " : "", r->topic, r->archived_ms ? " (archived)" : "");
    }
    return OK;
}

static const struct action {
    const char *name;
    size_t words;
    chat_work_fn *work;
} actions[] = {
    {"create", 3, create}, {"topic", 3, set_topic},     {"archive", 2, archive},
    {"slow", 3, slow},     {"retention", 3, retention},
};

static const struct action *find_action(const struct args *args)
{
    for (size_t i = 0; i < ARRAY_LEN(actions); i++) {
        if (args->word_count == actions[i].words && strcmp(args->words[0], actions[i].name) == 0)
            return &actions[i];
    }
    return NULL;
}

static int run(const struct args *args)
{
    const struct action *action = find_action(args);
    bool listing = args->word_count == 1 && strcmp(args->words[0], "list") == 0;
    struct change change = {.slug = args->words[1], .text = args->words[2]};
    struct site site;
    struct fail f = {0};
    enum err e;

    if (!action && !listing)
        return args_misused(args, "Say list, create SLUG TITLE, topic SLUG TEXT, archive SLUG, "
                                  "slow SLUG SECONDS or retention SLUG DAYS.");
    change.undo = args_value(args, "undo") != NULL;
    if (action && action->work == slow &&
        !text_to_i64(change.text, strlen(change.text), 0, SLOW_SECONDS_MAX, &change.number))
        return args_misused(args, "Slow mode is 0 (off) to %d seconds.", SLOW_SECONDS_MAX);
    if (action && action->work == retention &&
        !text_to_i64(change.text, strlen(change.text), 0, RETENTION_DAYS_MAX, &change.number))
        return args_misused(args, "Messages are kept 0 (for ever) to %d days.", RETENTION_DAYS_MAX);
    if (!site_open(&site, args, listing ? DB_READ_ONLY : DB_READ_WRITE))
        return EXIT_FAILED;
    change.arena = &site.arena;
    if (listing)
        e = list(&site.chat, &site.arena, &f);
    else
        e = chat_write(&site.chat, action->work, &change, &f);
    if (!e && action)
        printf("Done: %s %s.\n", action->name, change.slug);
    site_close(&site);
    return e ? site_failed(&f) : EXIT_DONE;
}

const struct command room_command = {
    .name = "room",
    .words = "list | create SLUG TITLE | topic SLUG TEXT | archive SLUG | slow SLUG SECONDS | "
             "retention SLUG DAYS",
    .summary = "Lists and changes rooms; whoever is connected sees it at once.",
    .help = "A slug is 1 to 32 of a-z, 0-9 and '-'. An archived room keeps its messages.\n"
            "What is older than a room's retention is deleted by `outcry purge`; 0: kept for ever.",
    .options =
        {
            SITE_OPTION,
            {"undo", NULL, "with archive: open the room again"},
        },
    .run = run,
};
