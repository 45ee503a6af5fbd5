/* For tests of files: how one comes in and is posted, step by step. */
#ifndef TESTS_HANDLER_UPLOAD_STEPS_H
#define TESTS_HANDLER_UPLOAD_STEPS_H

#include "chat/upload.h"
#include "tests/lib/pictures.h"
#include "tests/lib/web.h"

#include <string.h>

#define API "/api/stocks/chat/"

static const char upload_text[] = "day,close\n1,190.5\n";

static inline const char *upload_url(struct web *w, const char *id, const char *rest)
{
    return arena_fmt(&w->fx->arena, API "uploads/%s/%s", id, rest);
}

/* Begins it and returns the id. */
static inline const char *upload_start(struct web *w, const char *room, const char *name,
                                       size_t size)
{
    const char *body = arena_fmt(&w->fx->arena, "{\"room\":\"%s\",\"name\":\"%s\",\"size\":%zu}",
                                 room, name, size);

    if (web_json_request(w, "POST", API "uploads/", body) != 201)
        fail_msg("%s", web_text(w));
    return arena_str(&w->fx->arena, web_json_text(w, "upload.id"));
}

static inline int upload_put(struct web *w, const char *uri, const void *bytes, size_t len)
{
    web_begin(w, "PUT", uri);
    web_body(w, "application/octet-stream", bytes, len);
    return web_send(w);
}

static inline int upload_put_part(struct web *w, const char *id, size_t offset, const void *bytes,
                                  size_t len)
{
    return upload_put(w, upload_url(w, id, arena_fmt(&w->fx->arena, "?offset=%zu", offset)), bytes,
                      len);
}

static inline int upload_finish(struct web *w, const char *id)
{
    return web_json_request(w, "POST", upload_url(w, id, "done/"), "{}");
}

/* All of it; the id of what is whole then. */
static inline const char *upload_send(struct web *w, const char *room, const char *name,
                                      const void *bytes, size_t len)
{
    const char *id = upload_start(w, room, name, len);

    assert_int_equal(upload_put_part(w, id, 0, bytes, len), 200);
    if (upload_finish(w, id) != 200)
        fail_msg("%s", web_text(w));
    return id;
}

static inline int upload_post(struct web *w, const char *room, const char *message, const char *ids)
{
    return web_json_request(w, "POST", API "messages/create/",
                            arena_fmt(&w->fx->arena,
                                      "{\"room\":\"%s\",\"message\":\"%s\",\"attachments\":[%s]}",
                                      room, message, ids));
}

static inline const char *upload_quoted(struct web *w, const char *id)
{
    return arena_fmt(&w->fx->arena, "\"%s\"", id);
}

static inline const char *upload_file_url(struct web *w, const char *id)
{
    return arena_fmt(&w->fx->arena, API "files/%s/prices.csv", id);
}

/* A file that ana posted in the room. */
static inline const char *upload_posted(struct web *w, const char *room)
{
    const char *id;

    web_sign_in(w, "7", "ana");
    id = upload_send(w, room, "prices.csv", upload_text, sizeof upload_text - 1);
    assert_int_equal(upload_post(w, room, "look", upload_quoted(w, id)), 201);
    return id;
}

#endif
