/* Wake-ups: they arrive, they never block, and a path is not taken from somebody else. */
#include "lib/notify.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct place {
    char dir[40], path[64];
};

static int set_up(void **state)
{
    struct place *p = xcalloc(1, sizeof *p);

    snprintf(p->dir, sizeof p->dir, "/tmp/outcry-notify-XXXXXX");
    if (!mkdtemp(p->dir))
        return -1;
    snprintf(p->path, sizeof p->path, "%s/sock", p->dir);
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    struct place *p = *state;

    unlink(p->path);
    rmdir(p->dir);
    free(p);
    return 0;
}

static bool is_awake(int fd)
{
    return poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 0) == 1;
}

static void test_a_wake_up_arrives_and_is_drained(void **state)
{
    struct place *p = *state;
    struct notify n;
    struct fail f;
    int fd = notify_bind(p->path, &f);

    assert_true(fd >= 0);
    assert_int_equal(notify_open(&n, p->path, &f), OK);
    assert_false(is_awake(fd));
    notify_send(&n);
    notify_send(&n);
    assert_true(is_awake(fd));
    notify_drain(fd, NULL, NULL);
    assert_false(is_awake(fd));
    notify_drain(fd, NULL, NULL); /* nothing there: does not block */
    notify_close(&n);
    close(fd);
}

static void test_sending_never_blocks(void **state)
{
    struct place *p = *state;
    struct notify n;
    struct fail f;
    int fd;

    /* Before there is a reader. */
    assert_int_equal(notify_open(&n, p->path, &f), OK);
    notify_send(&n);
    fd = notify_bind(p->path, &f);
    assert_true(fd >= 0);
    /* Into a queue that nobody empties. */
    for (int i = 0; i < 5000; i++)
        notify_send(&n);
    assert_true(is_awake(fd));
    notify_drain(fd, NULL, NULL);
    assert_false(is_awake(fd));
    /* After the reader went. */
    close(fd);
    notify_send(&n);
    notify_close(&n);
}

static void test_a_new_reader_is_found_by_the_old_sender(void **state)
{
    struct place *p = *state;
    struct notify n;
    struct fail f;
    int fd = notify_bind(p->path, &f);

    assert_int_equal(notify_open(&n, p->path, &f), OK);
    notify_send(&n);
    close(fd);
    fd = notify_bind(p->path, &f); /* over the stale path */
    assert_true(fd >= 0);
    notify_send(&n);
    assert_true(is_awake(fd));
    close(fd);
    notify_close(&n);
}

static void test_a_reader_is_seen_and_not_woken(void **state)
{
    struct place *p = *state;
    struct notify n;
    struct fail f;
    int fd;

    assert_int_equal(notify_open(&n, p->path, &f), OK);
    assert_false(notify_has_reader(&n)); /* there is no such file */
    fd = notify_bind(p->path, &f);
    assert_true(fd >= 0);
    assert_true(notify_has_reader(&n));
    assert_false(is_awake(fd));
    notify_send(&n);
    assert_true(is_awake(fd));
    for (int i = 0; i < 5000; i++) /* one whose queue is full is a reader all the same */
        notify_send(&n);
    assert_true(notify_has_reader(&n));
    assert_false(n.unheard);
    close(fd);
    notify_send(&n);
    assert_true(n.unheard);
    assert_int_equal(access(p->path, F_OK), 0);
    assert_false(notify_has_reader(&n)); /* a dead one's file */
    fd = notify_bind(p->path, &f);
    assert_true(notify_has_reader(&n));
    close(fd);
    notify_close(&n);
    assert_false(notify_has_reader(&n));
}

static void keep(void *ctx, int line)
{
    *(int *)ctx = line;
}

static void test_a_line_comes_along_and_ends_with_its_end(void **state)
{
    struct place *p = *state;
    struct notify n;
    struct fail f;
    int fd, line, taken = -1;
    char heard[8];

    assert_int_equal(notify_open(&n, p->path, &f), OK);
    assert_int_equal(notify_line(&n), -1); /* there is nobody */
    assert_true(n.unheard);
    fd = notify_bind(p->path, &f);
    line = notify_line(&n);
    assert_true(line >= 0);
    assert_true(is_awake(fd));
    notify_drain(fd, keep, &taken);
    assert_true(taken >= 0);
    assert_int_equal(send(line, "one", 3, 0), 3);
    assert_int_equal(send(line, "two", 3, 0), 3);
    assert_int_equal(recv(taken, heard, sizeof heard, 0), 3); /* a packet is a packet */
    assert_int_equal(send(taken, "yes", 3, 0), 3);
    assert_int_equal(recv(line, heard, sizeof heard, 0), 3);
    assert_memory_equal(heard, "yes", 3);
    close(taken);
    assert_int_equal(send(line, "gone?", 5, MSG_NOSIGNAL), -1);
    close(line);
    line = notify_line(&n);
    notify_drain(fd, NULL, NULL); /* by who has no use for lines */
    assert_int_equal(recv(line, heard, sizeof heard, 0), 0);
    close(line);
    close(fd);
    notify_close(&n);
}

/* As many descriptors as a neighbour likes in one packet; he keeps none of them himself. */
static void send_descriptors(const struct notify *n, const int *fds, size_t count)
{
    char control[CMSG_SPACE(8 * sizeof(int))] = {0};
    struct msghdr m = {.msg_name = (void *)&n->to,
                       .msg_namelen = sizeof n->to,
                       .msg_control = control,
                       .msg_controllen = CMSG_SPACE(count * sizeof(int))};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);

    assert_true(count <= 8);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(c), fds, count * sizeof(int));
    assert_int_equal(sendmsg(n->fd, &m, 0), 0);
    for (size_t i = 0; i < count; i++)
        close(fds[i]);
}

/* A neighbour's descriptors are not taken for lines, and not kept, however many come at once. */
static void test_what_is_no_line_is_closed(void **state)
{
    struct place *p = *state;
    struct notify n;
    struct fail f;
    int fd = notify_bind(p->path, &f);

    assert_int_equal(notify_open(&n, p->path, &f), OK);
    for (size_t count = 1; count <= 8; count++) {
        int ends[2], fds[8], taken = -1;
        char byte;

        assert_int_equal(pipe(ends), 0);
        fds[0] = ends[1];
        for (size_t i = 1; i < count; i++)
            fds[i] = dup(ends[1]);
        send_descriptors(&n, fds, count);
        notify_drain(fd, keep, &taken);
        assert_int_equal(taken, -1);
        assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
        assert_int_equal(read(ends[0], &byte, 1), 0); /* nobody has its other end any more */
        close(ends[0]);
    }
    close(fd);
    notify_close(&n);
}

static void test_the_socket_is_for_owner_and_group(void **state)
{
    struct place *p = *state;
    mode_t before = umask(0077);
    struct stat st;
    struct fail f;
    int fd = notify_bind(p->path, &f);

    umask(before);
    assert_int_equal(stat(p->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0660);
    close(fd);
}

static void test_a_file_that_is_no_socket_is_left_alone(void **state)
{
    struct place *p = *state;
    FILE *file = fopen(p->path, "w");
    struct stat st;
    struct fail f;

    assert_non_null(file);
    fclose(file);
    assert_int_equal(notify_bind(p->path, &f), -1);
    assert_int_equal(f.err, ERR_BAD_REQUEST);
    assert_non_null(strstr(f.message, "is not a socket"));
    assert_int_equal(stat(p->path, &st), 0);
    assert_true(S_ISREG(st.st_mode));
}

static void test_a_folder_that_is_not_there_is_named(void **state)
{
    struct fail f;

    (void)state;
    assert_int_equal(notify_bind("/nonexistent/dir/sock", &f), -1);
    assert_non_null(strstr(f.message, "/nonexistent/dir/sock"));
}

static void test_paths_have_a_length(void **state)
{
    char path[120];
    struct notify n;
    struct fail f;

    (void)state;
    memset(path, 'x', sizeof path);
    path[0] = '/';
    path[107] = '\0';
    assert_int_equal(notify_open(&n, path, &f), OK);
    notify_close(&n);
    path[107] = 'x';
    path[108] = '\0';
    assert_int_equal(notify_open(&n, path, &f), ERR_BAD_REQUEST);
    assert_int_equal(n.fd, -1);
    assert_non_null(strstr(f.message, "108 bytes"));
    assert_int_equal(notify_open(&n, "", &f), ERR_BAD_REQUEST);
    assert_int_equal(notify_bind(path, &f), -1);
}

static void test_no_path_makes_a_silent_notifier(void **state)
{
    struct notify n;

    (void)state;
    assert_int_equal(notify_open(&n, NULL, NULL), OK);
    assert_int_equal(n.fd, -1);
    notify_send(&n);
    assert_false(notify_has_reader(&n));
    notify_close(&n);
    notify_close(&n);
}

#define WITH_DIR(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DIR(test_a_wake_up_arrives_and_is_drained),
        WITH_DIR(test_sending_never_blocks),
        WITH_DIR(test_a_new_reader_is_found_by_the_old_sender),
        WITH_DIR(test_a_reader_is_seen_and_not_woken),
        WITH_DIR(test_a_line_comes_along_and_ends_with_its_end),
        WITH_DIR(test_what_is_no_line_is_closed),
        WITH_DIR(test_the_socket_is_for_owner_and_group),
        WITH_DIR(test_a_file_that_is_no_socket_is_left_alone),
        cmocka_unit_test(test_a_folder_that_is_not_there_is_named),
        cmocka_unit_test(test_paths_have_a_length),
        cmocka_unit_test(test_no_path_makes_a_silent_notifier),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
