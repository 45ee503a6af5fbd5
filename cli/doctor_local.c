/* The installation as this machine sees it: files, keys, databases,
 * sidecar, web servers, limits. */
#include "cli/doctor.h"

#include "lib/media.h"
#include "lib/places.h"
#include "lib/sidecar_lock.h"
#include "lib/slot.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Built in 2026 or later: a clock before that was never set. */
#define CLOCK_SANE_S INT64_C(1767225600)

static void check_conf_file(struct doctor *d)
{
    const char *path = d->site->conf.path;
    struct stat st;

    if (stat(path, &st) != 0)
        doctor_fail(d, "configuration: cannot look at %s: %s.", path, strerror(errno));
    else if (st.st_mode & (S_IRWXO | S_IWGRP))
        doctor_fail(d,
                    "configuration: %s holds secrets and is open to others (mode %03o). Mend: "
                    "chmod 640 %s",
                    path, st.st_mode & 0777u, path);
    else
        doctor_ok(d, "configuration: %s", path);
}

static void check_keys(struct doctor *d)
{
    const struct conf *c = &d->site->conf;
    struct token_policy policy;
    struct fail f = {0};

    if (token_policy_load(&policy, c, &f)) {
        doctor_fail(d, "login: %s", f.message);
        return;
    }
    if (policy.key_count)
        doctor_ok(d, "login: %s tokens, the user id is the claim %s", c->jwt_alg,
                  c->jwt_user_claim);
    else if (c->guests == GUESTS_WRITE)
        doctor_warn(d, "login: no jwt_secret and no jwt_key_file: only guests can sign in.");
    else
        doctor_fail(d,
                    "login: no jwt_secret, no jwt_key_file, and guests may not write: nobody "
                    "can say anything. Set one of them in %s.",
                    c->path);
    token_policy_release(&policy);
}

/* Who opens -wal and -shm files must be able to make files beside the database. */
static void check_folder(struct doctor *d, const char *what, const char *file)
{
    char *copy = arena_str(&d->site->arena, file);
    const char *dir = dirname(copy);
    struct statfs fs;

    if (access(dir, R_OK | W_OK | X_OK) != 0)
        doctor_fail(d,
                    "%s: cannot write in the folder %s: %s. It must belong to the user of the "
                    "servers.",
                    what, dir, strerror(errno));
    else if (statfs(dir, &fs) == 0 && !db_wal_works_on((long)fs.f_type))
        doctor_warn(d,
                    "%s: %s is on a network file system: a slower journal is used, and only one "
                    "machine may use it. A local disk is better.",
                    what, dir);
    else if (statfs(dir, &fs) == 0 && fs.f_bavail * (unsigned long)fs.f_bsize < 100ul << 20)
        doctor_warn(d, "%s: less than 100 MiB are free on the file system of %s.", what, dir);
    else
        doctor_ok(d, "%s: %s", what, file);
}

static void check_database(struct doctor *d)
{
    struct site *s = d->site;
    struct fail f = {0};
    const char *epoch = "";
    struct db *db;

    check_folder(d, "database", s->conf.database);
    check_folder(d, "state", s->conf.state_database);
    if (db_open(&db, DB_CHAT, DB_READ_ONLY, &s->conf, &s->log, &f)) {
        doctor_fail(d, "database: %s", f.message);
        return;
    }
    if (db_epoch(db, &s->arena, &epoch, &f) || db_check(db, &f))
        doctor_fail(d, "database: %s", f.message);
    else if (db_alarm(db))
        doctor_fail(d,
                    "database: it is read-only. %s Mend: outcry verify --config %s, then outcry "
                    "restore",
                    db_alarm(db), s->conf.path);
    else if (!epoch[0])
        doctor_fail(d, "database: it has no rooms yet. Mend: outcry init --config %s",
                    s->conf.path);
    else
        doctor_ok(d, "database: sound, its schema is of this version");
    db_close(db);
}

static bool answers(const char *path)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok;

    if (fd < 0 || strlen(path) >= sizeof to.sun_path)
        return false;
    memcpy(to.sun_path, path, strlen(path) + 1);
    ok = connect(fd, (const struct sockaddr *)&to, sizeof to) == 0;
    close(fd);
    return ok;
}

static void check_running_sidecar(struct doctor *d)
{
    const struct conf *c = &d->site->conf;
    struct stat st;

    if (c->sidecar == SIDECAR_OFF)
        doctor_warn(d,
                    "sidecar: one listens on %s, but sidecar = off in %s, so that no page asks "
                    "for it. Mend: end it, or remove the key.",
                    c->ws_socket, c->path);
    else
        doctor_ok(d, "sidecar: listens on %s%s", c->ws_socket,
                  c->sidecar == SIDECAR_ON_DEMAND ? "; started on demand" : "");
    if (stat(c->ws_socket, &st) == 0 && (st.st_mode & S_IRWXO))
        doctor_warn(d, "sidecar: its socket is open to every user of this machine.");
}

static void check_demand(struct doctor *d, enum sidecar_start last)
{
    const struct conf *c = &d->site->conf;

    if (access(c->sidecar_program, X_OK) != 0)
        doctor_fail(d,
                    "sidecar: it cannot be started on demand: %s: %s. Mend: put outcry-sidecar "
                    "there, or set sidecar_program.",
                    c->sidecar_program, strerror(errno));
    else if (sidecar_lock_is_held(c->sidecar_lock))
        doctor_ok(d, "sidecar: is being started on demand");
    else if (last != SIDECAR_STARTED)
        doctor_fail(d,
                    "sidecar: when it was last started on demand it did not come up. What it said "
                    "is in %s; it is tried again with each request, at most every %d s.",
                    c->log_file, SIDECAR_RETRY_S);
    else
        doctor_ok(d, "sidecar: the next request starts it on demand");
}

static void check_absent_sidecar(struct doctor *d, enum sidecar_start last)
{
    const struct conf *c = &d->site->conf;

    switch (c->sidecar) {
    case SIDECAR_OFF:
        doctor_ok(d, "sidecar: off; pages poll");
        return;
    case SIDECAR_ON_DEMAND:
        check_demand(d, last);
        return;
    case SIDECAR_EXTERNAL:
        doctor_warn(d, "sidecar: does not run; messages arrive by polling only. Mend: %s",
                    strcmp(c->path, places_conf) == 0
                        ? "systemctl enable --now outcry-sidecar.socket"
                        : arena_fmt(&d->site->arena, "outcry-sidecar --config %s", c->path));
        return;
    }
}

/* Looked at in the order in which a start changes them: one in between is not taken for a fault. */
static void check_sidecar(struct doctor *d)
{
    const struct conf *c = &d->site->conf;
    bool held = sidecar_lock_is_held(c->sidecar_lock);
    enum sidecar_start last = sidecar_lock_last_start(c->sidecar_lock);

    if (answers(c->ws_socket))
        check_running_sidecar(d);
    else if (held && last == SIDECAR_STARTED)
        doctor_fail(d,
                    "sidecar: one runs (it holds %s), but %s does not answer (%s). Mend: end it "
                    "and start it again.",
                    c->sidecar_lock, c->ws_socket, strerror(errno));
    else
        check_absent_sidecar(d, last);
}

/* Where no sidecar runs, polls wait in these. */
static void check_waiting(struct doctor *d)
{
    const struct conf *c = &d->site->conf;
    int64_t free = slot_count_free(c->notify_socket, c->wait_slots);
    char *copy = arena_str(&d->site->arena, c->notify_socket);

    if (c->wait_slots == 0)
        doctor_ok(d, "waiting: wait_slots = 0, polls are answered at once");
    else if (access(dirname(copy), W_OK | X_OK) != 0)
        doctor_fail(d,
                    "waiting: cannot write in the folder of %s: %s. It must belong to the user of "
                    "the servers.",
                    c->notify_socket, strerror(errno));
    else if (free == 0)
        doctor_warn(d,
                    "waiting: all of the %lld slots are taken; further polls are answered at once. "
                    "A sidecar would serve them all.",
                    (long long)c->wait_slots);
    else
        doctor_ok(d, "waiting: %lld of %lld slots are free", (long long)free,
                  (long long)c->wait_slots);
}

static void check_files(struct doctor *d)
{
    if (media_can_sniff())
        doctor_ok(d, "files: libmagic is there to judge them");
    else
        doctor_warn(d, "files: libmagic is not there, so every file that is sent is refused. Mend: "
                       "apt-get install libmagic1");
}

/* The modules that the configurations at the top of the repository load. */
static void check_web_servers(struct doctor *d)
{
    static const struct {
        const char *server, *program, *module, *package;
    } needed[] = {
        {"lighttpd", "/usr/sbin/lighttpd", "/usr/lib/lighttpd/mod_proxy.so", "lighttpd"},
        {"Apache", "/usr/sbin/apache2", "/usr/lib/apache2/modules/mod_proxy_http.so",
         "apache2-bin"},
        {"Apache", "/usr/sbin/apache2", "/usr/lib/apache2/modules/mod_fcgid.so",
         "libapache2-mod-fcgid"},
    };
    int missing = 0, found = 0;

    for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
        if (access(needed[i].program, F_OK) != 0)
            continue;
        found++;
        if (access(needed[i].module, F_OK) == 0)
            continue;
        missing++;
        doctor_warn(d, "web server: %s lacks %s. Mend: apt-get install %s", needed[i].server,
                    needed[i].module, needed[i].package);
    }
    if (!found)
        doctor_warn(d, "web server: neither lighttpd nor apache2 is where Debian has them; their "
                       "modules were not looked at.");
    else if (!missing)
        doctor_ok(d, "web server: the modules are there");
}

static void check_clock(struct doctor *d)
{
    struct clock clock = {0};
    int64_t now = clock_wall_ms(&clock) / 1000;
    struct stat st;

    if (now < CLOCK_SANE_S)
        doctor_fail(d,
                    "clock: it says a time before 2026. Tokens will be refused: set it, by NTP.");
    else if (stat(d->site->conf.database, &st) == 0 && (int64_t)st.st_mtime > now + 60)
        doctor_fail(d,
                    "clock: the database was written %lld s in the future: the clock went back. "
                    "Set it, by NTP.",
                    (long long)((int64_t)st.st_mtime - now));
    else
        doctor_ok(d, "clock: plausible");
}

static void check_limits(struct doctor *d)
{
    int64_t wanted = d->site->conf.ws_max_connections + CONF_SIDECAR_FDS;
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_max != RLIM_INFINITY &&
        files.rlim_max < (rlim_t)wanted)
        doctor_warn(d,
                    "limits: ws_max_connections needs %lld open files, the limit is %llu. Mend: "
                    "raise LimitNOFILE or `ulimit -Hn`, or lower the key.",
                    (long long)wanted, (unsigned long long)files.rlim_max);
    else
        doctor_ok(d, "limits: enough open files for %lld connections",
                  (long long)d->site->conf.ws_max_connections);
}

void doctor_check_local(struct doctor *d)
{
    check_conf_file(d);
    check_keys(d);
    if (site_become_owner_of(d->site->conf.database))
        check_database(d);
    check_sidecar(d);
    check_waiting(d);
    check_files(d);
    check_web_servers(d);
    check_clock(d);
    check_limits(d);
}
