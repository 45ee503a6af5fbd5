/* chat.fcgi: the pages. */
#include "cgi-bin/program.h"

int main(int argc, char **argv)
{
    return program_main(argc, argv, SITE_PAGES);
}
