/*
 * What setup has in outcry.conf: a block of its own, between lines like those in .htaccess files. A
 * key that the operator sets outside of it is the operator's.
 */
#include "cli/setup.h"

#include <ctype.h>
#include <string.h>

enum { CONF_MAX = 1 << 20 };

const char *setup_page_path(struct setup *s)
{
    if (s->means.rewrite)
        return arena_fmt(&s->a, "%sstocks/chat", s->base);
    return arena_fmt(&s->a, "%s%s/chat%s", s->base, s->folder, s->means.extension);
}

static const char *api_path(struct setup *s)
{
    if (s->means.rewrite)
        return arena_fmt(&s->a, "%sapi/stocks/chat", s->base);
    return arena_fmt(&s->a, "%s%s/api%s", s->base, s->folder, s->means.extension);
}

/* As browsers send it: lower case, no port where it is the scheme's own. */
static const char *origin(struct setup *s)
{
    char *text = arena_str(&s->a, s->url.origin);
    const char *own_port = s->url.tls ? ":443" : ":80";
    size_t len = strlen(text), own = strlen(own_port);

    for (char *p = text; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    if (len > own && strcmp(text + len - own, own_port) == 0)
        text[len - own] = '\0';
    return text;
}

/* Whether a line of `text` sets the key. */
static bool sets(const char *text, const char *key, size_t len)
{
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += strspn(line, "\n \t");
        if (strncmp(line, key, len) == 0 && line[len + strspn(line + len, " \t")] == '=')
            return true;
    }
    return false;
}

static void add_key(struct buf *b, const char *theirs, const char *key, const char *value)
{
    if (!sets(theirs, key, strlen(key)))
        buf_fmt(b, "%s = %s\n", key, value);
}

/* A key that is set twice stops every program; where the operator has set one, our line goes. */
bool setup_yield_to_operator(struct setup *s)
{
    const char *old = setup_read(s, s->conf);
    struct buf block, theirs, rest;
    bool ok;

    if (!old || !htaccess_has_block(old))
        return old != NULL;
    buf_init(&block, CONF_MAX);
    buf_init(&theirs, CONF_MAX);
    buf_init(&rest, CONF_MAX);
    ok = htaccess_block(&block, old) && htaccess_splice(&theirs, old, "");
    for (const char *line = buf_cstr(&block), *next; *line; line = next) {
        next = line + strcspn(line, "\n");
        next += *next == '\n';
        if (!sets(buf_cstr(&theirs), line, strcspn(line, " \t=\n")))
            buf_add(&rest, line, (size_t)(next - line));
    }
    /* Lines that are no pair: setup_splice() says so. */
    ok = setup_splice(s, s->conf, buf_cstr(&rest), false) && ok;
    buf_release(&block);
    buf_release(&theirs);
    buf_release(&rest);
    return ok;
}

/* What the host decides, between lines of ours in the configuration. */
bool setup_write_conf(struct setup *s)
{
    const char *old = setup_read(s, s->conf);
    struct buf b, theirs;
    bool ok;

    buf_init(&b, CONF_MAX);
    buf_init(&theirs, CONF_MAX);
    ok = old && htaccess_splice(&theirs, old, "");
    buf_str(&b, "# Written by `outcry setup`, which writes it again: changes are lost.\n");
    buf_fmt(&b, "page_path = %s\napi_path = %s\n", setup_page_path(s), api_path(s));
    buf_fmt(&b, "ws_path = %sws/chat\nstatic_path = %s%s/static\n", s->base, s->base, s->folder);
    add_key(&b, buf_cstr(&theirs), "static_dir", arena_fmt(&s->a, "%s/static/site", s->ours));
    if (s->has_url)
        add_key(&b, buf_cstr(&theirs), "allowed_origins", origin(s));
    add_key(&b, buf_cstr(&theirs), "sidecar", s->means.proxy_upgrade ? "on_demand" : "off");
    add_key(&b, buf_cstr(&theirs), "sidecar_program",
            arena_fmt(&s->a, "%s/outcry-sidecar", s->programs));
    ok = ok && setup_splice(s, s->conf, buf_cstr(&b), false);
    buf_release(&theirs);
    buf_release(&b);
    return ok;
}
