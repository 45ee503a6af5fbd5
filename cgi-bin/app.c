#include "cgi-bin/app.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum err app_open_with(struct app **out, enum site site, struct conf *conf, struct fail *f)
{
    struct app *app = xcalloc(1, sizeof *app);
    enum err e = OK;

    app->site = site;
    app->conf = *conf;
    *conf = (struct conf){0};
    app->log.fd = -1;
    if (!log_open(&app->log, app->conf.log_file, (enum log_level)app->conf.log_level))
        e = fail(f, ERR_BAD_REQUEST, "Cannot write the log %s: %s.", app->conf.log_file,
                 strerror(errno));
    if (!e)
        e = view_open(&app->view, app->conf.template_dir, f);
    if (!e)
        e = chat_open(&app->chat, &app->conf, &app->log, DB_READ_WRITE, f);
    if (e) {
        if (app->log.fd >= 0)
            log_event(&app->log, LOG_ERROR, "cannot_start", LOG_S("why", f->message));
        app_close(app);
        app = NULL;
    }
    *out = app;
    return e;
}

enum err app_open(struct app **out, enum site site, const char *config, const char *argv0,
                  struct fail *f)
{
    char *path = conf_find(config, argv0);
    struct conf conf;
    enum err e;

    if (!path)
        return fail(f, ERR_NOT_FOUND,
                    "There is no configuration: name one with --config, or run `outcry init`.");
    e = conf_load(&conf, path, f);
    free(path);
    return e ? e : app_open_with(out, site, &conf, f);
}

void app_close(struct app *app)
{
    if (app->chat.db)
        chat_close(&app->chat);
    view_close(app->view);
    log_close(&app->log);
    conf_release(&app->conf);
    free(app);
}

void app_reload(struct app *app)
{
    struct token_policy fresh;
    struct fail f = {0};

    if (!log_reopen(&app->log))
        log_event(&app->log, LOG_ERROR, "log_not_reopened", LOG_S("why", strerror(errno)));
    if (token_policy_load(&fresh, &app->conf, &f)) {
        log_event(&app->log, LOG_ERROR, "keys_not_reloaded", LOG_S("why", f.message));
        return;
    }
    token_policy_release(&app->chat.host_tokens);
    app->chat.host_tokens = fresh;
    log_event(&app->log, LOG_INFO, "reloaded");
}
