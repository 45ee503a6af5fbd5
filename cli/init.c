/* Makes an installation: the configuration with fresh secrets, the folders, the databases, the
 * rooms. What exists already is left as it is, so running it again is safe. */
#include "cli/commands.h"
#include "cli/site.h"

#include "chat/rooms.h"
#include "lib/secure.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SECRET_BYTES = 32, CONF_TEXT_MAX = 16384 };

static bool failed(const char *what, const char *path)
{
    fprintf(stderr, "outcry: Cannot %s %s: %s.\n", what, path, strerror(errno));
    return false;
}

/* mkdir -p of the folder that holds `file`, 0700. */
static bool make_folder_of(const char *file)
{
    char *copy = xstrdup(file);
    char *dir = dirname(copy);
    bool ok = true;

    for (char *p = dir + 1; ok && *p; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        ok = mkdir(dir, 0755) == 0 || errno == EEXIST || failed("make", dir);
        *p = '/';
    }
    ok = ok && (mkdir(dir, 0700) == 0 || errno == EEXIST || failed("make", dir));
    free(copy);
    return ok;
}

static void compose(struct buf *b, const struct args *args)
{
    const char *guests = args_value(args, "guests"), *run = args_value(args, "run-dir");
    char secret[2 * SECRET_BYTES + 1];

    buf_str(b,
            "# Outcry: `key = value`, one a line. docs/configuration.md describes every key;\n"
            "# what is not here has its default. Relative paths begin at this file's folder.\n\n");
    buf_str(b,
            "# Your site's login: its JSON Web Tokens. For Django SimpleJWT put SIGNING_KEY (by\n"
            "# default SECRET_KEY) here, or set jwt_alg and jwt_key_file for a public key.\n");
    secure_random_hex(secret, SECRET_BYTES);
    buf_fmt(b, "jwt_alg = HS256\njwt_secret = %s\n", secret);
    buf_str(b, "# browser_token = cookie:NAME or storage:KEY says where a browser keeps it.\n\n");
    buf_str(b, "# Visitors without a login: off, read or write.\n");
    buf_fmt(b, "guests = %s\n\n", guests ? guests : "off");
    buf_str(b, "# Ours: guests' sessions, forms and tickets are sealed with it.\n");
    secure_random_hex(secret, SECRET_BYTES);
    buf_fmt(b, "secret = %s\n\nlog_file = log/outcry.log\n", secret);
    if (run)
        buf_fmt(b, "ws_socket = %s/ws.sock\nnotify_socket = %s/notify.sock\n", run, run);
    memset(secret, 0, sizeof secret);
}

/* Never over an existing file, never readable by others, and complete or not there. */
static bool write_new(const char *path, const struct buf *b)
{
    struct arena a;
    char *tmp;
    int fd;
    bool ok;

    arena_init(&a);
    tmp = arena_fmt(&a, "%s.new.%ld", path, (long)getpid());
    fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    ok = fd >= 0 || failed("write", tmp);
    if (fd >= 0) {
        ok = write(fd, b->data, b->len) == (ssize_t)b->len && fsync(fd) == 0;
        if (!ok)
            (void)failed("write", tmp);
        close(fd);
        ok = ok && (link(tmp, path) == 0 || errno == EEXIST || failed("write", path));
        unlink(tmp);
    }
    arena_release(&a);
    return ok;
}

static bool write_conf(const struct args *args, const char *path)
{
    struct buf b;
    struct conf trial;
    struct fail f = {0};
    char *copy = xstrdup(path);
    bool ok;

    buf_init(&b, CONF_TEXT_MAX);
    compose(&b, args);
    /* What would not load is not written. */
    ok = conf_parse(&trial, path, dirname(copy), buf_cstr(&b), b.len, &f) == OK;
    if (ok) {
        conf_release(&trial);
        ok = make_folder_of(path) && write_new(path, &b);
    } else {
        (void)site_failed(&f);
    }
    buf_release(&b);
    free(copy);
    return ok;
}

struct rooms_made {
    struct arena *arena;
    int created;
};

static enum err init_rooms(struct chat *c, void *arg, struct fail *f)
{
    struct rooms_made *made = arg;

    return rooms_init(c, made->arena, &made->created, f);
}

/* The databases and the rooms of a site whose configuration is there. */
static int init_site(const struct args *args, bool wrote_conf)
{
    struct site site;
    struct fail f = {0};
    int from = 0, to = 0, code = EXIT_FAILED;
    struct rooms_made made = {.arena = &site.arena};

    if (!site_load(&site, args))
        return EXIT_FAILED;
    if (!site_become_owner_of(site.conf.path) || !make_folder_of(site.conf.database) ||
        !make_folder_of(site.conf.state_database) || !make_folder_of(site.conf.ws_socket) ||
        !make_folder_of(site.conf.notify_socket) || !make_folder_of(site.conf.sidecar_lock) ||
        (site.conf.log_file[0] && !make_folder_of(site.conf.log_file)))
        goto out;
    if ((access(site.conf.database, F_OK) != 0 &&
         db_migrate(&site.conf, &site.log, &from, &to, &f)) ||
        chat_open(&site.chat, &site.conf, &site.log, DB_READ_WRITE, &f) ||
        chat_write(&site.chat, init_rooms, &made, &f)) {
        (void)site_failed(&f);
        goto out;
    }
    if (!args_value(args, "quiet"))
        printf("%s %s; %s holds the chat, %d room%s made.\n", wrote_conf ? "Wrote" : "Kept",
               site.conf.path, site.conf.database, made.created, made.created == 1 ? "" : "s");
    code = EXIT_DONE;
out:
    site_close(&site);
    return code;
}

static int run(const struct args *args)
{
    const char *path = args_value(args, "config");
    bool wrote = false;

    if (args->word_count || !path)
        return args_misused(args, "init needs --config FILE.");
    if (access(path, F_OK) != 0) {
        if (!write_conf(args, path))
            return EXIT_FAILED;
        wrote = true;
    }
    return init_site(args, wrote);
}

const struct command init_command = {
    .name = "init",
    .words = "",
    .summary = "Makes an installation: configuration with fresh secrets, databases, rooms.",
    .help =
        "Whatever exists is kept, so it may be run again: after adding to `rooms`, for example.\n"
        "An older database is not touched; see `outcry migrate`.",
    .options =
        {
            {"config", "FILE", "the configuration to write or to use (required)"},
            {"guests", "WHO", "off (default), read or write, in a new configuration"},
            {"run-dir", "DIR", "folder of the sockets, in a new configuration (run/)"},
            {"quiet", NULL, "print nothing when all went well"},
        },
    .run = run,
};
