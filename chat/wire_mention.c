#include "chat/wire_mention.h"

#include "chat/wire.h"
#include "db/mention.h"

static bool was_named(const struct mention *list, size_t count, int64_t user_id)
{
    while (count > 0 && list[count - 1].user_id != user_id)
        count--;
    return count > 0;
}

static void add_person(struct json_object *list, const struct mention *n)
{
    struct json_object *o = json_object_new_object();

    json_set_i64(o, "user_id", n->user_id);
    json_set_str(o, "username", n->username);
    json_object_array_add(list, o);
}

void wire_add_mentions(struct json_object *o, const struct message *m)
{
    struct json_object *list = m->mention_count ? json_object_new_array() : NULL;
    bool all = false;

    for (size_t i = 0; i < m->mention_count; i++) {
        const struct mention *n = &m->mentions[i];

        if (n->user_id == 0)
            all = true;
        else if (!was_named(m->mentions, i, n->user_id))
            add_person(list, n);
    }
    if (list && json_object_array_length(list) > 0)
        json_set(o, "mentions", list);
    else
        json_object_put(list);
    if (all)
        json_set_bool(o, "mentions_all", true);
}

struct json_object *wire_mentioned(const struct mentioned_page *p, int64_t page)
{
    struct json_object *o = json_object_new_object();
    struct json_object *list = json_object_new_array_ext((int)p->count);

    for (size_t i = 0; i < p->count; i++) {
        const struct mentioned *m = &p->list[i];
        struct json_object *row = wire_message(&m->message, rooms_wire_name(&m->room.room));

        json_set_str(row, "room_title", m->room.room.title);
        if (m->room.has_mark && m->message.seq > m->room.last_read_seq)
            json_set_bool(row, "unread", true);
        json_object_array_add(list, row);
    }
    json_set(o, "mentions", list);
    json_set_i64(o, "page", page);
    json_set_bool(o, "has_more", p->has_more);
    return o;
}
