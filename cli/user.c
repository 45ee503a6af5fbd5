#include "cli/commands.h"
#include "cli/site.h"

#include "chat/erase.h"
#include "chat/moderate.h"
#include "lib/text.h"

#include <string.h>
#include <time.h>

enum { PAGE = 200 };

struct sanction {
    struct arena *arena;
    int64_t user_id, until; /* wall ms; 0: undone */
    const char *role;
};

static enum err set_role(struct chat *c, void *arg, struct fail *f)
{
    struct sanction *s = arg;

    return moderate_set_role(c, s->arena, s->user_id, s->role, 0, f);
}

static enum err mute(struct chat *c, void *arg, struct fail *f)
{
    struct sanction *s = arg;

    return moderate_mute(c, s->arena, s->user_id, s->until, 0, f);
}

static enum err ban(struct chat *c, void *arg, struct fail *f)
{
    struct sanction *s = arg;

    return moderate_ban(c, s->arena, s->user_id, s->until, 0, f);
}

static enum err revoke(struct chat *c, void *arg, struct fail *f)
{
    struct sanction *s = arg;

    return moderate_revoke(c, s->arena, s->user_id, 0, f);
}

static void print_until(const char *what, int64_t until_ms, int64_t now_ms)
{
    time_t seconds = (time_t)(until_ms / 1000);
    struct tm tm;
    char text[32];

    if (until_ms <= now_ms || !gmtime_r(&seconds, &tm))
        return;
    strftime(text, sizeof text, "%Y-%m-%dT%H:%MZ", &tm);
    printf(" %s until %s", what, text);
}

static enum err list(struct chat *c, struct arena *a, struct fail *f)
{
    struct user *users = arena_alloc(a, PAGE * sizeof *users);
    int64_t after = 0, now = clock_wall_ms(&c->clock);
    size_t count = 0;

    printf("%8s  %-24s %-10s %s\n", "id", "login", "role", "name");
    do {
        enum err e = user_list(c->db, a, after, users, PAGE, &count, f);

        if (e)
            return e;
        for (size_t i = 0; i < count; i++) {
            const struct user *u = &users[i];

            printf("%8lld  %-24.24s %-10s %s", (long long)u->id, u->ext_id, u->role, u->username);
            print_until("muted", u->muted_until, now);
            print_until("banned", u->banned_until, now);
            putchar('\n');
            after = u->id;
        }
    } while (count == PAGE);
    return OK;
}

static enum err erase(struct chat *c, void *arg, struct fail *f)
{
    const struct sanction *s = arg;
    struct erased erased = {0};
    enum err e = erase_person(c, s->user_id, 0, INT64_MAX, &erased, f);

    if (!e)
        printf("Erased %lld messages.\n", (long long)erased.messages);
    return e;
}

static const struct action {
    const char *name;
    size_t words;
    chat_work_fn *work;
} actions[] = {
    {"role", 3, set_role}, {"mute", 3, mute},   {"ban", 3, ban},
    {"revoke", 2, revoke}, {"erase", 2, erase},
};

static const struct action *find_action(const struct args *args)
{
    for (size_t i = 0; i < ARRAY_LEN(actions); i++) {
        if (args->word_count == actions[i].words && strcmp(args->words[0], actions[i].name) == 0)
            return &actions[i];
    }
    return NULL;
}

/* "90s", "15m", "2h", "7d", "forever", "off" to a moment, 0 for off. */
static bool until_from(const char *text, int64_t now_ms, int64_t *until)
{
    static const struct {
        char unit;
        int64_t ms;
    } units[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', 86400000}};
    size_t len = strlen(text);
    int64_t n;

    *until = 0;
    if (strcmp(text, "off") == 0)
        return true;
    if (strcmp(text, "forever") == 0) {
        *until = INT64_C(253402300799000); /* the end of the year 9999 */
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        if (len > 1 && text[len - 1] == units[i].unit &&
            text_to_i64(text, len - 1, 1, 100000, &n)) {
            *until = now_ms + n * units[i].ms;
            return true;
        }
    }
    return false;
}

/* All but an erasure are one write. */
static enum err act(struct chat *c, const struct action *action, struct sanction *s, struct fail *f)
{
    return action->work == erase ? erase(c, s, f) : chat_write(c, action->work, s, f);
}

static int run(const struct args *args)
{
    const struct action *action = find_action(args);
    bool listing = args->word_count == 1 && strcmp(args->words[0], "list") == 0;
    struct sanction s = {.role = args->words[2]};
    struct clock clock = {0};
    struct site site;
    struct fail f = {0};
    enum err e;

    if (!action && !listing)
        return args_misused(
            args, "Say list, role ID ROLE, mute ID TIME, ban ID TIME, revoke ID or erase ID.");
    if (action && !text_to_i64(args->words[1], strlen(args->words[1]), 1, INT64_MAX, &s.user_id))
        return args_misused(args, "ID is the number in `outcry user list`, not '%s'.",
                            args->words[1]);
    if (action && (action->work == mute || action->work == ban) &&
        !until_from(args->words[2], clock_wall_ms(&clock), &s.until))
        return args_misused(args, "TIME is 90s, 15m, 2h, 7d, forever or off, not '%s'.",
                            args->words[2]);
    if (!site_open(&site, args, listing ? DB_READ_ONLY : DB_READ_WRITE))
        return EXIT_FAILED;
    s.arena = &site.arena;
    e = action ? act(&site.chat, action, &s, &f) : list(&site.chat, &site.arena, &f);
    if (!e && action)
        printf("Done: %s %s.\n", action->name, args->words[1]);
    site_close(&site);
    return e ? site_failed(&f) : EXIT_DONE;
}

const struct command user_command = {
    .name = "user",
    .words = "list | role ID ROLE | mute ID TIME | ban ID TIME | revoke ID | erase ID",
    .summary = "Lists people, gives roles, mutes, bans, ends sessions, erases.",
    .help =
        "ID is the number in the first column of the list. ROLE is member, moderator or admin.\n"
        "TIME is 90s, 15m, 2h, 7d, forever, or off to undo. revoke refuses every token issued\n"
        "before now. erase takes away the name and everything that the person wrote, also what\n"
        "was kept of it for moderators, and cannot be undone; backups made before still hold it,\n"
        "until `outcry restore` of one erases it again.\n"
        "Each takes effect at once, on open connections too.",
    .options = {SITE_OPTION},
    .run = run,
};
