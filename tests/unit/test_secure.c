/* Randomness, hashes with the vectors of their standards, and comparison. */
#include "lib/secure.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_ids_are_positive_and_exact_in_javascript(void **state)
{
    int64_t all = 0, last = 0;

    (void)state;
    for (int i = 0; i < 10000; i++) {
        int64_t id = secure_random_id();

        assert_true(id > 0 && id < INT64_C(1) << 53);
        assert_int_not_equal(id, last);
        all |= id;
        last = id;
    }
    /* Every one of the 53 bits is used. */
    assert_int_equal(all, (INT64_C(1) << 53) - 1);
}

static void test_random_bytes_fill_the_whole_and_no_more(void **state)
{
    unsigned char bytes[1026];
    unsigned char seen[1024] = {0};

    (void)state;
    memset(bytes, 0, sizeof bytes);
    bytes[0] = bytes[1025] = 0xa5;
    for (int round = 0; round < 4; round++) {
        secure_random(bytes + 1, 1024);
        for (int i = 0; i < 1024; i++)
            seen[i] |= bytes[1 + i];
    }
    assert_int_equal(bytes[0], 0xa5);
    assert_int_equal(bytes[1025], 0xa5);
    for (int i = 0; i < 1024; i++)
        assert_int_not_equal(seen[i], 0); /* four zeros in a row: one in 2^32 for each */
    secure_random(bytes, 0);
}

static void test_random_hex_has_the_length_asked_for(void **state)
{
    static const size_t sizes[] = {0, 1, 8, 31, 32, 33, 100};
    char out[202], other[202];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        memset(out, 'z', sizeof out);
        secure_random_hex(out, sizes[i]);
        assert_int_equal(strlen(out), 2 * sizes[i]);
        assert_int_equal(strspn(out, "0123456789abcdef"), 2 * sizes[i]);
        assert_int_equal(out[2 * sizes[i] + 1], 'z');
    }
    secure_random_hex(other, 100);
    assert_string_not_equal(out, other);
}

static void expect_hash(const unsigned char *hash, const char *want)
{
    char hex[2 * SECURE_HASH + 1];

    secure_hex(hex, hash, SECURE_HASH);
    assert_string_equal(hex, want);
}

static void test_sha256_is_that_of_fips_180(void **state)
{
    unsigned char hash[SECURE_HASH];

    (void)state;
    secure_sha256(hash, "abc", 3);
    expect_hash(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    secure_sha256(hash, NULL, 0);
    expect_hash(hash, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void test_sha256_comes_in_pieces(void **state)
{
    unsigned char bytes[300], whole[SECURE_HASH], pieces[SECURE_HASH];

    (void)state;
    secure_random(bytes, sizeof bytes);
    for (size_t len = 0; len <= sizeof bytes; len++) {
        struct secure_hash *h = secure_hash_begin();

        secure_sha256(whole, bytes, len);
        secure_hash_add(h, bytes, len * 2 / 3);
        secure_hash_add(h, bytes + len * 2 / 3, len - len * 2 / 3);
        secure_hash_end(h, pieces);
        assert_memory_equal(pieces, whole, sizeof whole);
    }
}

static void test_sha256_of_a_million(void **state)
{
    static char million[1000000];
    unsigned char hash[SECURE_HASH];

    (void)state;
    memset(million, 'a', sizeof million);
    secure_sha256(hash, million, sizeof million);
    expect_hash(hash, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void test_hmac_is_that_of_rfc_4231(void **state)
{
    unsigned char hash[SECURE_HASH], key[131];

    (void)state;
    memset(key, 0x0b, 20);
    secure_hmac(hash, key, 20, "Hi There", 8);
    expect_hash(hash, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    secure_hmac(hash, "Jefe", 4, "what do ya want for nothing?", 28);
    expect_hash(hash, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof key);
    secure_hmac(hash, key, sizeof key, "Test Using Larger Than Block-Size Key - Hash Key First",
                54);
    expect_hash(hash, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void test_hmac_takes_empty_input(void **state)
{
    unsigned char hash[SECURE_HASH];

    (void)state;
    secure_hmac(hash, NULL, 0, NULL, 0);
    expect_hash(hash, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void test_comparison_sees_every_byte(void **state)
{
    unsigned char a[64], b[64];

    (void)state;
    secure_random(a, sizeof a);
    memcpy(b, a, sizeof a);
    assert_true(secure_equal(a, b, sizeof a));
    assert_true(secure_equal(NULL, NULL, 0));
    for (size_t i = 0; i < sizeof a; i++) {
        b[i] ^= 1;
        assert_false(secure_equal(a, b, sizeof a));
        assert_true(secure_equal(a, b, i));
        b[i] ^= 1;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ids_are_positive_and_exact_in_javascript),
        cmocka_unit_test(test_random_bytes_fill_the_whole_and_no_more),
        cmocka_unit_test(test_random_hex_has_the_length_asked_for),
        cmocka_unit_test(test_sha256_is_that_of_fips_180),
        cmocka_unit_test(test_sha256_comes_in_pieces),
        cmocka_unit_test(test_sha256_of_a_million),
        cmocka_unit_test(test_hmac_is_that_of_rfc_4231),
        cmocka_unit_test(test_hmac_takes_empty_input),
        cmocka_unit_test(test_comparison_sees_every_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
