/*
 * A database of N messages, quickly, through the program's own storage layer: numbers, hashes and
 * indexes are what posting makes, so that `outcry verify` is content with it. For installations
 * that `outcry init` has made.
 *
 *   fill --config FILE --messages N [--users 200] [--batch 20000] [--talk 1]
 *
 * Every other message goes to the default room, the rest to the others in turn. Each user has read
 * marks within the last messages of every room. --talk: of words as a language has them, for
 * searches. Needs jwt_secret, to sign the users in.
 */
#include "bench/measure.h"
#include "bench/vocabulary.h"
#include "chat/identity.h"
#include "chat/rooms.h"
#include "db/event.h"
#include "db/message_id.h"
#include "lib/secure.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_SIZE = 200, WAL_BYTES = 256 << 20, UNREAD_MAX = 150, SECONDS_APART = 7 };

struct fill {
    const char *config;
    int64_t messages, users, batch, talk;
    uint64_t draws;
    struct conf conf;
    struct log log;
    struct chat chat;
    struct arena arena;
    struct actor *people;
    struct room_view rooms[ROOMS_MAX];
    size_t room_count;
    int64_t start_ms;
    char text[TEXT_SIZE + 1];
    struct fail fail;
};

static void must(struct fill *f, enum err e)
{
    if (e)
        die("%s", f->fail.message);
}

/* Rows come in the order of their random ids: no cache of a few pages helps with those. */
static int enlarge_cache(sqlite3 *db, char **error, const void *api)
{
    (void)error;
    (void)api;
    return sqlite3_exec(db, "PRAGMA cache_size = -1000000", NULL, NULL, NULL);
}

static void open_site(struct fill *f)
{
    sqlite3_auto_extension((void (*)(void))enlarge_cache);
    must(f, conf_load(&f->conf, f->config, &f->fail));
    f->conf.wal_max_bytes = WAL_BYTES; /* rather one large checkpoint than many small ones */
    if (!log_open(&f->log, NULL, LOG_WARN))
        die("no log");
    must(f, chat_open(&f->chat, &f->conf, &f->log, DB_READ_WRITE, &f->fail));
    f->start_ms = clock_wall_ms(&f->chat.clock) - f->messages * SECONDS_APART;
}

static void make_people(struct fill *f)
{
    int64_t now_s = clock_wall_ms(&f->chat.clock) / 1000;

    f->people = xcalloc((size_t)f->users, sizeof *f->people);
    must(f, db_begin_write(f->chat.db, &f->fail));
    for (int64_t i = 0; i < f->users; i++) {
        const char *id = arena_fmt(&f->arena, "%" PRId64, i + 1);
        const char *name = arena_fmt(&f->arena, "trader%" PRId64, i + 1);
        char *token;

        must(f, token_sign(&f->chat.host_tokens, id, name, NULL, now_s, 60, &f->arena, &token,
                           &f->fail));
        must(f, identity_from_host_token(&f->chat, &f->arena, token, strlen(token), &f->people[i],
                                         &f->fail));
    }
    must(f, db_commit(f->chat.db, &f->fail));
    must(f, rooms_list(&f->chat, &f->arena, &f->people[0], f->rooms, &f->room_count, &f->fail));
}

static const struct room *room_of(const struct fill *f, int64_t number)
{
    size_t other = (size_t)(number / 2) % (f->room_count > 1 ? f->room_count - 1 : 1) + 1;

    return &f->rooms[number % 2 == 0 || f->room_count == 1 ? 0 : other].room;
}

static void write_text(struct fill *f, int64_t number)
{
    int len;

    if (f->talk) {
        vocabulary_text(&f->draws, f->text, sizeof f->text);
        return;
    }
    len = snprintf(f->text, sizeof f->text, "Message %" PRId64 " ", number);
    f->text[len] = 'x'; /* over snprintf's NUL */
}

static void store(struct fill *f, int64_t number)
{
    const struct actor *who = &f->people[number * 7919 % f->users];
    struct event event = {
        .room_id = room_of(f, number)->id,
        .ts_ms = f->start_ms + number * SECONDS_APART,
        .kind = "message",
        .actor_id = who->user_id,
    };
    char client_id[48];
    struct message m = {
        .room_id = event.room_id,
        .user_id = who->user_id,
        .author_name = who->username,
        .body = f->text,
        .via = "cli",
        .client_id = client_id,
        .created_ms = event.ts_ms,
        .rev = 1,
    };

    write_text(f, number);
    snprintf(client_id, sizeof client_id, "fill-%" PRIx64 "-%" PRId64, f->start_ms, number);
    secure_random(m.salt, sizeof m.salt);
    must(f, message_new_id(f->chat.db, event.ts_ms, &event.msg_id, &f->fail));
    m.id = event.msg_id;
    must(f, event_append(f->chat.db, &event, m.salt, m.body, &f->fail));
    m.seq = event.seq;
    must(f, message_insert(f->chat.db, &m, &f->fail));
}

static void store_all(struct fill *f)
{
    for (int64_t done = 0; done < f->messages;) {
        int64_t end = done + f->batch < f->messages ? done + f->batch : f->messages;

        must(f, db_begin_write(f->chat.db, &f->fail));
        while (done < end)
            store(f, done++);
        must(f, db_commit(f->chat.db, &f->fail));
    }
}

static void mark_read(struct fill *f)
{
    must(f, rooms_list(&f->chat, &f->arena, &f->people[0], f->rooms, &f->room_count, &f->fail));
    must(f, db_begin_write(f->chat.db, &f->fail));
    for (int64_t i = 0; i < f->users; i++) {
        for (size_t r = 0; r < f->room_count; r++) {
            int64_t up_to = f->rooms[r].room.head - (i * 31 + (int64_t)r * 17) % UNREAD_MAX;
            bool changed;

            must(f, rooms_mark_read(&f->chat, &f->people[i], &f->rooms[r], up_to > 0 ? up_to : 0,
                                    &changed, &f->fail));
        }
    }
    must(f, db_commit(f->chat.db, &f->fail));
    must(f, db_checkpoint_all(f->chat.db, &f->fail));
}

int main(int argc, char **argv)
{
    struct fill *f = xcalloc(1, sizeof *f);
    const struct option table[] = {
        {"--config", OPTION_TEXT, &f->config}, {"--messages", OPTION_NUMBER, &f->messages},
        {"--users", OPTION_NUMBER, &f->users}, {"--batch", OPTION_NUMBER, &f->batch},
        {"--talk", OPTION_NUMBER, &f->talk},
    };
    int64_t began = measure_now_ns();

    f->users = 200;
    f->batch = 20000;
    options_parse(table, ARRAY_LEN(table), argc, argv);
    if (!f->config || !f->users || !f->batch)
        die("--config is needed, and a user");
    memset(f->text, 'x', TEXT_SIZE);
    arena_init(&f->arena);
    open_site(f);
    make_people(f);
    store_all(f);
    mark_read(f);
    printf("messages=%" PRId64 " seconds=%.1f\n", f->messages,
           (double)(measure_now_ns() - began) / 1e9);
    chat_close(&f->chat);
    conf_release(&f->conf);
    log_close(&f->log);
    arena_release(&f->arena);
    free(f->people);
    free(f);
    return 0;
}
