/* SHA-256 as on a processor that has no instructions for it; test_secure.c has it as it runs here.
 */
#define SHA256_PLAINLY
#include "lib/sha256.c" /* NOLINT(bugprone-suspicious-include): another build of it */

#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Of every length around a block's and the padding's, and in two pieces. */
static void test_it_is_libcryptos(void **state)
{
    unsigned char bytes[300], want[SHA256_BYTES], got[SHA256_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 37);
    for (size_t len = 0; len <= sizeof bytes; len++) {
        struct sha256 s;

        assert_int_equal(EVP_Digest(bytes, len, want, NULL, EVP_sha256(), NULL), 1);
        sha256_init(&s);
        sha256_add(&s, bytes, len * 2 / 3);
        sha256_add(&s, bytes + len * 2 / 3, len - len * 2 / 3);
        sha256_end(&s, got);
        assert_memory_equal(got, want, sizeof want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_is_libcryptos),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
