#include "cli/doctor.h"

#include "cli/commands.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

enum { FINDINGS_MAX = 256 * 1024, WAIT_MAX_S = 600, RETRY_US = 100000 };

static void add(struct doctor *d, const char *label, const char *fmt, va_list ap)
{
    char text[1024];

    vsnprintf(text, sizeof text, fmt, ap);
    buf_fmt(&d->out, "%-5s %s\n", label, text);
}

void doctor_ok(struct doctor *d, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    add(d, "ok", fmt, ap);
    va_end(ap);
}

void doctor_warn(struct doctor *d, const char *fmt, ...)
{
    va_list ap;

    d->warnings++;
    va_start(ap, fmt);
    add(d, "warn", fmt, ap);
    va_end(ap);
}

void doctor_fail(struct doctor *d, const char *fmt, ...)
{
    va_list ap;

    d->failures++;
    va_start(ap, fmt);
    add(d, "FAIL", fmt, ap);
    va_end(ap);
}

static int print_config_docs(void)
{
    struct buf b;

    buf_init(&b, FINDINGS_MAX);
    conf_docs(&b);
    fputs(buf_cstr(&b), stdout);
    buf_release(&b);
    return EXIT_DONE;
}

/* For scripts: one value as the programs understand it; paths are absolute. */
static int show(const struct site *s, const struct args *args, const char *key)
{
    static const char *const modes[] = {
        [SIDECAR_EXTERNAL] = "external", [SIDECAR_ON_DEMAND] = "on_demand", [SIDECAR_OFF] = "off"};
    const struct conf *c = &s->conf;
    const struct {
        const char *key, *value;
    } shown[] = {
        {"database", c->database},         {"state_database", c->state_database},
        {"ws_socket", c->ws_socket},       {"notify_socket", c->notify_socket},
        {"sidecar_lock", c->sidecar_lock}, {"log_file", c->log_file},
        {"sidecar", modes[c->sidecar]},    {"page_path", c->page_path},
        {"api_path", c->api_path},         {"ws_path", c->ws_path},
        {"static_path", c->static_path},   {"static_dir", c->static_dir},
        {"template_dir", c->template_dir}, {"files_dir", c->files_dir},
    };

    for (size_t i = 0; i < ARRAY_LEN(shown); i++) {
        if (strcmp(key, shown[i].key) == 0) {
            puts(shown[i].value);
            return EXIT_DONE;
        }
    }
    return args_misused(args, "--show tells places, paths and sidecar, not '%s'.", key);
}

/* Again until nothing fails or the time is over; the last findings stay. */
static void check_live_within(struct doctor *d, const char *url, int64_t seconds)
{
    struct clock clock = {0};
    int64_t deadline = clock_boot_ms(&clock) + seconds * 1000;

    for (;;) {
        doctor_check_live(d, url);
        if (!d->failures || clock_boot_ms(&clock) >= deadline)
            return;
        usleep(RETRY_US);
        buf_clear(&d->out);
        d->failures = d->warnings = 0;
    }
}

static int check(struct site *site, const struct args *args, int64_t wait)
{
    const char *url = args_value(args, "url");
    struct doctor d = {.site = site};

    buf_init(&d.out, FINDINGS_MAX);
    if (wait >= 0)
        check_live_within(&d, url, wait);
    else
        doctor_check_local(&d);
    if (wait < 0 && url)
        doctor_check_live(&d, url);
    fputs(buf_cstr(&d.out), stdout);
    buf_release(&d.out);
    printf("%d failed, %d to look at\n", d.failures, d.warnings);
    return d.failures ? EXIT_FAILED : EXIT_DONE;
}

static int run(const struct args *args)
{
    struct site site;
    int64_t wait = -1;
    int code;

    if (args->word_count)
        return args_misused(args, "doctor takes no words.");
    if (args_value(args, "print-config-docs"))
        return print_config_docs();
    if (!args_number(args, "wait", 0, WAIT_MAX_S, &wait))
        return EXIT_USAGE;
    if (wait >= 0 && !args_value(args, "url"))
        return args_misused(args, "--wait goes with --url.");
    if (!site_load(&site, args))
        return EXIT_FAILED;
    if (args_value(args, "show"))
        code = show(&site, args, args_value(args, "show"));
    else
        code = check(&site, args, wait);
    site_close(&site);
    return code;
}

const struct command doctor_command = {
    .name = "doctor",
    .words = "",
    .summary = "Looks for what commonly goes wrong, and says how to mend it.",
    .help =
        "Looks at permissions, file system, keys, database, sidecar, web server modules, clock\n"
        "and limits; with --url also at the page, the API, the Authorization header and the\n"
        "WebSocket upgrade as a browser meets them. Exit code 1 where something failed.",
    .options =
        {
            SITE_OPTION,
            {"url", "URL", "the chat's address: http://127.0.0.1:8080/stocks/chat/"},
            {"wait", "SECONDS", "with --url: only that, again until all is well or time is over"},
            {"show", "KEY", "only print a place or path of the configuration, or sidecar"},
            {"print-config-docs", NULL, "only print the documentation of all keys (Markdown)"},
        },
    .run = run,
};
