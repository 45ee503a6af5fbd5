/*
 * From argv to serving. What keeps a program from starting is one sentence that says how to mend
 * it: on stderr, and as FastCGI with exit code 1; as plain CGI there is a browser waiting, which is
 * told that the chat is not set up and nothing more.
 */
#include "cgi-bin/program.h"

#include "cgi-bin/app.h"
#include "cgi-bin/demand.h"
#include "cgi-bin/dispatch.h"
#include "cgi-bin/kept.h"
#include "cgi-bin/transport.h"
#include "chat/indexing.h"
#include "lib/footprint.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PATH_MAX_BYTES = 256 }; /* a socket's, and a word */

static const char usage[] =
    "usage: %s [--config FILE]\n"
    "Run by a web server, as FastCGI (a listening socket as standard input) or as plain CGI.\n"
    "Without --config the file is $OUTCRY_CONFIG, outcry.conf beside the program, or\n"
    "/etc/outcry/outcry.conf. As plain CGI there is no --config: the words of the command line\n"
    "may be the visitor's (RFC 3875, 4.4).\n";

static void serve(void *ctx, const struct source *source)
{
    dispatch(ctx, source);
}

static void reload(void *ctx)
{
    app_reload(ctx);
}

static void rest(void *ctx)
{
    app_rest(ctx);
    footprint_trim();
}

/* Where a sidecar runs, it does. One that others start is nearly always there: it is asked for only
 * by who wrote something and woke nobody. */
static void index_some(struct chat *c)
{
    struct fail f;
    bool due = false, done, moved;

    if ((c->conf->sidecar == SIDECAR_EXTERNAL && !c->notify.unheard) ||
        notify_has_reader(&c->notify))
        return;
    /* A request that was none did not open the databases again. */
    if (!chat_follow(c, &moved, &f) && !indexing_is_due(c, &due, &f) && due &&
        indexing_step(c, &done, &f))
        log_event(c->log, LOG_WARN, "not_indexed", LOG_S("why", f.message));
}

static void after(void *ctx)
{
    const struct app *app = ctx;

    demand_start(app->chat);
    index_some(app->chat);
}

/* Costs nearly nothing: that is its point. Who asked is not looked at, what was asked is not read.
 */
static void refuse(void *ctx, const struct source *source, bool first)
{
    static const char json[] = "Status: 503 Service Unavailable\r\n"
                               "Content-Type: application/json; charset=utf-8\r\n"
                               "Cache-Control: no-store\r\n"
                               "Retry-After: 2\r\n"
                               "X-Content-Type-Options: nosniff\r\n"
                               "\r\n"
                               "{\"error\":{\"code\":\"busy\",\"message\":\"The chat is busy. "
                               "Try again.\",\"retryable\":true,\"retry_after_ms\":2000}}";
    static const char html[] = "Status: 503 Service Unavailable\r\n"
                               "Content-Type: text/html; charset=utf-8\r\n"
                               "Cache-Control: no-store\r\n"
                               "Retry-After: 2\r\n"
                               "Content-Security-Policy: default-src 'none'\r\n"
                               "X-Content-Type-Options: nosniff\r\n"
                               "\r\n"
                               "<!doctype html>\n<title>Busy</title>\n<h1>The chat is busy</h1>\n"
                               "<p>Nothing was sent. Please try again in a moment.</p>\n";
    struct app *app = ctx;
    struct iovec piece;

    if (first)
        log_event(app->log, LOG_WARN, "overloaded");
    piece = app->site == SITE_API ? source_piece(json, sizeof json - 1)
                                  : source_piece(html, sizeof html - 1);
    source->answer(source->ctx, &piece, 1, NULL);
}

/* Serves the one CGI request of a program that could not start. */
static void serve_not_set_up(void *ctx, const struct source *source)
{
    static const char text[] = "Status: 503 Service Unavailable\r\n"
                               "Content-Type: text/html; charset=utf-8\r\n"
                               "Cache-Control: no-store\r\n"
                               "Content-Security-Policy: default-src 'none'\r\n"
                               "X-Content-Type-Options: nosniff\r\n"
                               "\r\n"
                               "<!doctype html>\n<title>Not set up</title>\n"
                               "<h1>The chat is not set up</h1>\n"
                               "<p>Its log says what is missing.</p>\n";
    const struct iovec piece = source_piece(text, sizeof text - 1);

    (void)ctx;
    source->answer(source->ctx, &piece, 1, NULL);
}

static const char *parse_arguments(int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'}, {"help", no_argument, NULL, 'h'}, {0}};
    const char *config = NULL;
    int option;

    while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
        if (option == 'c') {
            config = optarg;
            continue;
        }
        fprintf(option == 'h' ? stdout : stderr, usage, argv[0]);
        exit(option == 'h' ? 0 : 2);
    }
    return config;
}

static int run(struct app *app, bool cgi)
{
    char idle_lock[PATH_MAX_BYTES];
    struct server server = {.ctx = app,
                            .serve = serve,
                            .reload = reload,
                            .refuse = refuse,
                            .after = after,
                            .rest = rest,
                            .idle_lock = idle_lock,
                            .timeout_s = (unsigned)app->conf->request_timeout_s};
    int code;

    if (cgi)
        return cgi_run(&server);
    app->kept = kept_new();
    snprintf(idle_lock, sizeof idle_lock, "%s.idle-%s", app->conf->notify_socket,
             app->site == SITE_API ? "api" : "chat");
    db_check_at_start(app->chat->db); /* a program of one request has no time for it */
    footprint_trim();
    log_event(app->log, LOG_INFO, "started", LOG_S("program", program_invocation_short_name),
              LOG_N("pid", getpid()));
    code = fcgi_run(&server);
    log_event(app->log, LOG_INFO, "stopped", LOG_N("pid", getpid()), LOG_N("code", code));
    return code;
}

int program_main(int argc, char **argv, enum site site)
{
    static const struct server not_set_up = {.serve = serve_not_set_up, .timeout_s = 30};
    bool cgi = transport_begin();
    /* RFC 3875, 4.4: a web server may make words of the query, ?--config+/tmp/x, and pass them. */
    const char *config = getenv("REQUEST_METHOD") ? NULL : parse_arguments(argc, argv);
    struct fail f = {0};
    struct app *app;
    int code;

    if (cgi && !getenv("REQUEST_METHOD")) {
        fprintf(stderr, usage, argv[0]);
        return 2;
    }
    if (app_open(&app, site, cgi, config, argv[0], &f)) {
        fprintf(stderr, "outcry: %s\n", f.message);
        return cgi ? cgi_run(&not_set_up) : 1;
    }
    code = run(app, cgi);
    if (cgi)
        _exit(code); /* the kernel takes all of it back at once */
    app_close(app);
    return code;
}
