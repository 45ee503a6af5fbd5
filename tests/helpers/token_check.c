/*
 * token_check CONFIG: judges the tokens on stdin, one a line, by that configuration, and answers
 * each with one line of JSON: code, message, and for a good one its claims. Where the configuration
 * is refused it prints why and exits with 1.
 */
#include "lib/clock.h"
#include "lib/json.h"
#include "lib/token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void answer(enum err e, const struct token_claims *c, const struct fail *f)
{
    struct json_object *o = json_object_new_object();
    size_t len;

    json_set_str(o, "code", err_row(e)->code);
    if (e) {
        json_set_str(o, "message", f->message);
    } else {
        json_set_str(o, "user_id", c->user_id);
        json_set_str(o, "name", c->name);
        json_set_str(o, "role", c->role);
        json_set_i64(o, "exp", c->exp_s);
    }
    puts(json_text(o, &len));
    json_object_put(o);
}

static void judge_lines(const struct token_policy *p)
{
    struct clock clock = {0};
    struct arena a;
    char *line = NULL;
    size_t size = 0;
    ssize_t len;

    arena_init(&a);
    while ((len = getline(&line, &size, stdin)) >= 0) {
        struct token_claims c;
        struct fail f = {0};
        enum err e;

        if (len && line[len - 1] == '\n')
            len--;
        e = token_verify(p, line, (size_t)len, clock_wall_ms(&clock) / 1000, &a, &c, &f);
        answer(e, &c, &f);
        arena_clear(&a);
    }
    free(line);
    arena_release(&a);
}

int main(int argc, char **argv)
{
    struct token_policy policy;
    struct conf conf;
    struct fail f = {0};
    enum err e;

    if (argc != 2)
        die("usage: token_check CONFIG < TOKENS");
    e = conf_load(&conf, argv[1], &f);
    if (!e) {
        e = token_policy_load(&policy, &conf, &f);
        if (!e) {
            judge_lines(&policy);
            token_policy_release(&policy);
        }
        conf_release(&conf);
    }
    if (e)
        answer(e, NULL, &f);
    return e ? 1 : 0;
}
