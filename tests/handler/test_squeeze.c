/* Pages as gzip: the same page, for whoever takes it, and never with a secret to be guessed by
 * length. */
#include "tests/lib/web.h"

#include <stdio.h>
#include <string.h>
#include <zlib.h>

static const char page[] = "/stocks/chat/";

static int get(struct web *w, const char *encoding, const char *site)
{
    web_begin(w, "GET", page);
    web_set(w, "HTTP_ACCEPT_ENCODING", encoding);
    web_set(w, "HTTP_SEC_FETCH_SITE", site);
    web_set(w, "HTTP_SEC_FETCH_MODE", "navigate");
    web_set(w, "HTTP_SEC_FETCH_DEST", "document");
    return web_send(w);
}

static bool is_gzip(struct web *w)
{
    const char *encoding = web_header(w, "Content-Encoding");

    return encoding && strcmp(encoding, "gzip") == 0;
}

/* What a browser makes of it; its length and sum must be right, or this fails. */
static const char *unpacked(struct web *w)
{
    enum { MAX = 1 << 20 };
    char *out = arena_alloc(&w->fx->arena, MAX);
    z_stream z = {.next_in = (unsigned char *)w->answer.data + w->head_len,
                  .avail_in = (unsigned)(w->answer.len - w->head_len),
                  .next_out = (unsigned char *)out,
                  .avail_out = MAX - 1};

    assert_true(is_gzip(w));
    assert_int_equal(inflateInit2(&z, 16 + MAX_WBITS), Z_OK);
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    assert_int_equal(z.avail_in, 0);
    out[z.total_out] = '\0';
    inflateEnd(&z);
    return out;
}

static const char *value_of(struct web *w, const char *html, const char *field)
{
    const char *start = arena_fmt(&w->fx->arena, "name=\"%s\" value=\"", field);
    const char *at = strstr(html, start);

    assert_non_null(at);
    at += strlen(start);
    return arena_strn(&w->fx->arena, at, strcspn(at, "\""));
}

/* Somebody whom a cookie says, in a room where much was said that looks like an id. */
static struct web *open_room(void)
{
    struct web *w = web_open();
    struct actor bob = fixture_user(w->fx, "8", "bob");

    for (int i = 0; i < 60; i++)
        fixture_post(w->fx, &bob, "general",
                     arena_fmt(&w->fx->arena, "%08x%08x%08x is what my terminal says",
                               (unsigned)i * 2654435761u, (unsigned)i * 40503u,
                               (unsigned)i * 2246822519u));
    web_join(w, "ana");
    return w;
}

/* Without what differs in any two pages. */
static char *levelled(struct web *w, const char *html)
{
    char *out = arena_str(&w->fx->arena, html);

    for (char *p = out; *p; p++) {
        size_t run = strspn(p, "0123456789abcdef");

        if (run >= 24)
            memset(p, 'x', run);
        p += run ? run - 1 : 0;
    }
    return out;
}

static void test_it_is_the_same_page(void **state)
{
    struct web *w = open_room();
    const char *plain;
    size_t plain_len, small_len;

    (void)state;
    assert_int_equal(get(w, NULL, "none"), 200);
    assert_false(is_gzip(w));
    plain = levelled(w, web_text(w));
    plain_len = w->answer.len - w->head_len;
    assert_int_equal(get(w, "deflate, gzip, br", "none"), 200);
    small_len = w->answer.len - w->head_len;
    assert_string_equal(levelled(w, unpacked(w)), plain);
    assert_true(small_len * 3 < plain_len);
    web_close(w);
}

static void test_who_does_not_take_it_does_not_get_it(void **state)
{
    static const char *const none[] = {"", "br", "gzip;q=0", "gzip; q=0.0", "xgzip"};
    struct web *w = open_room();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(none); i++) {
        assert_int_equal(get(w, none[i], "none"), 200);
        assert_false(is_gzip(w));
        assert_non_null(strstr(web_text(w), "</html>"));
    }
    get(w, "gzip;q=0.5", "none");
    assert_true(is_gzip(w));
    web_close(w);
}

/* Kept answers get another client id put into what is packed already. */
static void test_a_page_that_is_given_again_has_an_id_of_its_own(void **state)
{
    struct web *w = open_room();
    const char *ids[40], *seal = NULL;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        const char *html;

        assert_int_equal(get(w, "gzip", "same-origin"), 200);
        html = unpacked(w);
        ids[i] = value_of(w, html, "client_id");
        assert_int_equal(strlen(ids[i]), 24);
        assert_non_null(strstr(html, "</html>"));
        if (seal) /* the same page indeed */
            assert_string_equal(value_of(w, html, "csrf"), seal);
        seal = value_of(w, html, "csrf");
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(ids[i], ids[j]);
    }
    web_close(w);
}

static void test_no_two_pages_that_differ_hold_the_same_secret(void **state)
{
    struct web *w = open_room();
    const char *seals[8];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(seals); i++) {
        get(w, "gzip", "same-origin");
        seals[i] = value_of(w, unpacked(w), "csrf");
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(seals[i], seals[j]);
        fixture_pass(w->fx, 1000);
    }
    for (size_t i = 0; i < ARRAY_LEN(seals); i++) {
        w->csrf = seals[i];
        assert_int_equal(web_json_request(w, "POST", "/api/stocks/chat/messages/create/",
                                          "{\"message\":\"with each\"}"),
                         201);
    }
    web_close(w);
}

static void test_what_another_site_asks_for_in_ones_name_keeps_its_length(void **state)
{
    struct web *w = open_room();

    (void)state;
    get(w, "gzip", "same-origin");
    assert_true(is_gzip(w));
    get(w, "gzip", "cross-site");
    assert_false(is_gzip(w));
    get(w, "gzip", "same-site");
    assert_false(is_gzip(w));
    web_sign_out(w);
    get(w, "gzip", "cross-site"); /* nobody's: the same for all */
    assert_true(is_gzip(w));
    web_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_is_the_same_page),
        cmocka_unit_test(test_who_does_not_take_it_does_not_get_it),
        cmocka_unit_test(test_a_page_that_is_given_again_has_an_id_of_its_own),
        cmocka_unit_test(test_no_two_pages_that_differ_hold_the_same_secret),
        cmocka_unit_test(test_what_another_site_asks_for_in_ones_name_keeps_its_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
