/* Addresses behind proxies, and Origins. */
#include "lib/peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_lists_hold_addresses_and_blocks(void **state)
{
    static const struct {
        const char *list, *address;
        bool in;
    } cases[] = {
        {"", "127.0.0.1", false},
        {"127.0.0.1", "127.0.0.1", true},
        {"127.0.0.1 ::1", "::1", true},
        {"127.0.0.1", "127.0.0.2", false},
        {"10.0.0.0/8", "10.255.1.2", true},
        {"10.0.0.0/8", "11.0.0.0", false},
        {"10.0.0.0/9", "10.128.0.0", false},
        {"0.0.0.0/0", "8.8.8.8", true},
        {"0.0.0.0/0", "::1", false},
        {"2001:db8::/32", "2001:db8:1::5", true},
        {"2001:db8::/32", "2001:db9::5", false},
        {"127.0.0.1", "::ffff:127.0.0.1", true},
        {"10.0.0.0/33", "10.0.0.0", false},
        {"10.0.0.0/", "10.0.0.0", false},
        {"10.0.0.0/8x", "10.0.0.0", false},
        {"10.0.0.0/-1", "10.0.0.0", false},
        {"nonsense \t 10.0.0.1  ", "10.0.0.1", true},
        {"10.0.0.1", "", false},
        {"10.0.0.1", "10.0.0.1 ", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        if (peer_in_list(cases[i].list, cases[i].address) != cases[i].in)
            fail_msg("'%s' in '%s'", cases[i].address, cases[i].list);
}

static void test_the_rightmost_untrusted_hop_is_the_client(void **state)
{
    static const struct {
        const char *trusted, *peer, *forwarded, *client;
    } cases[] = {
        {"", "203.0.113.9", NULL, "203.0.113.9"},
        {"", "203.0.113.9", "1.2.3.4", "203.0.113.9"},
        {"203.0.113.9", "203.0.113.9", "1.2.3.4", "1.2.3.4"},
        {"203.0.113.9", "203.0.113.9", "6.6.6.6, 1.2.3.4", "1.2.3.4"},
        {"203.0.113.9 1.2.3.4", "203.0.113.9", "6.6.6.6,1.2.3.4", "6.6.6.6"},
        {"203.0.113.9 1.2.3.4", "203.0.113.9", "1.2.3.4", "1.2.3.4"},
        {"203.0.113.9", "203.0.113.9", "6.6.6.6, rubbish", "203.0.113.9"},
        {"203.0.113.9 1.2.3.4", "203.0.113.9", "rubbish, 1.2.3.4", "1.2.3.4"},
        {"203.0.113.9", "203.0.113.9", "", "203.0.113.9"},
        {"203.0.113.9", "203.0.113.9", "1.2.3.4:5678", "1.2.3.4"},
        {"203.0.113.9", "203.0.113.9", "[2001:DB8::1]:443", "2001:db8::1"},
        {"203.0.113.9", "203.0.113.9", "2001:db8::1", "2001:db8::1"},
        {"203.0.113.9", "203.0.113.9", "::ffff:1.2.3.4", "1.2.3.4"},
        {"", "", "1.2.3.4", "1.2.3.4"},
        {"", "", "6.6.6.6, 1.2.3.4", "1.2.3.4"},
        {"", "", NULL, ""},
        {"", "not an address", "1.2.3.4", ""},
    };
    struct arena a;

    (void)state;
    arena_init(&a);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(peer_address(&a, cases[i].trusted, cases[i].peer, cases[i].forwarded),
                            cases[i].client);
    arena_release(&a);
}

static void test_a_long_list_of_hops_is_bounded(void **state)
{
    char forwarded[4096] = "6.6.6.6";
    struct arena a;

    (void)state;
    arena_init(&a);
    for (int i = 0; i < 200; i++)
        memcpy(forwarded + strlen(forwarded), ", 10.0.0.1", sizeof ", 10.0.0.1");
    assert_string_equal(peer_address(&a, "10.0.0.0/8", "10.0.0.2", forwarded), "10.0.0.1");
    arena_release(&a);
}

static void test_only_our_own_origins_are_allowed(void **state)
{
    static const struct {
        const char *allowed, *origin, *host;
        bool ok;
    } cases[] = {
        {"", "https://chat.example.com", "chat.example.com", true},
        {"", "http://chat.example.com", "chat.example.com", true},
        {"", "http://127.0.0.1:8080", "127.0.0.1:8080", true},
        {"", "https://chat.example.com", "chat.example.com:443", true},
        {"", "http://chat.example.com:80", "chat.example.com", true},
        {"", "http://[::1]:8080", "[::1]:8080", true},
        {"", "http://127.0.0.1:8081", "127.0.0.1:8080", false},
        {"", "http://127.0.0.1", "127.0.0.1:8080", false},
        {"", "https://chat.example.com.evil.example", "chat.example.com", false},
        {"", "https://evilchat.example.com", "chat.example.com", false},
        {"", "https://evil.chat.example.com", "chat.example.com", false},
        {"", "null", "chat.example.com", false},
        {"", "", "chat.example.com", false},
        {"", "https://", "", false},
        {"", "ftp://chat.example.com", "chat.example.com", false},
        {"", "HTTPS://CHAT.EXAMPLE.COM", "chat.example.com", false},
        {"", "https://chat.example.com/", "chat.example.com", false},
        {"", "https://chat.example.com:443", "chat.example.com:80", false},
        {"", "https://user@chat.example.com", "chat.example.com", false},
        {"https://a.example https://b.example:8443", "https://a.example", "x", true},
        {"https://a.example https://b.example:8443", "https://b.example:8443", "x", true},
        {"https://a.example https://b.example:8443", "https://b.example", "x", false},
        {"https://a.example", "http://a.example", "a.example", false},
        {"https://a.example", "https://a.example.evil", "a.example.evil", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        if (peer_origin_allowed(cases[i].allowed, cases[i].origin, cases[i].host) != cases[i].ok)
            fail_msg("origin '%s' at '%s', allowed '%s'", cases[i].origin, cases[i].host,
                     cases[i].allowed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists_hold_addresses_and_blocks),
        cmocka_unit_test(test_the_rightmost_untrusted_hop_is_the_client),
        cmocka_unit_test(test_a_long_list_of_hops_is_bounded),
        cmocka_unit_test(test_only_our_own_origins_are_allowed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
