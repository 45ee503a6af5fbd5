/*
 * The command line: `outcry COMMAND [WORD…] [--option VALUE…]`. Commands and their options are
 * tables, which --help is printed from. Options may stand anywhere after the command; `--` ends
 * them.
 */
#ifndef CLI_ARGS_H
#define CLI_ARGS_H

#include "lib/base.h"

#include <stdio.h>

/* Exit codes, for scripts. */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

enum { ARGS_WORDS_MAX = 4 };

struct args_option {
    const char *name;  /* without the dashes; NULL ends a table */
    const char *value; /* what it takes, for --help; NULL: a flag */
    const char *help;
};

enum { ARGS_OPTIONS_MAX = 8 };

struct args;

struct command {
    const char *name;
    const char *words; /* for --help: "list | create SLUG TITLE"; "" where it takes none */
    const char *summary;
    const char *help; /* paragraphs below the options; "" for none */
    struct args_option options[ARGS_OPTIONS_MAX];
    int (*run)(const struct args *args); /* returns an exit code */
};

struct args {
    const char *program; /* argv[0] */
    const struct command *command;
    const char *values[ARGS_OPTIONS_MAX]; /* by place in command->options; NULL: not given */
    const char *words[ARGS_WORDS_MAX];
    size_t word_count;
};

/* Reads what follows the command's name. False, after a sentence on
 * stderr, where it does not fit. */
MUST_CHECK bool args_parse(struct args *args, const struct command *command, int argc, char **argv);
void args_help(const struct command *command, FILE *out);

/* NULL where the option was not given; "" for a flag that was. Asserts that the command has it. */
const char *args_value(const struct args *args, const char *option);
/* The option as a number. False, after a sentence on stderr, where it is none within min…max; not
 * given leaves *out. */
MUST_CHECK bool args_number(const struct args *args, const char *option, int64_t min, int64_t max,
                            int64_t *out);
/* "outcry: sentence" on stderr and how to get help; returns EXIT_USAGE. */
int args_misused(const struct args *args, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
