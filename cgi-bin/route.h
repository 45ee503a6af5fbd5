/*
 * The route table: one row says everything about an endpoint but what it does. The dispatcher
 * checks all of it, so a handler finds its values typed and its actor allowed to ask.
 */
#ifndef CGI_BIN_ROUTE_H
#define CGI_BIN_ROUTE_H

#include "cgi-bin/http.h"

struct call;
typedef enum err handler_fn(struct call *c, struct fail *f);

/* Who may call. A Bearer token that does not verify is refused in every case but the first. */
enum need {
    NEED_NOTHING, /* nobody is identified */
    NEED_ANYONE,  /* nobody too; a cookie that does not verify counts as nobody */
    NEED_READER,  /* a user, or nobody where guests may read */
    NEED_POSTER,  /* a user, or where guests may write the name in the field `username` */
    NEED_USER     /* a user: of the host, or a guest with a session */
};

/* What a call takes from the address's buckets before it runs; chat_post() has its own. */
enum cost { COST_NONE, COST_SESSION };

/* What an answer that may be given again (kept.h) was made of, beside request and time. */
enum kept_while { KEPT_NOT, KEPT_WHILE_CHAT, KEPT_WHILE_CHAT_AND_STATE };

enum param_from { FROM_PATH, FROM_QUERY, FROM_BODY, FROM_HEADER };
enum param_kind {
    PARAM_TEXT,      /* UTF-8 without NUL */
    PARAM_NUMBER,    /* min … max */
    PARAM_SLUG,      /* a room; anything else is room_not_found */
    PARAM_CLIENT_ID, /* 8–64 of [A-Za-z0-9_-] */
    PARAM_LIST,      /* words with blanks between; in JSON a list of strings */
    PARAM_CHOICE     /* one word of `choices` */
};

enum { PARAMS_MAX = 12 };

struct param {
    const char *name; /* NULL ends a list; FROM_HEADER: the CGI name, IDEMPOTENCY_KEY */
    enum param_from from;
    enum param_kind kind;
    int64_t min, max;    /* PARAM_NUMBER; PARAM_TEXT: max bytes, 0: no maximum of its own */
    const char *choices; /* "bullish bearish" */
    bool required;
};

struct route {
    enum http_method method; /* GET answers HEAD too */
    /* Below the program's prefix: "rooms/<slug>/read"; "<#id>" takes digits only. NULL ends a
     * table. */
    const char *pattern;
    handler_fn *handler;
    enum need need;
    bool csrf;            /* a seal is asked of whom a cookie identified */
    size_t bytes_max;     /* > 0: the body is bytes (application/octet-stream), at most so many */
    bool files;           /* a multipart form may carry files: FORM_FILES_MAX bytes in all */
    bool forms;           /* a person's form comes here: answers it with 303 or an error page */
    enum kept_while kept; /* of a GET without effects */
    enum cost cost;
    const struct param *params; /* at most PARAMS_MAX; NULL: none */
};

extern const struct route page_routes[]; /* chat.fcgi, below page_path */
extern const struct route api_routes[];  /* api.fcgi, below api_path */

#endif
