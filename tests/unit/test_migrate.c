/* What the migrations make of rows that were there before. */
#include "db/handle.h"
#include "db/message.h"
#include "lib/embedded.h"
#include "tests/unit/db_fixture.h"

/* chat.db as the first `version` steps leave it, and `rows` in it. */
static void make_old(struct fixture *fx, int version, const char *rows)
{
    sqlite3 *sqlite;

    assert_int_equal(sqlite3_open(fx->chat, &sqlite), SQLITE_OK);
    for (int i = 0; i <= version; i++) {
        const char *text = i < version ? embedded_chat_migrations[i].text : rows;

        if (sqlite3_exec(sqlite, text, NULL, NULL, NULL) != SQLITE_OK)
            fail_msg("step %d: %s", i + 1, sqlite3_errmsg(sqlite));
    }
    sqlite3_close(sqlite);
}

static void migrate(struct fixture *fx)
{
    int from, to;

    assert_ok(fx, db_migrate(&fx->conf, &fx->log, &from, &to, &fx->fail));
    assert_ok(fx, db_open(&fx->db, DB_CHAT, DB_READ_WRITE, &fx->conf, &fx->log, &fx->fail));
}

static struct message load(struct fixture *fx, int64_t id)
{
    struct message m;

    assert_ok(fx, message_by_id(fx->db, &fx->arena, id, &m, &fx->fail));
    return m;
}

/* Ids are in no order; 90 was purged with what it answered. */
static void test_replies_of_before_are_in_threads(void **state)
{
    static const char rows[] =
        "INSERT INTO user (id, ext_id, username, name_fold, role, first_seen_ms)"
        " VALUES (1, 'h:1', 'ann', 'ann', 'member', 1);"
        "INSERT INTO room (id, slug, kind, title, created_ms) VALUES (1, 'r', 'public', 'R', 1);"
        "INSERT INTO message (id, room_id, seq, user_id, author_name, body, salt, via, client_id,"
        " created_ms, reply_to, deleted_ms) VALUES"
        " (50, 1, 10, 1, 'ann', 'root', x'00', 'cli', 'a', 1, NULL, 0),"
        " (70, 1, 11, 1, 'ann', 'one', x'00', 'cli', 'b', 1, 50, 0),"
        " (20, 1, 12, 1, 'ann', 'two', x'00', 'cli', 'c', 1, 70, 0),"
        " (60, 1, 13, 1, 'ann', '', x'00', 'cli', 'd', 1, 20, 5),"
        " (30, 1, 14, 1, 'ann', 'alone', x'00', 'cli', 'e', 1, NULL, 0),"
        " (40, 1, 15, 1, 'ann', 'orphan', x'00', 'cli', 'f', 1, 90, 0),"
        " (10, 1, 16, 1, 'ann', 'its child', x'00', 'cli', 'g', 1, 40, 0);";
    static const struct {
        int64_t id, root, replies;
    } wanted[] = {{50, 0, 2}, {70, 50, 0}, {20, 50, 0}, {60, 50, 0},
                  {30, 0, 0}, {40, 90, 0}, {10, 90, 0}};
    struct fixture *fx = *state;

    make_old(fx, 5, rows);
    migrate(fx);
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
        struct message m = load(fx, wanted[i].id);

        assert_int_equal(m.thread_root, wanted[i].root);
        assert_int_equal(m.replies, wanted[i].replies);
        assert_int_equal(m.thread_replies, !m.thread_root ? 0 : m.thread_root == 50 ? 2 : -1);
    }
    assert_ok(fx, db_check(fx->db, &fx->fail));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_replies_of_before_are_in_threads, setup_empty,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
