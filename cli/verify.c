#include "cli/commands.h"
#include "cli/site.h"

#include "db/backup.h"
#include "db/verify.h"

#include <inttypes.h>
#include <string.h>

struct report {
    bool quiet;
};

/* Everybody has a log of their own: those are told of only where something is wrong. */
static void tell(void *ctx, const struct verify_room *r)
{
    const struct report *report = ctx;

    if (r->problem[0])
        printf("FAIL  %-32s seq %" PRId64 " to %" PRId64 ": %s\n", r->slug, r->floor + 1, r->head,
               r->problem);
    else if (!report->quiet && strcmp(r->kind, "self") != 0)
        printf("ok    %-32s seq %" PRId64 " to %" PRId64 ", %" PRId64 " messages\n", r->slug,
               r->floor + 1, r->head, r->messages);
}

static int verify(struct db *db, struct report *report)
{
    struct verify_total total;
    struct fail f = {0};

    if (verify_database(db, tell, report, &total, &f))
        return site_failed(&f);
    if (f.err)
        printf("FAIL  %s\n", f.message);
    if (total.search[0])
        printf("FAIL  %s Mend: outcry index --rebuild\n", total.search);
    if (db_alarm(db)) {
        printf("FAIL  %s Mend: outcry restore\n", db_alarm(db));
        total.problems++;
    }
    if (total.problems || !report->quiet)
        printf("%" PRId64 " rooms, %" PRId64 " events, %" PRId64 " messages: %" PRId64
               " problem%s\n",
               total.rooms, total.events, total.messages, total.problems,
               total.problems == 1 ? "" : "s");
    return total.problems ? EXIT_FAILED : EXIT_DONE;
}

/* A copy is looked at as it lies there; it needs no configuration. */
static int verify_file(const struct args *args, struct report *report)
{
    struct log log;
    struct fail f = {0};
    struct db *copy;
    int code;

    if (!log_open(&log, NULL, LOG_ERROR))
        return EXIT_FAILED;
    if (backup_open(&copy, args->words[0], &log, &f)) {
        log_close(&log);
        return site_failed(&f);
    }
    code = verify(copy, report);
    db_close(copy);
    log_close(&log);
    return code;
}

static int run(const struct args *args)
{
    struct report report = {.quiet = args_value(args, "quiet") != NULL};
    struct site site;
    int code;

    if (args->word_count > 1)
        return args_misused(args, "verify takes one file at most.");
    if (args->word_count == 1)
        return verify_file(args, &report);
    if (!site_open(&site, args, DB_READ_ONLY))
        return EXIT_FAILED;
    code = verify(site.chat.db, &report);
    site_close(&site);
    return code;
}

const struct command verify_command = {
    .name = "verify",
    .words = "[FILE]",
    .summary = "Checks that the database, or a backup, is sound and every log whole.",
    .help =
        "Looks at the file (integrity, foreign keys), then room by room: numbers without a gap,\n"
        "the chain of hashes and the texts it vouches for, messages and their events, and read\n"
        "marks. Servers may run meanwhile. One line a room; exit code 1 where one says FAIL.",
    .options =
        {
            SITE_OPTION,
            {"quiet", NULL, "print only what is wrong"},
        },
    .run = run,
};
