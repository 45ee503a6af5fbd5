/* Log lines: their form, and that no value can forge one. */
#include "lib/log.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct place {
    char dir[32], path[64];
    struct log log;
    char text[16384];
};

static int set_up(void **state)
{
    struct place *p = xcalloc(1, sizeof *p);

    snprintf(p->dir, sizeof p->dir, "/tmp/outcry-log-XXXXXX");
    if (!mkdtemp(p->dir))
        return -1;
    snprintf(p->path, sizeof p->path, "%s/log", p->dir);
    *state = p;
    return log_open(&p->log, p->path, LOG_DEBUG) ? 0 : -1;
}

static int tear_down(void **state)
{
    struct place *p = *state;

    log_close(&p->log);
    unlink(p->path);
    rmdir(p->dir);
    free(p);
    return 0;
}

/* What the file holds, and empties it. */
static const char *take(struct place *p)
{
    FILE *file = fopen(p->path, "r");
    size_t len;

    assert_non_null(file);
    len = fread(p->text, 1, sizeof p->text - 1, file);
    fclose(file);
    p->text[len] = '\0';
    assert_int_equal(truncate(p->path, 0), 0);
    return p->text;
}

/* The line's part from " v=" on. */
static const char *value_as_written(struct place *p, const char *value)
{
    char *at;

    log_event(&p->log, LOG_INFO, "test", LOG_S("v", value));
    at = strstr(take(p), " v=");
    assert_non_null(at);
    return at + 3;
}

static void test_a_line_has_time_level_event_request_and_fields(void **state)
{
    struct place *p = *state;
    int year, month, day, hour, minute, second, ms, end = 0;
    char request[17];

    log_new_request(&p->log);
    log_event(&p->log, LOG_WARN, "posted", LOG_S("room", "general"), LOG_N("seq", 41),
              LOG_N("least", INT64_MIN), LOG_S("none", NULL));
    take(p);
    assert_int_equal(sscanf(p->text,
                            "time=%4d-%2d-%2dT%2d:%2d:%2d.%3dZ level=warn event=posted "
                            "request=%16[0-9a-f] room=general seq=41 "
                            "least=-9223372036854775808 none=-%n",
                            &year, &month, &day, &hour, &minute, &second, &ms, request, &end),
                     8);
    assert_true(end > 0);
    assert_string_equal(p->text + end, "\n");
    assert_true(year >= 2024 && month <= 12 && hour <= 23);
}

static void test_without_a_request_or_fields_the_columns_stay(void **state)
{
    struct place *p = *state;

    log_event(&p->log, LOG_ERROR, "started");
    assert_non_null(strstr(take(p), " level=error event=started request=-\n"));
}

static void test_each_request_has_an_id_of_its_own(void **state)
{
    struct place *p = *state;
    char first[17];

    log_new_request(&p->log);
    memcpy(first, p->log.request_id, sizeof first);
    log_new_request(&p->log);
    assert_int_equal(strlen(first), 16);
    assert_string_not_equal(first, p->log.request_id);
}

static void test_values_cannot_forge_a_line(void **state)
{
    static const struct {
        const char *value, *written;
    } rows[] = {
        {"plain", "plain\n"},
        {"日本語", "日本語\n"},
        {"", "\"\"\n"},
        {"a b", "\"a b\"\n"},
        {"a=b", "\"a=b\"\n"},
        {"a\"b\\", "\"a\\\"b\\\\\"\n"},
        {"x\ntime=2026 level=error", "\"x\\ntime=2026 level=error\"\n"},
        {"\r\x1b[31m\x7f", "\"\\u{d}\\u{1b}[31m\\u{7f}\"\n"},
        {"\xc2\x85\xc2\x9b", "\"\\u{85}\\u{9b}\"\n"},             /* C1 */
        {"\xe2\x80\xa8\xe2\x80\xa9", "\"\\u{2028}\\u{2029}\"\n"}, /* separators */
        {"\xe2\x80\xae"
         "abc\xef\xbb\xbf",
         "\"\\u{202e}abc\\u{feff}\"\n"}, /* bidi, mark */
        {"\xc2\xa0", "\"\xc2\xa0\"\n"},  /* a blank */
        {"\xff"
         "a\xc0\xaf\xed\xa0\x80",
         "\"\\xffa\\xc0\\xaf\\xed\\xa0\\x80\"\n"}, /* not UTF-8 */
        {"\xe2\x82", "\"\\xe2\\x82\"\n"},          /* cut */
        {"\xf4\x90\x80\x80", "\"\\xf4\\x90\\x80\\x80\"\n"},
    };
    struct place *p = *state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_string_equal(value_as_written(p, rows[i].value), rows[i].written);
}

static void test_event_names_are_escaped_as_well(void **state)
{
    struct place *p = *state;

    log_event(&p->log, LOG_INFO, "a\nb");
    assert_non_null(strstr(take(p), "event=\"a\\nb\" request"));
}

static void test_long_values_are_cut_at_a_character(void **state)
{
    struct place *p = *state;
    char value[400], want[512];

    memset(value, 'x', sizeof value);
    value[300] = '\0';
    snprintf(want, sizeof want, "%s\n", value);
    assert_string_equal(value_as_written(p, value), want); /* 300 are whole */
    value[300] = 'x';
    value[399] = '\0';
    snprintf(want, sizeof want, "\"%.300s…\"\n", value);
    assert_string_equal(value_as_written(p, value), want);
    memcpy(value + 298, "日本", 6); /* the third byte of the first is past the cut */
    snprintf(want, sizeof want, "\"%.298s…\"\n", value);
    assert_string_equal(value_as_written(p, value), want);
}

static void test_a_line_stays_one_line_however_many_fields(void **state)
{
    struct log_field fields[64];
    struct place *p = *state;
    char value[301];
    size_t len;

    memset(value, '\n', 300);
    value[300] = '\0';
    for (size_t i = 0; i < 63; i++)
        fields[i] = LOG_S("field", value);
    fields[63] = (struct log_field){0};
    log_fields(&p->log, LOG_INFO, "much", fields);
    len = strlen(take(p));
    assert_true(len > 3000 && len <= 4096);
    assert_ptr_equal(strchr(p->text, '\n'), p->text + len - 1);
}

static void test_lines_below_the_level_are_not_written(void **state)
{
    struct place *p = *state;

    p->log.level = LOG_WARN;
    log_event(&p->log, LOG_DEBUG, "a");
    log_event(&p->log, LOG_INFO, "b");
    assert_string_equal(take(p), "");
    log_event(&p->log, LOG_WARN, "c");
    assert_non_null(strstr(take(p), "event=c"));
    log_event(NULL, LOG_ERROR, "nowhere");
}

static void test_reopening_follows_the_name(void **state)
{
    struct place *p = *state;
    char moved[80];

    snprintf(moved, sizeof moved, "%s.1", p->path);
    log_event(&p->log, LOG_INFO, "before");
    assert_int_equal(rename(p->path, moved), 0);
    assert_true(log_reopen(&p->log));
    log_event(&p->log, LOG_INFO, "after");
    assert_null(strstr(take(p), "before"));
    assert_non_null(strstr(p->text, "event=after"));
    unlink(moved);
}

static void test_a_failed_reopen_keeps_the_old_file(void **state)
{
    struct place *p = *state;
    char moved[80];
    struct stat st;

    snprintf(moved, sizeof moved, "%s.1", p->path);
    assert_int_equal(rename(p->path, moved), 0);
    assert_int_equal(mkdir(p->path, 0700), 0);
    assert_false(log_reopen(&p->log));
    log_event(&p->log, LOG_INFO, "still");
    assert_int_equal(stat(moved, &st), 0);
    assert_true(st.st_size > 0);
    rmdir(p->path);
    unlink(moved);
}

static void test_a_log_that_cannot_be_opened_says_so(void **state)
{
    struct log log;

    (void)state;
    assert_false(log_open(&log, "/nonexistent/dir/log", LOG_INFO));
    assert_int_equal(errno, ENOENT);
    log_close(&log);
}

static void test_others_cannot_read_the_log(void **state)
{
    struct place *p = *state;
    struct stat st;

    assert_int_equal(stat(p->path, &st), 0);
    assert_int_equal(st.st_mode & 0007, 0);
}

#define WITH_FILE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FILE(test_a_line_has_time_level_event_request_and_fields),
        WITH_FILE(test_without_a_request_or_fields_the_columns_stay),
        WITH_FILE(test_each_request_has_an_id_of_its_own),
        WITH_FILE(test_values_cannot_forge_a_line),
        WITH_FILE(test_event_names_are_escaped_as_well),
        WITH_FILE(test_long_values_are_cut_at_a_character),
        WITH_FILE(test_a_line_stays_one_line_however_many_fields),
        WITH_FILE(test_lines_below_the_level_are_not_written),
        WITH_FILE(test_reopening_follows_the_name),
        WITH_FILE(test_a_failed_reopen_keeps_the_old_file),
        WITH_FILE(test_others_cannot_read_the_log),
        cmocka_unit_test(test_a_log_that_cannot_be_opened_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
