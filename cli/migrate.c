#include "cli/commands.h"
#include "cli/site.h"

static int run(const struct args *args)
{
    struct site site;
    struct fail f = {0};
    int from = 0, to = 0, code = EXIT_DONE;

    if (args->word_count)
        return args_misused(args, "migrate takes no words.");
    if (!site_load(&site, args))
        return EXIT_FAILED;
    if (!site_become_owner_of(site.conf.database))
        code = EXIT_FAILED;
    else if (db_migrate(&site.conf, &site.log, &from, &to, &f))
        code = site_failed(&f);
    else if (from == to)
        printf("The schema is version %d, the newest.\n", to);
    else
        printf("The schema went from version %d to %d.\n", from, to);
    site_close(&site);
    return code;
}

const struct command migrate_command = {
    .name = "migrate",
    .words = "",
    .summary = "Brings the database to the schema of this version.",
    .help = "Stop the servers and copy the database first: there is no way back but the copy.\n"
            "Running it twice, or twice at once, does no harm.",
    .options = {SITE_OPTION},
    .run = run,
};
