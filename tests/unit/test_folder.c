/* Folders that programs of several users share, and how open what they make in them is. */
#include "lib/folder.h"
#include "tests/lib/fixture.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { AS_IT_IS = -1 };

static char top[] = "/tmp/outcry-folder-XXXXXX";

static const char *below(struct arena *a, const char *name)
{
    return arena_fmt(a, "%s/%s", top, name);
}

static mode_t mode_of(const char *path)
{
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static bool make_for(const char *file, mode_t mode)
{
    return folder_make_for(file, mode, (uid_t)AS_IT_IS, (gid_t)AS_IT_IS);
}

static void test_the_last_folder_has_the_mode_whatever_the_umask(void **state)
{
    mode_t before = umask(0077);
    struct arena a;

    (void)state;
    arena_init(&a);
    assert_true(make_for(below(&a, "a/b/c/file"), 02770));
    assert_int_equal(mode_of(below(&a, "a/b/c")), 02770);
    assert_int_equal(mode_of(below(&a, "a/b")), 0700);
    assert_true(access(below(&a, "a/b/c/file"), F_OK) != 0);
    umask(before);
    arena_release(&a);
}

static void test_what_exists_is_left_as_it_is(void **state)
{
    struct arena a;

    (void)state;
    arena_init(&a);
    assert_int_equal(mkdir(below(&a, "theirs"), 0711), 0);
    assert_int_equal(chmod(below(&a, "theirs"), 0711), 0);
    assert_true(make_for(below(&a, "theirs/file"), 0700));
    assert_int_equal(mode_of(below(&a, "theirs")), 0711);
    assert_true(make_for("file", 0700));
    assert_true(make_for("/file", 0700));
    arena_release(&a);
}

static void test_a_file_in_the_way_is_an_error(void **state)
{
    struct arena a;
    int fd;

    (void)state;
    arena_init(&a);
    fd = open(below(&a, "file"), O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    close(fd);
    assert_false(make_for(below(&a, "file/below/it"), 0700));
    arena_release(&a);
}

/* The mode of a file that is made as open as can be after folder_set_umask() for this folder. */
static mode_t mode_in(struct arena *a, mode_t folder, mode_t mask)
{
    const char *path = below(a, "judged/file");
    mode_t before, mode;
    int fd;

    assert_true(make_for(path, 0700));
    assert_int_equal(chmod(below(a, "judged"), folder), 0);
    before = umask(mask);
    folder_set_umask(path);
    fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0666);
    assert_true(fd >= 0);
    close(fd);
    umask(before);
    mode = mode_of(path);
    unlink(path);
    return mode;
}

static void test_files_are_as_open_to_the_group_as_their_folder(void **state)
{
    struct arena a;

    (void)state;
    arena_init(&a);
    assert_int_equal(mode_in(&a, 0770, 0022), 0660);
    assert_int_equal(mode_in(&a, 02770, 0077), 0660);
    assert_int_equal(mode_in(&a, 0777, 0000), 0660);
    assert_int_equal(mode_in(&a, 0700, 0077), 0600);
    assert_int_equal(mode_in(&a, 0755, 0022), 0640);
    assert_int_equal(mode_in(&a, 0755, 0000), 0660);
    arena_release(&a);
}

static int make_top(void **state)
{
    (void)state;
    return mkdtemp(top) ? 0 : -1;
}

static int remove_top(void **state)
{
    static const char *const made[] = {"a/b/c", "a/b", "a", "theirs", "judged"};
    struct arena a;

    (void)state;
    arena_init(&a);
    unlink(below(&a, "file"));
    for (size_t i = 0; i < ARRAY_LEN(made); i++)
        rmdir(below(&a, made[i]));
    arena_release(&a);
    return rmdir(top);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_last_folder_has_the_mode_whatever_the_umask),
        cmocka_unit_test(test_what_exists_is_left_as_it_is),
        cmocka_unit_test(test_a_file_in_the_way_is_an_error),
        cmocka_unit_test(test_files_are_as_open_to_the_group_as_their_folder),
    };

    return cmocka_run_group_tests(tests, make_top, remove_top);
}
