/* chat.fcgi, the pages, and api.fcgi, the JSON API: one file, which goes by its name. */
#include "cgi-bin/program.h"

#include <errno.h>
#include <string.h>

int main(int argc, char **argv)
{
    bool api = strncmp(program_invocation_short_name, "api", 3) == 0;

    return program_main(argc, argv, api ? SITE_API : SITE_PAGES);
}
