/* A post handed over a line: it arrives as it was, what comes back is what a program would have
 * found by itself, and where nothing comes back the post is stored all the same, once. */
#include "chat/handover.h"
#include "tests/lib/fixture.h"

#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct sidecar;
/* What it does with a question; NULL: it hangs up. The text lives in `a`. */
typedef const char *answer_fn(struct sidecar *s, struct handed *h);

/* The other end: one line, so many questions. */
struct sidecar {
    struct fixture *fx;
    struct chat chat;
    struct arena arena;
    answer_fn *answer;
    int fd, line, questions;
    int64_t head;         /* of the room, before */
    struct handed handed; /* the last */
    pthread_t thread;
};

static void take(void *ctx, int line)
{
    struct sidecar *s = ctx;

    assert_int_equal(s->line, -1);
    s->line = line;
}

static void *serve(void *arg)
{
    struct sidecar *s = arg;
    static char question[HOTLINE_PACKET_MAX];
    ssize_t len;

    while (s->line < 0)
        notify_drain(s->fd, take, s);
    while ((len = recv(s->line, question, sizeof question, 0)) > 0) {
        const char *text;

        assert_int_equal(handover_read(&s->arena, question, (size_t)len, &s->handed, &s->fx->fail),
                         OK);
        s->handed.post.actor = &s->handed.actor;
        s->questions++;
        text = s->answer(s, &s->handed);
        if (!text)
            break;
        assert_int_equal(send(s->line, text, strlen(text), 0), (ssize_t)strlen(text));
    }
    close(s->line);
    return NULL;
}

static struct fixture *begin(struct sidecar *s, answer_fn *answer)
{
    struct fixture *fx = fixture_open();

    *s = (struct sidecar){.fx = fx, .answer = answer, .line = -1};
    arena_init(&s->arena);
    fixture_open_chat(fx, &s->chat);
    s->head = fixture_room(fx, "general").head;
    s->fd = notify_bind(fx->conf.notify_socket, &fx->fail);
    assert_true(s->fd >= 0);
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
    return fx;
}

static void end(struct sidecar *s)
{
    hotline_close(&s->fx->chat.hotline);
    pthread_join(s->thread, NULL);
    if (s->fd >= 0)
        close(s->fd);
    arena_release(&s->arena);
    chat_close(&s->chat);
    fixture_close(s->fx);
}

static enum err post(struct fixture *fx, const struct post *p, struct json_object **answer)
{
    *answer = NULL;
    return handover_post(&fx->chat, &fx->arena, p, answer, &fx->fail);
}

static const char *text_of(struct json_object *answer)
{
    struct json_object *message = json_object_object_get(answer, "message");

    return json_object_get_string(json_object_object_get(message, "message"));
}

static bool is_duplicate(struct json_object *answer)
{
    return json_object_object_get_ex(answer, "duplicate", NULL);
}

static int64_t stored(const struct sidecar *s)
{
    return fixture_room(s->fx, "general").head - s->head;
}

static struct post hello_of(const struct actor *who)
{
    return (struct post){
        .actor = who, .text = "hello", .text_len = 5, .via = "api", .client_id = "client-0001"};
}

static const char *as_said(struct sidecar *s, struct handed *h)
{
    (void)s;
    (void)h;
    return "{\"message\":{\"message\":\"from the sidecar\"}}";
}

static void test_a_post_arrives_as_it_was(void **state)
{
    struct sidecar s;
    struct fixture *fx = begin(&s, as_said);
    struct actor ana = fixture_user(fx, "7", "ana");
    struct post p = {.actor = &ana,
                     .room = "energy",
                     .text = "a \"quote\"\n\xe4\xb8\x8a",
                     .text_len = 13,
                     .client_id = "client-0001",
                     .sentiment = "bullish",
                     .disclosure = "long",
                     .attachments = "a b",
                     .reply_to = INT64_C(1) << 52,
                     .via = "form",
                     .address = "192.0.2.1"};
    const struct handed *h = &s.handed;
    struct json_object *answer;

    (void)state;
    ana.exp_s = 1;
    ana.issued_ms = 2;
    ana.muted_until = 3;
    ana.banned_until = 4;
    for (int i = 1; i <= 2; i++) { /* over the same line */
        assert_int_equal(post(fx, &p, &answer), OK);
        assert_string_equal(text_of(answer), "from the sidecar");
        json_object_put(answer);
        assert_int_equal(s.questions, i);
    }
    assert_true(h->file == db_file(fx->chat.db));
    assert_int_equal(h->until_ms, clock_boot_ms(&fx->chat.clock) + 3000);
    assert_int_equal(h->actor.kind, ACTOR_USER);
    assert_int_equal(h->actor.user_id, ana.user_id);
    assert_string_equal(h->actor.ext_id, ana.ext_id);
    assert_string_equal(h->actor.username, "ana");
    assert_string_equal(h->actor.role, ana.role);
    assert_int_equal(h->actor.exp_s, 1);
    assert_int_equal(h->actor.issued_ms, 2);
    assert_int_equal(h->actor.muted_until, 3);
    assert_int_equal(h->actor.banned_until, 4);
    assert_string_equal(h->post.room, "energy");
    assert_int_equal(h->post.text_len, 13);
    assert_string_equal(h->post.text, p.text);
    assert_string_equal(h->post.client_id, "client-0001");
    assert_string_equal(h->post.sentiment, "bullish");
    assert_string_equal(h->post.disclosure, "long");
    assert_string_equal(h->post.attachments, "a b");
    assert_int_equal(h->post.reply_to, INT64_C(1) << 52);
    assert_string_equal(h->post.via, "form");
    assert_string_equal(h->post.address, "192.0.2.1");
    end(&s);
}

static void test_a_post_without_client_id_gets_one_on_its_way(void **state)
{
    struct sidecar s;
    struct fixture *fx = begin(&s, as_said);
    struct actor ana = fixture_user(fx, "7", "ana");
    struct post p = hello_of(&ana);
    struct json_object *answer;

    (void)state;
    p.client_id = NULL;
    assert_int_equal(post(fx, &p, &answer), OK);
    json_object_put(answer);
    assert_int_equal(strlen(s.handed.post.client_id), 32);
    assert_null(s.handed.post.sentiment);
    assert_null(s.handed.post.address);
    end(&s);
}

/* The watchdog must not come first: without an answer the post is still to be done. */
static void test_nobody_waits_for_longer_than_a_third_of_his_time(void **state)
{
    struct sidecar s;
    struct fixture *fx = begin(&s, as_said);
    struct actor ana = fixture_user(fx, "7", "ana");
    struct post p = hello_of(&ana);
    struct json_object *answer;

    (void)state;
    fx->conf.request_timeout_s = 3;
    assert_int_equal(post(fx, &p, &answer), OK);
    json_object_put(answer);
    assert_int_equal(s.handed.until_ms, clock_boot_ms(&fx->chat.clock) + 1000);
    end(&s);
}

static const char *refuse(struct sidecar *s, struct handed *h)
{
    (void)s;
    (void)h;
    return "{\"type\":\"error\",\"code\":\"slow_mode\",\"message\":\"Wait 3 seconds.\","
           "\"retry_after_ms\":3000}";
}

static void test_a_refusal_comes_back_whole(void **state)
{
    struct sidecar s;
    struct fixture *fx = begin(&s, refuse);
    struct actor ana = fixture_user(fx, "7", "ana");
    struct post p = hello_of(&ana);
    struct json_object *answer;

    (void)state;
    assert_int_equal(post(fx, &p, &answer), ERR_SLOW_MODE);
    assert_int_equal(fx->fail.err, ERR_SLOW_MODE);
    assert_string_equal(fx->fail.message, "Wait 3 seconds.");
    assert_int_equal(fx->fail.retry_after_ms, 3000);
    assert_int_equal(stored(&s), 0);
    end(&s);
}

static const char *store_and_die(struct sidecar *s, struct handed *h)
{
    struct posted posted;

    assert_int_equal(chat_post_now(&s->chat, &s->arena, &h->post, &posted, &s->fx->fail), OK);
    return NULL;
}

static void test_what_a_dying_sidecar_stored_is_answered_as_the_first(void **state)
{
    struct sidecar s;
    struct fixture *fx = begin(&s, store_and_die);
    struct actor ana = fixture_user(fx, "7", "ana");
    struct post p = hello_of(&ana);
    struct json_object *answer;

    (void)state;
    assert_int_equal(post(fx, &p, &answer), OK);
    assert_int_equal(s.questions, 1);
    assert_string_equal(text_of(answer), "hello");
    assert_false(is_duplicate(answer));
    json_object_put(answer);
    assert_int_equal(stored(&s), 1);
    fixture_pass(fx, 5000);
    close(s.fd);
    s.fd = -1;
    assert_int_equal(post(fx, &p, &answer), OK); /* sent again, later */
    assert_true(is_duplicate(answer));
    json_object_put(answer);
    assert_int_equal(stored(&s), 1);
    end(&s);
}

static const char *die_at_once(struct sidecar *s, struct handed *h)
{
    (void)s;
    (void)h;
    return NULL;
}

static const char *babble(struct sidecar *s, struct handed *h)
{
    (void)s;
    (void)h;
    return "hello?";
}

static void expect_stored_by_ourselves(answer_fn *how)
{
    struct sidecar s;
    struct fixture *fx = begin(&s, how);
    struct actor ana = fixture_user(fx, "7", "ana");
    struct post p = hello_of(&ana);
    struct json_object *answer;

    assert_int_equal(post(fx, &p, &answer), OK);
    assert_int_equal(s.questions, 1);
    assert_string_equal(text_of(answer), "hello");
    json_object_put(answer);
    assert_int_equal(stored(&s), 1);
    end(&s);
}

static void test_whom_nobody_answers_stores_by_himself(void **state)
{
    (void)state;
    expect_stored_by_ourselves(die_at_once);
    expect_stored_by_ourselves(babble);
}

/* Whoever is away is not looked for at each post. */
static void test_nobody_there_is_asked_again_after_a_while(void **state)
{
    struct fixture *fx = fixture_open();
    struct actor ana = fixture_user(fx, "7", "ana");
    struct post p = hello_of(&ana);
    char said[HOTLINE_PACKET_MAX];
    struct json_object *answer;
    size_t len;
    int fd;

    (void)state;
    assert_int_equal(post(fx, &p, &answer), OK);
    json_object_put(answer);
    fd = notify_bind(fx->conf.notify_socket, &fx->fail);
    assert_true(fd >= 0);
    assert_int_equal(hotline_ask(&fx->chat.hotline, &fx->chat.notify, &fx->chat.clock,
                                 clock_boot_ms(&fx->chat.clock) + 1000, "?", 1, said, &len),
                     HOTLINE_NOBODY);
    assert_int_equal(fx->chat.hotline.fd, -1);
    close(fd);
    fixture_pass(fx, 1000);
    assert_int_equal(post(fx, &p, &answer), OK);
    json_object_put(answer);
    fixture_close(fx);
}

static void test_what_is_no_question_is_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "[]",
                                      "{}",
                                      "{\"actor\":{\"kind\":3}}",
                                      "{\"actor\":{\"user_id\":\"7\"}}",
                                      "{\"actor\":{},\"text\":7}",
                                      "{\"actor\":{},\"text\":\"\",\"reply_to\":\"x\"}"};
    struct handed out;
    struct arena a;
    struct fail f;

    (void)state;
    arena_init(&a);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_not_equal(handover_read(&a, bad[i], strlen(bad[i]), &out, &f), OK);
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_post_arrives_as_it_was),
        cmocka_unit_test(test_a_post_without_client_id_gets_one_on_its_way),
        cmocka_unit_test(test_nobody_waits_for_longer_than_a_third_of_his_time),
        cmocka_unit_test(test_a_refusal_comes_back_whole),
        cmocka_unit_test(test_what_a_dying_sidecar_stored_is_answered_as_the_first),
        cmocka_unit_test(test_whom_nobody_answers_stores_by_himself),
        cmocka_unit_test(test_nobody_there_is_asked_again_after_a_while),
        cmocka_unit_test(test_what_is_no_question_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
