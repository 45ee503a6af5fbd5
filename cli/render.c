#include "cli/commands.h"
#include "cli/site.h"

#include "chat/render.h"

#include <inttypes.h>

static int run(const struct args *args)
{
    struct render_total total;
    struct site site;
    struct fail f = {0};
    enum err e;

    if (args->word_count)
        return args_misused(args, "render takes no words.");
    if (!site_open(&site, args, DB_READ_WRITE))
        return EXIT_FAILED;
    e = render_all(&site.chat, &total, &f);
    printf("Changed the look of %" PRId64 " of %" PRId64 " messages.\n", total.changed,
           total.messages);
    site_close(&site);
    return e ? site_failed(&f) : EXIT_DONE;
}

const struct command render_command = {
    .name = "render",
    .words = "",
    .summary = "Makes the HTML of all messages anew, after an upgrade.",
    .help =
        "How a text is shown (bold, lists, links …) is decided when it is written. After an\n"
        "upgrade that shows texts in another way this brings older ones up to date. Texts stay\n"
        "as they are. Servers may run meanwhile; what is interrupted can be run again.\n",
    .options =
        {
            SITE_OPTION,
        },
    .run = run,
};
