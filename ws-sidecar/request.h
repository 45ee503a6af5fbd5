/*
 * What a stream or a long-poll asks for: the query of events/ and, for a stream, the id of the last
 * event that a reconnecting client saw. No sockets, no database.
 */
#ifndef SIDECAR_REQUEST_H
#define SIDECAR_REQUEST_H

#include "chat/history.h"

enum { REQUEST_WAIT_MAX_S = 20, REQUEST_EPOCH_MAX = 64 };

struct request {
    struct history_cursor *cursors;
    size_t count;
    const char *epoch, *conn; /* NULL: not given */
    const char *state;        /* of presence */
    int64_t wait_ms;          /* of a poll */
};

/* `query` is what follows the '?', or "". `last_event_id`, where it is not NULL, wins over epoch
 * and rooms. `out` lives in `a`. ERR_BAD_REQUEST with a sentence that names the field. */
MUST_CHECK enum err request_parse(struct arena *a, const char *query, const char *last_event_id,
                                  struct request *out, struct fail *f);
/* A copy that lives in `a`. */
void request_copy(struct arena *a, struct request *to, const struct request *from);

/* The word of a presence state, as a literal; NULL: there is no such state. */
const char *request_state(const char *word, size_t len);

#endif
