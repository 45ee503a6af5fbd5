/* The present names of people in texts that mention them. */
#ifndef DB_MENTION_NAME_H
#define DB_MENTION_NAME_H

#include "db/mention.h"
#include "lib/buf.h"

/* `text`, which begins as the message does, with the names that changed since it was written;
 * `text` itself where none did. */
const char *mention_name_text(struct arena *a, const char *text, const struct mention *list,
                              size_t count);
/* The same of *text, the beginning of a message of which no more is loaded. */
MUST_CHECK enum err mention_name_excerpt(struct db *db, struct arena *a, int64_t msg_id,
                                         const char **text, struct fail *f);
/* The same of the message's HTML, where a name is always the present one. */
const char *mention_name_html(struct arena *a, const char *html, const struct mention *list,
                              size_t count);

/* How a mention stands in HTML: <span data-user="7">@Ana B</span>. `name` NULL: everybody. */
void mention_name_span(struct buf *out, int64_t user_id, const char *name);

/* What stands in the place of a mention; `shown`, `len` bytes of HTML, is what it says. */
typedef void mention_put_fn(const void *ctx, struct buf *out, int64_t user_id, const char *shown,
                            size_t len);
/* `html` with each of its mentions as `put` has it; `html` itself where that grows too long. */
const char *mention_name_each(struct arena *a, const char *html, mention_put_fn *put,
                              const void *ctx);

#endif
