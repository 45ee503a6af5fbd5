/*
 * The texts that `outcry setup` gives a shared host: .htaccess files, and the part of one that is
 * ours. No files are touched here.
 */
#ifndef CLI_HTACCESS_H
#define CLI_HTACCESS_H

#include "lib/buf.h"

/* What a host was found to allow. Strings are whole lines, "" for none. */
struct host_means {
    const char *run;       /* what makes a file named *EXTENSION a program */
    const char *extension; /* ".fcgi" or ".cgi" */
    const char *auth;      /* what hands the Authorization header on */
    bool authorization;    /* it arrives */
    bool rewrite;          /* RewriteRule works, after `rewrite_options` */
    const char *rewrite_options;
    bool proxy_upgrade, proxy_http; /* [P] reaches a Unix socket of ours, for WebSockets and HTTP */
    const char *for_static;         /* what static files may be given */
};

/* Where the chat is on that host. Paths of URLs; `base` begins and ends with a slash. */
struct host_urls {
    const char *base;   /* of the web-visible folder */
    const char *folder; /* in it: "chat" */
    const char *ws_socket;
};

/*
 * `old` with `block` between the lines "# BEGIN outcry" and "# END outcry", in the place of what is
 * between them, else before everything else, so that no rule of the site takes our addresses first.
 * An empty block takes the lines away too. False where the lines are not a pair.
 */
MUST_CHECK bool htaccess_splice(struct buf *out, const char *old, const char *block);
bool htaccess_has_block(const char *text);
/* What is between those lines. False where they are not a pair. */
MUST_CHECK bool htaccess_block(struct buf *out, const char *text);

/* Of the web-visible folder: our addresses to our programs and to the sidecar; "" without
 * RewriteRule. */
void htaccess_site(struct buf *out, const struct host_means *m, const struct host_urls *u);
/* Of the folder of the programs, which needs nothing but its own. */
void htaccess_programs(struct buf *out, const struct host_means *m);

/* A program of ours under the web server: sh, with the configuration's place. The paths have been
 * judged by htaccess_is_plain(). */
void htaccess_wrapper(struct buf *out, const char *program, const char *conf);
/* Whether a path means the same to Apache, to a shell and to a regular expression's replacement. */
bool htaccess_is_plain(const char *path);

#endif
