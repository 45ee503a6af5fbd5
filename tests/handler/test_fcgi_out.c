/* An answer as FastCGI records, of any size, over a socket that takes a little at a time. */
#include "cgi-bin/fcgi_out.h"
#include "cgi-bin/source.h"
#include "lib/buf.h"
#include "tests/lib/fixture.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REQUEST_ID = 0x1234, MOST = 3 << 20 };

struct reader {
    int fd;
    struct buf stream;
};

static void *read_all(void *arg)
{
    struct reader *r = arg;
    char bytes[5000];
    ssize_t n;

    while ((n = read(r->fd, bytes, sizeof bytes)) > 0)
        buf_add(&r->stream, bytes, (size_t)n);
    return NULL;
}

/* What stands in the STDOUT records; and that an empty one and the end of the request follow. */
static void unpack(const struct buf *stream, struct buf *out)
{
    const unsigned char *at = (const unsigned char *)stream->data, *end = at + stream->len;
    bool closed = false;

    while (end - at >= 8 && at[1] == 6) {
        size_t len = (size_t)at[4] << 8 | at[5];

        assert_int_equal(at[0], 1);
        assert_int_equal(at[2] << 8 | at[3], REQUEST_ID);
        assert_int_equal((len + at[6]) % 8, 0);
        assert_false(closed);
        assert_true((size_t)(end - at) >= 8 + len + at[6]);
        buf_add(out, (const char *)at + 8, len);
        closed = len == 0;
        at += 8 + len + at[6];
    }
    assert_true(closed);
    assert_int_equal(end - at, 16);
    assert_memory_equal(at, "\1\3\x12\x34\0\10\0\0\0\0\0\0\0\0\0\0", 16);
}

static void check(const char *bytes, size_t head, size_t body)
{
    const struct iovec pieces[] = {source_piece(bytes, head), source_piece(bytes + head, body)};
    struct reader r;
    struct buf out;
    pthread_t thread;
    int fds[2], small = 4096;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    r.fd = fds[1];
    buf_init(&r.stream, 2 * MOST);
    buf_init(&out, MOST);
    assert_int_equal(pthread_create(&thread, NULL, read_all, &r), 0);
    assert_true(fcgi_out_answer(fds[0], REQUEST_ID, pieces, ARRAY_LEN(pieces), NULL));
    close(fds[0]);
    pthread_join(thread, NULL);
    close(fds[1]);
    unpack(&r.stream, &out);
    assert_int_equal(out.len, head + body);
    assert_memory_equal(buf_cstr(&out), bytes, head + body);
    buf_release(&out);
    buf_release(&r.stream);
}

static void test_answers_of_all_sizes_arrive_whole(void **state)
{
    static const size_t sizes[] = {0, 1, 7, 8, 65527, 65528, 65529, 200000, MOST - 100};
    char *bytes = xmalloc(MOST);

    (void)state;
    for (size_t i = 0; i < MOST; i++)
        bytes[i] = (char)(i * 7 + i / 251);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
        check(bytes, 100, sizes[i]);
    free(bytes);
}

static void test_a_web_server_that_went_away_is_told(void **state)
{
    const struct iovec piece = source_piece("x", 1);
    int fds[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    close(fds[1]);
    assert_false(fcgi_out_answer(fds[0], REQUEST_ID, &piece, 1, NULL));
    close(fds[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers_of_all_sizes_arrive_whole),
        cmocka_unit_test(test_a_web_server_that_went_away_is_told),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
