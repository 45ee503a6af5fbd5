/* outcry: what an operator does to an installation. Finds the command and runs it. */
#include "cli/commands.h"

#include <signal.h>
#include <string.h>

static const struct command *const commands[] = {
    &init_command,  &setup_command,  &migrate_command, &doctor_command,  &token_command,
    &room_command,  &user_command,   &backup_command,  &restore_command, &verify_command,
    &purge_command, &render_command, &index_command,   &version_command,
};

static void usage(FILE *out)
{
    fputs("usage: outcry COMMAND [--help]\n\nCommands:\n", out);
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        fprintf(out, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    fputs("\nExit codes: 0 done, 1 failed (the reason is on stderr), 2 wrong usage.\n", out);
}

static bool wants_help(int argc, char **argv)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    }
    return false;
}

int main(int argc, char **argv)
{
    struct args args = {.program = argv[0]};

    signal(SIGPIPE, SIG_IGN);
    if (argc < 2) {
        usage(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        usage(stdout);
        return EXIT_DONE;
    }
    if (strcmp(argv[1], "--version") == 0)
        return version_command.run(&args);
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (strcmp(commands[i]->name, argv[1]) != 0)
            continue;
        if (wants_help(argc - 2, argv + 2)) {
            args_help(commands[i], stdout);
            return EXIT_DONE;
        }
        if (!args_parse(&args, commands[i], argc - 2, argv + 2))
            return EXIT_USAGE;
        return commands[i]->run(&args);
    }
    fprintf(stderr, "outcry: There is no command '%s'.\n", argv[1]);
    usage(stderr);
    return EXIT_USAGE;
}
