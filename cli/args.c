#include "cli/args.h"

#include "lib/text.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

static const struct args_option *find(const struct command *command, const char *name, size_t len)
{
    for (const struct args_option *o = command->options; o->name; o++) {
        if (strlen(o->name) == len && memcmp(o->name, name, len) == 0)
            return o;
    }
    return NULL;
}

int args_misused(const struct args *args, const char *fmt, ...)
{
    va_list ap;

    fputs("outcry: ", stderr);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fprintf(stderr, "\nTry `outcry %s --help`.\n", args->command->name);
    return EXIT_USAGE;
}

/* One `--name`, `--name=value` or `--name value`; *used counts the words it took. */
static bool take_option(struct args *args, char **argv, int left, int *used)
{
    const char *name = argv[0] + 2, *equals = strchr(name, '=');
    size_t len = equals ? (size_t)(equals - name) : strlen(name);
    const struct args_option *o = find(args->command, name, len);
    const char *value = equals ? equals + 1 : "";

    *used = 1;
    if (!o) {
        (void)args_misused(args, "`outcry %s` has no option --%.*s.", args->command->name, (int)len,
                           name);
        return false;
    }
    if (!o->value && equals) {
        (void)args_misused(args, "--%s takes no value.", o->name);
        return false;
    }
    if (o->value && !equals) {
        if (left < 2) {
            (void)args_misused(args, "--%s needs a value: %s.", o->name, o->value);
            return false;
        }
        value = argv[1];
        *used = 2;
    }
    args->values[o - args->command->options] = value;
    return true;
}

bool args_parse(struct args *args, const struct command *command, int argc, char **argv)
{
    bool only_words = false;
    int used;

    args->command = command;
    for (int i = 0; i < argc; i += used) {
        used = 1;
        if (!only_words && strcmp(argv[i], "--") == 0) {
            only_words = true;
        } else if (!only_words && strncmp(argv[i], "--", 2) == 0) {
            if (!take_option(args, argv + i, argc - i, &used))
                return false;
        } else if (args->word_count == ARGS_WORDS_MAX) {
            (void)args_misused(args, "That is one word too many: '%s'.", argv[i]);
            return false;
        } else {
            args->words[args->word_count++] = argv[i];
        }
    }
    return true;
}

void args_help(const struct command *command, FILE *out)
{
    fprintf(out, "usage: outcry %s%s%s [options]\n\n%s\n", command->name,
            command->words[0] ? " " : "", command->words, command->summary);
    if (command->options[0].name)
        fputs("\nOptions:\n", out);
    for (const struct args_option *o = command->options; o->name; o++) {
        int width =
            fprintf(out, "  --%s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "");
        fprintf(out, "%*s%s\n", width < 24 ? 24 - width : 2, "", o->help);
    }
    if (command->help[0])
        fprintf(out, "\n%s\n", command->help);
    fputs("\nExit code: 0 done, 1 failed (the reason is on stderr), 2 wrong usage.\n", out);
}

const char *args_value(const struct args *args, const char *option)
{
    const struct args_option *o = find(args->command, option, strlen(option));

    assert(o);
    return args->values[o - args->command->options];
}

bool args_number(const struct args *args, const char *option, int64_t min, int64_t max,
                 int64_t *out)
{
    const char *value = args_value(args, option);

    if (!value || text_to_i64(value, strlen(value), min, max, out))
        return true;
    (void)args_misused(args, "--%s is a number from %lld to %lld, not '%s'.", option,
                       (long long)min, (long long)max, value);
    return false;
}
