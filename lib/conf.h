/*
 * The configuration: one file of `key = value` lines ('#' begins a comment line), read once. Every
 * key is a row of one table in conf.c with its type, default and documentation; `outcry doctor
 * --print-config-docs` prints docs/configuration.md from it. Relative paths are relative to the
 * configuration file's folder.
 *
 * Environment variables are never the only way in: OUTCRY_CONFIG may name the file, nothing more
 * (Apache's SetEnv under mod_fcgid is a request parameter, lighttpd's mod_cgi passes none).
 */
#ifndef LIB_CONF_H
#define LIB_CONF_H

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/log.h"

enum conf_guests { GUESTS_OFF, GUESTS_READ, GUESTS_WRITE };
enum conf_creators { CREATORS_MEMBERS, CREATORS_MODERATORS, CREATORS_NOBODY };
enum conf_sidecar { SIDECAR_EXTERNAL, SIDECAR_ON_DEMAND, SIDECAR_OFF };
enum conf_delivery { DELIVERY_STREAM, DELIVERY_SENDFILE, DELIVERY_REDIRECT };
enum conf_search { SEARCH_OFF, SEARCH_BY_WORDS, SEARCH_FULL };
enum conf_browser_token { BROWSER_TOKEN_NONE, BROWSER_TOKEN_COOKIE, BROWSER_TOKEN_STORAGE };

/* Strings are owned by the conf and never NULL; "" means not set. */
struct conf {
    char *path; /* of the file itself */

    /* places */
    char *database, *state_database;      /* chat.db, state.db */
    char *ws_socket, *notify_socket;      /* at most 107 bytes each */
    char *sidecar_lock;                   /* flock that only one sidecar can hold */
    char *template_dir;                   /* "": the built-in templates */
    char *static_dir;                     /* the site's own static files; "": none */
    char *log_file;                       /* "": stderr */
    char *files_dir;                      /* never "": `files` beside the database */
    enum conf_delivery file_delivery;     /* of what is in files_dir */
    char *page_path, *api_path, *ws_path; /* no trailing slash: /stocks/chat */
    char *static_path;                    /* URL of static files: /stocks/chat/static */

    /* the sidecar, and what serves where there is none */
    enum conf_sidecar sidecar;
    char *sidecar_program;        /* never "": the one beside the running program */
    int64_t sidecar_idle_minutes; /* 0: it stays */
    int64_t wait_slots;           /* requests that may wait for news at once; 0: none */

    /* the site */
    char *site_name, *language;
    char *allowed_origins; /* blank-separated exact origins; "": the request's own Host */
    char *embed_origins;   /* blank-separated origins whose pages may frame ours; "": none */
    char *trusted_proxies; /* blank-separated addresses or CIDR blocks; the Unix socket always is */

    /* the host app's login */
    char *jwt_alg, *jwt_secret, *jwt_key_file, *jwt_kid;
    char *jwt_old_alg, *jwt_old_secret, *jwt_old_key_file, *jwt_old_kid;
    char *jwt_user_claim, *jwt_name_claim, *jwt_role_claim, *jwt_issuer, *jwt_audience;
    int64_t jwt_leeway_s;
    char *browser_token; /* none | cookie:NAME | storage:KEY, as written */
    enum conf_browser_token browser_token_kind;
    char *browser_token_name; /* NAME or KEY */
    char *refresh_url, *login_url;
    enum conf_guests guests;
    char *secret; /* ours: guest sessions, CSRF seals, tickets; at least 32 bytes */

    /* rooms */
    char *rooms;        /* "general:General energy:Energy …": read it with conf_next_room() */
    char *default_room; /* a slug */
    enum conf_creators who_creates_rooms; /* private ones */
    char *market_close;                   /* "16:00 America/New_York": market.h reads it */

    /* limits */
    int64_t message_max_chars, message_max_bytes, body_max_bytes;
    enum conf_search search;
    int64_t edit_minutes;                          /* 0: never */
    int64_t file_max_mb;                           /* 0: no files */
    int64_t quota_user_mb;                         /* of one person's files in all */
    int64_t rate_user_burst, rate_user_per_minute; /* messages */
    int64_t rate_address_burst, rate_address_per_minute;
    int64_t rate_session_burst,
        rate_session_per_minute;                       /* guest sessions and tickets, by address */
    int64_t rate_search_burst, rate_search_per_minute; /* searches, by user and by address */
    int64_t ws_max_connections, ws_max_per_address, ws_max_per_user;
    int64_t ws_max_lag_events; /* further behind: resync */
    int64_t ws_heartbeat_ms, ws_idle_timeout_ms;
    int64_t presence_grace_ms, presence_ttl_ms;
    int64_t wal_max_bytes, lock_timeout_ms;
    int64_t request_timeout_s; /* a stuck FastCGI request ends the worker */
    enum log_level log_level;
};

/* Descriptors that a sidecar needs beside its ws_max_connections. */
enum { CONF_SIDECAR_FDS = 2176 };

/* Fills `c` from the file. ERR_NOT_FOUND, ERR_BAD_REQUEST with "path:line: what to mend" in `f`.
 * An unknown key is an error that names the nearest known one. */
MUST_CHECK enum err conf_load(struct conf *c, const char *path, struct fail *f);
/* From text; `dir` is what relative paths are relative to. For tests and `outcry init`. */
MUST_CHECK enum err conf_parse(struct conf *c, const char *name, const char *dir, const char *text,
                               size_t len, struct fail *f);
void conf_release(struct conf *c);

/* Where the programs look: `given` (--config), else $OUTCRY_CONFIG, else outcry.conf beside the
 * program, else places_conf. The caller frees the result; NULL where none exists. */
char *conf_find(const char *given, const char *argv0);

/* Walks conf->rooms: `*rest` begins as the list. A word "slug:Title" begins a room, words without a
 * colon belong to the title before them; a room without a title has its slug for one. False at the
 * end; slug and title live in `a`. */
bool conf_next_room(struct arena *a, const char **rest, char **slug, char **title);

/* Markdown of the table: docs/configuration.md. */
void conf_docs(struct buf *out);

#endif
