/*
 * What a shared host allows. A directive that is not allowed in a .htaccess file turns its whole
 * folder into errors, so each is tried in a folder that nobody knows before it is written where the
 * site would suffer.
 */
#include "cli/setup.h"

#include "lib/json.h"
#include "lib/secure.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TOKEN_BYTES = 12, ANSWER_SOCKET_S = 60, CONF_TEXT_MAX = 1 << 20 };

/* The folder for trying things out. */
struct trial {
    struct setup *s;
    const char *dir, *path; /* on disk; of its address */
    const char *conf, *socket;
    char token[2 * TOKEN_BYTES + 1];
    int last_status; /* of the last answer */
};

static bool get(struct trial *t, const char *name, const char *headers, struct probe_answer *out)
{
    const char *why = "";
    bool ok = probe_get(&t->s->a, &t->s->url, arena_fmt(&t->s->a, "%s/%s", t->path, name), headers,
                        out, &why);

    t->last_status = ok ? out->status : 0;
    return ok;
}

static bool use(struct trial *t, const char *lines)
{
    return setup_write(t->s, arena_fmt(&t->s->a, "%s/.htaccess", t->dir), lines, 0644);
}

/* The file with the token is served as it is. */
static bool serves_file(struct trial *t)
{
    struct probe_answer answer;

    return get(t, "probe.txt", "", &answer) && answer.status == 200 &&
           answer.body_len == strlen(t->token) && strcmp(answer.body, t->token) == 0;
}

static bool allows(struct trial *t, const char *lines)
{
    return use(t, lines) && serves_file(t);
}

/* error.code of an answer of ours, "none" for one without an error; "" for anything else. */
static const char *code_of(struct trial *t, const struct probe_answer *answer)
{
    struct json_object *o = NULL, *error;
    const char *code = "none";
    size_t len;

    if (json_parse(answer->body, answer->body_len, &o, NULL) != OK)
        return "";
    if (json_object_object_get_ex(o, "error", &error) &&
        (!json_object_is_type(error, json_type_object) ||
         json_get_str(error, "code", &code, &len, NULL) != OK || !code))
        code = "";
    code = arena_str(&t->s->a, code);
    json_object_put(o);
    return code;
}

/* Our own program answers there, and finds its database. */
static bool runs(struct trial *t)
{
    struct probe_answer answer;
    const char *name = arena_fmt(&t->s->a, "api%s/health/", t->s->means.extension);

    return get(t, name, "", &answer) && answer.status == 200 &&
           strcmp(code_of(t, &answer), "none") == 0;
}

/* The two programs, with a configuration that is the real one but for its addresses. */
static bool write_programs(struct trial *t)
{
    struct setup *s = t->s;
    const char *real = setup_read(s, s->conf);
    struct buf b;
    bool ok;

    buf_init(&b, CONF_TEXT_MAX);
    ok = real &&
         htaccess_splice(&b, real,
                         arena_fmt(&s->a, "page_path = %s/chat\napi_path = %s/api%s\n", t->path,
                                   t->path, s->means.extension)) &&
         setup_write(s, t->conf, buf_cstr(&b), 0600) && setup_write_wrappers(s, t->dir, t->conf);
    buf_release(&b);
    return ok;
}

static bool find_way_to_run(struct trial *t)
{
    static const struct {
        const char *lines, *extension;
    } ways[] = {
        {"Options +ExecCGI\nAddHandler fcgid-script .fcgi\n", ".fcgi"},
        {"AddHandler fcgid-script .fcgi\n", ".fcgi"},
        {"Options +ExecCGI\nAddHandler cgi-script .fcgi\n", ".fcgi"},
        {"AddHandler cgi-script .fcgi\n", ".fcgi"},
        {"", ".fcgi"},
        {"", ".cgi"},
    };

    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        t->s->means.run = ways[i].lines;
        t->s->means.extension = ways[i].extension;
        if (!write_programs(t) || !use(t, ways[i].lines))
            return false;
        if (runs(t))
            return true;
    }
    return false;
}

/* Why no way worked: can any program run, and as whom? */
static bool explain_no_way(struct trial *t)
{
    static const char script[] =
        "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nuid %s\\n' \"$(id -u)\"\n";
    static const char *const ways[] = {"Options +ExecCGI\nAddHandler cgi-script .sh\n",
                                       "AddHandler cgi-script .sh\n"};
    struct probe_answer answer;

    if (!setup_write(t->s, arena_fmt(&t->s->a, "%s/who.sh", t->dir), script, 0755))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        char *rest = NULL;
        long uid;

        if (!use(t, ways[i]))
            return false;
        if (!get(t, "who.sh", "", &answer) || answer.status != 200 ||
            strncmp(answer.body, "uid ", 4) != 0)
            continue;
        uid = strtol(answer.body + 4, &rest, 10);
        if (uid != (long)getuid())
            return setup_failed(
                "This host runs programs as user %ld, not as you (%ld), and so they "
                "cannot read %s. Ask the host for suEXEC, or for a web server of "
                "your own user.",
                uid, (long)getuid(), t->s->data);
        return setup_failed(
            "This host runs programs, but not ours, %s/api.fcgi. Try it in a shell; "
            "the web server's error log says more.",
            t->s->programs);
    }
    return setup_failed("This host does not run programs in %s, which the chat needs: whatever was "
                        "tried, it answered %d%s. Ask it to allow CGI for that folder: "
                        "`AllowOverride All`, or `Options +ExecCGI` with `AddHandler cgi-script "
                        ".fcgi`.",
                        t->s->dir, t->last_status,
                        t->last_status == 200 ? ", with the program's text" : "");
}

/* A Bearer token that is none must be refused as such: else it did not arrive. */
static bool authorization_arrives(struct trial *t)
{
    struct probe_answer answer;

    return runs(t) &&
           get(t, arena_fmt(&t->s->a, "api%s/me/", t->s->means.extension),
               "Authorization: Bearer setup\r\n", &answer) &&
           strcmp(code_of(t, &answer), "token_invalid") == 0;
}

static void find_authorization(struct trial *t)
{
    static const char *const ways[] = {"", "CGIPassAuth On\n",
                                       "SetEnvIf Authorization \"(.*)\" HTTP_AUTHORIZATION=$1\n"};

    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        if (use(t, arena_fmt(&t->s->a, "%s%s", t->s->means.run, ways[i])) &&
            authorization_arrives(t)) {
            t->s->means.auth = ways[i];
            t->s->means.authorization = true;
            return;
        }
    }
}

static void find_rewrite(struct trial *t)
{
    static const char *const options[] = {"", "Options +SymLinksIfOwnerMatch\n",
                                          "Options +FollowSymLinks\n"};
    struct host_means *m = &t->s->means;
    struct probe_answer answer;

    for (size_t i = 0; i < ARRAY_LEN(options) && !m->rewrite; i++) {
        const char *lines =
            arena_fmt(&t->s->a, "%s%sRewriteEngine On\nRewriteRule ^through/ %s/api%s [END]\n",
                      m->run, options[i], t->path, m->extension);

        m->rewrite_options = options[i];
        m->rewrite = use(t, lines) && get(t, "through/", "", &answer) &&
                     strcmp(code_of(t, &answer), "not_found") == 0;
    }
    if (!m->rewrite)
        m->rewrite_options = "";
    m->authorization |= m->rewrite; /* our rules carry it */
}

/* ----- a Unix socket as the sidecar's will be, and whoever answers at it ----- */

static int listen_at(const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    mode_t old;
    int rc;

    if (fd < 0 || strlen(path) >= sizeof at.sun_path)
        return fd;
    memcpy(at.sun_path, path, strlen(path) + 1);
    unlink(path);
    old = umask(0117);
    rc = bind(fd, (const struct sockaddr *)&at, sizeof at);
    umask(old);
    if (rc == 0 && listen(fd, 8) == 0)
        return fd;
    close(fd);
    return -1;
}

/* Every request gets the token, or the upgrade that it asks for. Never returns. */
static _Noreturn void answer_all(int fd, const char *token)
{
    char request[8192];

    alarm(ANSWER_SOCKET_S);
    for (;;) {
        int c = accept(fd, NULL, NULL);
        ssize_t n = c < 0 ? -1 : read(c, request, sizeof request - 1);

        request[n > 0 ? n : 0] = '\0';
        if (n > 0 && strcasestr(request, "\r\nUpgrade: websocket"))
            dprintf(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                       "Connection: Upgrade\r\n\r\n");
        else if (n > 0)
            dprintf(c,
                    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n"
                    "Connection: close\r\n\r\n%s",
                    strlen(token), token);
        if (c >= 0)
            close(c);
    }
}

static void ask_proxy(struct trial *t)
{
    static const char upgrade[] =
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: b3V0Y3J5IHNldHVwIDEyMw==\r\n";
    struct host_means *m = &t->s->means;
    struct probe_answer answer;
    const char *lines =
        arena_fmt(&t->s->a,
                  "%sRewriteEngine On\nRewriteCond %%{HTTP:Upgrade} =websocket [NC]\n"
                  "RewriteRule ^proxy$ unix:%s|ws://localhost/proxy [P]\n"
                  "RewriteRule ^proxy$ unix:%s|http://localhost/proxy [P]\n",
                  m->rewrite_options, t->socket, t->socket);

    if (!use(t, lines))
        return;
    m->proxy_upgrade = get(t, "proxy", upgrade, &answer) && answer.status == 101;
    m->proxy_http =
        get(t, "proxy", "", &answer) && answer.status == 200 && strcmp(answer.body, t->token) == 0;
}

static void find_proxy(struct trial *t)
{
    int fd = t->s->means.rewrite ? listen_at(t->socket) : -1;
    pid_t child = fd >= 0 ? fork() : -1;

    if (child == 0)
        answer_all(fd, t->token);
    if (child > 0) {
        ask_proxy(t);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
    }
    if (fd >= 0)
        close(fd);
    unlink(t->socket);
}

static void find_for_static(struct trial *t)
{
    /* What was packed beforehand, to whoever takes it. */
    const char *packed =
        arena_fmt(&t->s->a,
                  "%sAddEncoding gzip .gz\nAddEncoding br .br\nRemoveType .gz .br\n"
                  "RewriteEngine On\nRewriteBase %s%s/static/\n"
                  "RewriteCond %%{HTTP:Accept-Encoding} \"(^|[ ,])br($|[ ,])\"\n"
                  "RewriteRule ^(vendor/.+\\.(?:css|js))$ $1.br [END]\n"
                  "RewriteCond %%{HTTP:Accept-Encoding} \"(^|[ ,])gzip($|[ ,])\"\n"
                  "RewriteRule ^(vendor/.+\\.(?:css|js))$ $1.gz [END]\n",
                  t->s->means.rewrite_options, t->s->base, t->s->folder);
    const char *const wishes[] = {
        "Options -Indexes\n",
        "AddType text/css .css\nAddType text/javascript .js .mjs\nAddType image/svg+xml .svg\n"
        "AddCharset utf-8 .css .js .mjs .txt\n",
        "Header set X-Content-Type-Options nosniff\nHeader set Cache-Control \"no-cache\"\n"
        "Header set Cache-Control \"max-age=31536000, immutable\" \"expr=%{QUERY_STRING} =~ /^v=./ "
        "|| "
        "%{REQUEST_URI} =~ m#/vendor/js/[^/]+-[\\w-]{8}\\.js#\"\n"
        "Header merge Vary Accept-Encoding \"expr=%{REQUEST_URI} =~ m#/vendor/.*\\.(css|js)#\"\n",
        t->s->means.rewrite ? packed : "",
    };

    for (size_t i = 0; i < ARRAY_LEN(wishes); i++) {
        const char *lines = arena_fmt(&t->s->a, "%s%s", t->s->means.for_static, wishes[i]);

        if (allows(t, lines))
            t->s->means.for_static = lines;
    }
}

static bool find_all(struct trial *t)
{
    if (!use(t, "") || !serves_file(t))
        return setup_failed(
            "%s%s/probe.txt answers %d, and not with the file that was just written "
            "to %s. Is --url the address of that folder, without a redirect?",
            t->s->url.origin, t->path, t->last_status, t->dir);
    if (!find_way_to_run(t))
        return explain_no_way(t);
    find_authorization(t);
    find_rewrite(t);
    find_proxy(t);
    find_for_static(t);
    return true;
}

static const struct host_means nothing = {
    .run = "", .extension = ".fcgi", .auth = "", .rewrite_options = "", .for_static = ""};

bool setup_look_at_host(struct setup *s)
{
    struct trial t = {.s = s};
    const char *name;
    bool ok;

    secure_random_hex(t.token, TOKEN_BYTES);
    name = arena_fmt(&s->a, "%s%.8s", SETUP_TRIAL, t.token);
    t.dir = arena_fmt(&s->a, "%s/%s", s->dir, name);
    t.path = arena_fmt(&s->a, "%s%s", s->base, name);
    t.conf = arena_fmt(&s->a, "%s/trial.conf", s->data);
    t.socket = arena_fmt(&s->a, "%s/run/trial.sock", s->data);
    s->means = nothing;
    if (!setup_remove_trials(s))
        return false;
    if (mkdir(t.dir, 0755) != 0 || chmod(t.dir, 0755) != 0)
        return setup_failed("Cannot make %s: %s.", t.dir, strerror(errno));
    ok = setup_write(s, arena_fmt(&s->a, "%s/probe.txt", t.dir), t.token, 0644) && find_all(&t);
    unlink(t.conf);
    return setup_remove(s, t.dir) && ok;
}

void setup_assume_host(struct setup *s)
{
    const char *theirs = setup_read(s, arena_fmt(&s->a, "%s/.htaccess", s->dir));

    s->means = nothing;
    s->means.run = "<IfModule mod_fcgid.c>\nAddHandler fcgid-script .fcgi\n</IfModule>\n"
                   "<IfModule !mod_fcgid.c>\nAddHandler cgi-script .fcgi\n</IfModule>\n"
                   "Options +ExecCGI\n";
    s->means.auth = "<IfModule mod_setenvif.c>\n"
                    "SetEnvIf Authorization \"(.*)\" HTTP_AUTHORIZATION=$1\n</IfModule>\n";
    /* Where the site rewrites already, so may we. */
    s->means.rewrite = theirs && strcasestr(theirs, "RewriteEngine On") != NULL;
}

int setup_status(struct setup *s, const char *path)
{
    struct probe_answer answer;
    const char *why = "";

    return probe_get(&s->a, &s->url, path, "", &answer, &why) ? answer.status : 0;
}
