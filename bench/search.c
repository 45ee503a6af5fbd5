/*
 * How long a search takes, from the question to the answer's JSON, on a database that `fill --talk`
 * has made and `outcry index` has indexed.
 *
 *   search --config FILE [--count 2000] [--kind KIND]
 *
 * Two words each: frequent: both of the 20 most frequent; mixed: as drawn from the language; rare:
 * both beyond the first 500. Other kinds: phrase, prefix, author, file (one word, in messages with
 * files), nothing.
 */
#include "bench/measure.h"
#include "bench/vocabulary.h"
#include "chat/wire_search.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT = 200 };

static uint64_t state = 20261124;

static int rank_of(const char *kind)
{
    if (strcmp(kind, "frequent") == 0)
        return (int)(vocabulary_draw(&state) % 20);
    for (;;) {
        int rank = vocabulary_draw(&state);

        if (strcmp(kind, "rare") != 0 || rank >= 500)
            return rank;
    }
}

static void ask(const char *kind, char text[TEXT])
{
    char one[VOCABULARY_WORD], two[VOCABULARY_WORD];

    vocabulary_word(rank_of(kind), one);
    vocabulary_word(rank_of(kind), two);
    if (strcmp(kind, "phrase") == 0)
        snprintf(text, TEXT, "\"%s %s\"", one, two);
    else if (strcmp(kind, "prefix") == 0)
        snprintf(text, TEXT, "%.3s* %s", one, two);
    else if (strcmp(kind, "author") == 0)
        snprintf(text, TEXT, "from:trader%d %s", (int)(vocabulary_draw(&state) % 200) + 1, one);
    else if (strcmp(kind, "file") == 0)
        snprintf(text, TEXT, "has:file %s", one);
    else if (strcmp(kind, "nothing") == 0)
        snprintf(text, TEXT, "%sqq %s", one, two);
    else
        snprintf(text, TEXT, "%s %s", one, two);
}

/* Returns how many were found; -1: it had no time for all. */
static int64_t search_once(struct chat *c, const struct actor *who, const char *text)
{
    const struct search s = {.who = who, .text = text, .len = strlen(text), .page = 1};
    struct search_result result;
    struct json_object *o;
    struct arena a;
    struct fail f;
    size_t len;
    int64_t total;

    arena_init(&a);
    if (search_run(c, &a, &s, &result, &f))
        die("%s: %s", text, f.message);
    o = wire_search(&s, &result);
    (void)json_text(o, &len);
    json_object_put(o);
    total = result.partial ? -1 : (int64_t)result.total;
    arena_release(&a);
    return total;
}

int main(int argc, char **argv)
{
    const char *config = NULL, *kind = "mixed";
    int64_t count = 2000, found = 0, cut = 0;
    const struct option table[] = {{"--config", OPTION_TEXT, &config},
                                   {"--count", OPTION_NUMBER, &count},
                                   {"--kind", OPTION_TEXT, &kind}};
    struct histogram *times = xcalloc(1, sizeof *times);
    struct actor who = {.kind = ACTOR_USER, .user_id = 1};
    struct conf conf;
    struct log log;
    struct chat chat;
    struct fail f;

    options_parse(table, ARRAY_LEN(table), argc, argv);
    if (!config)
        die("--config is needed");
    if (conf_load(&conf, config, &f) || !log_open(&log, NULL, LOG_WARN) ||
        chat_open(&chat, &conf, &log, DB_READ_ONLY, &f))
        die("%s", f.message);
    for (int64_t i = 0; i < count; i++) {
        char text[TEXT];
        int64_t began, total;

        ask(kind, text);
        began = measure_now_ns();
        total = search_once(&chat, &who, text);
        histogram_add(times, (measure_now_ns() - began) / 1000);
        found += total > 0;
        cut += total < 0;
    }
    printf("searches=%" PRId64 " found=%" PRId64 " cut=%" PRId64, count, found, cut);
    histogram_print(times);
    printf("\n");
    chat_close(&chat);
    conf_release(&conf);
    log_close(&log);
    free(times);
    return 0;
}
