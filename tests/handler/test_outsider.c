/*
 * Somebody outside asks everything that the route tables offer about a private room and a
 * conversation, in thousands of ways. Every answer is compared with that to the same question about
 * what never was, and holds nothing of what is said there, by whom, under which title. New routes
 * and parameters are asked about by themselves.
 */
#include "tests/lib/outsider.h"

#include <stdlib.h>
#include <string.h>

enum { REQUESTS = 1000, REQUESTS_LONG = 10000, SEED = 20261124, HEX_RUN = 12 };

/* What nobody outside may ever read. */
static const char *const secrets[] = {"Zephyrdesk", "Quokkas only", "Yaffle", "Xanthippe"};

static void make(struct question *q)
{
    const struct route *table = outsider_draw(q, 4) ? api_routes : page_routes;
    unsigned count = 0;

    while (table[count].pattern)
        count++;
    outsider_make(q, table, outsider_draw(q, count));
}

/* What stands there of an asker's own words. */
static size_t own_word(const char *text)
{
    for (size_t i = 0; i < OUTSIDER_WORDS; i++) {
        size_t len = strlen(outsider_words[i].real);

        if (strncmp(text, outsider_words[i].real, len) == 0 ||
            strncmp(text, outsider_words[i].never, len) == 0)
            return len;
    }
    return 0;
}

/* Ids and keys are as long as they are and say nothing: each is one mark;
 * so is what was asked for. */
static const char *blurred(struct world *world, const char *text)
{
    char *out = arena_alloc(&world->w->fx->arena, strlen(text) + 1);
    size_t len = 0;

    while (*text) {
        size_t run = strspn(text, "0123456789abcdef"), word = own_word(text);

        if (word || run >= HEX_RUN) {
            out[len++] = '#';
            text += word ? word : run;
            continue;
        }
        run = run ? run : 1;
        memcpy(out + len, text, run);
        len += run;
        text += run;
    }
    out[len] = '\0';
    return out;
}

static void check_silence(struct question *q)
{
    const char *text = buf_cstr(&q->world->w->answer);

    for (size_t i = 0; i < ARRAY_LEN(secrets); i++) {
        if (!strstr(q->uri, secrets[i]) && !strstr(q->body, secrets[i]) && strstr(text, secrets[i]))
            fail_msg("%s %s %s tells of %s", q->method, q->uri, q->body, secrets[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(q->world->rooms); i++) {
        const char *slug = q->world->rooms[i].real;

        if (q->person != 1 && !strstr(q->uri, slug) && !strstr(q->body, slug) && strstr(text, slug))
            fail_msg("%s %s %s tells of a room", q->method, q->uri, q->body);
    }
}

static void compare(const struct question *q, const char *text, const char *never)
{
    size_t at = 0;

    while (text[at] && text[at] == never[at])
        at++;
    if (text[at] != never[at])
        fail_msg("%s %s %s (%d):\n%.200s\nbut of what never was:\n%.200s", q->method, q->uri,
                 q->body, q->person, text + at, never + at);
}

/* One question, of what is there and of what never was. True: it was about either. */
static bool ask_both(struct world *world)
{
    struct question real = {.world = world, .state = world->state}, never = real;
    const char *text;
    int status;

    never.never = true;
    make(&real);
    make(&never);
    world->state = real.state;
    status = outsider_ask(&real);
    text = arena_str(&world->w->fx->arena, web_text(world->w));
    if (status >= 500)
        fail_msg("%s %s %s: %d", real.method, real.uri, real.body, status);
    check_silence(&real);
    if (!real.refers)
        return false;
    if (outsider_ask(&never) != status)
        fail_msg("%s %s %s (%d): %d, but of what never was %d", real.method, real.uri, real.body,
                 real.person, status, world->w->status);
    if (strcmp(real.route->pattern, "session") !=
        0) /* each guest is told another id of their own */
        compare(&real, blurred(world, text), blurred(world, web_text(world->w)));
    return true;
}

static void test_outside_nothing_is_learned_whatever_is_asked(void **state)
{
    struct world world;
    const char *given = getenv("OUTCRY_SEED");
    int requests = getenv("OUTCRY_LONG") ? REQUESTS_LONG : REQUESTS, about = 0;

    (void)state;
    outsider_open(&world, given ? strtoull(given, NULL, 10) : SEED);
    print_message("seed %llu\n", (unsigned long long)world.state);
    for (int i = 0; i < requests; i++)
        about += ask_both(&world);
    print_message("%d requests, %d of them about what is hidden\n", requests, about);
    assert_true(about > requests / 2);
    web_close(world.w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outside_nothing_is_learned_whatever_is_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
