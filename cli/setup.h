/*
 * `outcry setup --shared-host`: what its files share. setup.c is the command and its order,
 * setup_host.c finds out what the host allows, setup_files.c writes and removes.
 */
#ifndef CLI_SETUP_H
#define CLI_SETUP_H

#include "cli/htaccess.h"
#include "cli/probe.h"
#include "cli/site.h"

#include <sys/types.h>

struct setup {
    struct arena a; /* everything below lives in it */
    char *dir;      /* the web-visible folder */
    char *folder;   /* the name of ours in it: chat */
    char *ours;     /* dir/folder */
    char *data;     /* the private folder */
    char *conf;     /* data/outcry.conf */
    char *programs; /* where chat.fcgi, api.fcgi and outcry-sidecar are */
    char *statics;  /* where our static files come from */
    bool has_url;   /* to look at, or only to know: see `look` */
    bool look;      /* ask the web server before anything is written */
    struct probe_url url;
    char *base; /* path of the address of dir, with a slash at both ends */
    struct host_means means;
};

/* What the name of the folder for trying things out begins with. */
#define SETUP_TRIAL "outcry-trial-"

/* Sentence on stderr; returns false. */
bool setup_failed(const char *fmt, ...) PRINTF_LIKE(1, 2);

/*
 * setup_host.c. Finds s->means by asking the web server for files in a folder of its own below
 * s->dir, which is gone afterwards. False, with a sentence, where programs cannot be run at all.
 */
MUST_CHECK bool setup_look_at_host(struct setup *s);
/* What may be hoped for where nobody asks: nothing that could harm the site. */
void setup_assume_host(struct setup *s);
/* The status that `path` is answered with; 0 where no answer came. */
int setup_status(struct setup *s, const char *path);

/* setup_conf.c. Our block in outcry.conf; where the operator has set a key, ours is taken away. */
MUST_CHECK bool setup_write_conf(struct setup *s);
MUST_CHECK bool setup_yield_to_operator(struct setup *s);
const char *setup_page_path(struct setup *s);

/* setup_files.c. Each false with a sentence where it could not be done; files appear whole. */
MUST_CHECK bool setup_write(struct setup *s, const char *path, const char *text, mode_t mode);
/* "" where there is no such file; NULL, with a sentence, where it cannot be read. */
const char *setup_read(struct setup *s, const char *path);
/* Our block in a file of theirs; `block` "" takes it out, and a file that was only ours goes. With
 * `keep`, a file as it was before us stays beside it, once. */
MUST_CHECK bool setup_splice(struct setup *s, const char *path, const char *block, bool keep);
/* The two programs' wrappers in `dir`, which run with `conf`. */
MUST_CHECK bool setup_write_wrappers(struct setup *s, const char *dir, const char *conf);
/* Our static files to `to`; what is there goes, but for the site's own in `to`/site. */
MUST_CHECK bool setup_copy_static(struct setup *s, const char *to);
/* A file or a folder with all that is in it. Links are removed, not followed. */
MUST_CHECK bool setup_remove(struct setup *s, const char *path);
/* Folders of trials that were broken off. */
MUST_CHECK bool setup_remove_trials(struct setup *s);

#endif
