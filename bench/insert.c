/*
 * The floor of storing: bare inserts into the tables and indexes of a chat.db made by `outcry
 * init`, N messages a transaction, WAL and synchronous=FULL, statements prepared once, no rules and
 * no hashes.
 *
 *   insert DATABASE MESSAGES_PER_TRANSACTION SECONDS
 */
#include "bench/measure.h"
#include "lib/clock.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_SIZE = 200, WAL_PAGES = 1000, PATIENCE_MS = 10000, TICK_MS = 16, SERIAL_BITS = 16 };

struct floor {
    sqlite3 *db;
    sqlite3_stmt *head, *event, *message;
    int64_t room, user, serial;
    char text[TEXT_SIZE + 1];
};

static void check(struct floor *f, int rc)
{
    if (rc != SQLITE_OK && rc != SQLITE_ROW && rc != SQLITE_DONE)
        die("%s", sqlite3_errmsg(f->db));
}

static int64_t number(struct floor *f, const char *sql)
{
    sqlite3_stmt *s;
    int64_t n;

    check(f, sqlite3_prepare_v2(f->db, sql, -1, &s, NULL));
    if (sqlite3_step(s) != SQLITE_ROW)
        die("%s: no row; run `outcry init` and post one message first", sql);
    n = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return n;
}

static void prepare(struct floor *f, sqlite3_stmt **s, const char *sql)
{
    check(f, sqlite3_prepare_v3(f->db, sql, -1, SQLITE_PREPARE_PERSISTENT, s, NULL));
}

/* In the order of time, as Outcry's are: db/message_id.h. */
static int64_t new_id(int64_t serial)
{
    static const struct clock clock;

    return clock_wall_ms(&clock) / TICK_MS << SERIAL_BITS | (serial & ((1 << SERIAL_BITS) - 1));
}

static void insert_one(struct floor *f)
{
    static const unsigned char hash[32], salt[16];
    char client_id[32];
    int64_t seq, id;

    snprintf(client_id, sizeof client_id, "floor-%" PRId64, ++f->serial);
    id = new_id(f->serial);
    sqlite3_bind_int64(f->head, 1, f->room);
    check(f, sqlite3_step(f->head));
    seq = sqlite3_column_int64(f->head, 0);
    sqlite3_reset(f->head);
    sqlite3_bind_int64(f->event, 1, f->room);
    sqlite3_bind_int64(f->event, 2, seq);
    sqlite3_bind_int64(f->event, 3, id);
    sqlite3_bind_int64(f->event, 4, f->user);
    sqlite3_bind_blob(f->event, 5, hash, sizeof hash, SQLITE_STATIC);
    check(f, sqlite3_step(f->event));
    sqlite3_reset(f->event);
    sqlite3_bind_int64(f->message, 1, id);
    sqlite3_bind_int64(f->message, 2, f->room);
    sqlite3_bind_int64(f->message, 3, seq);
    sqlite3_bind_int64(f->message, 4, f->user);
    sqlite3_bind_text(f->message, 5, f->text, TEXT_SIZE, SQLITE_STATIC);
    sqlite3_bind_blob(f->message, 6, salt, sizeof salt, SQLITE_STATIC);
    sqlite3_bind_text(f->message, 7, client_id, -1, SQLITE_TRANSIENT);
    check(f, sqlite3_step(f->message));
    sqlite3_reset(f->message);
}

int main(int argc, char **argv)
{
    struct floor f = {0};
    struct histogram latency = {0};
    int64_t start, end, done = 0;
    long batch;

    if (argc != 4)
        die("usage: insert DATABASE MESSAGES_PER_TRANSACTION SECONDS");
    batch = strtol(argv[2], NULL, 10);
    check(&f, sqlite3_open(argv[1], &f.db));
    check(&f, sqlite3_busy_timeout(f.db, PATIENCE_MS)); /* for the checkpoints of a sidecar */
    check(&f, sqlite3_exec(f.db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;", NULL, NULL,
                           NULL));
    check(&f, sqlite3_wal_autocheckpoint(f.db, WAL_PAGES));
    f.room = number(&f, "SELECT id FROM room WHERE slug = 'general'");
    f.user = number(&f, "SELECT min(id) FROM user");
    f.serial = measure_now_ns();
    memset(f.text, 'x', TEXT_SIZE);
    prepare(&f, &f.head, "UPDATE room SET head = head + 1 WHERE id = ?1 RETURNING head");
    prepare(&f, &f.event,
            "INSERT INTO event (room_id, seq, ts_ms, kind, msg_id, actor_id, body_hash, hash)"
            " VALUES (?1, ?2, 1, 'message', ?3, ?4, ?5, ?5)");
    prepare(&f, &f.message,
            "INSERT INTO message (id, room_id, seq, user_id, author_name, body, salt, via,"
            " client_id, created_ms) VALUES (?1, ?2, ?3, ?4, 'floor', ?5, ?6, 'cli', ?7, 1)");
    start = measure_now_ns();
    end = start + (int64_t)(strtod(argv[3], NULL) * 1e9);
    while (measure_now_ns() < end) {
        int64_t began = measure_now_ns();

        check(&f, sqlite3_exec(f.db, "BEGIN IMMEDIATE", NULL, NULL, NULL));
        for (long i = 0; i < batch; i++)
            insert_one(&f);
        check(&f, sqlite3_exec(f.db, "COMMIT", NULL, NULL, NULL));
        histogram_add(&latency, (measure_now_ns() - began) / 1000);
        done += batch;
    }
    printf("messages=%" PRId64 " per_s=%.0f p50_us=%" PRId64 " p99_us=%" PRId64 "\n", done,
           (double)done * 1e9 / (double)(measure_now_ns() - start),
           histogram_percentile(&latency, 50), histogram_percentile(&latency, 99));
    sqlite3_finalize(f.head);
    sqlite3_finalize(f.event);
    sqlite3_finalize(f.message);
    sqlite3_close(f.db);
    return 0;
}
