#include "db/message_id.h"

#include "db/statements.h"
#include "lib/secure.h"

/* Tens of messages share a tick of a busy server: a tick with a thousandth of its ids taken is as
 * full as it gets, and sixteen draws that all meet one are not seen. */
enum { TICK_MS = 16, RANDOM_BITS = 16, TICK_BITS = 37, DRAWS = 16 };

static const int64_t epoch_ms = INT64_C(1577836800000); /* 2020-01-01; the ticks last to 2089 */

static const struct sql taken = {"message_id.taken", "SELECT 1 FROM message WHERE id = ?1", DB_CHAT,
                                 NULL};

const struct sql *const message_id_statements[] = {&taken, NULL};

static int64_t draw(int64_t ts_ms)
{
    uint64_t tick = (uint64_t)((ts_ms - epoch_ms) / TICK_MS) & ((UINT64_C(1) << TICK_BITS) - 1);
    uint16_t low;

    secure_random(&low, sizeof low);
    return (int64_t)(tick << RANDOM_BITS | low);
}

static enum err is_taken(struct db *db, int64_t id, bool *answer, struct fail *f)
{
    struct query q = query_begin(db, &taken);

    query_bind_i64(&q, 1, id);
    *answer = query_row(&q);
    return query_end(&q, f);
}

enum err message_new_id(struct db *db, int64_t ts_ms, int64_t *id, struct fail *f)
{
    bool again = true;
    enum err e = OK;

    for (int i = 0; !e && again && i < DRAWS; i++) {
        *id = draw(ts_ms);
        again = *id == 0; /* 0 is none */
        if (!again)
            e = is_taken(db, *id, &again, f);
    }
    return !e && again ? fail(f, ERR_BUSY, NULL) : e;
}
