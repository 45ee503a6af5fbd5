/* outcry-sidecar: serves the chat's WebSockets. See --help. */
#include "lib/folder.h"
#include "lib/footprint.h"
#include "lib/sidecar_lock.h"
#include "lib/text.h"
#include "ws-sidecar/sidecar.h"

#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

_Static_assert(CONF_SIDECAR_FDS >= 128 + LISTEN_VISITORS + LISTEN_RESTING,
               "whoever may connect beside sockets has a descriptor, too");

static const char usage[] =
    "usage: outcry-sidecar [--config FILE] [--lock-fd N]\n"
    "\n"
    "Serves the chat's WebSockets on the Unix socket `ws_socket` of the configuration (or on\n"
    "the sockets that systemd hands over), behind the web server's proxy. Stays in the\n"
    "foreground. SIGTERM and SIGINT end it: what was sent is stored and acknowledged, every\n"
    "client is told to come back. SIGHUP opens the log file again.\n"
    "\n"
    "--lock-fd is for the programs that start a sidecar on demand: a descriptor that holds the\n"
    "lock `sidecar_lock` already. Such a sidecar ends after `sidecar_idle_minutes` without a\n"
    "client.\n";

struct options {
    const char *config; /* NULL: not given */
    int lock;           /* -1: not given */
};

static void misused(void)
{
    fputs(usage, stderr);
    exit(2);
}

static struct options parse_arguments(int argc, char **argv)
{
    static const struct option known[] = {{"config", required_argument, NULL, 'c'},
                                          {"lock-fd", required_argument, NULL, 'l'},
                                          {"help", no_argument, NULL, 'h'},
                                          {0}};
    struct options o = {.lock = -1};
    int64_t fd;
    int option;

    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (option == 'h') {
            fputs(usage, stdout);
            exit(0);
        } else if (option == 'c') {
            o.config = optarg;
        } else if (option == 'l' && text_to_i64(optarg, strlen(optarg), 3, 65535, &fd)) {
            o.lock = (int)fd;
        } else {
            misused();
        }
    }
    if (optind < argc)
        misused();
    return o;
}

/* One descriptor a socket: the limit as high as the cap on connections asks for. */
static void raise_file_limit(struct log *log, int64_t connections)
{
    struct rlimit limit;
    rlim_t wanted = (rlim_t)connections + CONF_SIDECAR_FDS;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur =
        limit.rlim_max == RLIM_INFINITY || wanted < limit.rlim_max ? wanted : limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < wanted)
        log_event(log, LOG_WARN, "few_descriptors", LOG_N("wanted", wanted),
                  LOG_N("allowed", limit.rlim_cur));
}

static void start_process(void)
{
    struct rlimit none = {0, 0};

    /* Two threads can share one heap; what one frees the other may use. */
    mallopt(M_ARENA_MAX, 1);
    /* No core and no debugger: the memory holds keys. */
    setrlimit(RLIMIT_CORE, &none);
#ifndef __SANITIZE_ADDRESS__ /* whose leak check is a debugger */
    prctl(PR_SET_DUMPABLE, 0);
#endif
    signal(SIGPIPE, SIG_IGN);
}

static int take_lock(const struct conf *conf, int inherited)
{
    struct fail f;
    int lock = inherited;

    if (inherited < 0)
        lock = sidecar_lock_take(conf->sidecar_lock, &f);
    else if (sidecar_lock_inherit(inherited, conf->sidecar_lock, &f))
        lock = -1;
    if (lock < 0)
        die("%s", f.message);
    return lock;
}

static int serve(const struct conf *conf, struct log *log, int inherited)
{
    struct sidecar *s = xcalloc(1, sizeof *s);
    int lock = take_lock(conf, inherited);
    struct fail f;

    raise_file_limit(log, conf->ws_max_connections);
    if (sidecar_start(s, conf, log, lock, &f))
        die("%s", f.message);
    if (inherited >= 0)
        s->idle_ms = conf->sidecar_idle_minutes * 60000;
    footprint_trim();
    sidecar_lock_serve(lock);
    log_event(log, LOG_INFO, "sidecar_ready", LOG_S("socket", conf->ws_socket),
              LOG_S("instance", s->instance));
    sidecar_run(s);
    sidecar_release(s);
    free(s);
    log_event(log, LOG_INFO, "sidecar_stopped", LOG_S("socket", conf->ws_socket));
    return 0;
}

int main(int argc, char **argv)
{
    struct options o = parse_arguments(argc, argv);
    char *path = conf_find(o.config, argv[0]);
    struct conf conf;
    struct log log;
    struct fail f;
    int rc;

    if (!path)
        die("no outcry.conf found; name it with --config FILE");
    if (conf_load(&conf, path, &f))
        die("%s", f.message);
    start_process();
    folder_set_umask(conf.database);
    if (!log_open(&log, conf.log_file, (enum log_level)conf.log_level))
        die("cannot open the log %s: %s", conf.log_file, strerror(errno));
    rc = serve(&conf, &log, o.lock);
    log_close(&log);
    conf_release(&conf);
    free(path);
    return rc;
}
