#include "ws-sidecar/request.h"

#include "lib/text.h"
#include "lib/urlencoded.h"

#include <string.h>

const char *request_state(const char *word, size_t len)
{
    static const char *const states[] = {"active", "idle", "invisible"};

    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        if (strlen(states[i]) == len && memcmp(states[i], word, len) == 0)
            return states[i];
    }
    return NULL;
}

/* The fields in the making: each is read once. */
struct reading {
    struct request *out;
    const char *rooms;
    unsigned seen; /* a bit for each of `fields` */
};

static enum err read_epoch(struct reading *r, const struct url_pair *p, struct fail *f)
{
    if (p->value_len > REQUEST_EPOCH_MAX)
        return fail(f, ERR_BAD_REQUEST, "epoch is too long.");
    r->out->epoch = p->value;
    return OK;
}

static enum err read_rooms(struct reading *r, const struct url_pair *p, struct fail *f)
{
    (void)f;
    r->rooms = p->value;
    return OK;
}

static enum err read_conn(struct reading *r, const struct url_pair *p, struct fail *f)
{
    if (!text_is_client_id(p->value, p->value_len))
        return fail(f, ERR_BAD_REQUEST, "conn must be 8 to 64 letters, digits, '_' or '-'.");
    r->out->conn = p->value;
    return OK;
}

static enum err read_state(struct reading *r, const struct url_pair *p, struct fail *f)
{
    r->out->state = request_state(p->value, p->value_len);
    return r->out->state ? OK : fail(f, ERR_BAD_REQUEST, "state is active, idle or invisible.");
}

static enum err read_wait(struct reading *r, const struct url_pair *p, struct fail *f)
{
    int64_t seconds;

    if (!text_to_i64(p->value, p->value_len, 0, REQUEST_WAIT_MAX_S, &seconds))
        return fail(f, ERR_BAD_REQUEST, "wait must be a number from 0 to %d.", REQUEST_WAIT_MAX_S);
    r->out->wait_ms = seconds * 1000;
    return OK;
}

/* As in the API: an empty value counts as not given, except where it is any text. */
static const struct request_field {
    const char *name;
    bool any_text;
    enum err (*read)(struct reading *r, const struct url_pair *p, struct fail *f);
} fields[] = {
    {"epoch", true, read_epoch},  {"rooms", true, read_rooms}, {"conn", false, read_conn},
    {"state", false, read_state}, {"wait", false, read_wait},
};

static enum err read_pair(struct reading *r, const struct url_pair *p, struct fail *f)
{
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        const char *name = fields[i].name;

        if (strlen(name) != p->name_len || memcmp(name, p->name, p->name_len) != 0)
            continue;
        if (r->seen & 1u << i)
            return fail(f, ERR_BAD_REQUEST, "%s is given more than once.", name);
        r->seen |= 1u << i;
        if (memchr(p->value, '\0', p->value_len))
            return fail(f, ERR_BAD_REQUEST, "%s is not text.", name);
        return p->value_len > 0 || fields[i].any_text ? fields[i].read(r, p, f) : OK;
    }
    return OK; /* unknown ones are ignored */
}

/* "<epoch> general:41,@me:7": what the stream wrote before the last event that was seen. */
static enum err read_event_id(struct arena *a, struct reading *r, const char *id, struct fail *f)
{
    const char *blank = strchr(id, ' ');

    if (!blank || blank == id || blank - id > REQUEST_EPOCH_MAX)
        return fail(f, ERR_BAD_REQUEST, "Last-Event-ID is not one of ours.");
    r->out->epoch = arena_strn(a, id, (size_t)(blank - id));
    r->rooms = blank + 1;
    return OK;
}

enum err request_parse(struct arena *a, const char *query, const char *last_event_id,
                       struct request *out, struct fail *f)
{
    struct reading r = {.out = out};
    size_t len = strcspn(query, "#");
    struct url_pair pair;
    enum err e = OK;

    *out = (struct request){.state = "active", .wait_ms = REQUEST_WAIT_MAX_S * 1000};
    while (!e && url_next_pair(a, &query, &len, &pair))
        e = read_pair(&r, &pair, f);
    if (!e && last_event_id && *last_event_id)
        e = read_event_id(a, &r, last_event_id, f);
    if (!e && !r.rooms)
        e = fail(f, ERR_BAD_REQUEST, "rooms is missing.");
    return e ? e : history_parse_cursors(a, r.rooms, &out->cursors, &out->count, f);
}

void request_copy(struct arena *a, struct request *to, const struct request *from)
{
    *to = *from;
    to->epoch = arena_str(a, from->epoch);
    to->conn = arena_str(a, from->conn);
    to->cursors = arena_alloc(a, from->count * sizeof *to->cursors);
    for (size_t i = 0; i < from->count; i++) {
        to->cursors[i] = from->cursors[i];
        to->cursors[i].room = arena_str(a, from->cursors[i].room);
    }
}
