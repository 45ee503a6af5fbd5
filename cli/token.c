/* Tokens as the host app would issue them, for trying things out and for scripts. */
#include "cli/commands.h"
#include "cli/site.h"

#include "lib/text.h"

#include <string.h>

enum { TTL_DEFAULT = 300, TTL_MAX = 365 * 24 * 3600 };

static int print_token(struct site *s, const struct args *args, const char *user, int64_t ttl)
{
    struct token_policy policy;
    struct clock clock = {0};
    struct fail f = {0};
    char *token;
    enum err e = token_policy_load(&policy, &s->conf, &f);

    if (e)
        return site_failed(&f);
    if (policy.key_count == 0) {
        token_policy_release(&policy);
        fail(&f, ERR_BAD_REQUEST, "%s has no jwt_secret: only guests can sign in here.",
             s->conf.path);
        return site_failed(&f);
    }
    e = token_sign(&policy, user, args_value(args, "name"), args_value(args, "role"),
                   clock_wall_ms(&clock) / 1000, ttl, &s->arena, &token, &f);
    token_policy_release(&policy);
    if (e)
        return site_failed(&f);
    puts(token);
    return EXIT_DONE;
}

static int run(const struct args *args)
{
    const char *user = args_value(args, "user");
    const char *name = args_value(args, "name");
    struct site site;
    int64_t id, ttl = TTL_DEFAULT;
    int code;

    if (args->word_count || !user)
        return args_misused(args, "token needs --user ID.");
    if (!text_to_i64(user, strlen(user), 0, INT64_MAX, &id))
        return args_misused(args, "--user is your site's number of the person, not '%s'.", user);
    if (!args_number(args, "ttl", 1, TTL_MAX, &ttl))
        return EXIT_USAGE;
    if (!site_load(&site, args))
        return EXIT_FAILED;
    if (name && !text_name(&site.arena, name, strlen(name))) {
        fputs("outcry: --name is 1 to 32 characters, none of <>&\"'`~@#/\\ or invisible.\n",
              stderr);
        code = EXIT_USAGE;
    } else {
        code = print_token(&site, args, user, ttl);
    }
    site_close(&site);
    return code;
}

const struct command token_command = {
    .name = "token",
    .words = "",
    .summary = "Prints a token that the running server accepts, as your site would issue it.",
    .help = "Needs jwt_alg HS256, HS384 or HS512: with a public key only your site can sign.\n"
            "Example: curl -H \"Authorization: Bearer $(outcry token --user 7 --name ana)\" …",
    .options =
        {
            SITE_OPTION,
            {"user", "ID", "your site's number of the person (required)"},
            {"name", "NAME", "the name claim"},
            {"role", "ROLE", "the role claim: moderator, admin; else a member"},
            {"ttl", "SECONDS", "how long it is valid (300)"},
        },
    .run = run,
};
