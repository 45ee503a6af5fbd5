#include "cli/site.h"

#include "lib/folder.h"

#include <errno.h>
#include <grp.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int site_failed(const struct fail *f)
{
    fprintf(stderr, "outcry: %s\n", f->message);
    return EXIT_FAILED;
}

bool site_load(struct site *s, const struct args *args)
{
    struct fail f = {0};
    char *path = conf_find(args_value(args, "config"), args->program);

    memset(s, 0, sizeof *s);
    arena_init(&s->arena);
    if (!path) {
        fputs("outcry: There is no outcry.conf. Name it with --config, or make one: "
              "outcry init --config FILE\n",
              stderr);
        return false;
    }
    if (conf_load(&s->conf, path, &f) || !log_open(&s->log, NULL, LOG_WARN)) {
        (void)site_failed(&f);
        free(path);
        return false;
    }
    folder_set_umask(s->conf.database);
    free(path);
    return true;
}

bool site_become_owner_of(const char *path)
{
    char *copy = xstrdup(path);
    struct stat st;
    bool ok = true;

    if (geteuid() == 0 && stat(dirname(copy), &st) == 0 && st.st_uid != 0)
        ok = setgroups(0, NULL) == 0 && setgid(st.st_gid) == 0 && setuid(st.st_uid) == 0;
    if (!ok)
        fprintf(stderr, "outcry: Cannot become the owner of %s: %s.\n", path, strerror(errno));
    free(copy);
    return ok;
}

bool site_open(struct site *s, const struct args *args, enum db_access access)
{
    struct fail f = {0};

    if (!site_load(s, args))
        return false;
    if (site_become_owner_of(s->conf.database)) {
        if (!chat_open(&s->chat, &s->conf, &s->log, access, &f))
            return true;
        (void)site_failed(&f);
    }
    log_close(&s->log);
    conf_release(&s->conf);
    return false;
}

void site_close(struct site *s)
{
    if (s->chat.db)
        chat_close(&s->chat);
    log_close(&s->log);
    conf_release(&s->conf);
    arena_release(&s->arena);
}
