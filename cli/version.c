#include "cli/commands.h"

#include "lib/version.h"

static int run(const struct args *args)
{
    (void)args;
    puts("outcry " OUTCRY_VERSION);
    return EXIT_DONE;
}

const struct command version_command = {
    .name = "version",
    .words = "",
    .summary = "Prints the version.",
    .help = "",
    .run = run,
};
