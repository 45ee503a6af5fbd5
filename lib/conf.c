#include "lib/conf_key.h"

#include "lib/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 1 << 20, NAME_SHOWN = 90 };

_Static_assert(sizeof(enum conf_guests) == sizeof(unsigned), "CONF_CHOICE stores an unsigned");
_Static_assert(sizeof(enum conf_creators) == sizeof(unsigned), "CONF_CHOICE stores an unsigned");
_Static_assert(sizeof(enum conf_sidecar) == sizeof(unsigned), "CONF_CHOICE stores an unsigned");
_Static_assert(sizeof(enum log_level) == sizeof(unsigned), "CONF_CHOICE stores an unsigned");

struct reader {
    struct conf *conf;
    const char *name, *dir; /* of the file; what relative paths are relative to */
    struct fail *fail;
    size_t line;    /* 0: the file as a whole */
    size_t *set_on; /* the line that set each key; 0: none did */
};

/* "path:line: sentence", where a long path gives way to the sentence. */
static enum err refuse(const struct reader *r, const char *fmt, ...) PRINTF_LIKE(2, 3);
static enum err refuse(const struct reader *r, const char *fmt, ...)
{
    size_t len = strlen(r->name);
    const char *shown = len > NAME_SHOWN ? r->name + len - NAME_SHOWN : r->name;
    char place[NAME_SHOWN + 32], sentence[240];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(sentence, sizeof sentence, fmt, ap);
    va_end(ap);
    if (r->line)
        snprintf(place, sizeof place, "%s%s:%zu", shown == r->name ? "" : "...", shown, r->line);
    else
        snprintf(place, sizeof place, "%s%s", shown == r->name ? "" : "...", shown);
    return fail(r->fail, ERR_BAD_REQUEST, "%s: %s", place, sentence);
}

static bool is_url_path(const char *s)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789-._~/";
    size_t len = strlen(s);

    return len > 1 && s[0] == '/' && s[len - 1] != '/' && !strstr(s, "//") && !strstr(s, "/.") &&
           strspn(s, allowed) == len;
}

/* Adds what is allowed: "debug, info, warn or error". */
static enum err refuse_choice(const struct reader *r, const struct conf_key *key)
{
    struct buf list;
    enum err e;

    buf_init(&list, 200);
    for (size_t i = 0; key->choices[i]; i++) {
        if (i > 0)
            buf_str(&list, key->choices[i + 1] ? ", " : " or ");
        buf_str(&list, key->choices[i]);
    }
    e = refuse(r, "%s must be %s.", key->name, buf_cstr(&list));
    buf_release(&list);
    return e;
}

static void put_str(struct conf *c, const struct conf_key *key, char *owned)
{
    char **field = (char **)(void *)((char *)c + key->at);

    free(*field);
    *field = owned;
}

static enum err put_choice(const struct reader *r, const struct conf_key *key, const char *value)
{
    unsigned i = 0;

    while (key->choices[i] && strcmp(key->choices[i], value) != 0)
        i++;
    if (!key->choices[i])
        return refuse_choice(r, key);
    if (key->type == CONF_WORD)
        put_str(r->conf, key, xstrdup(value));
    else
        memcpy((char *)r->conf + key->at, &i, sizeof i);
    return OK;
}

static enum err put_number(const struct reader *r, const struct conf_key *key, const char *value)
{
    int64_t n;

    if (!text_to_i64(value, strlen(value), key->min, key->max, &n))
        return refuse(r, "%s must be a whole number from %lld to %lld.", key->name,
                      (long long)key->min, (long long)key->max);
    memcpy((char *)r->conf + key->at, &n, sizeof n);
    return OK;
}

static enum err put_path(const struct reader *r, const struct conf_key *key, const char *value)
{
    char *path = conf_join(r->dir, value);
    size_t len = strlen(path);

    put_str(r->conf, key, path);
    if (key->type == CONF_SOCKET && (len == 0 || len > CONF_SOCKET_MAX))
        return refuse(r,
                      "%s must be a path of 1 to %d bytes, and is one of %zu; the kernel takes no "
                      "longer one. Set a shorter one, under /run for example.",
                      key->name, CONF_SOCKET_MAX, len);
    return OK;
}

/* Stores one value; the same way for what the file says and for a default. */
static enum err put(const struct reader *r, const struct conf_key *key, const char *value)
{
    switch (key->type) {
    case CONF_WORD:
    case CONF_CHOICE:
        return put_choice(r, key, value);
    case CONF_NUMBER:
        return put_number(r, key, value);
    case CONF_PATH:
    case CONF_SOCKET:
        return put_path(r, key, value);
    case CONF_URL_PATH:
        if (!is_url_path(value))
            return refuse(r, "%s must begin with \"/\" and not end with it, as /stocks/chat does.",
                          key->name);
        break;
    case CONF_TEXT:
        break;
    }
    put_str(r->conf, key, xstrdup(value));
    return OK;
}

/* A value that the file gives. A default needs no check, and may be what a file must not say: no
 * secret is one thing, an empty one that somebody wrote or left is another. */
static enum err put_given(const struct reader *r, const struct conf_key *key, const char *value)
{
    const char *problem = key->check ? key->check(value) : NULL;

    return problem ? refuse(r, "%s %s.", key->name, problem) : put(r, key, value);
}

/* Levenshtein distance; names are short, longer ones are compared by their beginning. */
static size_t distance(const char *a, size_t a_len, const char *b)
{
    enum { MOST = 40 };
    size_t row[MOST + 1], b_len = strnlen(b, MOST);

    if (a_len > MOST)
        a_len = MOST;
    for (size_t j = 0; j <= b_len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t best = diagonal + (a[i - 1] != b[j - 1]);

            diagonal = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[b_len];
}

static const char *nearest_key(const char *name, size_t len)
{
    size_t nearest = 0, least = SIZE_MAX;

    for (size_t i = 0; i < conf_key_count; i++) {
        size_t d = distance(name, len, conf_keys[i].name);

        if (d < least) {
            least = d;
            nearest = i;
        }
    }
    return conf_keys[nearest].name;
}

/* The index of the key, or -1 with `f` filled. */
static ssize_t find_key(const struct reader *r, const char *name, size_t len)
{
    for (size_t i = 0; i < conf_key_count; i++)
        if (strlen(conf_keys[i].name) == len && memcmp(conf_keys[i].name, name, len) == 0)
            return (ssize_t)i;
    (void)refuse(r, "There is no key \"%.*s\"; the nearest is \"%s\".", len > 60 ? 60 : (int)len,
                 name, nearest_key(name, len));
    return -1;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static void trim(const char **s, size_t *len)
{
    while (*len > 0 && is_space(**s)) {
        (*s)++;
        (*len)--;
    }
    while (*len > 0 && is_space((*s)[*len - 1]))
        (*len)--;
}

static enum err read_line(struct reader *r, struct arena *a, const char *line, size_t len)
{
    const char *equals, *value;
    size_t name_len, value_len;
    ssize_t i;

    trim(&line, &len);
    if (len == 0 || line[0] == '#')
        return OK;
    for (size_t k = 0; k < len; k++)
        if ((unsigned char)line[k] < ' ' && line[k] != '\t')
            return refuse(r, "There is a control character in this line.");
    equals = memchr(line, '=', len);
    if (!equals)
        return refuse(r, "This is not \"key = value\"; a comment begins with #.");
    name_len = (size_t)(equals - line);
    value = equals + 1;
    value_len = len - name_len - 1;
    trim(&line, &name_len);
    trim(&value, &value_len);
    i = find_key(r, line, name_len);
    if (i < 0)
        return ERR_BAD_REQUEST;
    if (r->set_on[i])
        return refuse(r, "%s is set twice; first on line %zu.", conf_keys[i].name, r->set_on[i]);
    r->set_on[i] = r->line;
    return put_given(r, &conf_keys[i], arena_strn(a, value, value_len));
}

static enum err read_lines(struct reader *r, const char *text, size_t len)
{
    size_t start = 0;
    struct arena a;
    enum err e = OK;

    arena_init(&a);
    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        start = 3;
    while (!e && start < len) {
        const char *end = memchr(text + start, '\n', len - start);
        size_t line_len = (end ? (size_t)(end - text) : len) - start;

        r->line++;
        if (!text_is_utf8(text + start, line_len))
            e = refuse(r, "This line is not UTF-8.");
        else
            e = read_line(r, &a, text + start, line_len);
        start += line_len + 1;
    }
    arena_release(&a);
    return e;
}

/* After the file was read, so that a default which cannot work here (a socket's path that is too
 * long below this folder) does no harm where the file says otherwise. */
static enum err set_defaults(const struct reader *r)
{
    for (size_t i = 0; i < conf_key_count; i++) {
        const struct conf_key *key = &conf_keys[i];
        enum err e;

        if (r->set_on[i])
            continue;
        if (!key->def)
            return refuse(r, "%s is not set; run \"outcry init\", which writes it.", key->name);
        e = put(r, key, key->def);
        if (e)
            return e;
    }
    return OK;
}

static void split_browser_token(struct conf *c)
{
    const char *colon = strchr(c->browser_token, ':');

    c->browser_token_name = xstrdup(colon ? colon + 1 : "");
    if (!colon)
        c->browser_token_kind = BROWSER_TOKEN_NONE;
    else
        c->browser_token_kind =
            c->browser_token[0] == 'c' ? BROWSER_TOKEN_COOKIE : BROWSER_TOKEN_STORAGE;
}

/* What no key can say alone. */
static enum err judge_whole(const struct reader *r)
{
    const struct conf *c = r->conf;

    if (c->ws_idle_timeout_ms <= c->ws_heartbeat_ms)
        return refuse(r, "ws_idle_timeout_ms must be more than ws_heartbeat_ms.");
    if (c->presence_ttl_ms <= c->ws_heartbeat_ms)
        return refuse(r, "presence_ttl_ms must be more than ws_heartbeat_ms.");
    if (c->body_max_bytes < c->message_max_bytes)
        return refuse(r, "body_max_bytes must be at least message_max_bytes.");
    if (strcmp(c->page_path, c->api_path) == 0)
        return refuse(r, "page_path and api_path must differ.");
    if (strcmp(c->ws_socket, c->notify_socket) == 0)
        return refuse(r, "ws_socket and notify_socket must differ.");
    if (strcmp(c->database, c->state_database) == 0)
        return refuse(r, "database and state_database must differ.");
    if (c->sidecar == SIDECAR_ON_DEMAND && !*c->log_file)
        return refuse(r, "sidecar = on_demand needs a log_file: a sidecar that the web server's "
                         "programs start has nowhere else to write.");
    return OK;
}

enum err conf_parse(struct conf *c, const char *name, const char *dir, const char *text, size_t len,
                    struct fail *f)
{
    struct reader r = {.conf = c, .name = name, .dir = dir, .fail = f};
    enum err e;

    *c = (struct conf){.path = xstrdup(name)};
    r.set_on = xcalloc(conf_key_count, sizeof *r.set_on);
    e = read_lines(&r, text, len);
    r.line = 0;
    if (!e)
        e = set_defaults(&r);
    if (!e)
        e = judge_whole(&r);
    free(r.set_on);
    if (e) {
        conf_release(c);
        return e;
    }
    split_browser_token(c);
    if (!*c->sidecar_program) {
        free(c->sidecar_program);
        c->sidecar_program = conf_beside_program("outcry-sidecar");
    }
    if (!*c->files_dir) {
        free(c->files_dir);
        c->files_dir = conf_beside(c->database, "files");
    }
    return OK;
}

/* The whole file in `text`; false with errno set. */
static bool read_file(const char *path, struct buf *text)
{
    char chunk[8192];
    struct stat st;
    ssize_t n = -1;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return false;
    errno = EINVAL;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        while ((n = read(fd, chunk, sizeof chunk)) > 0 && !text->overflow)
            buf_add(text, chunk, (size_t)n);
    if (text->overflow) {
        errno = EFBIG;
        n = -1;
    }
    close(fd);
    return n == 0;
}

enum err conf_load(struct conf *c, const char *path, struct fail *f)
{
    struct buf text;
    enum err e;
    char *dir;

    *c = (struct conf){0};
    buf_init(&text, FILE_MAX);
    if (!read_file(path, &text)) {
        int problem = errno;

        buf_release(&text);
        return fail(f, problem == ENOENT || problem == ENOTDIR ? ERR_NOT_FOUND : ERR_BAD_REQUEST,
                    "Cannot read the configuration %.120s: %s.", path,
                    problem == EINVAL ? "it is not a file" : strerror(problem));
    }
    dir = conf_folder_of(path);
    e = conf_parse(c, path, dir, buf_cstr(&text), text.len, f);
    free(dir);
    buf_release(&text);
    return e;
}

void conf_release(struct conf *c)
{
    for (size_t i = 0; i < conf_key_count; i++)
        if (conf_keys[i].type != CONF_CHOICE && conf_keys[i].type != CONF_NUMBER)
            put_str(c, &conf_keys[i], NULL);
    free(c->browser_token_name);
    free(c->path);
    *c = (struct conf){0};
}

bool conf_next_room(struct arena *a, const char **rest, char **slug, char **title)
{
    static const char blanks[] = " \t";
    const char *word = *rest + strspn(*rest, blanks), *end, *start, *colon;
    size_t len = strcspn(word, blanks);

    if (len == 0)
        return false;
    colon = memchr(word, ':', len);
    *slug = arena_strn(a, word, colon ? (size_t)(colon - word) : len);
    start = colon ? colon + 1 : word + len;
    end = word + len;
    while (colon) {
        const char *next = end + strspn(end, blanks);

        len = strcspn(next, blanks);
        if (len == 0 || memchr(next, ':', len))
            break;
        end = next + len;
    }
    *rest = end;
    *title = end > start ? arena_strn(a, start, (size_t)(end - start)) : *slug;
    return true;
}
