/* The texts for shared hosts: what is ours in a site's file, and what is in it. */
#include "cli/htaccess.h"
#include "tests/lib/fixture.h"

#include <string.h>

#define OURS "# BEGIN outcry\nours\n# END outcry\n"

static void test_our_block_comes_first_stays_alone_and_goes_whole(void **state)
{
    static const struct {
        const char *old, *block, *want;
    } cases[] = {
        {"", "ours\n", OURS},
        {"theirs\n", "ours\n", OURS "theirs\n"},
        {"theirs", "ours\n", OURS "theirs"},
        {OURS "theirs\n", "ours\n", OURS "theirs\n"},
        {"first\n# BEGIN outcry\nold\nolder\n# END outcry\nlast\n", "ours\n",
         "first\n" OURS "last\n"},
        {"first\r\n# BEGIN outcry\r\nold\r\n# END outcry\r\nlast\r\n", "ours\n",
         "first\r\n" OURS "last\r\n"},
        {"a\n# BEGIN outcry\nold\n# END outcry", "ours\n", "a\n" OURS},
        {OURS, "", ""},
        {OURS "theirs\n", "", "theirs\n"},
        {"a\n" OURS "b\n", "", "a\nb\n"},
        {"theirs\n", "", "theirs\n"},
        {"", "", ""},
        {"# BEGIN outcry-like\n# END outcry-like\n", "ours\n",
         OURS "# BEGIN outcry-like\n# END outcry-like\n"},
        {"  # BEGIN outcry\n", "", "  # BEGIN outcry\n"},
    };
    struct buf b;

    (void)state;
    buf_init(&b, 1000);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        buf_clear(&b);
        assert_true(htaccess_splice(&b, cases[i].old, cases[i].block));
        assert_string_equal(buf_cstr(&b), cases[i].want);
    }
    buf_release(&b);
}

static void test_lines_that_are_no_pair_are_nobodys_to_guess(void **state)
{
    static const char *const cases[] = {
        "# BEGIN outcry\nours\n",
        "ours\n# END outcry\n",
        "# END outcry\n# BEGIN outcry\n",
        OURS OURS,
        OURS "# END outcry\n",
    };
    struct buf b;

    (void)state;
    buf_init(&b, 1000);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_false(htaccess_splice(&b, cases[i], "ours\n"));
    buf_release(&b);
}

static void test_what_is_ours_can_be_read_back(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 1000);
    assert_true(htaccess_block(&b, "a\n# BEGIN outcry\nours\ntoo\n# END outcry\nb\n"));
    assert_string_equal(buf_cstr(&b), "ours\ntoo\n");
    buf_clear(&b);
    assert_true(htaccess_block(&b, "# BEGIN outcry\n# END outcry"));
    assert_true(htaccess_block(&b, "theirs\n"));
    assert_string_equal(buf_cstr(&b), "");
    assert_false(htaccess_block(&b, "# BEGIN outcry\nours\n"));
    buf_release(&b);
}

static const char *site(struct buf *b, const struct host_means *m)
{
    static const struct host_urls urls = {
        .base = "/trading/", .folder = "chat", .ws_socket = "/home/me/run/ws.sock"};

    buf_clear(b);
    htaccess_site(b, m, &urls);
    return buf_cstr(b);
}

static void test_only_what_the_host_allows_is_written(void **state)
{
    struct host_means m = {.run = "AddHandler cgi-script .fcgi\n",
                           .extension = ".fcgi",
                           .auth = "CGIPassAuth On\n",
                           .rewrite_options = ""};
    struct buf b;

    (void)state;
    buf_init(&b, 4000);
    assert_string_equal(site(&b, &m), "");
    m.rewrite = true;
    assert_null(strstr(site(&b, &m), "[P]"));
    assert_null(strstr(site(&b, &m), "Options"));
    assert_non_null(strstr(buf_cstr(&b), "\nRewriteRule ^api/stocks/chat(/.*)?$ "
                                         "/trading/chat/api.fcgi ["));
    assert_non_null(strstr(buf_cstr(&b), "\nRewriteRule ^(stocks|ws)/chat(/.*)?$ "
                                         "/trading/chat/chat.fcgi ["));
    m.proxy_upgrade = true;
    m.rewrite_options = "Options +SymLinksIfOwnerMatch\n";
    assert_non_null(strstr(site(&b, &m), "RewriteRule ^ws/chat/?$ unix:/home/me/run/ws.sock|"
                                         "ws://localhost/trading/ws/chat/ [P]\n"));
    assert_null(strstr(buf_cstr(&b), "stream"));
    assert_non_null(strstr(buf_cstr(&b), "\nOptions +SymLinksIfOwnerMatch\n"));
    m.proxy_http = true;
    assert_non_null(strstr(site(&b, &m), "|http://localhost/trading/ws/chat/$1/ [P]\n"));
    buf_clear(&b);
    htaccess_programs(&b, &m);
    assert_true(htaccess_has_block(buf_cstr(&b)));
    assert_non_null(strstr(buf_cstr(&b), "\nAddHandler cgi-script .fcgi\nCGIPassAuth On\n"));
    buf_release(&b);
}

static void test_a_wrapper_needs_nothing_of_its_surroundings(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 1000);
    htaccess_wrapper(&b, "/home/me/outcry/bin/chat.fcgi", "/home/me/data/outcry.conf");
    assert_string_equal(buf_cstr(&b), "#!/bin/sh\nOUTCRY_CONFIG='/home/me/data/outcry.conf'\n"
                                      "export OUTCRY_CONFIG\n"
                                      "exec '/home/me/outcry/bin/chat.fcgi'\n");
    buf_release(&b);
}

static void test_paths_that_mean_something_else_are_not_plain(void **state)
{
    static const char *const bad[] = {
        "",     "chat", "/a b",  "/it's",         "/$HOME", "/a|b", "/a\"b", "/a\\b", "/a%b",
        "/a#b", "/a;b", "/a\nb", "/na\303\257ve", "/a*",    "/{a}", "/a:b",  "/<a>",  "/(a)"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(htaccess_is_plain(bad[i]));
    assert_true(htaccess_is_plain("/home/me_2/web.site-1/~x/a+b@c,d=e"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_our_block_comes_first_stays_alone_and_goes_whole),
        cmocka_unit_test(test_lines_that_are_no_pair_are_nobodys_to_guess),
        cmocka_unit_test(test_what_is_ours_can_be_read_back),
        cmocka_unit_test(test_only_what_the_host_allows_is_written),
        cmocka_unit_test(test_a_wrapper_needs_nothing_of_its_surroundings),
        cmocka_unit_test(test_paths_that_mean_something_else_are_not_plain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
