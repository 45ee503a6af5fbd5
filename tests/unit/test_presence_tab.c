/* Rows of pages that poll or stream: written when they must be, kept, and let go. */
#include "ws-sidecar/session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct desk {
    struct sidecar sidecar;
    struct conf conf;
    struct arena arena;
    struct presence_change changes[16];
};

static int set_up(void **state)
{
    struct desk *d = xcalloc(1, sizeof *d);

    d->conf.presence_ttl_ms = 75000;
    d->conf.presence_grace_ms = 10000;
    presence_tabs_init(&d->sidecar.presence.tabs);
    arena_init(&d->arena);
    *state = d;
    return 0;
}

static int tear_down(void **state)
{
    struct desk *d = *state;

    presence_tabs_release(&d->sidecar.presence.tabs);
    arena_release(&d->arena);
    free(d);
    return 0;
}

static struct session page(struct desk *d, enum handshake_kind kind, const char *tab)
{
    return (struct session){.sidecar = &d->sidecar,
                            .kind = kind,
                            .tab = (char *)tab,
                            .user_key = 7,
                            .present_room = 3,
                            .present_state = "active",
                            .actor = {.user_id = 7, .username = "ana"}};
}

static size_t collect(struct desk *d, int64_t now)
{
    size_t most = presence_tabs_count(&d->sidecar.presence.tabs);
    size_t count =
        presence_tabs_collect(&d->sidecar.presence.tabs, &d->arena, &d->conf, now, d->changes);

    assert_true(count <= most);
    return count;
}

static void test_polls_write_their_row_once_in_25_seconds(void **state)
{
    struct desk *d = *state;
    struct session x = page(d, HANDSHAKE_POLL, "tab-one-");
    size_t writes = 0;

    for (int64_t now = 1000; now < 101000; now += 1000) {
        presence_tab_seen(&x);
        presence_tab_seen(&x); /* a busy room: two in a second */
        writes += collect(d, now);
    }
    assert_int_equal(writes, 4);
    assert_int_equal(d->changes[0].act, PRESENCE_PUT);
    assert_string_equal(d->changes[0].row.connection, "7:tab-one-");
    assert_string_equal(d->changes[0].row.instance, "poll");
    assert_string_equal(d->changes[0].row.username, "ana");
    assert_int_equal(d->changes[0].row.room_id, 3);
    assert_int_equal(d->changes[0].row.expires_ms, 75000);
    assert_int_equal(collect(d, 200000), 0); /* it polls no more: the row ends by itself */
    assert_int_equal(presence_tabs_count(&d->sidecar.presence.tabs), 0);
}

static void test_another_room_or_state_is_written_at_once(void **state)
{
    struct desk *d = *state;
    struct session x = page(d, HANDSHAKE_POLL, "tab-one-");

    presence_tab_seen(&x);
    assert_int_equal(collect(d, 1000), 1);
    x.present_room = 4;
    presence_tab_seen(&x);
    assert_int_equal(collect(d, 2000), 1);
    assert_int_equal(d->changes[0].row.room_id, 4);
    x.present_state = "idle";
    presence_tab_seen(&x);
    assert_int_equal(collect(d, 3000), 1);
    assert_string_equal(d->changes[0].row.state, "idle");
    presence_tab_seen(&x);
    assert_int_equal(collect(d, 4000), 0);
}

static void test_a_stream_renews_what_its_page_says_and_shortens_it_at_its_end(void **state)
{
    struct desk *d = *state;
    struct session x = page(d, HANDSHAKE_STREAM, "tab-one-");
    size_t renewed = 0;

    presence_tab_seen(&x);
    assert_int_equal(collect(d, 1000), 1);
    assert_int_equal(d->changes[0].act, PRESENCE_PUT);
    for (int64_t now = 2000; now < 102000; now += 1000) {
        size_t count = collect(d, now);

        if (count > 0)
            assert_int_equal(d->changes[0].act, PRESENCE_RENEW);
        renewed += count;
    }
    assert_int_equal(renewed, 4);
    presence_tab_left(&x);
    presence_tab_left(&x); /* again: nothing */
    assert_int_equal(collect(d, 102000), 1);
    assert_int_equal(d->changes[0].act, PRESENCE_SHORTEN);
    assert_int_equal(d->changes[0].row.expires_ms, 10000);
    assert_int_equal(presence_tabs_count(&d->sidecar.presence.tabs), 0);
}

static void test_a_page_that_changes_its_way_does_not_flicker(void **state)
{
    struct desk *d = *state;
    struct session stream = page(d, HANDSHAKE_STREAM, "tab-one-");
    struct session again = page(d, HANDSHAKE_STREAM, "tab-one-");
    struct session poll = page(d, HANDSHAKE_POLL, "tab-one-");

    presence_tab_seen(&stream);
    collect(d, 1000);
    presence_tab_seen(&again); /* the next one is there before the last one went */
    presence_tab_left(&stream);
    assert_int_equal(collect(d, 2000), 0);
    presence_tab_left(&again);
    presence_tab_seen(&poll); /* within the same second */
    assert_int_equal(collect(d, 3000), 1);
    assert_int_equal(d->changes[0].act, PRESENCE_PUT);
    presence_tab_seen(&stream);
    presence_tab_left(&stream);
    assert_int_equal(collect(d, 4000), 1);
    assert_int_equal(d->changes[0].act, PRESENCE_SHORTEN);
    presence_tab_seen(&poll); /* later: the shortened row is taken up again */
    assert_int_equal(collect(d, 5000), 1);
    assert_int_equal(d->changes[0].act, PRESENCE_PUT);
}

static void test_a_new_name_reaches_the_row_of_a_stream(void **state)
{
    struct desk *d = *state;
    struct session x = page(d, HANDSHAKE_STREAM, "tab-one-");

    presence_tab_renamed(&x); /* it holds none yet */
    presence_tab_seen(&x);
    collect(d, 1000);
    presence_tab_renamed(&x);
    assert_int_equal(collect(d, 2000), 0);
    x.actor.username = "maria";
    presence_tab_renamed(&x);
    assert_int_equal(collect(d, 3000), 1);
    assert_int_equal(d->changes[0].act, PRESENCE_RENEW); /* and its room is the page's affair */
    assert_string_equal(d->changes[0].row.username, "maria");
    presence_tab_left(&x);
}

static void test_of_nobody_nothing_is_noted(void **state)
{
    struct desk *d = *state;
    struct session x = page(d, HANDSHAKE_STREAM, "tab-one-");

    x.user_key = 0;
    presence_tab_seen(&x);
    presence_tab_left(&x);
    assert_int_equal(collect(d, 1000), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_polls_write_their_row_once_in_25_seconds),
        TEST(test_another_room_or_state_is_written_at_once),
        TEST(test_a_stream_renews_what_its_page_says_and_shortens_it_at_its_end),
        TEST(test_a_page_that_changes_its_way_does_not_flicker),
        TEST(test_a_new_name_reaches_the_row_of_a_stream),
        TEST(test_of_nobody_nothing_is_noted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
