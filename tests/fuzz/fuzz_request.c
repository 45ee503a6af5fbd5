/*
 * Whole requests against the dispatcher, routes and handlers: "METHOD URI", lines "VARIABLE=value",
 * an empty line, the body. Whatever comes, the answer is a whole one of a known kind: never a 500,
 * never a header that was not ours, JSON that parses, no script but our own.
 */
#include "tests/lib/web.h"

#include "lib/text.h"

/* cmocka's macro of this name would hide the function. */
#undef fail

#include "tests/fuzz/fuzz.h"

enum { MINUTE_MS = 60000, LINES_MAX = 40 };

static void check_answer(struct web *w)
{
    static const int known[] = {200, 201, 204, 303, 304, 400, 401, 403,
                                404, 405, 409, 410, 413, 415, 429};
    const char *type = web_header(w, "Content-Type"), *script;
    bool is_known = false;

    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        is_known = is_known || known[i] == w->status;
    FUZZ_PROMISE(is_known);
    FUZZ_PROMISE(!web_header(w, "X-Forged"));
    FUZZ_PROMISE(web_header(w, "X-Request-Id") != NULL);
    FUZZ_PROMISE(text_is_utf8(w->answer.data, w->answer.len));
    if (!type || !*web_text(w))
        return;
    if (strcmp(type, "application/json; charset=utf-8") == 0) {
        FUZZ_PROMISE(web_json(w, "") != NULL);
        return;
    }
    script = strstr(web_text(w), "<script");
    FUZZ_PROMISE(!script || strncmp(script, "<script type=\"module\" src=\"/stocks/", 35) == 0);
    FUZZ_PROMISE(!script || !strstr(script + 1, "<script"));
}

/* Cuts a line off; NULL at the end or at an empty one. */
static char *next_line(char **rest)
{
    char *line = *rest, *end = strchr(line, '\n');

    if (!end || end == line)
        return NULL;
    *end = '\0';
    *rest = end + 1;
    return line;
}

static void set_variables(struct web *w, char **rest)
{
    char *line;

    for (int i = 0; i < LINES_MAX && (line = next_line(rest)); i++) {
        char *value = strchr(line, '=');

        if (!value)
            continue;
        *value = '\0';
        web_set(w, line, value + 1);
    }
}

static void one_request(struct web *w, const uint8_t *data, size_t size)
{
    char *text = arena_strn(&w->fx->arena, (const char *)data, size), *rest = text;
    char *line = next_line(&rest), *uri = line ? strchr(line, ' ') : NULL;
    const char *body;

    if (!uri)
        return;
    *uri = '\0';
    web_begin(w, line, uri + 1);
    set_variables(w, &rest);
    body = rest + (*rest == '\n');
    w->body = body;
    w->body_len = size - (size_t)(body - text);
    if (w->body_len && strcmp(line, "GET") != 0)
        web_set(w, "CONTENT_LENGTH", arena_fmt(&w->fx->arena, "%zu", w->body_len));
    web_send(w);
    check_answer(w);
}

/* One chat for a thousand requests, so that they find what others left. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct web *w;
    static unsigned count;

    if (!w) {
        w = web_open();
        web_sign_in(w, "7", "ana");
        w->fx->conf.jwt_leeway_s = INT32_MAX;
    }
    fixture_pass(w->fx, MINUTE_MS);
    w->bearer = count % 4 ? w->bearer : NULL;
    if (!w->bearer && count % 4)
        web_sign_in(w, "7", "ana");
    one_request(w, data, size);
    if (++count % 1000 == 0) {
        web_close(w);
        w = NULL;
    }
    return 0;
}

static const struct fuzz_input examples[] = {
    FUZZ_INPUT("GET /stocks/chat/?before=9&format=json\nHTTP_ACCEPT=text/html\n\n"),
    FUZZ_INPUT("GET /stocks/chat/r/energy/?after=0\n\n"),
    FUZZ_INPUT("GET /api/stocks/chat/messages/?room=general&limit=5\nHTTP_IF_NONE_MATCH=\"x\"\n\n"),
    FUZZ_INPUT("POST /api/stocks/chat/messages/create/\nCONTENT_TYPE=application/json\n\n"
               "{\"message\":\"hello\",\"client_id\":\"abcdefgh\",\"username\":\"eve\"}"),
    FUZZ_INPUT("POST /api/stocks/chat/messages/create/\nCONTENT_TYPE=application/x-www-form-"
               "urlencoded\n\nmessage=%3Cscript%3E&room=energy&username=gus&sentiment=bullish"),
    FUZZ_INPUT("GET /api/stocks/chat/events/?rooms=general:1,@me:0&conn=abcdefgh&state=idle\n\n"),
    FUZZ_INPUT("POST /api/stocks/chat/session/\nCONTENT_TYPE=application/x-www-form-urlencoded\n\n"
               "username=trader&next_room=energy"),
    FUZZ_INPUT("PUT /api/stocks/chat/rooms/general/read/\nCONTENT_TYPE=application/json\n\n"
               "{\"up_to\":3}"),
    FUZZ_INPUT("PATCH /api/stocks/chat/me/\nCONTENT_TYPE=application/json\n\n"
               "{\"display_name\":\"x\"}"),
    FUZZ_INPUT("POST /api/stocks/chat/presence/\nCONTENT_TYPE=application/json\n\n"
               "{\"conn\":\"abcdefgh\",\"room\":\"energy\",\"state\":\"gone\"}"),
    FUZZ_INPUT(
        "POST /api/stocks/chat/messages/create/\nCONTENT_TYPE=multipart/form-data; "
        "boundary=B\n\n--B\r\nContent-Disposition: form-data; name=message\r\n\r\nhi\r\n--B--"),
};

static const struct fuzz_input words[] = {
    FUZZ_INPUT("/"),
    FUZZ_INPUT("%2F"),
    FUZZ_INPUT("%00"),
    FUZZ_INPUT("?"),
    FUZZ_INPUT("&"),
    FUZZ_INPUT("="),
    FUZZ_INPUT("\n"),
    FUZZ_INPUT("\r\nX-Forged: 1"),
    FUZZ_INPUT("%0D%0AX-Forged: 1"),
    FUZZ_INPUT("<script>alert(1)</script>"),
    FUZZ_INPUT("%3Cscript%3E"),
    FUZZ_INPUT("\\u003cscript\\u003e"),
    FUZZ_INPUT("\"><script>"),
    FUZZ_INPUT("\xff"),
    FUZZ_INPUT("\xe2\x80\xae"),
    FUZZ_INPUT("@me"),
    FUZZ_INPUT("-1"),
    FUZZ_INPUT("9007199254740992"),
    FUZZ_INPUT("HTTP_ORIGIN=http://127.0.0.1:8080\n"),
    FUZZ_INPUT("HTTP_COOKIE=outcry_guest=x; host=y\n"),
    FUZZ_INPUT("HTTP_HOST=x\r\nX-Forged: 1\n"),
    FUZZ_INPUT("HTTP_X_FORWARDED_FOR=1.2.3.4, ::1\n"),
    FUZZ_INPUT("HTTP_AUTHORIZATION=Bearer a.b.c\n"),
    FUZZ_INPUT("HTTP_ACCEPT=application/json;q=0.9, text/html;q=\n"),
    FUZZ_INPUT("HTTP_IDEMPOTENCY_KEY=\"abcdefgh\"\n"),
    FUZZ_INPUT("' OR 1=1 --"),
};

FUZZ_MAIN("dispatch", 4000, examples, words);
