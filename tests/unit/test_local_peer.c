/* Only who may write to a file is taken for one who may. */
#include "lib/local_peer.h"

#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    OWNER = 64001,
    MEMBER = 64002,
    STRANGER = 64003,
    FIRST = 64101,
    SECOND = 64102,
    OTHER = 64103,
    NOBODY = 65534
};

static char path[] = "/tmp/outcry-peer-XXXXXX";

/* A pair of sockets that a process of that user makes, seen from ours. */
static bool may_write(uid_t user, gid_t group, gid_t further)
{
    int pair[2], result[2];
    bool yes = false;
    pid_t child;

    assert_int_equal(pipe(result), 0);
    child = fork();
    if (child == 0) {
        uid_t uid;

        if (setgroups(1, &further) || setgid(group) || setuid(user) ||
            socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair))
            _exit(1);
        yes = local_peer_may_write(pair[0], path, &uid) && uid == user;
        _exit(write(result[1], &yes, sizeof yes) != sizeof yes);
    }
    assert_int_equal(read(result[0], &yes, sizeof yes), sizeof yes);
    assert_int_equal(waitpid(child, NULL, 0), child);
    close(result[0]);
    close(result[1]);
    return yes;
}

static void make_file(mode_t mode)
{
    assert_int_equal(chown(path, OWNER, FIRST), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static void test_owner_group_and_others_as_the_file_says(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip(); /* other users' processes need root */
    make_file(0600);
    assert_true(may_write(OWNER, OTHER, OTHER));
    assert_false(may_write(MEMBER, FIRST, OTHER));
    assert_false(may_write(STRANGER, OTHER, OTHER));
    make_file(0660);
    assert_true(may_write(MEMBER, FIRST, OTHER));
    assert_true(may_write(MEMBER, OTHER, FIRST)); /* by a further group */
    assert_false(may_write(STRANGER, OTHER, SECOND));
    make_file(0440);
    assert_false(may_write(OWNER, FIRST, FIRST));
    make_file(0666);
    assert_true(may_write(STRANGER, OTHER, OTHER));
}

/* In a user namespace, as our systemd unit has one, every stranger looks like that. */
static void test_nobody_is_not_taken_for_the_owner(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip(); /* other users' processes need root */
    assert_int_equal(chown(path, NOBODY, NOBODY), 0);
    assert_int_equal(chmod(path, 0660), 0);
    assert_false(may_write(NOBODY, OTHER, OTHER));
    assert_false(may_write(STRANGER, NOBODY, OTHER));
    assert_false(may_write(STRANGER, OTHER, NOBODY));
}

static void test_what_is_no_socket_or_no_file_is_nobody(void **state)
{
    int pair[2];
    uid_t uid;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
    assert_false(local_peer_may_write(pair[0], "/nonexistent", &uid));
    assert_int_equal(uid, geteuid());
    close(pair[0]);
    close(pair[1]);
    assert_int_equal(pipe(pair), 0);
    assert_false(local_peer_may_write(pair[0], path, &uid));
    close(pair[0]);
    close(pair[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_owner_group_and_others_as_the_file_says),
        cmocka_unit_test(test_nobody_is_not_taken_for_the_owner),
        cmocka_unit_test(test_what_is_no_socket_or_no_file_is_nobody),
    };
    int failed, fd = mkstemp(path);

    if (fd < 0)
        return 1;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    close(fd);
    unlink(path);
    return failed;
}
