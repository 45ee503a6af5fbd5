#include "cli/commands.h"
#include "cli/site.h"

#include "chat/indexing.h"

#include <inttypes.h>

static int run(const struct args *args)
{
    struct search_reach reach = {0};
    struct site site;
    struct fail f = {0};
    enum err e = OK;

    if (args->word_count)
        return args_misused(args, "index takes no words.");
    if (!site_open(&site, args, DB_READ_WRITE))
        return EXIT_FAILED;
    if (args_value(args, "rebuild"))
        e = indexing_restart(&site.chat, &f);
    if (!e)
        e = indexing_finish(&site.chat, &f);
    if (!e && args_value(args, "compact"))
        e = indexing_compact(&site.chat, &f);
    if (!e)
        e = search_reach(site.chat.db, &reach, &f);
    if (!e)
        printf("Indexed up to event %" PRId64 " (words) and %" PRId64
               " (parts of words) of %" PRId64 ".\n",
               reach.at[SEARCH_WORDS], reach.at[SEARCH_PARTS], reach.newest);
    site_close(&site);
    return e ? site_failed(&f) : EXIT_DONE;
}

const struct command index_command = {
    .name = "index",
    .words = "",
    .summary = "Brings the search's index up to date at once.",
    .help =
        "Servers may run meanwhile, and do it by themselves little by little. Worth its while "
        "after\n"
        "`outcry migrate` from a version without search, and after the key `search` was changed.\n"
        "--rebuild is what mends an index of which `outcry verify` says that it does not fit; "
        "until\n"
        "it is done, searches look through messages one by one, and may say that they looked at\n"
        "some only.",
    .options =
        {
            SITE_OPTION,
            {"rebuild", NULL, "from an empty index on"},
            {"compact", NULL, "join its pieces: smaller, and rid of what was deleted"},
        },
    .run = run,
};
