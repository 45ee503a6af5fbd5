/* The installation as a browser meets it: through the web server. */
#include "cli/doctor.h"

#include "cli/probe.h"
#include "lib/file_probe.h"
#include "lib/json.h"

#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

enum { SKEW_MAX_S = 30, RETRY_US = 100000, DEMAND_TRIES = 50 };

/* What the checks share. */
struct visit {
    struct doctor *d;
    struct arena *a;
    struct probe_url to;
    bool up; /* the web server answers at all */
};

static bool get_until(struct visit *v, const char *what, const char *path, const char *headers,
                      const char *until, struct probe_answer *out)
{
    const char *why = "";

    if (probe_until(v->a, &v->to, path, headers, until, out, &why))
        return true;
    doctor_fail(v->d, "%s: %s. Is the web server running, and is the address right?", what, why);
    return false;
}

static bool get(struct visit *v, const char *what, const char *path, const char *headers,
                struct probe_answer *out)
{
    return get_until(v, what, path, headers, NULL, out);
}

static void check_clock(struct visit *v, const struct probe_answer *answer)
{
    const char *date = probe_header(v->a, answer, "Date");
    struct clock clock = {0};
    struct tm tm = {0};
    int64_t skew;

    if (!date || !strptime(date, "%a, %d %b %Y %H:%M:%S GMT", &tm))
        return;
    skew = (int64_t)timegm(&tm) - clock_wall_ms(&clock) / 1000;
    if (skew > SKEW_MAX_S || skew < -SKEW_MAX_S)
        doctor_fail(v->d,
                    "clock: the web server's clock and this one differ by %lld s; tokens will be "
                    "refused. Set both by NTP.",
                    (long long)skew);
}

static void check_page(struct visit *v)
{
    struct probe_answer answer;
    const char *type;

    v->up = get(v, "page", v->to.path, "", &answer);
    if (!v->up)
        return;
    type = probe_header(v->a, &answer, "Content-Type");
    check_clock(v, &answer);
    if (answer.distrust)
        doctor_warn(v->d, "certificate: browsers will not trust it: %s.", answer.distrust);
    if (answer.status == 503 || answer.status == 502 || answer.status == 500)
        doctor_fail(v->d,
                    "page: %s answers %d: chat.fcgi does not run. Look into the web server's log "
                    "and %s.",
                    v->to.path, answer.status, v->d->site->conf.log_file);
    else if (!type || strncmp(type, "text/html", 9) != 0 || !strstr(answer.head, "script-src"))
        doctor_fail(v->d,
                    "page: %s answers %d, but not with our page. The web server must hand %s to "
                    "chat.fcgi.",
                    v->to.path, answer.status, v->d->site->conf.page_path);
    else
        doctor_ok(v->d, "page: %s answers %d", v->to.path, answer.status);
}

static void check_static(struct visit *v)
{
    const char *path = arena_fmt(v->a, "%s/vendor/chat.css", v->d->site->conf.static_path);
    struct probe_answer answer;
    const char *type;

    if (!get(v, "static files", path, "", &answer))
        return;
    type = probe_header(v->a, &answer, "Content-Type");
    if (answer.status != 200)
        doctor_fail(v->d,
                    "static files: %s answers %d. The web server must serve the folder static/ at "
                    "%s/, and `make vendor` fills static/vendor.",
                    path, answer.status, v->d->site->conf.static_path);
    else if (!type || strncmp(type, "text/css", 8) != 0)
        doctor_fail(v->d,
                    "static files: %s is sent as %s, and browsers refuse it. Add the MIME types "
                    "(see apache.conf, lighttpd.conf).",
                    path, type ? type : "nothing");
    else
        doctor_ok(v->d, "static files: served");
}

/* The site's own files, where it has a style sheet that pages will ask for. */
static void check_site_static(struct visit *v)
{
    const struct conf *c = &v->d->site->conf;
    const char *path = arena_fmt(v->a, "%s/site/site.css", c->static_path);
    struct probe_answer answer;

    if (!c->static_dir[0] || access(arena_fmt(v->a, "%s/site.css", c->static_dir), F_OK) != 0 ||
        !get(v, "static_dir", path, "", &answer))
        return;
    if (answer.status == 200)
        doctor_ok(v->d, "static_dir: served");
    else
        doctor_fail(v->d,
                    "static_dir: %s answers %d. The web server must serve the folder %s at "
                    "%s/site/, and its user must be able to read it.",
                    path, answer.status, c->static_dir, c->static_path);
}

/* error.code of an answer, "" where there is none. */
static const char *error_code(struct visit *v, const struct probe_answer *answer)
{
    struct json_object *o = NULL, *error;
    const char *code = NULL;
    size_t len;

    if (json_parse(answer->body, answer->body_len, &o, NULL) != OK)
        return "";
    if (json_object_object_get_ex(o, "error", &error) &&
        json_object_is_type(error, json_type_object) &&
        json_get_str(error, "code", &code, &len, NULL) == OK)
        code = arena_str(v->a, code);
    json_object_put(o);
    return code ? code : "";
}

/* What of the two faults is there, and what would mend it. */
static void tell_undelivered(struct visit *v, const char *way, const struct probe_answer *answer)
{
    const char *server = probe_header(v->a, answer, "Server");
    bool apache = server && strstr(server, "Apache");

    doctor_fail(v->d,
                "files: file_delivery = %s does not reach browsers here (%s/health/delivery/ "
                "answers %d without the file). Mend: set file_delivery to stream or %s; the latter "
                "needs conf/%s of this version, with the folder %s in it.",
                way, v->d->site->conf.api_path, answer->status, apache ? "redirect" : "sendfile",
                apache ? "apache-chat.conf" : "lighttpd-chat.conf", v->d->site->conf.files_dir);
}

static bool is_probe(const struct probe_answer *answer)
{
    return answer->status == 200 && answer->body_len == sizeof FILE_PROBE_TEXT - 1 &&
           memcmp(answer->body, FILE_PROBE_TEXT, sizeof FILE_PROBE_TEXT - 1) == 0;
}

/* A file must come where our program sent it, and only then. */
static void check_delivery(struct visit *v)
{
    static const char *const ways[] = {[DELIVERY_STREAM] = "stream",
                                       [DELIVERY_SENDFILE] = "sendfile",
                                       [DELIVERY_REDIRECT] = "redirect"};
    const struct conf *c = &v->d->site->conf;
    const char *way = ways[c->file_delivery];
    char sha[FILE_STORE_SHA + 1], place[FILE_STORE_PLACE];
    struct probe_answer sent, direct;

    file_probe_sha256(sha);
    if (c->file_max_mb == 0 || !file_store_place(place, sha) ||
        !get(v, "files", arena_fmt(v->a, "%s/health/delivery/", c->api_path), "", &sent) ||
        !get(v, "files", arena_fmt(v->a, "%s/kept/%s", c->page_path, place), "", &direct))
        return;
    if (is_probe(&direct))
        doctor_fail(v->d,
                    "files: anybody can fetch people's files below %s/kept/, past our program. "
                    "Mend: include conf/apache-chat.conf of this version, which closes it.",
                    c->page_path);
    if (is_probe(&sent))
        doctor_ok(v->d, "files: file_delivery = %s works", way);
    else
        tell_undelivered(v, way, &sent);
}

static void check_api(struct visit *v)
{
    const struct conf *c = &v->d->site->conf;
    const char *path = arena_fmt(v->a, "%s/health/", c->api_path);
    struct probe_answer answer;
    struct json_object *o = NULL;

    if (!get(v, "API", path, "", &answer))
        return;
    if (answer.status == 200 && json_parse(answer.body, answer.body_len, &o, NULL) == OK) {
        doctor_ok(v->d, "API: %s answers", path);
        json_object_put(o);
    } else {
        doctor_fail(v->d,
                    "API: %s answers %d. The web server must hand %s to api.fcgi; its log and %s "
                    "say more.",
                    path, answer.status, c->api_path, c->log_file);
    }
}

/* A Bearer token that is none must be refused as such: else it did not arrive. */
static void check_authorization(struct visit *v)
{
    const char *path = arena_fmt(v->a, "%s/me/", v->d->site->conf.api_path);
    struct probe_answer answer;

    if (!get(v, "Authorization", path, "Authorization: Bearer doctor\r\n", &answer))
        return;
    if (answer.status == 401 && strcmp(error_code(v, &answer), "token_invalid") == 0)
        doctor_ok(v->d, "Authorization: reaches the program");
    else
        doctor_fail(v->d,
                    "Authorization: the web server keeps the header to itself (%s answers %d). "
                    "Apache needs `CGIPassAuth On`.",
                    path, answer.status);
}

/* With a cookie, though a false one: only then does the sidecar judge the Origin. */
static bool ask_upgrade(struct visit *v, const char *path, struct probe_answer *answer)
{
    const char *headers =
        arena_fmt(v->a,
                  "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                  "Sec-WebSocket-Key: b3V0Y3J5IGRvY3RvciAxNg==\r\n"
                  "Sec-WebSocket-Protocol: chat.v1\r\nOrigin: %s\r\n"
                  "Cookie: outcry_guest=doctor\r\n",
                  v->to.origin);

    return get_until(v, "WebSocket", path, headers, "\r\n\r\n", answer);
}

static bool has_no_sidecar(const struct probe_answer *answer)
{
    return answer->status == 502 || answer->status == 503;
}

/* A sidecar on demand is being started: by the requests before this one. */
static bool await_upgrade(struct visit *v, const char *path, struct probe_answer *answer)
{
    int tries = v->d->site->conf.sidecar == SIDECAR_ON_DEMAND ? DEMAND_TRIES : 1;

    do {
        if (!ask_upgrade(v, path, answer))
            return false;
        if (has_no_sidecar(answer) && tries > 1)
            usleep(RETRY_US);
    } while (has_no_sidecar(answer) && --tries > 0);
    return true;
}

static void judge_upgrade(struct visit *v, const char *path, const struct probe_answer *answer)
{
    const struct conf *c = &v->d->site->conf;

    if (answer->status == 101)
        doctor_ok(v->d, "WebSocket: %s upgrades", path);
    else if (answer->status == 403)
        doctor_fail(v->d,
                    "WebSocket: refused for its Origin, %s. Apache needs "
                    "`ProxyPreserveHost On`; or name the origin in allowed_origins.",
                    v->to.origin);
    else if (has_no_sidecar(answer))
        doctor_fail(v->d, "WebSocket: the web server answers %d: the sidecar does not run on %s.",
                    answer->status, c->ws_socket);
    else if (answer->status == 404 && strcmp(error_code(v, answer), "not_found") == 0)
        doctor_fail(v->d,
                    "WebSocket: the web server hands %s to our own programs. Where it cannot be "
                    "a proxy for unix:%s, set sidecar = off: pages then poll.",
                    path, c->ws_socket);
    else
        doctor_fail(v->d,
                    "WebSocket: %s answers %d: the web server does not upgrade. lighttpd needs "
                    "proxy.header = ( \"upgrade\" => \"enable\" ), Apache "
                    "ProxyPass … upgrade=websocket; both go to unix:%s.",
                    path, answer->status, c->ws_socket);
}

/* A stream's first frame comes at once: one that does not come is in a buffer on the way. */
static void check_stream(struct visit *v)
{
    const struct conf *c = &v->d->site->conf;
    const char *path = arena_fmt(v->a, "%s/stream/?rooms=%s", c->ws_path, c->default_room);
    struct probe_answer answer;
    const char *why = "";

    if (!probe_until(v->a, &v->to, path, "", "\"welcome\"", &answer, &why))
        doctor_warn(v->d,
                    "stream: nothing comes out of %s/stream/ while it is open: the web server, or "
                    "a proxy before it, keeps it back. Pages fall back to polling where no "
                    "WebSocket opens. lighttpd needs server.stream-response-body = 1, Apache "
                    "ProxyPass … flushpackets=on.",
                    c->ws_path);
    else if (answer.status == 200)
        doctor_ok(v->d, "stream: %s/stream/ comes through at once", c->ws_path);
    else if (answer.status == 401 && strcmp(error_code(v, &answer), "auth_required") == 0)
        doctor_ok(v->d, "stream: %s/stream/ reaches the sidecar", c->ws_path);
    else
        doctor_warn(v->d,
                    "stream: %s/stream/ answers %d. The web server must hand all of %s/ to "
                    "unix:%s; pages that cannot open a WebSocket poll meanwhile.",
                    c->ws_path, answer.status, c->ws_path, c->ws_socket);
}

static void check_push(struct visit *v)
{
    const struct conf *c = &v->d->site->conf;
    const char *path = arena_fmt(v->a, "%s/", c->ws_path);
    struct probe_answer answer;

    if (c->sidecar == SIDECAR_OFF)
        doctor_ok(v->d, "WebSocket: sidecar = off; pages poll");
    else if (await_upgrade(v, path, &answer)) {
        judge_upgrade(v, path, &answer);
        if (!has_no_sidecar(&answer))
            check_stream(v);
    }
}

void doctor_check_live(struct doctor *d, const char *url)
{
    struct arena a;
    struct visit v = {.d = d, .a = &a};

    arena_init(&a);
    if (!probe_url(&a, url, &v.to)) {
        doctor_fail(d, "address: '%s' is not http[s]://HOST[:PORT]/PATH.", url);
    } else {
        check_page(&v);
        if (v.up) {
            check_static(&v);
            check_site_static(&v);
            check_api(&v);
            check_delivery(&v);
            if (!d->no_authorization)
                check_authorization(&v);
            check_push(&v);
        }
    }
    arena_release(&a);
}
