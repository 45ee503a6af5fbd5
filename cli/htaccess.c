#include "cli/htaccess.h"

#include <string.h>

static const char begin[] = "# BEGIN outcry\n", end[] = "# END outcry\n";

/* The line that is exactly `line`, from `text` on; it may lack its line
 * end at the end of the text. */
static const char *find_line(const char *text, const char *line)
{
    size_t len = strlen(line) - 1;

    for (const char *p = text; *p; p++) {
        size_t n = strcspn(p, "\r\n");

        if (n == len && memcmp(p, line, len) == 0)
            return p;
        p += n;
        if (!*p)
            break;
    }
    return NULL;
}

static const char *after_line(const char *p)
{
    p += strcspn(p, "\n");
    return *p ? p + 1 : p;
}

bool htaccess_has_block(const char *text)
{
    return find_line(text, begin) != NULL;
}

static void add_block(struct buf *out, const char *block)
{
    if (!*block)
        return;
    buf_str(out, begin);
    buf_str(out, block);
    buf_str(out, end);
}

/* The two lines; false where there is one without the other, or more than two. Both NULL: none. */
static bool find_pair(const char *text, const char **first, const char **last)
{
    *first = find_line(text, begin);
    *last = find_line(text, end);
    if (!*first && !*last)
        return true;
    return *first && *last && *first < *last && !find_line(after_line(*first), begin) &&
           !find_line(after_line(*last), end);
}

bool htaccess_block(struct buf *out, const char *text)
{
    const char *first, *last;

    if (!find_pair(text, &first, &last))
        return false;
    if (first)
        buf_add(out, after_line(first), (size_t)(last - after_line(first)));
    return true;
}

bool htaccess_splice(struct buf *out, const char *old, const char *block)
{
    const char *first, *last;

    if (!find_pair(old, &first, &last))
        return false;
    if (!first) {
        add_block(out, block);
        buf_str(out, old);
        return true;
    }
    buf_add(out, old, (size_t)(first - old));
    add_block(out, block);
    buf_str(out, after_line(last));
    return true;
}

static void add_sidecar_rules(struct buf *out, const struct host_means *m,
                              const struct host_urls *u)
{
    if (!m->proxy_upgrade && !m->proxy_http)
        return;
    buf_str(out, "<IfModule mod_proxy.c>\n");
    if (m->proxy_upgrade)
        buf_fmt(out,
                "RewriteCond %%{HTTP:Upgrade} =websocket [NC]\n"
                "RewriteRule ^ws/chat/?$ unix:%s|ws://localhost%sws/chat/ [P]\n",
                u->ws_socket, u->base);
    if (m->proxy_http)
        buf_fmt(out,
                "RewriteRule ^ws/chat/(stream|poll)/?$ unix:%s|http://localhost%sws/chat/$1/ [P]\n",
                u->ws_socket, u->base);
    buf_str(out, "</IfModule>\n");
}

void htaccess_site(struct buf *out, const struct host_means *m, const struct host_urls *u)
{
    /* The header under a name of ours, for hosts that keep it to themselves. */
    static const char flags[] = "[E=HTTP_AUTHORIZATION:%{HTTP:Authorization},END]";

    if (!m->rewrite)
        return;
    buf_str(out, "# The Outcry chat. `outcry setup` writes this again: changes are lost.\n");
    buf_str(out, m->rewrite_options);
    buf_str(out, "<IfModule mod_rewrite.c>\nRewriteEngine On\n");
    add_sidecar_rules(out, m, u);
    buf_fmt(out, "RewriteRule ^api/stocks/chat(/.*)?$ %s%s/api%s %s\n", u->base, u->folder,
            m->extension, flags);
    buf_fmt(out, "RewriteRule ^(stocks|ws)/chat(/.*)?$ %s%s/chat%s %s\n", u->base, u->folder,
            m->extension, flags);
    buf_str(out, "</IfModule>\n");
}

void htaccess_programs(struct buf *out, const struct host_means *m)
{
    add_block(out, "# The programs of the Outcry chat. `outcry setup` writes this again.\n");
    buf_str(out, m->run);
    buf_str(out, m->auth);
}

void htaccess_wrapper(struct buf *out, const char *program, const char *conf)
{
    buf_fmt(out, "#!/bin/sh\nOUTCRY_CONFIG='%s'\nexport OUTCRY_CONFIG\nexec '%s'\n", conf, program);
}

bool htaccess_is_plain(const char *path)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789/._+@,=~-";

    return path[0] == '/' && !path[strspn(path, allowed)];
}
