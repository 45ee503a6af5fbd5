/* Makes an installation: the configuration with fresh secrets, the folders, the databases, the
 * rooms. What exists already is left as it is, so running it again is safe. */
#include "cli/commands.h"
#include "cli/site.h"

#include "chat/rooms.h"
#include "lib/folder.h"
#include "lib/places.h"
#include "lib/secure.h"
#include "lib/write_all.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <pwd.h>
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

/* Who will own what this makes. */
struct owner {
    uid_t uid; /* -1: whoever runs this */
    gid_t gid;
    bool is_system; /* the places of a system installation, shared by a group */
};

static bool make_folder_of(const struct owner *o, const char *file)
{
    return folder_make_for(file, o->is_system ? 02770 : 0700, o->uid, o->gid) ||
           failed("make the folder of", file);
}

/* Whether `path` names the system's configuration, however it is written. */
static bool is_system_conf(const char *path)
{
    char *given = xstrdup(path), *ours = xstrdup(places_conf), *base = xstrdup(path);
    char *real = realpath(dirname(given), NULL);
    bool is = strcmp(path, places_conf) == 0 || (real && strcmp(real, dirname(ours)) == 0 &&
                                                 strcmp(basename(base), "outcry.conf") == 0);

    free(given);
    free(ours);
    free(base);
    free(real);
    return is;
}

/* --user, or the system's own user where the configuration is the system's. */
static bool find_owner(const struct args *args, const char *path, struct owner *o)
{
    const char *name = args_value(args, "user");
    const struct passwd *user;

    *o = (struct owner){(uid_t)-1, (gid_t)-1, is_system_conf(path)};
    if (!name && o->is_system && geteuid() == 0)
        name = places_user;
    if (!name)
        return true;
    user = getpwnam(name);
    if (!user)
        fprintf(stderr,
                "outcry: There is no user %s. Make it (systemd-sysusers, or useradd --system %s), "
                "or name another with --user.\n",
                name, name);
    else if (user->pw_uid != geteuid() && geteuid() != 0)
        fprintf(stderr, "outcry: Only root can make an installation for another user, %s.\n", name);
    else
        *o = (struct owner){user->pw_uid, user->pw_gid, o->is_system};
    return o->uid != (uid_t)-1;
}

/* Where a system installation has what is beside the configuration elsewhere. */
static void compose_places(struct buf *b)
{
    buf_fmt(b,
            "\ndatabase = %s/chat.db\nstate_database = %s/state.db\nws_socket = %s/ws.sock\n"
            "notify_socket = %s/notify.sock\nsidecar_lock = %s/sidecar.lock\n"
            "log_file = %s/outcry.log\n",
            places_state, places_state, places_run, places_run, places_run, places_log);
}

static void compose(struct buf *b, const struct args *args, bool is_system)
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
    buf_fmt(b, "secret = %s\n", secret);
    if (is_system)
        compose_places(b);
    else
        buf_str(b, "\nlog_file = log/outcry.log\n");
    if (run && !is_system)
        buf_fmt(b, "ws_socket = %s/ws.sock\nnotify_socket = %s/notify.sock\n", run, run);
    memset(secret, 0, sizeof secret);
}

/* A system's configuration stays root's, and the servers read it by its group. */
static bool hand_over(const struct owner *o, int fd)
{
    if (o->uid == (uid_t)-1)
        return true;
    return fchown(fd, o->is_system ? (uid_t)-1 : o->uid, o->gid) == 0 &&
           fchmod(fd, o->is_system ? 0640 : 0600) == 0;
}

/* Never over an existing file, never readable by others, and complete or not there. */
static bool write_new(const struct owner *o, const char *path, const struct buf *b)
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
        ok = write_all(fd, b->data, b->len) && hand_over(o, fd) && fsync(fd) == 0;
        if (!ok)
            (void)failed("write", tmp);
        close(fd);
        ok = ok && (link(tmp, path) == 0 || errno == EEXIST || failed("write", path));
        unlink(tmp);
    }
    arena_release(&a);
    return ok;
}

static bool write_conf(const struct args *args, const struct owner *o, const char *path)
{
    struct buf b;
    struct conf trial;
    struct fail f = {0};
    char *copy = xstrdup(path);
    bool ok;

    buf_init(&b, CONF_TEXT_MAX);
    compose(&b, args, o->is_system);
    /* What would not load is not written. */
    ok = conf_parse(&trial, path, dirname(copy), buf_cstr(&b), b.len, &f) == OK;
    if (ok) {
        conf_release(&trial);
        ok = (folder_make_for(path, o->is_system ? 0750 : 0700, o->is_system ? (uid_t)-1 : o->uid,
                              o->gid) ||
              failed("make the folder of", path)) &&
             write_new(o, path, &b);
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

/* What the configuration names, then the user of it all. */
static bool make_places(const struct owner *o, const struct conf *c)
{
    const char *const files[] = {c->database,      c->state_database, c->ws_socket,
                                 c->notify_socket, c->sidecar_lock,   c->log_file};

    if (o->uid == (uid_t)-1 && !site_become_owner_of(c->path))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        if (files[i][0] && !make_folder_of(o, files[i]))
            return false;
    }
    if (!site_become_owner_of(c->database))
        return false;
    if (o->uid != (uid_t)-1 && geteuid() != o->uid) {
        fprintf(stderr, "outcry: The folder of %s belongs to somebody else. Give it to user %ld.\n",
                c->database, (long)o->uid);
        return false;
    }
    return true;
}

/* The databases and the rooms of a site whose configuration is there. */
static int init_site(const struct args *args, const struct owner *o, bool wrote_conf)
{
    struct site site;
    struct fail f = {0};
    int from = 0, to = 0, code = EXIT_FAILED;
    struct rooms_made made = {.arena = &site.arena};

    if (!site_load(&site, args))
        return EXIT_FAILED;
    if (!make_places(o, &site.conf))
        goto out;
    folder_set_umask(site.conf.database);
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
    if (!args_value(args, "quiet") && geteuid() == 0)
        fputs("It belongs to root. Servers that run as another user need it to be theirs: see "
              "--user.\n",
              stderr);
    code = EXIT_DONE;
out:
    site_close(&site);
    return code;
}

static int run(const struct args *args)
{
    const char *path = args_value(args, "config");
    struct owner owner;
    bool wrote = false;

    if (args->word_count || !path)
        return args_misused(args, "init needs --config FILE.");
    if (!find_owner(args, path, &owner))
        return EXIT_FAILED;
    if (access(path, F_OK) != 0) {
        if (!write_conf(args, &owner, path))
            return EXIT_FAILED;
        wrote = true;
    }
    return init_site(args, &owner, wrote);
}

const struct command init_command = {
    .name = "init",
    .words = "",
    .summary = "Makes an installation: configuration with fresh secrets, databases, rooms.",
    .help =
        "Whatever exists is kept, so it may be run again: after adding to `rooms`, for example.\n"
        "An older database is not touched; see `outcry migrate`.\n"
        "For /etc/outcry/outcry.conf, run by root, the state goes to /var/lib/outcry, /run/outcry\n"
        "and /var/log/outcry, which belong to the user outcry and to its group.",
    .options =
        {
            {"config", "FILE", "the configuration to write or to use (required)"},
            {"guests", "WHO", "off (default), read or write, in a new configuration"},
            {"run-dir", "DIR", "folder of the sockets, in a new configuration (run/)"},
            {"user", "NAME", "as root: whose it will be (in /etc/outcry: outcry)"},
            {"quiet", NULL, "print nothing when all went well"},
        },
    .run = run,
};
