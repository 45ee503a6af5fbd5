#include "cgi-bin/view.h"

#include "lib/embedded.h"
#include "lib/mustache.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { TEMPLATE_MAX = 1 << 20, TEMPLATES_MAX = 64 };

static const char suffix[] = ".mustache";

/* Ours are parsed when they are first needed, of which the API has little; a host's at once, so
 * that a mistake in one is told at the start. */
struct page_template {
    char *name;                  /* without the suffix; owned */
    const struct embedded *ours; /* NULL: a host's */
    struct mustache *parsed;     /* NULL: not yet */
};

struct view {
    struct page_template templates[TEMPLATES_MAX];
    size_t count;
};

static struct page_template *find(struct view *v, const char *name, size_t len)
{
    for (size_t i = 0; i < v->count; i++)
        if (strlen(v->templates[i].name) == len && memcmp(v->templates[i].name, name, len) == 0)
            return &v->templates[i];
    return NULL;
}

/* The place of the template in that file; a new one where there is none;
 * NULL where all are taken. */
static struct page_template *place_of(struct view *v, const char *file)
{
    size_t name_len = strlen(file) - (sizeof suffix - 1);
    struct page_template *t = find(v, file, name_len);

    if (t || v->count == TEMPLATES_MAX)
        return t;
    t = &v->templates[v->count++];
    t->name = xstrdup(file);
    t->name[name_len] = '\0';
    return t;
}

/* Adds the host's template, or puts it in the place of ours. */
static enum err put(struct view *v, const char *file, const char *text, size_t len, struct fail *f)
{
    struct page_template *t;
    struct mustache *parsed;
    enum err e = mustache_parse(file, text, len, &parsed, f);

    if (e)
        return e;
    t = place_of(v, file);
    if (!t) {
        mustache_free(parsed);
        return fail(f, ERR_BAD_REQUEST, "There are more than %d templates.", TEMPLATES_MAX);
    }
    t->parsed = parsed;
    t->ours = NULL;
    return OK;
}

static enum err put_file(struct view *v, const char *dir, const char *file, struct fail *f)
{
    char path[4096];
    struct buf text;
    char chunk[4096];
    size_t n;
    enum err e;
    FILE *in;

    snprintf(path, sizeof path, "%s/%s", dir, file);
    in = fopen(path, "re");
    if (!in)
        return fail(f, ERR_NOT_FOUND, "Cannot read the template %s: %s.", path, strerror(errno));
    buf_init(&text, TEMPLATE_MAX);
    while ((n = fread(chunk, 1, sizeof chunk, in)) > 0)
        buf_add(&text, chunk, n);
    if (ferror(in) || text.overflow)
        e = fail(f, ERR_BAD_REQUEST, "The template %s cannot be read or is too large.", path);
    else
        e = put(v, file, buf_cstr(&text), text.len, f);
    fclose(in);
    buf_release(&text);
    return e;
}

static bool is_template(const char *file)
{
    size_t len = strlen(file), suffix_len = sizeof suffix - 1;

    return len > suffix_len && file[0] != '.' && strcmp(file + len - suffix_len, suffix) == 0;
}

static enum err put_folder(struct view *v, const char *dir, struct fail *f)
{
    DIR *d = opendir(dir);
    struct dirent *entry;
    enum err e = OK;

    if (!d)
        return fail(f, ERR_NOT_FOUND, "Cannot read template_dir %s: %s.", dir, strerror(errno));
    while (!e && (entry = readdir(d)))
        if (is_template(entry->d_name))
            e = put_file(v, dir, entry->d_name, f);
    closedir(d);
    return e;
}

enum err view_open(struct view **out, const char *template_dir, struct fail *f)
{
    struct view *v = xcalloc(1, sizeof *v);
    enum err e = OK;

    for (const struct embedded *ours = embedded_templates; ours->name; ours++) {
        struct page_template *t = place_of(v, ours->name);

        assert(t);
        t->ours = ours;
    }
    if (*template_dir)
        e = put_folder(v, template_dir, f);
    if (e) {
        view_close(v);
        v = NULL;
    }
    *out = v;
    return e;
}

void view_rest(struct view *v)
{
    for (size_t i = 0; i < v->count; i++) {
        if (!v->templates[i].ours)
            continue;
        mustache_free(v->templates[i].parsed);
        v->templates[i].parsed = NULL;
    }
}

void view_close(struct view *v)
{
    if (!v)
        return;
    for (size_t i = 0; i < v->count; i++) {
        free(v->templates[i].name);
        mustache_free(v->templates[i].parsed);
    }
    free(v);
}

static const struct mustache *partial(void *ctx, const char *name)
{
    struct page_template *t = find(ctx, name, strlen(name));

    if (t && !t->parsed &&
        mustache_parse(t->ours->name, t->ours->text, t->ours->len, &t->parsed, NULL))
        return NULL; /* a test parses all of ours */
    return t ? t->parsed : NULL;
}

enum err view_render(const struct view *v, const char *name, struct json_object *data,
                     struct buf *out, struct fail *f)
{
    const struct mustache *m = partial((void *)(uintptr_t)v, name);

    if (!m)
        return fail(f, ERR_INTERNAL, "There is no template %s.", name);
    return mustache_render(m, data, partial, (void *)(uintptr_t)v, out, f);
}

void view_site_version(char out[VIEW_VERSION], const char *static_dir)
{
    char path[4096];
    struct stat st;

    out[0] = '\0';
    if (!*static_dir || snprintf(path, sizeof path, "%s/site.css", static_dir) >= (int)sizeof path)
        return;
    if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
        snprintf(out, VIEW_VERSION, "%llx.%lx-%llx", (unsigned long long)st.st_mtim.tv_sec,
                 (unsigned long)st.st_mtim.tv_nsec, (unsigned long long)st.st_size);
}
