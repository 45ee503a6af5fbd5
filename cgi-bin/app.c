#include "cgi-bin/app.h"

#include "cgi-bin/kept.h"
#include "lib/folder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The app and what it points to. */
struct owned {
    struct app app; /* first: app_close() gets a pointer to it */
    struct conf conf;
    struct log log;
    struct chat chat;
};

static enum err open_parts(struct owned *o, bool brief, struct fail *f)
{
    enum err e;

    folder_set_umask(o->conf.database);
    if (!log_open(&o->log, o->conf.log_file, (enum log_level)o->conf.log_level))
        return fail(f, ERR_BAD_REQUEST, "Cannot write the log %.120s: %s.", o->conf.log_file,
                    strerror(errno));
    view_site_version(o->app.site_version, o->conf.static_dir);
    e = view_open(&o->app.view, o->conf.template_dir, f);
    if (!e)
        e = brief ? chat_open_briefly(&o->chat, &o->conf, &o->log, f)
                  : chat_open(&o->chat, &o->conf, &o->log, DB_READ_WRITE, f);
    if (!e)
        o->app.chat = &o->chat;
    else if (o->log.path)
        log_event(&o->log, LOG_ERROR, "cannot_start", LOG_S("why", f->message));
    return e;
}

enum err app_open(struct app **out, enum site site, bool brief, const char *config,
                  const char *argv0, struct fail *f)
{
    char *path = conf_find(config, argv0);
    struct owned *o;
    enum err e;

    if (!path)
        return fail(f, ERR_NOT_FOUND,
                    "There is no configuration: name one with --config, or run `outcry init`.");
    o = xcalloc(1, sizeof *o);
    o->log.fd = -1;
    o->app = (struct app){.site = site, .conf = &o->conf, .log = &o->log};
    e = conf_load(&o->conf, path, f);
    free(path);
    if (!e)
        e = open_parts(o, brief, f);
    *out = &o->app;
    if (e) {
        app_close(&o->app);
        *out = NULL;
    }
    return e;
}

void app_close(struct app *app)
{
    struct owned *o = (struct owned *)app;

    if (app->chat)
        chat_close(app->chat);
    view_close(app->view);
    kept_free(app->kept);
    log_close(&o->log);
    conf_release(&o->conf);
    free(o);
}

void app_reload(struct app *app)
{
    struct token_policy fresh;
    struct fail f = {0};

    if (!log_reopen(app->log))
        log_event(app->log, LOG_ERROR, "log_not_reopened", LOG_S("why", strerror(errno)));
    view_site_version(app->site_version, app->conf->static_dir);
    if (token_policy_load(&fresh, app->conf, &f)) {
        log_event(app->log, LOG_ERROR, "keys_not_reloaded", LOG_S("why", f.message));
        return;
    }
    token_policy_release(&app->chat->host_tokens);
    app->chat->host_tokens = fresh;
    kept_clear(app->kept);
    log_event(app->log, LOG_INFO, "reloaded");
}

void app_rest(struct app *app)
{
    kept_clear(app->kept);
    view_rest(app->view);
    chat_leave(app->chat);
}
