/* The configuration: defaults, bounds, messages that say what to mend, and where the file is. */
#include "lib/conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define SECRET "secret = 0123456789abcdef0123456789abcdef\n"

static enum err parse(struct conf *c, const char *text, struct fail *f)
{
    return conf_parse(c, "outcry.conf", "/srv/chat", text, strlen(text), f);
}

static struct conf parsed(const char *text)
{
    struct conf c;
    struct fail f;

    if (parse(&c, text, &f))
        fail_msg("%s: %s", text, f.message);
    return c;
}

static void test_defaults_need_only_a_secret(void **state)
{
    struct conf c = parsed(SECRET);

    (void)state;
    assert_string_equal(c.path, "outcry.conf");
    assert_string_equal(c.database, "/srv/chat/chat.db");
    assert_string_equal(c.state_database, "/srv/chat/state.db");
    assert_string_equal(c.ws_socket, "/srv/chat/run/ws.sock");
    assert_string_equal(c.notify_socket, "/srv/chat/run/notify.sock");
    assert_string_equal(c.sidecar_lock, "/srv/chat/run/sidecar.lock");
    assert_string_equal(c.template_dir, "");
    assert_int_equal(c.sidecar, SIDECAR_EXTERNAL);
    assert_string_equal(strrchr(c.sidecar_program, '/'), "/outcry-sidecar");
    assert_string_equal(c.files_dir, "/srv/chat/files");
    assert_int_equal(c.sidecar_idle_minutes, 30);
    assert_int_equal(c.wait_slots, 8);
    assert_string_equal(c.static_dir, "");
    assert_string_equal(c.log_file, "");
    assert_string_equal(c.page_path, "/stocks/chat");
    assert_string_equal(c.api_path, "/api/stocks/chat");
    assert_string_equal(c.ws_path, "/ws/chat");
    assert_string_equal(c.static_path, "/stocks/chat/static");
    assert_string_equal(c.jwt_alg, "HS256");
    assert_string_equal(c.jwt_secret, "");
    assert_string_equal(c.jwt_user_claim, "user_id");
    assert_string_equal(c.default_room, "general");
    assert_string_equal(c.secret, "0123456789abcdef0123456789abcdef");
    assert_string_equal(c.browser_token, "none");
    assert_string_equal(c.browser_token_name, "");
    assert_int_equal(c.browser_token_kind, BROWSER_TOKEN_NONE);
    assert_int_equal(c.guests, GUESTS_OFF);
    assert_int_equal(c.log_level, LOG_INFO);
    assert_int_equal(c.message_max_chars, 2000);
    assert_int_equal(c.rate_user_burst, 60);
    assert_int_equal(c.wal_max_bytes, 4 * 1024 * 1024);
    assert_int_equal(c.ws_heartbeat_ms, 25000);
    assert_int_equal(c.request_timeout_s, 30);
    conf_release(&c);
}

static void test_values_are_read_as_written(void **state)
{
    struct conf c = parsed("\xef\xbb\xbf# a comment\r\n"
                           "\r\n"
                           "   # another\n"
                           "site_name =  Börse = \"Chat\" # not a comment \r\n"
                           "\tguests=write\n"
                           "log_level = error\n"
                           "database = /var/lib/chat.db\n"
                           "sidecar = on_demand\n"
                           "sidecar_program = bin/outcry-sidecar\n"
                           "wait_slots = 0\n"
                           "log_file = log/outcry.log\n"
                           "jwt_secret = #starts with a hash\n"
                           "jwt_alg = ES256\n"
                           "message_max_chars = 1\n"
                           "login_url = https://example.com/login?a=b\n"
                           "trusted_proxies = 10.0.0.0/8 ::1\n"
                           "allowed_origins = https://example.com http://localhost:8080\n" SECRET);

    (void)state;
    assert_string_equal(c.site_name, "Börse = \"Chat\" # not a comment");
    assert_int_equal(c.guests, GUESTS_WRITE);
    assert_int_equal(c.log_level, LOG_ERROR);
    assert_string_equal(c.database, "/var/lib/chat.db");
    assert_string_equal(c.log_file, "/srv/chat/log/outcry.log");
    assert_int_equal(c.sidecar, SIDECAR_ON_DEMAND);
    assert_string_equal(c.sidecar_program, "/srv/chat/bin/outcry-sidecar");
    assert_int_equal(c.wait_slots, 0);
    assert_string_equal(c.jwt_secret, "#starts with a hash");
    assert_string_equal(c.jwt_alg, "ES256");
    assert_int_equal(c.message_max_chars, 1);
    assert_string_equal(c.login_url, "https://example.com/login?a=b");
    conf_release(&c);
}

static void test_the_last_line_needs_no_line_end(void **state)
{
    struct conf c = parsed(SECRET "guests = read");

    (void)state;
    assert_int_equal(c.guests, GUESTS_READ);
    conf_release(&c);
}

static void test_browser_token_has_a_kind_and_a_name(void **state)
{
    static const struct {
        const char *line;
        enum conf_browser_token kind;
        const char *name;
    } rows[] = {
        {"browser_token = none\n", BROWSER_TOKEN_NONE, ""},
        {"browser_token = cookie:access-token\n", BROWSER_TOKEN_COOKIE, "access-token"},
        {"browser_token = storage:auth:token\n", BROWSER_TOKEN_STORAGE, "auth:token"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char text[200];
        struct conf c;

        snprintf(text, sizeof text, "%s%s", rows[i].line, SECRET);
        c = parsed(text);
        assert_int_equal(c.browser_token_kind, rows[i].kind);
        assert_string_equal(c.browser_token_name, rows[i].name);
        conf_release(&c);
    }
}

static const struct {
    const char *text, *want; /* `want` is a part of the message */
} mistakes[] = {
    {"", "outcry.conf: secret is not set; run \"outcry init\""},
    {"secret = short\n",
     "outcry.conf:1: secret must be at least 32 bytes long; run \"outcry init\""},
    {"secret =\n", "outcry.conf:1: secret must be at least 32 bytes"},
    {SECRET "gests = off\n",
     "outcry.conf:2: There is no key \"gests\"; the nearest is \"guests\"."},
    {SECRET "Database = x\n", "the nearest is \"database\""},
    {SECRET "rate_user_per_min = 5\n", "the nearest is \"rate_user_per_minute\""},
    {SECRET "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx = 1\n",
     "There is no key \"xxx"},
    {SECRET " = 1\n", "There is no key \"\""},
    {SECRET "guests\n", "outcry.conf:2: This is not \"key = value\"; a comment begins with #."},
    {SECRET "\n\nguests = off\nguests = read\n",
     "outcry.conf:5: guests is set twice; first on line 4."},
    {SECRET "guests = yes\n", "outcry.conf:2: guests must be off, read or write."},
    {SECRET "guests =\n", "guests must be off, read or write."},
    {SECRET "guests = Write\n", "guests must be off, read or write."},
    {SECRET "log_level = trace\n", "log_level must be debug, info, warn or error."},
    {SECRET "jwt_alg = none\n", "jwt_alg must be HS256, HS384, HS512, RS256 or ES256."},
    {SECRET "jwt_alg = hs256\n", "jwt_alg must be HS256"},
    {SECRET "jwt_leeway_s = 601\n", "jwt_leeway_s must be a whole number from 0 to 600."},
    {SECRET "message_max_chars = 0\n", "must be a whole number from 1 to 10000."},
    {SECRET "message_max_chars = 1k\n", "must be a whole number"},
    {SECRET "message_max_chars =\n", "must be a whole number"},
    {SECRET "message_max_chars = 99999999999999999999\n", "must be a whole number"},
    {SECRET "page_path = stocks\n", "page_path must begin with \"/\""},
    {SECRET "page_path = /stocks/\n", "page_path must begin with \"/\" and not end with it"},
    {SECRET "page_path = /\n", "page_path must begin"},
    {SECRET "page_path = //x\n", "page_path must begin"},
    {SECRET "page_path = /a/../b\n", "page_path must begin"},
    {SECRET "page_path = /a?b\n", "page_path must begin"},
    {SECRET "page_path = /a b\n", "page_path must begin"},
    {SECRET "page_path = /a\"b\n", "page_path must begin"},
    {SECRET "page_path = /x\napi_path = /x\n", "outcry.conf: page_path and api_path must differ."},
    {SECRET "browser_token = cookie\n", "browser_token must be none, cookie:NAME or storage:KEY."},
    {SECRET "browser_token = cookie:\n", "browser_token must be"},
    {SECRET "browser_token = cookie:a;b\n", "browser_token must be"},
    {SECRET "browser_token = header:x\n", "browser_token must be"},
    {SECRET "login_url = javascript:alert(1)\n", "login_url must be empty, a path"},
    {SECRET "login_url = //evil.example\n", "login_url must be empty, a path"},
    {SECRET "refresh_url = https://\n", "refresh_url must be empty, a path"},
    {SECRET "allowed_origins = example.com\n", "allowed_origins must be origins"},
    {SECRET "allowed_origins = https://example.com/\n", "allowed_origins must be origins"},
    {SECRET "allowed_origins = https://Example.com\n", "allowed_origins must be origins"},
    {SECRET "allowed_origins = *\n", "allowed_origins must be origins"},
    {SECRET "trusted_proxies = 10.0.0.0/33\n", "trusted_proxies must be addresses"},
    {SECRET "trusted_proxies = localhost\n", "trusted_proxies must be addresses"},
    {SECRET "language = e n\n", "language must be a language tag"},
    {SECRET "site_name =\n", "site_name must not be empty."},
    {SECRET "default_room = General\n", "default_room must be a room's slug"},
    {SECRET "default_room = @me\n", "default_room must be a room's slug"},
    {SECRET "rooms = General:General\n", "rooms must be \"slug:Title\""},
    {SECRET "rooms = a:A b:B a:C\n", "rooms must be \"slug:Title\""},
    {SECRET "ws_heartbeat_ms = 50000\n", "ws_idle_timeout_ms must be more than ws_heartbeat_ms."},
    {SECRET "presence_ttl_ms = 1000\n", "presence_ttl_ms must be more than ws_heartbeat_ms."},
    {SECRET "body_max_bytes = 1024\n", "body_max_bytes must be at least message_max_bytes."},
    {SECRET "database = x\nstate_database = x\n", "database and state_database must differ."},
    {SECRET "ws_socket = x\nnotify_socket = x\n", "ws_socket and notify_socket must differ."},
    {SECRET "database =\n", "database must not be empty."},
    {SECRET "sidecar = on demand\n", "sidecar must be external, on_demand or off."},
    {SECRET "sidecar = on_demand\n", "outcry.conf: sidecar = on_demand needs a log_file"},
    {SECRET "wait_slots = 65\n", "wait_slots must be a whole number from 0 to 64."},
    {SECRET "ws_socket =\n", "ws_socket must be a path of 1 to 107 bytes"},
    {SECRET "site_name = a\x1b[31m\n", "outcry.conf:2: There is a control character"},
    {SECRET "site_name = \xff\n", "outcry.conf:2: This line is not UTF-8."},
    {SECRET "a\rguests = off\n", "There is a control character"},
};

static void test_mistakes_are_named_with_file_line_and_cure(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(mistakes); i++) {
        struct conf c;
        struct fail f = {0};

        if (parse(&c, mistakes[i].text, &f) != ERR_BAD_REQUEST)
            fail_msg("accepted: %s", mistakes[i].text);
        if (!strstr(f.message, mistakes[i].want))
            fail_msg("%s: \"%s\" has no \"%s\"", mistakes[i].text, f.message, mistakes[i].want);
        assert_null(c.database); /* nothing is left to release */
    }
}

static void test_a_nul_is_refused(void **state)
{
    static const char text[] = SECRET "site_name = a\0b\n";
    struct conf c;
    struct fail f;

    (void)state;
    assert_int_equal(conf_parse(&c, "outcry.conf", "/srv", text, sizeof text - 1, &f),
                     ERR_BAD_REQUEST);
    assert_non_null(strstr(f.message, "outcry.conf:2: There is a control character"));
}

static void test_messages_never_quote_a_secret(void **state)
{
    static const char *const rows[] = {"secret = hunter2\n", SECRET "jwt_secret = hunter2\x01\n",
                                       SECRET "jwt_secrt = hunter2\n"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct conf c;
        struct fail f;

        assert_int_equal(parse(&c, rows[i], &f), ERR_BAD_REQUEST);
        assert_null(strstr(f.message, "hunter2"));
    }
}

static void test_a_socket_path_is_at_most_107_bytes(void **state)
{
    char dir[120], text[200];
    struct conf c;
    struct fail f;

    (void)state;
    memset(dir, 'd', sizeof dir);
    dir[0] = '/';
    dir[107 - strlen("/run/notify.sock")] = '\0';
    assert_int_equal(conf_parse(&c, "c", dir, SECRET, strlen(SECRET), &f), OK);
    assert_int_equal(strlen(c.notify_socket), 107);
    conf_release(&c);
    dir[107 - strlen("/run/notify.sock")] = 'd';
    dir[108 - strlen("/run/notify.sock")] = '\0';
    assert_int_equal(conf_parse(&c, "c", dir, SECRET, strlen(SECRET), &f), ERR_BAD_REQUEST);
    assert_non_null(
        strstr(f.message, "notify_socket must be a path of 1 to 107 bytes, and is one of 108"));
    /* Set elsewhere, the default does no harm. */
    snprintf(text, sizeof text, "%snotify_socket = /run/outcry/notify.sock\n", SECRET);
    assert_int_equal(conf_parse(&c, "c", dir, text, strlen(text), &f), OK);
    assert_string_equal(c.notify_socket, "/run/outcry/notify.sock");
    conf_release(&c);
}

static void test_a_long_path_does_not_hide_the_sentence(void **state)
{
    char name[400];
    struct conf c;
    struct fail f;

    (void)state;
    memset(name, 'n', sizeof name);
    name[399] = '\0';
    assert_int_equal(conf_parse(&c, name, "/", "guests = x\n", 11, &f), ERR_BAD_REQUEST);
    assert_non_null(strstr(f.message, "nnn:1: guests must be off, read or write."));
}

static void test_rooms_are_walked(void **state)
{
    static const struct {
        const char *list, *want;
    } rows[] = {
        {"", ""},
        {"  ", ""},
        {"general:General", "general=General;"},
        {"a:A b:B", "a=A;b=B;"},
        {" a:A  b:B\t", "a=A;b=B;"},
        {"real-estate:Real Estate x:Y", "real-estate=Real Estate;x=Y;"},
        {"a:Three  short words", "a=Three  short words;"},
        {"a", "a=a;"},
        {"a b", "a=a;b=b;"},
        {"a: b:B", "a=a;b=B;"},
        {"a:X:Y", "a=X:Y;"},
    };
    struct arena a;

    (void)state;
    arena_init(&a);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *rest = rows[i].list;
        char *slug, *title;
        struct buf got;

        buf_init(&got, 1000);
        while (conf_next_room(&a, &rest, &slug, &title))
            buf_fmt(&got, "%s=%s;", slug, title);
        assert_string_equal(buf_cstr(&got), rows[i].want);
        buf_release(&got);
    }
    arena_release(&a);
}

static void test_the_default_rooms_are_general_and_eleven_sectors(void **state)
{
    struct conf c = parsed(SECRET);
    const char *rest = c.rooms;
    char *slug, *title;
    struct arena a;
    int count = 0;

    (void)state;
    arena_init(&a);
    while (conf_next_room(&a, &rest, &slug, &title))
        count++;
    assert_int_equal(count, 12);
    assert_string_equal(slug, "real-estate");
    assert_string_equal(title, "Real Estate");
    arena_release(&a);
    conf_release(&c);
}

static void test_every_key_is_documented(void **state)
{
    static const char *const some[] = {"database", "guests",     "secret",
                                       "rooms",    "jwt_secret", "request_timeout_s"};
    struct buf docs;

    (void)state;
    buf_init(&docs, 1 << 20);
    conf_docs(&docs);
    assert_false(docs.overflow);
    for (size_t i = 0; i < ARRAY_LEN(some); i++) {
        char row[64];

        snprintf(row, sizeof row, "\n| `%s` | ", some[i]);
        assert_non_null(strstr(buf_cstr(&docs), row));
    }
    assert_non_null(strstr(buf_cstr(&docs), "| `guests` | `off` | `off`, `read`, `write` | "));
    assert_non_null(strstr(buf_cstr(&docs), "| `secret` | must be set | "));
    buf_release(&docs);
}

/* A folder with outcry.conf in it. */
struct place {
    char dir[40], path[64];
};

static int set_up(void **state)
{
    struct place *p = xcalloc(1, sizeof *p);
    FILE *file;

    snprintf(p->dir, sizeof p->dir, "/tmp/outcry-conf-XXXXXX");
    if (!mkdtemp(p->dir))
        return -1;
    snprintf(p->path, sizeof p->path, "%s/outcry.conf", p->dir);
    file = fopen(p->path, "w");
    if (!file || fputs(SECRET, file) < 0 || fclose(file) != 0)
        return -1;
    unsetenv("OUTCRY_CONFIG");
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    struct place *p = *state;

    unsetenv("OUTCRY_CONFIG");
    unlink(p->path);
    rmdir(p->dir);
    free(p);
    return 0;
}

static void test_a_file_is_read_and_paths_are_beside_it(void **state)
{
    struct place *p = *state;
    char here[4096], want[64];
    struct conf c;
    struct fail f;

    snprintf(want, sizeof want, "%s/chat.db", p->dir);
    assert_int_equal(conf_load(&c, p->path, &f), OK);
    assert_string_equal(c.database, want);
    assert_string_equal(c.path, p->path);
    conf_release(&c);
    /* The same by a relative name, and it stays right after chdir(). */
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(chdir(p->dir), 0);
    assert_int_equal(conf_load(&c, "outcry.conf", &f), OK);
    assert_int_equal(chdir(here), 0);
    assert_string_equal(c.database, want);
    conf_release(&c);
}

static void test_a_file_that_cannot_be_read_is_named(void **state)
{
    struct place *p = *state;
    struct conf c;
    struct fail f;

    assert_int_equal(conf_load(&c, "/nonexistent/outcry.conf", &f), ERR_NOT_FOUND);
    assert_non_null(strstr(f.message, "/nonexistent/outcry.conf"));
    assert_int_equal(conf_load(&c, p->dir, &f), ERR_BAD_REQUEST);
    assert_non_null(strstr(f.message, "it is not a file"));
    assert_int_equal(truncate(p->path, 2 << 20), 0);
    assert_int_equal(conf_load(&c, p->path, &f), ERR_BAD_REQUEST);
    assert_non_null(strstr(f.message, "too large"));
}

static void test_the_file_is_found(void **state)
{
    struct place *p = *state;
    char program[80];
    char *found;

    snprintf(program, sizeof program, "%s/chat.fcgi", p->dir);
    found = conf_find(NULL, program);
    assert_string_equal(found, p->path);
    free(found);
    setenv("OUTCRY_CONFIG", "/from/the/environment", 1);
    found = conf_find(NULL, program);
    assert_string_equal(found, "/from/the/environment");
    free(found);
    found = conf_find("/given", program);
    assert_string_equal(found, "/given");
    free(found);
    setenv("OUTCRY_CONFIG", "", 1);
    found = conf_find(NULL, program);
    assert_string_equal(found, p->path);
    free(found);
}

#define WITH_FILE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults_need_only_a_secret),
        cmocka_unit_test(test_values_are_read_as_written),
        cmocka_unit_test(test_the_last_line_needs_no_line_end),
        cmocka_unit_test(test_browser_token_has_a_kind_and_a_name),
        cmocka_unit_test(test_mistakes_are_named_with_file_line_and_cure),
        cmocka_unit_test(test_a_nul_is_refused),
        cmocka_unit_test(test_messages_never_quote_a_secret),
        cmocka_unit_test(test_a_socket_path_is_at_most_107_bytes),
        cmocka_unit_test(test_a_long_path_does_not_hide_the_sentence),
        cmocka_unit_test(test_rooms_are_walked),
        cmocka_unit_test(test_the_default_rooms_are_general_and_eleven_sectors),
        cmocka_unit_test(test_every_key_is_documented),
        WITH_FILE(test_a_file_is_read_and_paths_are_beside_it),
        WITH_FILE(test_a_file_that_cannot_be_read_is_named),
        WITH_FILE(test_the_file_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
