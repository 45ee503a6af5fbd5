/* Answers: each makes the whole response. JSON objects are taken over. */
#ifndef CGI_BIN_ANSWER_H
#define CGI_BIN_ANSWER_H

#include "cgi-bin/call.h"

/* Always OK, so that a handler can end with `return answer_json(…)`. */
enum err answer_json(struct call *c, int status, struct json_object *o);
/* Owns `data` as well. */
MUST_CHECK enum err answer_page(struct call *c, int status, const char *view,
                                struct json_object *data, struct fail *f);
/* 204 or 304. Always OK. */
enum err answer_empty(struct call *c, int status);
/* 303 to a URL on this server, or to the configured login page. Always OK. */
enum err answer_see_other(struct call *c, const char *url);
/* What went wrong, as JSON or as a page; replaces whatever was begun. Cannot fail. */
void answer_error(struct call *c, const struct fail *f);
/* The Allow header, from c->allowed. */
void answer_allow(struct call *c);
/* The headers that every answer carries. */
void answer_finish(struct call *c);

/* login_url with ?next= this URL; NULL where no login page is configured. */
const char *answer_login_url(const struct call *c, const char *next);
/* Where the person comes back to after signing in: the page asked for, or the form's room. */
const char *answer_next_url(const struct call *c);
/* page_path/r/<room>/, or page_path/ for NULL. */
const char *answer_room_url(const struct call *c, const char *room);
/* page_path/me/. */
const char *answer_account_url(const struct call *c);
/* page_path/m/<id>/#m<seq>: the message, marked among those around it. */
const char *answer_message_url(const struct call *c, int64_t id, int64_t seq);
/* page_path/t/<root>/ */
const char *answer_thread_url(const struct call *c, int64_t root);

#endif
