/* Who is online in a room, and what is told of a change. */
#include "ws-sidecar/roster.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CROWD = 1000, ROOM = 5 };

static struct presence row(int64_t user_id, int64_t room_id, const char *state)
{
    return (struct presence){
        .username = "ana", .state = state, .user_id = user_id, .room_id = room_id};
}

/* Frees `o`. */
static void expect(struct json_object *o, const char *text)
{
    size_t len;

    assert_string_equal(o ? json_text(o, &len) : "nothing", text);
    json_object_put(o);
}

static struct roster people(struct presence *rows, int64_t first, size_t count)
{
    struct roster r;

    for (size_t i = 0; i < count; i++)
        rows[i] = row(first + (int64_t)i, ROOM, "active");
    roster_init(&r, rows, count);
    return r;
}

static void test_a_person_counts_once_in_a_room_and_once_on_the_site(void **state)
{
    const struct presence rows[] = {row(9, 3, "idle"), row(9, 3, "active"), row(9, 4, "idle"),
                                    row(7, 0, "idle")};
    struct roster r;

    (void)state;
    roster_init(&r, rows, 4);
    expect(roster_full(roster_room(&r, 0), "*"),
           "{\"type\":\"presence\",\"room\":\"*\",\"join\":["
           "{\"user_id\":7,\"username\":\"ana\",\"state\":\"idle\"},"
           "{\"user_id\":9,\"username\":\"ana\",\"state\":\"active\"}],"
           "\"leave\":[],\"count\":2,\"full\":true}");
    assert_int_equal(roster_room(&r, 3).count, 1);
    assert_string_equal(roster_room(&r, 3).seats[0].state, "active");
    assert_string_equal(roster_room(&r, 4).seats[0].state, "idle");
    assert_int_equal(roster_room(&r, 8).count, 0);
    roster_release(&r);
}

static void test_a_change_names_who_came_went_and_became_idle(void **state)
{
    const struct presence before[] = {row(1, 3, "active"), row(2, 3, "active"), row(3, 3, "idle")};
    const struct presence after[] = {row(2, 3, "idle"), row(3, 3, "idle"), row(4, 3, "active")};
    struct roster was, is;

    (void)state;
    roster_init(&was, before, 3);
    roster_init(&is, after, 3);
    expect(roster_change(roster_room(&was, 3), roster_room(&is, 3), "general"),
           "{\"type\":\"presence\",\"room\":\"general\",\"join\":["
           "{\"user_id\":2,\"username\":\"ana\",\"state\":\"idle\"},"
           "{\"user_id\":4,\"username\":\"ana\",\"state\":\"active\"}],"
           "\"leave\":[1],\"count\":3}");
    expect(roster_change(roster_room(&is, 3), roster_room(&is, 3), "general"), "nothing");
    roster_release(&was);
    roster_release(&is);
}

static size_t length(struct json_object *o, const char *key)
{
    return json_object_array_length(json_object_object_get(o, key));
}

static void test_of_a_crowd_the_first_are_named_and_all_are_counted(void **state)
{
    struct presence rows[CROWD], more[CROWD];
    struct roster was = people(rows, 1, CROWD), is = people(more, 1, CROWD - 1);
    struct json_object *o = roster_full(roster_room(&was, ROOM), "general");

    (void)state;
    assert_int_equal(length(o, "join"), ROSTER_NAMED);
    assert_int_equal(json_object_get_int64(json_object_object_get(o, "count")), CROWD);
    json_object_put(o);
    /* One of those who are not named goes: a number changes. */
    expect(roster_change(roster_room(&was, ROOM), roster_room(&is, ROOM), "general"),
           "{\"type\":\"presence\",\"room\":\"general\",\"join\":[],\"leave\":[],\"count\":999}");
    roster_release(&is);
    /* A named one goes: the next takes the place. */
    is = people(more, 2, CROWD - 1);
    expect(roster_change(roster_room(&was, ROOM), roster_room(&is, ROOM), "general"),
           "{\"type\":\"presence\",\"room\":\"general\",\"join\":["
           "{\"user_id\":201,\"username\":\"ana\",\"state\":\"active\"}],"
           "\"leave\":[1],\"count\":999}");
    roster_release(&was);
    roster_release(&is);
}

/* Whoever applies each change to the list of before has the list of after. */
static void test_changes_lead_from_list_to_list(void **state)
{
    struct presence rows[2][CROWD];
    bool named[CROWD + 1] = {false};
    struct roster was = {0}, is;

    (void)state;
    srand(20261124);
    for (int turn = 0; turn < 60; turn++) {
        size_t count = 0, names = 0;
        struct roster_room room;
        struct json_object *o, *list;

        for (int64_t user = 1; user <= CROWD; user++) {
            if (rand() % 4 != 0 && turn % 10 != 9)
                rows[turn % 2][count++] = row(user, ROOM, "active");
        }
        roster_init(&is, rows[turn % 2], count);
        room = roster_room(&is, ROOM);
        o = roster_change(roster_room(&was, ROOM), room, "general");
        list = o ? json_object_object_get(o, "leave") : NULL;
        for (size_t i = 0; list && i < json_object_array_length(list); i++)
            named[json_object_get_int64(json_object_array_get_idx(list, i))] = false;
        list = o ? json_object_object_get(o, "join") : NULL;
        for (size_t i = 0; list && i < json_object_array_length(list); i++)
            named[json_object_get_int64(
                json_object_object_get(json_object_array_get_idx(list, i), "user_id"))] = true;
        json_object_put(o);
        for (size_t i = 0; i <= CROWD; i++)
            names += named[i];
        assert_int_equal(names, count < ROSTER_NAMED ? count : ROSTER_NAMED);
        for (size_t i = 0; i < names; i++)
            assert_true(named[room.seats[i].user_id]);
        roster_release(&was);
        was = is;
    }
    roster_release(&was);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_person_counts_once_in_a_room_and_once_on_the_site),
        cmocka_unit_test(test_a_change_names_who_came_went_and_became_idle),
        cmocka_unit_test(test_of_a_crowd_the_first_are_named_and_all_are_counted),
        cmocka_unit_test(test_changes_lead_from_list_to_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
