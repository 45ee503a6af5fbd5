#include "cli/commands.h"
#include "cli/site.h"

#include "chat/file_check.h"
#include "db/backup.h"
#include "db/verify.h"

#include <inttypes.h>
#include <string.h>

struct report {
    bool quiet;
    const char *files; /* folder; NULL: is not looked at */
    bool whole;        /* every file of it is read */
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

static void tell_files(const struct report *report, const struct file_check *c)
{
    if (c->missing || c->broken)
        printf("FAIL  files: of %" PRId64 ", %" PRId64 " are missing and %" PRId64
               " broken in %s; the first is %s. Mend: outcry restore, or copy them back from a "
               "backup\n",
               c->named, c->missing, c->broken, report->files, c->first);
    else if (!report->quiet)
        printf("ok    files: %" PRId64 " are there%s\n", c->named,
               report->whole ? ", and what they should be" : "");
    if (c->orphans && !report->quiet)
        printf("      %" PRId64 " files (%" PRId64 " bytes) are nobody's: outcry purge takes them "
               "away\n",
               c->orphans, c->orphan_bytes);
}

static enum err check_files(struct db *db, const struct report *report, struct verify_total *total,
                            struct fail *f)
{
    struct file_check check;
    enum err e = file_check(db, report->files, report->whole, &check, f);

    if (e)
        return e;
    tell_files(report, &check);
    total->problems += check.missing || check.broken;
    return OK;
}

static int verify(struct db *db, struct report *report)
{
    struct verify_total total;
    struct fail f = {0}, second = {0};

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
    if (report->files && !f.err && check_files(db, report, &total, &second))
        return site_failed(&second);
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
    struct report report = {
        .quiet = args_value(args, "quiet") != NULL,
        .files = args_value(args, "files"),
        .whole = args_value(args, "whole") != NULL,
    };
    struct site site;
    int code;

    if (args->word_count > 1)
        return args_misused(args, "verify takes one file at most.");
    if (args->word_count == 1)
        return verify_file(args, &report);
    if (!site_open(&site, args, DB_READ_ONLY))
        return EXIT_FAILED;
    if (!report.files)
        report.files = site.conf.files_dir;
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
        "marks; then whether people's files are there: those of a backup where --files says.\n"
        "Servers may run meanwhile. One line a room; exit code 1 where one says FAIL.",
    .options =
        {
            SITE_OPTION,
            {"files", "DIR", "the folder of people's files; with FILE there is no other"},
            {"whole", NULL, "read every file, and see that it is what was sent"},
            {"quiet", NULL, "print only what is wrong"},
        },
    .run = run,
};
