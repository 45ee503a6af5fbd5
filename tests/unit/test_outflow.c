/* Output on a descriptor that takes as much as it likes: nothing is lost, doubled or reordered. */
#include "ws-sidecar/outflow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { MUCH = 1 << 20 };

struct pipe {
    struct outflow out;
    int far;
};

static int set_up(void **state)
{
    struct pipe *p = calloc(1, sizeof *p);
    int fds[2], size = 4096;

    assert_non_null(p);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    assert_int_equal(setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size), 0);
    p->out.fd = fds[0];
    p->far = fds[1];
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    struct pipe *p = *state;

    outflow_release(&p->out);
    close(p->out.fd);
    close(p->far);
    free(p);
    return 0;
}

static void put(struct outflow *o, const char *bytes, size_t len)
{
    struct iovec one = outflow_piece(bytes, len);

    outflow_put(o, &one, 1);
}

/* Reads what is there; the number of bytes. */
static size_t drain(struct pipe *p, char *to, size_t size)
{
    ssize_t got = recv(p->far, to, size, MSG_DONTWAIT);

    return got > 0 ? (size_t)got : 0;
}

static void test_pieces_leave_as_one(void **state)
{
    struct pipe *p = *state;
    struct iovec pieces[3] = {outflow_piece("id: 1\n", 6), outflow_piece("data: ", 6),
                              outflow_piece("x\n\n", 3)};
    char got[64];

    assert_int_equal(outflow_send(&p->out, pieces, 3), HUB_SENT);
    assert_int_equal(drain(p, got, sizeof got), 15);
    assert_memory_equal(got, "id: 1\ndata: x\n\n", 15);
    assert_null(p->out.rest);
}

/* Fills the descriptor, so that the last frame is cut somewhere; what arrives is the log of all
 * frames that were taken. */
static void test_a_short_write_is_finished_later(void **state)
{
    struct pipe *p = *state;
    char *want = malloc(MUCH), *got = malloc(MUCH), frame[1000];
    size_t wanted = 0, have = 0, n;
    enum hub_sent sent = HUB_SENT;

    for (int i = 0; sent == HUB_SENT; i++) {
        struct iovec pieces[2] = {outflow_piece(frame, 300), outflow_piece(frame + 300, 700)};

        memset(frame, 'a' + i % 26, sizeof frame);
        sent = outflow_send(&p->out, pieces, 2);
        if (sent != HUB_FULL) {
            memcpy(want + wanted, frame, sizeof frame);
            wanted += sizeof frame;
        }
    }
    assert_int_equal(outflow_send(&p->out, (struct iovec[]){outflow_piece("no", 2)}, 1), HUB_FULL);
    put(&p->out, "the end", 7);
    memcpy(want + wanted, "the end", 7);
    wanted += 7;
    while ((n = drain(p, got + have, MUCH - have)) > 0 || p->out.rest) {
        have += n;
        outflow_flush(&p->out);
    }
    assert_int_equal(have, wanted);
    assert_memory_equal(got, want, wanted);
    assert_int_equal(outflow_send(&p->out, (struct iovec[]){outflow_piece("yes", 3)}, 1), HUB_SENT);
    free(want);
    free(got);
}

static void test_what_is_put_is_never_refused(void **state)
{
    struct pipe *p = *state;
    char *want = calloc(1, MUCH), *got = malloc(MUCH);
    size_t have = 0;

    for (size_t i = 0; i < MUCH; i++)
        want[i] = (char)('a' + i % 23);
    for (size_t i = 0; i < 16; i++)
        put(&p->out, want + i * (MUCH / 16), MUCH / 16);
    while (have < MUCH) {
        have += drain(p, got + have, MUCH - have);
        outflow_flush(&p->out);
    }
    assert_memory_equal(got, want, MUCH);
    assert_null(p->out.rest);
    free(want);
    free(got);
}

static void test_a_client_that_is_gone_holds_nothing_up(void **state)
{
    struct pipe *p = *state;
    struct iovec one = outflow_piece("x", 1);

    put(&p->out, "y", 1);
    close(p->far);
    p->far = dup(p->out.fd); /* for tear_down */
    assert_int_equal(outflow_send(&p->out, &one, 1), HUB_FULL);
    put(&p->out, "z", 1);
    assert_true(outflow_flush(&p->out)); /* never will be */
    assert_null(p->out.rest);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_pieces_leave_as_one),
        TEST(test_a_short_write_is_finished_later),
        TEST(test_what_is_put_is_never_refused),
        TEST(test_a_client_that_is_gone_holds_nothing_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
