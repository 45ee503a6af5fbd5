#include "cli/commands.h"
#include "cli/site.h"

#include "chat/collect.h"
#include "chat/erase.h"
#include "chat/retention.h"

#include <inttypes.h>

static void tell(void *ctx, const struct purge_room *r)
{
    (void)ctx;
    printf("%-32s %8" PRId64 " events, %8" PRId64 " messages, up to seq %" PRId64 "\n", r->slug,
           r->events, r->messages, r->cut);
}

static int run(const struct args *args)
{
    bool dry = args_value(args, "dry-run") != NULL;
    struct retention_total total;
    struct collected files = {0};
    struct erased erased;
    struct site site;
    struct fail f = {0};
    enum err e;

    if (args->word_count)
        return args_misused(args, "purge takes no words.");
    if (!site_open(&site, args, dry ? DB_READ_ONLY : DB_READ_WRITE))
        return EXIT_FAILED;
    e = retention_purge(&site.chat, dry, tell, NULL, &total, &f);
    if (!e && !dry)
        e = erase_pending(&site.chat, &erased, &f);
    if (!e)
        e = collect_files(&site.chat, dry, &files, &f);
    printf("%s %" PRId64 " events and %" PRId64 " messages in %" PRId64 " rooms.\n",
           dry ? "Would delete" : "Deleted", total.events, total.messages, total.rooms);
    if (files.files || files.uploads)
        printf("%s %" PRId64 " files that no message has, of %" PRId64 " bytes.\n",
               dry ? "Would delete" : "Deleted", files.files, files.bytes);
    site_close(&site);
    return e ? site_failed(&f) : EXIT_DONE;
}

const struct command purge_command = {
    .name = "purge",
    .words = "",
    .summary = "Deletes what rooms keep for a time only and is older, and files that nobody has.",
    .help =
        "How long a room keeps its messages: outcry room retention SLUG DAYS. Days are whole\n"
        "ones, UTC, so a dry run tells exactly what a run on the same day deletes. Servers may\n"
        "run meanwhile; a purge that is interrupted is finished by the next, and so is the erasure "
        "of\n"
        "a person with very many messages, or one that a stop of the machine cut off. Deleted\n"
        "texts are overwritten in the file; backups made before still hold them.\n"
        "Files go a day after the last message that has them, or a day after they were sent where\n"
        "no message took them.\n"
        "From cron, once a day: outcry purge --config FILE",
    .options =
        {
            SITE_OPTION,
            {"dry-run", NULL, "only count"},
        },
    .run = run,
};
