/* What the bench programs conclude from what they see: a wrong figure would be believed. */
#include "bench/answer.h"
#include "bench/scan.h"
#include "bench/tally.h"
#include "bench/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_histogram_is_within_a_thirtysecond(void **state)
{
    (void)state;
    for (int64_t us = 1; us < INT64_C(1) << 40; us = us * 17 / 16 + 1) {
        struct histogram *h = xcalloc(1, sizeof *h);
        int64_t found;

        histogram_add(h, us);
        found = histogram_percentile(h, 50);
        assert_true(found <= us);
        assert_true(us - found <= us / 32);
        free(h);
    }
}

static void test_percentiles_count_from_below(void **state)
{
    struct histogram *h = xcalloc(1, sizeof *h);

    (void)state;
    for (int i = 0; i < 100; i++)
        histogram_add(h, i < 98 ? 10 : 20);
    assert_int_equal(histogram_percentile(h, 50), 10);
    assert_int_equal(histogram_percentile(h, 97), 10);
    assert_int_equal(histogram_percentile(h, 99), 20);
    free(h);
}

static void test_tally_counts_what_is_skipped_and_what_comes_twice(void **state)
{
    struct tally *t = tally_new(2);
    int64_t one = 0, two = 0;

    (void)state;
    for (int i = 0; i < 5; i++)
        assert_int_equal(tally_post(t, 0), i + 1);
    tally_receive(t, &one, 1, 5, 0);
    assert_int_equal(t->complete, 0);
    tally_receive(t, &two, 1, 2, 0);
    assert_int_equal(t->complete, 2);
    tally_receive(t, &two, 2, 3, 0); /* 2 again */
    tally_receive(t, &two, 5, 5, 0); /* never 4 */
    assert_int_equal(t->doubled, 1);
    assert_int_equal(t->missing, 1);
    assert_int_equal(t->deliveries, 9);
    assert_int_equal(t->complete, 5); /* a missing one holds nobody up */
    assert_int_equal(t->latency.total, 9);
    free(t);
}

static void test_tally_misses_what_has_not_come_at_the_end(void **state)
{
    struct tally *t = tally_new(1);
    int64_t last = 0;

    (void)state;
    tally_post(t, 0);
    tally_post(t, 0);
    tally_receive(t, &last, 1, 1, 0);
    tally_stop(t, &last);
    assert_int_equal(t->missing, 1);
    tally_start(t);
    tally_post(t, 0);
    tally_receive(t, &last, 3, 3, 0);
    tally_stop(t, &last);
    assert_int_equal(t->missing, 0);
    assert_int_equal(t->deliveries, 1);
    free(t);
}

static void test_scan_finds_runs_of_our_messages_only(void **state)
{
    static const char payload[] = "[{\"message\":\"tag-7 x\"},{\"message\":\"tag-8 \\\"tag-99\"},"
                                  "{\"message\":\"gat-9\"},{\"message\":\"tag-11 x\"}]";
    const struct scan_range *ranges;
    struct scan s;
    size_t count;

    (void)state;
    scan_init(&s, "tag");
    for (int again = 0; again < 2; again++) { /* from memory, the second time */
        ranges = scan_payload(&s, payload, sizeof payload - 1, &count);
        assert_int_equal(count, 2);
        assert_int_equal(ranges[0].first, 7);
        assert_int_equal(ranges[0].to, 8);
        assert_int_equal(ranges[1].first, 11);
        assert_int_equal(ranges[1].to, 11);
    }
    scan_payload(&s, "nothing", 7, &count);
    assert_int_equal(count, 0);
    scan_release(&s);
}

static void test_chunks_are_decoded_wherever_they_are_cut(void **state)
{
    static const char coded[] = "5\r\nhello\r\n1;x=1\r\n,\r\nD\r\n 12 is twelve\r\n0\r\n\r\n";
    static const char content[] = "hello, 12 is twelve";

    (void)state;
    for (size_t cut = 0; cut < sizeof coded; cut++) {
        struct chunked c = {0};
        char text[sizeof coded], rest[sizeof coded];
        size_t len, more;

        memcpy(text, coded, cut);
        memcpy(rest, coded + cut, sizeof coded - 1 - cut);
        len = chunked_decode(&c, text, cut);
        more = chunked_decode(&c, rest, sizeof coded - 1 - cut);
        assert_int_equal(len + more, sizeof content - 1);
        assert_memory_equal(text, content, len);
        assert_memory_equal(rest, content + len, more);
        assert_true(c.done);
    }
}

static void test_an_answer_is_taken_when_it_is_whole(void **state)
{
    static const struct {
        const char *text;
        int status;
        const char *body;
        bool closes;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", 200, "abc", false},
        {"HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\nConnection: close\r\n\r\n", 304, "",
         true},
        {"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", 200,
         "abc", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        size_t size = strlen(cases[i].text);
        char *text = xstrdup(cases[i].text);
        struct answer a;

        for (size_t len = 0; len < size; len++)
            assert_int_equal(answer_take(text, len, &a), 0);
        assert_int_equal(answer_take(text, size, &a), size);
        assert_int_equal(a.status, cases[i].status);
        assert_int_equal(a.body_len, strlen(cases[i].body));
        assert_memory_equal(a.body, cases[i].body, a.body_len);
        assert_int_equal(a.closes, cases[i].closes);
        free(text);
    }
}

static void test_frames_come_out_as_they_went_in(void **state)
{
    static const size_t sizes[] = {0, 1, 125, 126, 65535};
    struct buf out, text;

    (void)state;
    buf_init(&out, 1 << 20);
    buf_init(&text, 1 << 20);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct wire_view v = {0};
        const char *payload;
        size_t len, mask_at;

        buf_clear(&out);
        buf_clear(&text);
        while (text.len < sizes[i])
            buf_char(&text, 'x');
        wire_frame(&out, WIRE_TEXT, buf_cstr(&text), text.len);
        /* As a server would send it: without the mask. */
        mask_at = sizes[i] < 126 ? 2 : 4;
        out.data[1] = (char)(out.data[1] & 0x7f);
        memmove(out.data + mask_at, out.data + mask_at + 4, out.len - mask_at - 4);
        v.data = out.data;
        v.len = out.len - 5;
        if (sizes[i])
            assert_int_equal(wire_next(&v, &payload, &len), -1);
        v.len = out.len - 4;
        assert_int_equal(wire_next(&v, &payload, &len), WIRE_TEXT);
        assert_int_equal(len, sizes[i]);
        assert_int_equal(v.used, v.len);
    }
    buf_release(&out);
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_histogram_is_within_a_thirtysecond),
        cmocka_unit_test(test_percentiles_count_from_below),
        cmocka_unit_test(test_tally_counts_what_is_skipped_and_what_comes_twice),
        cmocka_unit_test(test_tally_misses_what_has_not_come_at_the_end),
        cmocka_unit_test(test_scan_finds_runs_of_our_messages_only),
        cmocka_unit_test(test_chunks_are_decoded_wherever_they_are_cut),
        cmocka_unit_test(test_an_answer_is_taken_when_it_is_whole),
        cmocka_unit_test(test_frames_come_out_as_they_went_in),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
