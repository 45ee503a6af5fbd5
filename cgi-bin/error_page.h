/*
 * What templates/error.mustache is given: the site's values (page.h), and
 *   status, title, message, login_url?, request_id? (500 only)
 *   retry? {action, csrf, room, client_id, reply_to?, back?, username?, text}: a message that was
 *     not taken, to send again; or {action, csrf, rev?, current?, text}: an edit
 *   join? {action, csrf, next_room, username}: a guest's name that was not taken, to choose again
 */
#ifndef CGI_BIN_ERROR_PAGE_H
#define CGI_BIN_ERROR_PAGE_H

#include "cgi-bin/call.h"

/* The caller owns the result. */
struct json_object *error_page_data(struct call *c, const struct fail *f);

#endif
