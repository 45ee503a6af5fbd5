/* What the migrations make of rows that were there before. */
#include "db/handle.h"
#include "db/message.h"
#include "db/search_index.h"
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

static void sql(struct fixture *fx, const char *text)
{
    char *why = NULL;

    if (sqlite3_exec(fx->db->sqlite, text, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s: %s", text, why);
}

static int64_t number(struct fixture *fx, const char *text)
{
    sqlite3_stmt *stmt = NULL;
    int64_t found;

    assert_int_equal(sqlite3_prepare_v2(fx->db->sqlite, text, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    found = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return found;
}

/* What is indexed is found by its files as well; the index knows its texts by their new keys. */
static void test_files_of_before_are_found(void **state)
{
    static const char rows[] =
        "INSERT INTO user (id, ext_id, username, name_fold, role, first_seen_ms)"
        " VALUES (1, 'h:1', 'ann', 'ann', 'member', 1);"
        "INSERT INTO room (id, slug, kind, title, created_ms) VALUES (1, 'r', 'public', 'R', 1);"
        "INSERT INTO message (id, room_id, seq, user_id, author_name, body, salt, via, client_id,"
        " created_ms, attachments) VALUES (50, 1, 1, 1, 'ann', 'chart', x'00', 'cli', 'a', 1, 2),"
        " (60, 1, 2, 1, 'ann', 'words', x'00', 'cli', 'b', 1, 0),"
        " (70, 1, 3, 1, 'ann', 'late', x'00', 'cli', 'c', 1, 1);"
        "INSERT INTO event (id, room_id, seq, ts_ms, kind, msg_id, actor_id, hash) VALUES"
        " (1, 1, 1, 1, 'message', 50, 1, x'00'), (2, 1, 2, 1, 'message', 60, 1, x'00'),"
        " (3, 1, 3, 1, 'message', 70, 1, x'00');"
        "INSERT INTO attachment (id, user_id, room_id, msg_id, place, name, size, type, created_ms)"
        " VALUES ('a', 1, 1, 50, 1, 'a', 1, 'image/png', 1),"
        " ('b', 1, 1, 50, 2, 'b', 1, 'text/plain', 1), ('c', 1, 1, 70, 1, 'c', 1, 'text/csv', 1);"
        "INSERT INTO search_words (rowid, body, keys)"
        " SELECT id, body, keys FROM search_text WHERE id <= 2;"
        "INSERT INTO search_parts (rowid, body) SELECT id, body FROM search_text WHERE id <= 2;"
        "UPDATE search_cursor SET event_id = 2;";
    struct fixture *fx = *state;
    int64_t to;

    make_old(fx, 13, rows);
    migrate(fx);
    assert_ok(fx, db_begin_write(fx->db, &fx->fail));
    for (enum search_part part = 0; part < SEARCH_INDEXES; part++)
        assert_ok(fx, search_extend(fx->db, part, 100, &to, &fx->fail));
    assert_ok(fx, db_commit(fx->db, &fx->fail));
    sql(fx, "INSERT INTO search_words (search_words, rank) VALUES ('integrity-check', 1)");
    sql(fx, "INSERT INTO search_parts (search_parts, rank) VALUES ('integrity-check', 1)");
    assert_int_equal(number(fx, "SELECT count(*) FROM search_words('keys:f')"), 2);
    assert_int_equal(number(fx, "SELECT count(*) FROM search_words('keys:i')"), 1);
    assert_int_equal(number(fx, "SELECT sum(pictures) FROM message"), 1);
}

/* So many were indexed without the names of their files that a step of the indexer is too short. */
static void test_names_of_files_of_before_are_indexed_after_the_migration(void **state)
{
    static const char rows[] =
        "INSERT INTO user (id, ext_id, username, name_fold, role, first_seen_ms)"
        " VALUES (1, 'h:1', 'ann', 'ann', 'member', 1);"
        "INSERT INTO room (id, slug, kind, title, created_ms) VALUES (1, 'r', 'public', 'R', 1);"
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1201)"
        " INSERT INTO event (id, room_id, seq, ts_ms, kind, msg_id, actor_id, hash)"
        " SELECT i, 1, i, 1, 'message', i, 1, x'00' FROM n;"
        "INSERT INTO message (id, room_id, seq, user_id, author_name, body, salt, via, client_id,"
        " created_ms, attachments) SELECT id, 1, id, 1, 'ann', 'chart', x'00', 'cli', id, 1, 2 FROM"
        " event;"
        "INSERT INTO attachment (id, user_id, room_id, msg_id, place, name, size, type, created_ms)"
        " SELECT 'a' || id, 1, 1, id, 2, 'second-' || id || '.csv', 1, 'text/csv', 1 FROM event;"
        "INSERT INTO attachment (id, user_id, room_id, msg_id, place, name, size, type, created_ms)"
        " SELECT 'b' || id, 1, 1, id, 1, 'crude.png', 1, 'image/png', 1 FROM event;"
        "DELETE FROM attachment WHERE msg_id = 3;" /* as where an account was erased half way */
        "INSERT INTO search_words (rowid, body, keys)"
        " SELECT id, body, keys FROM search_text WHERE id <= 1100;"
        "INSERT INTO search_parts (rowid, body) SELECT id, body FROM search_text WHERE id <= 1000;"
        "UPDATE search_cursor SET event_id = iif(part = 'words', 1100, 1000);";
    struct fixture *fx = *state;
    struct search_reach reach = {.stale = true};
    int steps = 0;
    int64_t to;

    make_old(fx, 17, rows);
    migrate(fx);
    assert_int_equal(number(fx, "SELECT file_names = 'crude.png' || char(10) || 'second-7.csv'"
                                " FROM message WHERE id = 7"),
                     1);
    for (; steps < 20 && (reach.stale || reach.at[SEARCH_PARTS] < reach.newest); steps++) {
        assert_ok(fx, db_begin_write(fx->db, &fx->fail));
        for (enum search_part part = 0; part < SEARCH_INDEXES; part++)
            assert_ok(fx, search_extend(fx->db, part, 10000, &to, &fx->fail));
        assert_ok(fx, db_commit(fx->db, &fx->fail));
        assert_ok(fx, search_reach(fx->db, &reach, &fx->fail));
    }
    assert_in_range(steps, 2, 19);
    sql(fx, "INSERT INTO search_words (search_words, rank) VALUES ('integrity-check', 1)");
    sql(fx, "INSERT INTO search_parts (search_parts, rank) VALUES ('integrity-check', 1)");
    assert_int_equal(number(fx, "SELECT count(*) FROM search_words('crude')"), 1200);
    assert_int_equal(number(fx, "SELECT rowid FROM search_words('\"second 1101\"')"), 1101);
}

/* Whose reactions were left: the next purge takes them. */
static void test_the_erased_of_before_are_not_done_while_they_have_reactions(void **state)
{
    static const char rows[] =
        "INSERT INTO user (id, ext_id, username, name_fold, role, first_seen_ms) VALUES"
        " (1, 'x:1', 'n', 'n', 'member', 1), (2, 'x:2', 'n', 'n', 'member', 1);"
        "INSERT INTO erasure (user_id, asked_ms, done_ms) VALUES (1, 1, 5), (2, 1, 6);"
        "INSERT INTO reaction (msg_id, emoji, user_id, ts_ms) VALUES (50, 'x', 2, 1);";
    struct fixture *fx = *state;

    make_old(fx, 18, rows);
    migrate(fx);
    assert_int_equal(number(fx, "SELECT done_ms FROM erasure WHERE user_id = 1"), 5);
    assert_int_equal(number(fx, "SELECT done_ms FROM erasure WHERE user_id = 2"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_replies_of_before_are_in_threads, setup_empty,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_files_of_before_are_found, setup_empty, teardown),
        cmocka_unit_test_setup_teardown(
            test_the_erased_of_before_are_not_done_while_they_have_reactions, setup_empty,
            teardown),
        cmocka_unit_test_setup_teardown(
            test_names_of_files_of_before_are_indexed_after_the_migration, setup_empty, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
