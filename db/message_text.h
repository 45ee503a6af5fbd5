/* The texts of all messages, for what is made of them anew. */
#ifndef DB_MESSAGE_TEXT_H
#define DB_MESSAGE_TEXT_H

#include "db/db.h"

/* What a message says and how that is shown. */
struct message_text {
    int64_t id, mentions; /* how many */
    const char *body, *html;
};
/* The `max` next ones after `after_id`, in the order of their ids; deleted ones are left out. */
MUST_CHECK enum err message_texts(struct db *db, struct arena *a, int64_t after_id,
                                  struct message_text *out, size_t max, size_t *count,
                                  struct fail *f);
MUST_CHECK enum err message_set_html(struct db *db, int64_t id, const char *html, struct fail *f);

#endif
