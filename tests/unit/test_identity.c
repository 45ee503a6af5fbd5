/* Who somebody is: tokens, guests, tickets, seals, and the table of names. */
#include "tests/lib/fixture.h"

#include "chat/moderate.h"
#include "chat/naming.h"
#include "chat/rooms.h"
#include "chat/self.h"
#include "db/event.h"
#include "tests/unit/craft.h"

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

static enum err from_token(struct fixture *fx, const char *token, struct actor *out)
{
    memset(&fx->fail, 0, sizeof fx->fail);
    return identity_from_token(&fx->chat, &fx->arena, token, strlen(token), out, &fx->fail);
}

static enum err from_name(struct fixture *fx, const char *address, const char *name,
                          struct actor *out)
{
    memset(&fx->fail, 0, sizeof fx->fail);
    return identity_from_name(&fx->chat, &fx->arena, address, name, strlen(name), out, &fx->fail);
}

static enum err start(struct fixture *fx, const struct actor *current, const char *name,
                      struct actor *out, char **token)
{
    memset(&fx->fail, 0, sizeof fx->fail);
    return identity_start_guest(&fx->chat, &fx->arena, current, "192.0.2.1", name, strlen(name),
                                out, token, &fx->fail);
}

static enum err rename_to(struct fixture *fx, struct actor *who, const char *name)
{
    memset(&fx->fail, 0, sizeof fx->fail);
    return identity_rename(&fx->chat, &fx->arena, who, name, strlen(name), &fx->fail);
}

/* ----- the host's tokens ----- */

static void test_a_token_makes_its_user_once(void **state)
{
    struct fixture *fx = *state;
    struct actor one = fixture_user(fx, "7", "ana"), two = fixture_user(fx, "7", "ana");
    struct room own;

    assert_int_equal(one.kind, ACTOR_USER);
    assert_string_equal(one.ext_id, "h:7");
    assert_string_equal(one.username, "ana");
    assert_string_equal(one.role, "member");
    assert_int_equal(one.exp_s, FIXTURE_NOW_MS / 1000 + 300);
    assert_int_equal(one.user_id, two.user_id);
    assert_int_equal(room_by_slug(fx->chat.db, &fx->arena,
                                  arena_fmt(&fx->arena, "@%lld", (long long)one.user_id), &own,
                                  &fx->fail),
                     OK);
    assert_string_equal(own.kind, "self");
    assert_int_equal(own.owner_id, one.user_id);
}

static void test_a_bad_token_is_nobody(void **state)
{
    struct fixture *fx = *state;
    char *token = fixture_token(fx, "7", "ana", NULL);
    struct actor who;

    assert_int_equal(from_token(fx, "", &who), ERR_TOKEN_INVALID);
    assert_int_equal(from_token(fx, "a.b.c", &who), ERR_TOKEN_INVALID);
    token[strlen(token) - 2] ^= 1;
    assert_int_equal(from_token(fx, token, &who), ERR_TOKEN_INVALID);
    token[strlen(token) - 2] ^= 1;
    fixture_pass(fx, 300000 + 31000);
    assert_int_equal(from_token(fx, token, &who), ERR_TOKEN_EXPIRED);
    assert_int_equal(user_by_ext(fx->chat.db, &fx->arena, "h:7", &(struct user){0}, &fx->fail),
                     ERR_NOT_FOUND);
}

static void test_roles_follow_the_token(void **state)
{
    static const struct {
        const char *claim, *role;
    } cases[] = {
        {"moderator", "moderator"}, {NULL, "moderator"}, /* the token says nothing: as it was */
        {"admin", "admin"},         {"trader", "member"}, {"ADMIN", "member"}, {NULL, "member"},
    };
    struct fixture *fx = *state;
    struct actor who;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(from_token(fx, fixture_token(fx, "7", "ana", cases[i].claim), &who), OK);
        assert_string_equal(who.role, cases[i].role);
        assert_string_equal(fixture_row(fx, who.user_id).role, cases[i].role);
        assert_int_equal(actor_is_moderator(&who), strcmp(cases[i].role, "member") != 0);
    }
}

static void test_the_banned_and_the_revoked_are_refused(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana"), who;
    char *old = fixture_token(fx, "7", "ana", NULL);

    fixture_pass(fx, 1000);
    FIXTURE_WRITE(fx, moderate_revoke(&fx->chat, &fx->arena, ana.user_id, 0, &fx->fail));
    assert_int_equal(from_token(fx, old, &who), ERR_TOKEN_INVALID);
    assert_int_equal(identity_refresh(&fx->chat, &fx->arena, &ana, &fx->fail), ERR_TOKEN_INVALID);
    fixture_pass(fx, 1000);
    assert_int_equal(from_token(fx, fixture_token(fx, "7", "ana", NULL), &who), OK);
    FIXTURE_WRITE(fx, moderate_ban(&fx->chat, &fx->arena, ana.user_id, FIXTURE_NOW_MS + 3600000, 0,
                                   &fx->fail));
    assert_int_equal(from_token(fx, fixture_token(fx, "7", "ana", NULL), &who), ERR_BANNED);
    assert_non_null(strstr(fx->fail.message, "2026-11-22 10:00 UTC"));
    assert_int_equal(identity_refresh(&fx->chat, &fx->arena, &ana, &fx->fail), ERR_BANNED);
}

static void test_a_token_without_a_date_cannot_outlive_a_revocation(void **state)
{
    struct fixture *fx = *state;
    char token[CRAFT_MAX];
    struct actor who;

    craft_hmac(token, EVP_sha256(), fx->conf.jwt_secret, strlen(fx->conf.jwt_secret),
               "{\"alg\":\"HS256\",\"typ\":\"JWT\"}",
               arena_fmt(&fx->arena, "{\"user_id\":7,\"exp\":%lld}",
                         (long long)(FIXTURE_NOW_MS / 1000 + 300)));
    assert_int_equal(from_token(fx, token, &who), OK);
    assert_int_equal(identity_refresh(&fx->chat, &fx->arena, &who, &fx->fail), OK);
    fixture_pass(fx, 1);
    FIXTURE_WRITE(fx, moderate_revoke(&fx->chat, &fx->arena, who.user_id, 0, &fx->fail));
    assert_int_equal(identity_refresh(&fx->chat, &fx->arena, &who, &fx->fail), ERR_TOKEN_INVALID);
    fixture_pass(fx, 1000);
    assert_int_equal(from_token(fx, token, &who), ERR_TOKEN_INVALID);
}

/* ----- names ----- */

static void test_a_user_without_a_name_claim_is_called_by_number(void **state)
{
    struct fixture *fx = *state;
    struct actor who = fixture_user(fx, "42", NULL), named = fixture_user(fx, "43", "cara");

    assert_string_equal(who.username, "user-42");
    assert_int_equal(rename_to(fx, &who, "Dora"), OK);
    assert_string_equal(who.username, "Dora");
    who = fixture_user(fx, "42", NULL);
    assert_string_equal(who.username, "Dora");
    assert_int_equal(rename_to(fx, &who, "CARA"), ERR_NAME_TAKEN);
    assert_int_equal(rename_to(fx, &named, "kara"), ERR_FORBIDDEN);
    who = fixture_user(fx, "42", "dorothea"); /* now the host names them */
    assert_string_equal(who.username, "dorothea");
    assert_int_equal(rename_to(fx, &who, "Dora"), ERR_FORBIDDEN);
}

static void test_a_taken_name_is_refused(void **state)
{
    static const struct {
        const char *name;
        enum err err;
    } cases[] = {
        {"ana", ERR_NAME_TAKEN},
        {"ANA", ERR_NAME_TAKEN},
        {"  ana ", ERR_NAME_TAKEN},
        {"\xef\xbd\x81na", ERR_NAME_TAKEN}, /* full width a */
        {"\xd0\xb0na", ERR_NAME_TAKEN},     /* Cyrillic a */
        {"a\xcc\x81na", ERR_NAME_TAKEN},    /* with an accent */
        {"bob", ERR_NAME_TAKEN},            /* another guest */
        {"", ERR_BAD_REQUEST},
        {"   ", ERR_BAD_REQUEST},
        {"ana#1", ERR_BAD_REQUEST},
        {"x~guest", ERR_BAD_REQUEST},
        {"a\nb", ERR_BAD_REQUEST},
        {"<b>", ERR_BAD_REQUEST},
        {"\xe2\x80\xae"
         "ana",
         ERR_BAD_REQUEST}, /* written backwards */
        {"\xff", ERR_BAD_REQUEST},
        {"123456789012345678901234567890123", ERR_BAD_REQUEST},
        {"anab", OK},
        {"12345678901234567890123456789012", OK},
        {"\xe7\x8e\x8b\xe5\xb0\x8f\xe6\x98\x8e", OK},
    };
    struct fixture *fx = *state;
    struct actor who, carl;
    char *token;

    fixture_user(fx, "7", "ana");
    fixture_guest(fx, "bob");
    carl = fixture_guest(fx, "carl");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (start(fx, NULL, cases[i].name, &who, &token) != cases[i].err)
            fail_msg("session '%s': %s", cases[i].name, err_row(fx->fail.err)->code);
        if (cases[i].err && rename_to(fx, &carl, cases[i].name) != cases[i].err)
            fail_msg("rename '%s': %s", cases[i].name, err_row(fx->fail.err)->code);
        fixture_pass(fx, 60000);
    }
    assert_string_equal(fixture_row(fx, carl.user_id).username, "carl");
}

static void test_a_guest_gives_way_to_a_host_user(void **state)
{
    struct fixture *fx = *state;
    struct actor guest = fixture_guest(fx, "Ana"), ana = fixture_user(fx, "7", "ana"), again;
    struct event events[4];
    struct room own;
    size_t count;
    char *token;

    assert_string_equal(ana.username, "ana");
    assert_string_equal(fixture_row(fx, guest.user_id).username, "Ana~guest");
    /* Its socket still says Ana; what it posts says who it is. */
    assert_string_equal(fixture_post(fx, &guest, NULL, "x").message.author_name, "Ana~guest");
    assert_int_equal(identity_refresh(&fx->chat, &fx->arena, &guest, &fx->fail), OK);
    assert_string_equal(guest.username, "Ana~guest");
    /* The browser offers again what it was called. */
    assert_int_equal(start(fx, &guest, "Ana~guest", &again, &token), OK);
    assert_int_equal(again.user_id, guest.user_id);
    assert_int_equal(start(fx, &guest, "Ana", &again, &token), ERR_NAME_TAKEN);

    own = fixture_room(fx, arena_fmt(&fx->arena, "@%lld", (long long)guest.user_id));
    assert_int_equal(event_list(fx->chat.db, &fx->arena, own.id, 0, events, 4, &count, &fx->fail),
                     OK);
    assert_int_equal(count, 1);
    assert_string_equal(events[0].kind, "notice");
}

static void test_a_second_guest_that_gives_way_gets_a_number(void **state)
{
    struct fixture *fx = *state;
    struct actor first = fixture_guest(fx, "ana"), second;

    fixture_user(fx, "7", "ana");
    fixture_user(fx, "7", "anabel"); /* the host renamed them: "ana" is free again */
    second = fixture_guest(fx, "ana");
    fixture_user(fx, "8", "ana");
    assert_string_equal(fixture_row(fx, first.user_id).username, "ana~guest");
    assert_string_equal(fixture_row(fx, second.user_id).username,
                        arena_fmt(&fx->arena, "ana~guest%lld", (long long)second.user_id));
}

static void test_a_guest_may_not_pose_as_a_user_without_a_name(void **state)
{
    struct fixture *fx = *state;
    struct actor guest = fixture_guest(fx, "user-42"), who = fixture_user(fx, "42", NULL);

    assert_string_equal(who.username, "user-42");
    assert_string_equal(fixture_row(fx, guest.user_id).username, "user-42~guest");
}

static void test_host_users_with_like_names_are_told_apart(void **state)
{
    struct fixture *fx = *state;
    struct actor one = fixture_user(fx, "7", "ana"), two = fixture_user(fx, "8", "Ana");
    const char *one_shown = arena_fmt(&fx->arena, "ana#%lld", (long long)one.user_id),
               *two_shown = arena_fmt(&fx->arena, "Ana#%lld", (long long)two.user_id);

    assert_string_equal(one.username, "ana"); /* there was only one then */
    assert_string_equal(two.username, two_shown);
    assert_string_equal(fixture_user(fx, "7", "ana").username, one_shown);
    assert_string_equal(fixture_post(fx, &one, NULL, "x").message.author_name, one_shown);
    fixture_user(fx, "8", "bea");
    assert_string_equal(fixture_user(fx, "7", "ana").username, "ana");
    assert_string_equal(fixture_row(fx, one.user_id).username, "ana");
}

/* The newest event of a room: who is called otherwise, and how. */
static void assert_told(struct fixture *fx, int64_t room_id, int64_t seq, int64_t user_id,
                        const char *name)
{
    struct event got;
    size_t count = 0;

    assert_int_equal(
        event_list(fx->chat.db, &fx->arena, room_id, seq - 1, &got, 1, &count, &fx->fail), OK);
    assert_int_equal(count, 1);
    assert_string_equal(got.kind, "renamed");
    assert_int_equal(got.target_user_id, user_id);
    assert_string_equal(got.target_name, name);
    assert_null(got.payload);
}

static void test_another_name_is_told_where_it_is_read(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana"), ben = fixture_user(fx, "8", "ben");
    struct message said = fixture_post(fx, &ana, NULL, "x").message, now;
    struct room quiet;

    FIXTURE_WRITE(fx,
                  rooms_create(&fx->chat, &fx->arena, "quiet", "Quiet", 9, 0, &quiet, &fx->fail));
    fixture_post(fx, &ben, "quiet", "nothing of hers");
    fixture_post(fx, &ben, "energy", "@ana, look");
    fixture_user(fx, "7", "anabel");
    assert_told(fx, said.room_id, said.seq + 1, ana.user_id, "anabel");
    assert_int_equal(message_by_id(fx->chat.db, &fx->arena, said.id, &now, &fx->fail), OK);
    assert_string_equal(now.author_name, "anabel");
    assert_told(fx, fixture_room(fx, "energy").id, fixture_room(fx, "energy").head, ana.user_id,
                "anabel");
    assert_int_equal(fixture_room(fx, "quiet").head, 2);
    assert_told(fx, fixture_room(fx, self_slug(&fx->arena, ana.user_id)).id, 2, ana.user_id,
                "anabel");
    fixture_user(fx, "9", "Anabel"); /* so that she has a number from now on */
    assert_told(fx, said.room_id, said.seq + 2, ana.user_id,
                arena_fmt(&fx->arena, "anabel#%lld", (long long)ana.user_id));
    fixture_user(fx, "9", "carla");
    assert_told(fx, said.room_id, said.seq + 3, ana.user_id, "anabel");
}

static void test_an_older_token_takes_no_name_back(void **state)
{
    struct fixture *fx = *state;
    char *old = fixture_token(fx, "7", "ana", "moderator");
    struct actor who;

    assert_int_equal(from_token(fx, old, &who), OK);
    fixture_pass(fx, 2000);
    assert_int_equal(from_token(fx, fixture_token(fx, "7", "anabel", "trader"), &who), OK);
    assert_int_equal(from_token(fx, old, &who), OK);
    assert_string_equal(who.username, "anabel");
    assert_string_equal(who.role, "member");
    fixture_pass(fx, 2000);
    assert_int_equal(from_token(fx, fixture_token(fx, "7", "ana", NULL), &who), OK);
    assert_string_equal(who.username, "ana");
}

/* ----- guests ----- */

static void test_a_guests_cookie_is_the_guest_for_a_year(void **state)
{
    struct fixture *fx = *state;
    struct actor bob, again, renamed;
    char *token, *second;

    assert_int_equal(start(fx, NULL, "bob", &bob, &token), OK);
    assert_int_equal(bob.kind, ACTOR_GUEST);
    assert_string_equal(bob.role, "guest");
    fixture_pass(fx, 364LL * 24 * 3600 * 1000);
    assert_int_equal(from_token(fx, token, &again), OK);
    assert_int_equal(again.user_id, bob.user_id);
    assert_int_equal(
        identity_from_guest_token(&fx->chat, &fx->arena, token, strlen(token), &again, &fx->fail),
        OK);
    assert_int_equal(
        identity_from_host_token(&fx->chat, &fx->arena, token, strlen(token), &again, &fx->fail),
        ERR_TOKEN_INVALID);
    assert_int_equal(start(fx, &bob, "Robert", &renamed, &second), OK);
    assert_int_equal(renamed.user_id, bob.user_id);
    assert_string_equal(renamed.username, "Robert");
    assert_int_equal(start(fx, &bob, "ROBERT", &renamed, &second), OK); /* one's own name */
    fixture_pass(fx, 2LL * 24 * 3600 * 1000);
    assert_int_equal(from_token(fx, token, &again), ERR_TOKEN_EXPIRED);
    assert_int_equal(from_token(fx, second, &again), OK);
}

static void test_a_host_token_is_no_guest_token(void **state)
{
    struct fixture *fx = *state;
    char *token = fixture_token(fx, "7", "ana", NULL);
    struct actor who;

    assert_int_equal(
        identity_from_guest_token(&fx->chat, &fx->arena, token, strlen(token), &who, &fx->fail),
        ERR_TOKEN_INVALID);
}

static void test_a_name_and_an_address_are_a_guest(void **state)
{
    struct fixture *fx = *state;
    struct actor one, same, other;

    assert_int_equal(from_name(fx, "192.0.2.1", "trader123", &one), OK);
    assert_int_equal(from_name(fx, "192.0.2.1", " Trader123", &same), OK);
    assert_int_equal(one.user_id, same.user_id);
    assert_string_equal(same.username, "trader123");
    assert_int_equal(from_name(fx, "192.0.2.2", "trader123", &other), ERR_NAME_TAKEN);
    assert_int_equal(from_name(fx, "192.0.2.2", "a/b", &other), ERR_BAD_REQUEST);
    fixture_user(fx, "7", "ana");
    assert_int_equal(from_name(fx, "192.0.2.1", "ana", &other), ERR_NAME_TAKEN);
    FIXTURE_WRITE(fx, moderate_ban(&fx->chat, &fx->arena, one.user_id, INT64_MAX, 0, &fx->fail));
    assert_int_equal(from_name(fx, "192.0.2.1", "trader123", &one), ERR_BANNED);
}

static void test_a_guest_without_a_name_gets_one(void **state)
{
    struct fixture *fx = *state;
    struct actor one, same, other;

    assert_int_equal(from_name(fx, "192.0.2.1", "", &one), OK);
    assert_int_equal(from_name(fx, "192.0.2.1", "  ", &same), OK);
    assert_int_equal(from_name(fx, "192.0.2.2", "", &other), OK);
    assert_int_equal(one.user_id, same.user_id);
    assert_int_not_equal(one.user_id, other.user_id);
    assert_int_equal(strncmp(one.username, "guest-", 6), 0);
    assert_int_equal(strlen(one.username), 10);
}

static void test_where_guests_may_not_they_cannot(void **state)
{
    struct fixture *fx = *state;
    struct actor who;
    char *token, *other;

    assert_int_equal(start(fx, NULL, "bob", &who, &token), OK);
    fx->conf.guests = GUESTS_READ;
    assert_int_equal(identity_anonymous(&fx->chat, &who, &fx->fail), OK);
    assert_int_equal(who.kind, ACTOR_ANONYMOUS);
    assert_string_equal(who.username, "");
    assert_int_equal(from_name(fx, "192.0.2.1", "carl", &who), ERR_READ_ONLY);
    assert_int_equal(start(fx, NULL, "carl", &who, &other), ERR_READ_ONLY);
    assert_int_equal(from_token(fx, token, &who), OK);
    assert_int_equal(identity_may_read(&fx->chat, &who, &fx->fail), OK);
    assert_int_equal(rename_to(fx, &who, "carl"), ERR_READ_ONLY);
    fx->conf.guests = GUESTS_OFF;
    assert_int_equal(identity_may_read(&fx->chat, &who, &fx->fail), ERR_AUTH_REQUIRED);
    assert_int_equal(identity_anonymous(&fx->chat, &who, &fx->fail), ERR_AUTH_REQUIRED);
    assert_int_equal(from_name(fx, "192.0.2.1", "carl", &who), ERR_AUTH_REQUIRED);
    assert_int_equal(start(fx, NULL, "carl", &who, &other), ERR_AUTH_REQUIRED);
    assert_int_equal(from_token(fx, token, &who), ERR_AUTH_REQUIRED);
}

static void test_an_address_starts_so_many_sessions(void **state)
{
    struct fixture *fx = *state;
    struct actor who;
    char *token;

    fx->conf.rate_session_burst = 2;
    fx->conf.rate_session_per_minute = 2;
    assert_int_equal(start(fx, NULL, "one", &who, &token), OK);
    assert_int_equal(from_name(fx, "192.0.2.1", "two", &who), OK);
    assert_int_equal(from_name(fx, "192.0.2.1", "two", &who), OK); /* known: costs nothing */
    assert_int_equal(start(fx, NULL, "three", &who, &token), ERR_RATE_LIMITED);
    assert_true(fx->fail.retry_after_ms > 0);
    assert_int_equal(from_name(fx, "192.0.2.1", "four", &who), ERR_RATE_LIMITED);
    assert_int_equal(from_name(fx, "192.0.2.2", "four", &who), OK);
}

/* ----- tickets and seals ----- */

static void test_a_ticket_opens_once_and_not_for_long(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana"), who, nobody = fixture_nobody();
    char *ticket;

#define MAKE()  identity_make_ticket(&fx->chat, &fx->arena, &ana, &ticket, &fx->fail)
#define TAKE(t) identity_from_ticket(&fx->chat, &fx->arena, t, strlen(t), &who, &fx->fail)
    assert_int_equal(MAKE(), OK);
    assert_int_equal(TAKE(ticket), OK);
    assert_int_equal(who.user_id, ana.user_id);
    assert_int_equal(who.exp_s, ana.exp_s);
    assert_string_equal(who.username, "ana");
    assert_int_equal(TAKE(ticket), ERR_TOKEN_INVALID);
    assert_int_equal(TAKE("short"), ERR_TOKEN_INVALID);
    assert_int_equal(MAKE(), OK);
    fixture_pass(fx, 30001);
    assert_int_equal(TAKE(ticket), ERR_TOKEN_INVALID);
    assert_int_equal(MAKE(), OK);
    fixture_pass(fx, 1000);
    FIXTURE_WRITE(fx, moderate_revoke(&fx->chat, &fx->arena, ana.user_id, 0, &fx->fail));
    fixture_pass(fx, 1000);
    assert_int_equal(TAKE(ticket), ERR_TOKEN_INVALID);
    assert_int_equal(identity_make_ticket(&fx->chat, &fx->arena, &nobody, &ticket, &fx->fail),
                     ERR_AUTH_REQUIRED);
#undef MAKE
#undef TAKE
}

static void test_a_seal_is_good_for_its_person_alone(void **state)
{
    struct fixture *fx = *state;
    struct actor ana = fixture_user(fx, "7", "ana"), bob = fixture_guest(fx, "bob"),
                 nobody = fixture_nobody();
    const char *seal = identity_csrf(&fx->chat, &fx->arena, &ana);
    char *forged;

    assert_true(identity_csrf_ok(&fx->chat, &ana, seal, strlen(seal)));
    assert_false(identity_csrf_ok(&fx->chat, &bob, seal, strlen(seal)));
    assert_false(identity_csrf_ok(&fx->chat, &nobody, seal, strlen(seal)));
    assert_false(identity_csrf_ok(&fx->chat, &ana, seal, strlen(seal) - 1));
    assert_false(identity_csrf_ok(&fx->chat, &ana, "", 0));
    assert_string_not_equal(seal, identity_csrf(&fx->chat, &fx->arena, &ana));
    forged = arena_str(&fx->arena, seal);
    forged[0] = forged[0] == '0' ? '1' : '0';
    assert_false(identity_csrf_ok(&fx->chat, &ana, forged, strlen(forged)));
    /* It outlives a token: the next one is of the same person. */
    ana = fixture_user(fx, "7", "ana");
    assert_true(identity_csrf_ok(&fx->chat, &ana, seal, strlen(seal)));
}

static void test_a_caller_in_a_transaction_keeps_it(void **state)
{
    struct fixture *fx = *state;
    struct actor who;

    assert_int_equal(db_begin_write(fx->chat.db, &fx->fail), OK);
    assert_int_equal(from_name(fx, "192.0.2.1", "one", &who), OK);
    assert_int_equal(from_name(fx, "192.0.2.2", "one", &who), ERR_NAME_TAKEN);
    assert_int_equal(from_token(fx, fixture_token(fx, "7", "ana", NULL), &who), OK);
    assert_true(db_in_transaction(fx->chat.db));
    assert_int_equal(db_commit(fx->chat.db, &fx->fail), OK);
    assert_string_equal(fixture_row(fx, who.user_id).username, "ana");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_a_token_makes_its_user_once),
        TEST(test_a_bad_token_is_nobody),
        TEST(test_roles_follow_the_token),
        TEST(test_the_banned_and_the_revoked_are_refused),
        TEST(test_a_token_without_a_date_cannot_outlive_a_revocation),
        TEST(test_a_user_without_a_name_claim_is_called_by_number),
        TEST(test_a_taken_name_is_refused),
        TEST(test_a_guest_gives_way_to_a_host_user),
        TEST(test_a_second_guest_that_gives_way_gets_a_number),
        TEST(test_a_guest_may_not_pose_as_a_user_without_a_name),
        TEST(test_host_users_with_like_names_are_told_apart),
        TEST(test_another_name_is_told_where_it_is_read),
        TEST(test_an_older_token_takes_no_name_back),
        TEST(test_a_guests_cookie_is_the_guest_for_a_year),
        TEST(test_a_host_token_is_no_guest_token),
        TEST(test_a_name_and_an_address_are_a_guest),
        TEST(test_a_guest_without_a_name_gets_one),
        TEST(test_where_guests_may_not_they_cannot),
        TEST(test_an_address_starts_so_many_sessions),
        TEST(test_a_ticket_opens_once_and_not_for_long),
        TEST(test_a_seal_is_good_for_its_person_alone),
        TEST(test_a_caller_in_a_transaction_keeps_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
