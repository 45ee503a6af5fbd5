#include "lib/conf_key.h"

#include "lib/market.h"
#include "lib/peer.h"
#include "lib/text.h"

#include <string.h>

/* Calls `good` for each blank-separated word; false where one of them is not. */
static bool each_word(const char *list, bool (*good)(const char *word))
{
    struct arena a;
    bool ok = true;

    arena_init(&a);
    while (ok && *list) {
        size_t len = strcspn(list, " \t");

        if (len > 0)
            ok = good(arena_strn(&a, list, len));
        list += len;
        list += strspn(list, " \t");
    }
    arena_release(&a);
    return ok;
}

static bool is_address_or_block(const char *word)
{
    struct arena a;
    bool ok;

    arena_init(&a);
    ok = peer_in_list(word, arena_strn(&a, word, strcspn(word, "/")));
    arena_release(&a);
    return ok;
}

static const char *check_proxies(const char *value)
{
    return each_word(value, is_address_or_block)
               ? NULL
               : "must be addresses or CIDR blocks with blanks between: 127.0.0.1 10.0.0.0/8";
}

static const char *after_scheme(const char *url)
{
    if (strncmp(url, "http://", 7) == 0)
        return url + 7;
    return strncmp(url, "https://", 8) == 0 ? url + 8 : NULL;
}

/* What a browser sends: lower case, no path, and no port where it is the scheme's own. */
static bool is_origin(const char *word)
{
    const char *host = after_scheme(word);

    return host && *host && !host[strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789.-_:[]")];
}

static const char *check_origins(const char *value)
{
    return each_word(value, is_origin) ? NULL
                                       : "must be origins as browsers send them, with blanks "
                                         "between: https://example.com http://localhost:8080";
}

static const char *check_url(const char *value)
{
    const char *host = after_scheme(value);

    if (strpbrk(value, " \t\"<>\\") == NULL &&
        (!*value || (value[0] == '/' && value[1] != '/') || (host && *host)))
        return NULL;
    return "must be empty, a path that begins with one \"/\", or an http(s) URL";
}

static const char *check_language(const char *value)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";

    return *value && !value[strspn(value, allowed)] ? NULL
                                                    : "must be a language tag such as \"en\"";
}

static const char *check_not_empty(const char *value)
{
    return *value ? NULL : "must not be empty";
}

static const char *check_jwt_secret(const char *value)
{
    return *value ? NULL
                  : "must not be empty; remove the line where only guests sign in, or put your "
                    "site's secret there";
}

static const char *check_browser_token(const char *value)
{
    static const char cookie_chars[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                       "0123456789!#$%&'*+-.^_`|~";

    if (strcmp(value, "none") == 0 || (strncmp(value, "storage:", 8) == 0 && value[8]))
        return NULL;
    if (strncmp(value, "cookie:", 7) == 0 && value[7] &&
        !value[7 + strspn(value + 7, cookie_chars)])
        return NULL;
    return "must be none, cookie:NAME or storage:KEY";
}

static const char *check_secret(const char *value)
{
    return strlen(value) >= CONF_SECRET_MIN
               ? NULL
               : "must be at least 32 bytes long; run \"outcry init\", which makes one";
}

static const char *check_market_close(const char *value)
{
    return market_close_is_valid(value) ? NULL
                                        : "must be a time and a zone: 16:00 America/New_York";
}

static const char *check_default_room(const char *value)
{
    return text_is_slug(value, strlen(value)) && value[0] != '@'
               ? NULL
               : "must be a room's slug: 1 to 32 of a-z, 0-9 and -";
}

static const char *check_rooms(const char *value)
{
    static const char sentence[] =
        "must be \"slug:Title\" of each room, with blanks between; a slug "
        "is 1 to 32 of a-z, 0-9 and -, and comes once";
    const char *rest = value, *others;
    char *slug, *title, *other;
    const char *result = NULL;
    struct arena a;

    arena_init(&a);
    while (!result && conf_next_room(&a, &rest, &slug, &title)) {
        if (!text_is_slug(slug, strlen(slug)) || slug[0] == '@')
            result = sentence;
        for (others = rest; !result && conf_next_room(&a, &others, &other, &title);)
            if (strcmp(slug, other) == 0)
                result = sentence;
    }
    arena_release(&a);
    return result;
}

#define AT(field) .name = #field, .at = offsetof(struct conf, field)

const struct conf_key conf_keys[] = {
    {.section = "Places",
     AT(database),
     .type = CONF_PATH,
     .def = "chat.db",
     .check = check_not_empty,
     .doc = "The chat's database. Back this up."},
    {AT(state_database), .type = CONF_PATH, .def = "state.db", .check = check_not_empty,
     .doc = "Presence and rate limits; may be deleted while nothing runs."},
    {AT(files_dir), .type = CONF_PATH, .def = "",
     .doc = "Folder of the files that people send, outside of what a web server shows; empty: "
            "`files` beside the database. Back this up too."},
    {AT(file_delivery), .type = CONF_CHOICE, .def = "stream",
     .choices = {"stream", "sendfile", "redirect"},
     .doc = "Who sends people's files once our program has allowed it: that program itself "
            "(`stream`, which works everywhere), lighttpd (`sendfile`: it is told the path by "
            "X-Sendfile), or Apache with mod_fcgid or mod_cgid (`redirect`: within itself, to an "
            "address that nobody else can ask for). The last two need our files in `conf/`; "
            "`outcry doctor --url` tells whether they work."},
    {AT(ws_socket), .type = CONF_SOCKET, .def = "run/ws.sock",
     .doc = "Unix socket on which the sidecar serves WebSockets to the web server."},
    {AT(notify_socket), .type = CONF_SOCKET, .def = "run/notify.sock",
     .doc = "Unix socket on which writers wake the sidecar, and hand it what is posted over HTTP. "
            "Posts it takes only from those who may write to the database."},
    {AT(sidecar_lock), .type = CONF_PATH, .def = "run/sidecar.lock", .check = check_not_empty,
     .doc = "Lock file that lets only one sidecar run."},
    {AT(template_dir), .type = CONF_PATH, .def = "",
     .doc = "Folder of templates that replace built-in ones of the same name; empty: none."},
    {AT(static_dir), .type = CONF_PATH, .def = "",
     .doc = "Folder of the site's own static files, served at `static_path`/site/; a `site.css` in "
            "it is loaded by every page after ours; empty: none."},
    {AT(log_file), .type = CONF_PATH, .def = "",
     .doc = "Log file, opened again on SIGHUP; empty: standard error."},
    {AT(log_level), .type = CONF_CHOICE, .def = "info",
     .choices = {"debug", "info", "warn", "error"},
     .doc = "The least important kind of line that is written."},

    {.section = "The sidecar",
     AT(sidecar),
     .type = CONF_CHOICE,
     .def = "external",
     .choices = {"external", "on_demand", "off"},
     .doc = "Who starts the sidecar: you or a service manager (`external`); the FastCGI or CGI "
            "programs themselves, when they find none (`on_demand`); or nobody (`off`): pages then "
            "do not ask for a WebSocket."},
    {AT(sidecar_program), .type = CONF_PATH, .def = "",
     .doc = "The program that `on_demand` starts; empty: `outcry-sidecar` beside the running "
            "program."},
    {AT(sidecar_idle_minutes), .type = CONF_NUMBER, .def = "30", .min = 0, .max = 10080,
     .doc = "Minutes without a client after which a sidecar that was started on demand ends; 0: it "
            "stays."},
    {AT(wait_slots), .type = CONF_NUMBER, .def = "8", .min = 0, .max = 64,
     .doc =
         "Requests for `events/` that may wait for news at once where no sidecar runs; each holds "
         "a FastCGI or CGI process for up to 20 s. 0: none waits."},

    {.section = "URLs",
     AT(page_path),
     .type = CONF_URL_PATH,
     .def = "/stocks/chat",
     .doc = "Where the pages are."},
    {AT(api_path), .type = CONF_URL_PATH, .def = "/api/stocks/chat",
     .doc = "Where the JSON API is."},
    {AT(ws_path), .type = CONF_URL_PATH, .def = "/ws/chat", .doc = "Where the WebSocket is."},
    {AT(static_path), .type = CONF_URL_PATH, .def = "/stocks/chat/static",
     .doc = "Where the web server serves the folder `static/`."},

    {.section = "The site",
     AT(site_name),
     .type = CONF_TEXT,
     .def = "Outcry",
     .check = check_not_empty,
     .doc = "The name in the page's title and header."},
    {AT(language), .type = CONF_TEXT, .def = "en", .check = check_language,
     .doc = "Language tag of the page."},
    {AT(allowed_origins), .type = CONF_TEXT, .def = "", .check = check_origins,
     .doc = "Origins that may use the chat, exactly as browsers send them, with blanks between. "
            "Empty: the host and port that the request itself names."},
    {AT(embed_origins), .type = CONF_TEXT, .def = "", .check = check_origins,
     .doc =
         "Origins whose pages may show the chat in a frame, with blanks between. Empty: none may."},
    {AT(trusted_proxies), .type = CONF_TEXT, .def = "", .check = check_proxies,
     .doc =
         "Addresses and CIDR blocks whose X-Forwarded-For is believed. A Unix socket always is."},

    {.section = "Rooms",
     AT(rooms),
     .type = CONF_TEXT,
     .check = check_rooms,
     .def = "general:General energy:Energy materials:Materials industrials:Industrials "
            "consumer-discretionary:Consumer Discretionary consumer-staples:Consumer Staples "
            "health-care:Health Care financials:Financials "
            "information-technology:Information Technology "
            "communication-services:Communication Services utilities:Utilities "
            "real-estate:Real Estate",
     .doc = "Public rooms that `outcry init` creates: `slug:Title` with blanks between; words "
            "without a colon belong to the title before them."},
    {AT(default_room), .type = CONF_TEXT, .def = "general", .check = check_default_room,
     .doc = "The room that opens first, and the one of clients that name none."},
    {AT(who_creates_rooms), .type = CONF_CHOICE, .def = "members",
     .choices = {"members", "moderators", "nobody"},
     .doc = "Who may open private rooms; guests never. Public ones are opened by moderators and by "
            "`outcry room create`."},
    {AT(market_close), .type = CONF_TEXT, .def = "16:00 America/New_York",
     .check = check_market_close,
     .doc =
         "When the market closes on weekdays, for rooms that are muted until then: the time, and "
         "the zone as the system's tz database has it."},

    {.section = "Search",
     AT(search),
     .type = CONF_CHOICE,
     .def = "full",
     .choices = {"off", "words", "full"},
     .doc = "What can be searched: nothing (`off`), whole words and their beginnings (`words`), or "
            "parts of words as well (`full`), whose index is about as large as the messages. After "
            "a change, or the first start with an old database, `outcry index` brings the index up "
            "to date at once; without it that happens little by little."},

    {.section = "Your site's login",
     AT(jwt_alg),
     .type = CONF_WORD,
     .def = "HS256",
     .choices = {"HS256", "HS384", "HS512", "RS256", "ES256"},
     .doc = "Algorithm of your site's tokens; no other is accepted."},
    {AT(jwt_secret), .type = CONF_TEXT, .def = "", .check = check_jwt_secret,
     .doc = "Shared secret of HS256, HS384 or HS512, at least 32 bytes. Everything after `= ` "
            "counts, quotes too. Without this and `jwt_key_file` only guests can sign in."},
    {AT(jwt_key_file), .type = CONF_PATH, .def = "",
     .doc = "File with the key: a PEM public key for RS256 and ES256, or the shared secret."},
    {AT(jwt_kid), .type = CONF_TEXT, .def = "",
     .doc = "Key id that a token's header must name; empty: any or none."},
    {AT(jwt_old_alg), .type = CONF_WORD, .def = "HS256",
     .choices = {"HS256", "HS384", "HS512", "RS256", "ES256"},
     .doc = "While keys change: the old key's algorithm."},
    {AT(jwt_old_secret), .type = CONF_TEXT, .def = "", .check = check_jwt_secret,
     .doc = "While keys change: the old shared secret."},
    {AT(jwt_old_key_file), .type = CONF_PATH, .def = "",
     .doc = "While keys change: the old key's file."},
    {AT(jwt_old_kid), .type = CONF_TEXT, .def = "", .doc = "While keys change: the old key's id."},
    {AT(jwt_user_claim), .type = CONF_TEXT, .def = "user_id", .check = check_not_empty,
     .doc = "Claim with the user's id, an integer or a decimal string."},
    {AT(jwt_name_claim), .type = CONF_TEXT, .def = "username", .check = check_not_empty,
     .doc = "Claim with the user's name. A token without it makes `user-ID`."},
    {AT(jwt_role_claim), .type = CONF_TEXT, .def = "role", .check = check_not_empty,
     .doc = "Claim with the user's role: `moderator` and `admin` mean something here."},
    {AT(jwt_issuer), .type = CONF_TEXT, .def = "",
     .doc = "Exact `iss` that tokens must have; empty: not checked."},
    {AT(jwt_audience), .type = CONF_TEXT, .def = "",
     .doc = "Value that tokens must have in `aud`; empty: not checked."},
    {AT(jwt_leeway_s), .type = CONF_NUMBER, .def = "30", .min = 0, .max = 600,
     .doc = "Seconds by which clocks may differ."},
    {AT(browser_token), .type = CONF_TEXT, .def = "none", .check = check_browser_token,
     .doc = "How a page has your site's token: `cookie:NAME` (an HttpOnly cookie), `storage:KEY` "
            "(the page's localStorage) or `none`."},
    {AT(refresh_url), .type = CONF_TEXT, .def = "", .check = check_url,
     .doc = "Where the page sends a POST, with cookies, for a fresh token; empty: nowhere."},
    {AT(login_url), .type = CONF_TEXT, .def = "", .check = check_url,
     .doc = "Where visitors without a token are sent, with `?next=`; empty: they get a 401 page."},
    {AT(guests), .type = CONF_CHOICE, .def = "off", .choices = {"off", "read", "write"},
     .doc = "What visitors without a token may do."},
    {AT(secret), .type = CONF_TEXT, .check = check_secret,
     .doc = "Our own secret, at least 32 random bytes, for guests' sessions, form seals and "
            "tickets. `outcry init` makes one. Changing it signs all guests out."},

    {.section = "Limits",
     AT(message_max_chars),
     .type = CONF_NUMBER,
     .def = "2000",
     .min = 1,
     .max = 10000,
     .doc = "Characters (Unicode code points) in a message."},
    {AT(message_max_bytes), .type = CONF_NUMBER, .def = "8192", .min = 16, .max = 15360,
     .doc = "Bytes in a message."},
    {AT(edit_minutes), .type = CONF_NUMBER, .def = "15", .min = 0, .max = 5256000,
     .doc = "Minutes in which people may edit and delete their own messages; 0: not at all. "
            "Moderators may delete any "
            "message at any time."},
    {AT(file_max_mb), .type = CONF_NUMBER, .def = "25", .min = 0, .max = 2048,
     .doc = "Megabytes in a file that somebody sends; 0: no files."},
    {AT(quota_user_mb), .type = CONF_NUMBER, .def = "500", .min = 1, .max = 1048576,
     .doc = "Megabytes in all files of one person."},
    {AT(body_max_bytes), .type = CONF_NUMBER, .def = "65536", .min = 1024, .max = 1048576,
     .doc = "Bytes in the body of an HTTP request."},
    {AT(rate_user_burst), .type = CONF_NUMBER, .def = "60", .min = 1, .max = 1000000,
     .doc = "Messages that a user may send at once."},
    {AT(rate_user_per_minute), .type = CONF_NUMBER, .def = "60", .min = 1, .max = 1000000,
     .doc = "Messages a minute by a user in the long run."},
    {AT(rate_address_burst), .type = CONF_NUMBER, .def = "600", .min = 1, .max = 1000000,
     .doc = "Messages that one address may send at once."},
    {AT(rate_address_per_minute), .type = CONF_NUMBER, .def = "600", .min = 1, .max = 1000000,
     .doc = "Messages a minute from one address in the long run."},
    {AT(rate_session_burst), .type = CONF_NUMBER, .def = "30", .min = 1, .max = 1000000,
     .doc = "Guest sessions and tickets that one address may ask for at once."},
    {AT(rate_session_per_minute), .type = CONF_NUMBER, .def = "30", .min = 1, .max = 1000000,
     .doc = "Guest sessions and tickets a minute for one address in the long run."},
    {AT(rate_search_burst), .type = CONF_NUMBER, .def = "30", .min = 1, .max = 1000000,
     .doc =
         "Searches that a user, or visitors of one address who are nobody, may ask for at once."},
    {AT(rate_search_per_minute), .type = CONF_NUMBER, .def = "120", .min = 1, .max = 1000000,
     .doc = "Searches a minute by one of them in the long run."},
    {AT(ws_max_connections), .type = CONF_NUMBER, .def = "10000", .min = 1, .max = 1000000,
     .doc = "WebSockets in all."},
    {AT(ws_max_per_address), .type = CONF_NUMBER, .def = "200", .min = 1, .max = 1000000,
     .doc = "WebSockets from one address."},
    {AT(ws_max_per_user), .type = CONF_NUMBER, .def = "50", .min = 1, .max = 1000000,
     .doc = "WebSockets of one user."},
    {AT(ws_max_lag_events), .type = CONF_NUMBER, .def = "1000", .min = 1, .max = 100000,
     .doc = "A reader further behind loads the room again."},
    {AT(wal_max_bytes), .type = CONF_NUMBER, .def = "4194304", .min = 65536, .max = 1073741824,
     .doc = "Size of the database's write-ahead log at which a writer moves it into the database."},

    {.section = "Times",
     AT(ws_heartbeat_ms),
     .type = CONF_NUMBER,
     .def = "25000",
     .min = 50,
     .max = 55000,
     .doc = "Milliseconds between pings; web servers drop a silent socket at 60 s."},
    {AT(ws_idle_timeout_ms), .type = CONF_NUMBER, .def = "50000", .min = 100, .max = 3600000,
     .doc = "Milliseconds of silence after which a WebSocket is closed; more than a heartbeat."},
    {AT(presence_grace_ms), .type = CONF_NUMBER, .def = "5000", .min = 0, .max = 60000,
     .doc =
         "Milliseconds for which a closed page still counts as online, so that a reload does not "
         "flicker."},
    {AT(presence_ttl_ms), .type = CONF_NUMBER, .def = "75000", .min = 100, .max = 3600000,
     .doc = "Milliseconds after which a vanished browser is offline; more than a heartbeat."},
    {AT(lock_timeout_ms), .type = CONF_NUMBER, .def = "5000", .min = 10, .max = 60000,
     .doc =
         "Milliseconds a write waits for its turn before the answer is `busy`. What is posted over "
         "HTTP waited for the sidecar before, for three seconds at most."},
    {AT(request_timeout_s), .type = CONF_NUMBER, .def = "30", .min = 1, .max = 3600,
     .doc = "Seconds after which a stuck HTTP request ends its worker."},
};

const size_t conf_key_count = ARRAY_LEN(conf_keys);
