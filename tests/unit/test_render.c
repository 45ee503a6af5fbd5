/* HTML is made with the message and with each edit, and anew where somebody asks for it. */
#include "chat/act.h"
#include "chat/render.h"
#include "tests/lib/fixture.h"

#include <string.h>

static int setup(void **state)
{
    *state = fixture_open();
    return 0;
}

static int teardown(void **state)
{
    fixture_close(*state);
    return 0;
}

static struct message row(struct fixture *fx, int64_t id)
{
    struct message m;

    assert_int_equal(message_by_id(fx->chat.db, &fx->arena, id, &m, &fx->fail), OK);
    return m;
}

static void test_it_is_stored_with_the_message_and_follows_its_edits(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    struct posted said = fixture_post(fx, &ana, NULL, "**crude** at $5~7");
    struct act edit = {.kind = ACT_EDIT,
                       .actor = &ana,
                       .msg_id = said.message.id,
                       .text = "crude at *$7*",
                       .text_len = strlen("crude at *$7*"),
                       .rev = 1};
    struct acted out;

    assert_string_equal(said.message.html, "<strong>crude</strong> at $5~7");
    assert_string_equal(row(fx, said.message.id).html, said.message.html);
    assert_string_equal(row(fx, said.message.id).body, "**crude** at $5~7");
    assert_int_equal(chat_act_now(&fx->chat, &fx->arena, &edit, &out, &fx->fail), OK);
    assert_string_equal(out.message.html, "crude at <em>$7</em>");
    assert_string_equal(row(fx, said.message.id).html, "crude at <em>$7</em>");
    edit.text = "crude at $7";
    edit.text_len = strlen(edit.text);
    edit.rev = 2;
    assert_int_equal(chat_act_now(&fx->chat, &fx->arena, &edit, &out, &fx->fail), OK);
    assert_null(row(fx, said.message.id).html);
}

static void test_all_of_it_is_made_anew_and_only_what_differs_is_written(void **state)
{
    enum { COUNT = 250 }; /* more than one batch */
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana");
    struct render_total total;
    int64_t ids[COUNT];

    fx->conf.rate_user_burst = fx->conf.rate_address_burst = 2 * COUNT;
    for (int i = 0; i < COUNT; i++)
        ids[i] = fixture_post(fx, &ana, NULL, i % 2 ? "*a*" : "a").message.id;
    assert_int_equal(render_all(&fx->chat, &total, &fx->fail), OK);
    assert_int_equal(total.messages, COUNT);
    assert_int_equal(total.changed, 0);
    fixture_sql(fx, "UPDATE message SET html = '<i>old</i>'");
    fixture_sql(fx, "UPDATE message SET deleted_ms = 1, body = '', html = NULL"
                    " WHERE seq = (SELECT max(seq) FROM message)");
    assert_int_equal(render_all(&fx->chat, &total, &fx->fail), OK);
    assert_int_equal(total.changed, COUNT - 1);
    assert_null(row(fx, ids[0]).html);
    assert_string_equal(row(fx, ids[COUNT - 3]).html, "<em>a</em>");
    assert_null(row(fx, ids[COUNT - 1]).html);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_it_is_stored_with_the_message_and_follows_its_edits,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_all_of_it_is_made_anew_and_only_what_differs_is_written, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
