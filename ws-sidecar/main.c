/* outcry-sidecar: serves the chat's WebSockets. See --help. */
#include "ws-sidecar/sidecar.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

enum { FDS_OF_OUR_OWN = 128 + LISTEN_VISITORS };

static const char usage[] =
    "usage: outcry-sidecar [--config FILE]\n"
    "\n"
    "Serves the chat's WebSockets on the Unix socket `ws_socket` of the configuration (or on\n"
    "the sockets that systemd hands over), behind the web server's proxy. Stays in the\n"
    "foreground. SIGTERM and SIGINT end it: what was sent is stored and acknowledged, every\n"
    "client is told to come back. SIGHUP opens the log file again.\n";

static const char *config_option(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        fputs(usage, stdout);
        exit(0);
    }
    if (argc == 1)
        return NULL;
    if (argc != 3 || strcmp(argv[1], "--config") != 0) {
        fputs(usage, stderr);
        exit(2);
    }
    return argv[2];
}

/* One descriptor a socket: the limit as high as the cap on connections asks for. */
static void raise_file_limit(struct log *log, int64_t connections)
{
    struct rlimit limit;
    rlim_t wanted = (rlim_t)connections + FDS_OF_OUR_OWN;

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

    /* No core and no debugger: the memory holds keys. */
    setrlimit(RLIMIT_CORE, &none);
#ifndef __SANITIZE_ADDRESS__ /* whose leak check is a debugger */
    prctl(PR_SET_DUMPABLE, 0);
#endif
    signal(SIGPIPE, SIG_IGN);
}

static int serve(const struct conf *conf, struct log *log)
{
    struct sidecar *s = xcalloc(1, sizeof *s);
    struct fail f;
    enum err e;
    int lock = listen_lock(conf->sidecar_lock, &f);

    if (lock < 0)
        die("%s", f.message);
    raise_file_limit(log, conf->ws_max_connections);
    e = sidecar_start(s, conf, log, &f);
    if (e)
        die("%s", f.message);
    log_event(log, LOG_INFO, "sidecar_ready", LOG_S("socket", conf->ws_socket),
              LOG_S("instance", s->instance));
    sidecar_run(s);
    sidecar_release(s);
    free(s);
    log_event(log, LOG_INFO, "sidecar_stopped", LOG_S("socket", conf->ws_socket));
    close(lock);
    return 0;
}

int main(int argc, char **argv)
{
    char *path = conf_find(config_option(argc, argv), argv[0]);
    struct conf conf;
    struct log log;
    struct fail f;
    int rc;

    if (!path)
        die("no outcry.conf found; name it with --config FILE");
    if (conf_load(&conf, path, &f))
        die("%s", f.message);
    start_process();
    if (!log_open(&log, conf.log_file, (enum log_level)conf.log_level))
        die("cannot open the log %s: %s", conf.log_file, strerror(errno));
    rc = serve(&conf, &log);
    log_close(&log);
    conf_release(&conf);
    free(path);
    return rc;
}
