/* Every statement of the program, judged by EXPLAIN QUERY PLAN on the real schemas. */
#include "db/handle.h"
#include "tests/unit/db_fixture.h"

enum verdict { FINE, SCANS, BROKEN };

/*
 * What one line of a plan does. Reading a subquery's own rows is no scan: what fills it has a line
 * too. A sort in a temporary B-tree reads all that it sorts, so it counts as a scan.
 */
static bool line_scans(const char *detail)
{
    if (strstr(detail, "USE TEMP B-TREE") || strstr(detail, "AUTOMATIC"))
        return true;
    return strncmp(detail, "SCAN ", 5) == 0 && strncmp(detail, "SCAN (subquery", 14) != 0 &&
           strcmp(detail, "SCAN CONSTANT ROW") != 0;
}

static enum verdict judge(struct db *db, const char *text, char *why, size_t size)
{
    enum verdict verdict = FINE;
    sqlite3_stmt *stmt = NULL;
    char explain[4000];

    snprintf(explain, sizeof explain, "EXPLAIN QUERY PLAN %s", text);
    if (sqlite3_prepare_v2(db->sqlite, explain, -1, &stmt, NULL) != SQLITE_OK) {
        snprintf(why, size, "%s", sqlite3_errmsg(db->sqlite));
        return BROKEN;
    }
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        const char *detail = (const char *)sqlite3_column_text(stmt, 3);

        if (detail && line_scans(detail)) {
            verdict = SCANS;
            snprintf(why, size, "%s", detail);
        }
    }
    sqlite3_finalize(stmt);
    return verdict;
}

static void judge_all(struct db *db, enum db_kind kind, int *judged)
{
    char why[300];

    for (const struct sql *const *const *list = all_statements; *list; list++) {
        for (const struct sql *const *sql = *list; *sql; sql++) {
            enum verdict verdict;

            if ((*sql)->kind != kind)
                continue;
            (*judged)++;
            verdict = judge(db, (*sql)->text, why, sizeof why);
            if (verdict == BROKEN || (verdict == SCANS && !(*sql)->scan_reason))
                fail_msg("%s: %s", (*sql)->name, why);
            if (verdict == FINE && (*sql)->scan_reason)
                fail_msg("%s: excused for a scan that it does not make", (*sql)->name);
        }
    }
}

static void test_no_statement_of_the_chat_scans_without_a_reason(void **state)
{
    struct fixture *fx = *state;
    int judged = 0;

    judge_all(fx->db, DB_CHAT, &judged);
    assert_true(judged >= 30);
}

static void test_no_statement_of_the_state_scans_without_a_reason(void **state)
{
    struct fixture *fx = *state;
    int judged = 0;

    judge_all(fx->db, DB_STATE, &judged);
    assert_true(judged >= 10);
}

static void test_a_bad_statement_would_be_caught(void **state)
{
    struct fixture *fx = *state;
    char why[300];

    assert_int_equal(judge(fx->db, "SELECT 1 FROM message WHERE id = ?1", why, sizeof why), FINE);
    assert_int_equal(judge(fx->db, "SELECT 1 FROM message WHERE body = ?1", why, sizeof why),
                     SCANS);
    assert_int_equal(judge(fx->db, "SELECT count(*) FROM event", why, sizeof why), SCANS);
    assert_int_equal(judge(fx->db, "SELECT id FROM message WHERE room_id = ?1 ORDER BY created_ms",
                           why, sizeof why),
                     SCANS);
    assert_int_equal(judge(fx->db,
                           "SELECT count(*) FROM (SELECT 1 FROM message WHERE body = ?1 LIMIT 9)",
                           why, sizeof why),
                     SCANS);
    assert_int_equal(judge(fx->db, "DELETE FROM message", why, sizeof why), SCANS);
    assert_int_equal(judge(fx->db, "SELECT nothing FROM message", why, sizeof why), BROKEN);
}

static void test_names_are_unique(void **state)
{
    const struct sql *seen[500];
    size_t count = 0;

    (void)state;
    for (const struct sql *const *const *list = all_statements; *list; list++) {
        for (const struct sql *const *sql = *list; *sql; sql++) {
            for (size_t i = 0; i < count; i++)
                assert_string_not_equal(seen[i]->name, (*sql)->name);
            assert_true(count < ARRAY_LEN(seen));
            seen[count++] = *sql;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_no_statement_of_the_chat_scans_without_a_reason,
                                        setup_chat, teardown),
        cmocka_unit_test_setup_teardown(test_no_statement_of_the_state_scans_without_a_reason,
                                        setup_state, teardown),
        cmocka_unit_test_setup_teardown(test_a_bad_statement_would_be_caught, setup_chat, teardown),
        cmocka_unit_test(test_names_are_unique),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
