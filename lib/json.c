#include "lib/json.h"

#include "lib/text.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>

enum { DEPTH_MAX = 32, WORDS_MAX = 64 };

/* A walk over the text before json-c sees it. `members` counts what json-c should then hold. */
struct scan {
    const char *start, *at, *end;
    size_t members;
    const char *problem; /* NULL: none yet */
};

static bool bad(struct scan *s, const char *problem)
{
    if (!s->problem)
        s->problem = problem;
    return false;
}

static void skip_blanks(struct scan *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' || *s->at == '\n' || *s->at == '\r'))
        s->at++;
}

static bool next_is(const struct scan *s, char c)
{
    return s->at < s->end && *s->at == c;
}

static bool is_digit(const struct scan *s)
{
    return s->at < s->end && *s->at >= '0' && *s->at <= '9';
}

static bool scan_escape(struct scan *s, bool is_key)
{
    static const char hex[] = "0123456789abcdefABCDEF";
    bool zero = true;

    if (s->at == s->end || !*s->at || !strchr("\"\\/bfnrtu", *s->at))
        return bad(s, "an escape that JSON does not have");
    if (*s->at++ != 'u')
        return true;
    for (int i = 0; i < 4; i++, s->at++) {
        if (s->at == s->end || !*s->at || !strchr(hex, *s->at))
            return bad(s, "\\u without four hex digits");
        zero &= *s->at == '0';
    }
    /* json-c would cut the key there, and make it another key. */
    return zero && is_key ? bad(s, "a NUL in a name") : true;
}

static bool scan_string(struct scan *s, bool is_key)
{
    if (!next_is(s, '"'))
        return bad(s, "a string in double quotes was expected");
    s->at++;
    while (s->at < s->end) {
        unsigned char c = (unsigned char)*s->at;

        if (c < 0x20)
            return bad(s, "a raw control character in a string");
        s->at++;
        if (c == '"')
            return true;
        if (c == '\\' && !scan_escape(s, is_key))
            return false;
    }
    return bad(s, "the string has no end");
}

static bool scan_digits(struct scan *s)
{
    if (!is_digit(s))
        return bad(s, "a digit was expected");
    while (is_digit(s))
        s->at++;
    return true;
}

static bool scan_number(struct scan *s)
{
    if (next_is(s, '-'))
        s->at++;
    if (next_is(s, '0')) {
        s->at++;
        if (is_digit(s))
            return bad(s, "a number with a leading zero");
    } else if (!scan_digits(s)) {
        return false;
    }
    if (next_is(s, '.')) {
        s->at++;
        if (!scan_digits(s))
            return false;
    }
    if (next_is(s, 'e') || next_is(s, 'E')) {
        s->at++;
        if (next_is(s, '+') || next_is(s, '-'))
            s->at++;
        return scan_digits(s);
    }
    return true;
}

static bool scan_word(struct scan *s)
{
    static const char *const words[] = {"true", "false", "null"};

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        size_t len = strlen(words[i]);

        if ((size_t)(s->end - s->at) >= len && memcmp(s->at, words[i], len) == 0) {
            s->at += len;
            return true;
        }
    }
    return bad(s, "a value was expected");
}

static bool scan_value(struct scan *s, int depth);

/* An array or an object; s->at is at its opening bracket. Recursion ends at DEPTH_MAX. */
static bool scan_container(struct scan *s, int depth)
{
    bool object = *s->at == '{';
    char close = object ? '}' : ']';

    if (depth > DEPTH_MAX)
        return bad(s, "nesting deeper than 32");
    s->at++;
    skip_blanks(s);
    if (next_is(s, close)) {
        s->at++;
        return true;
    }
    for (;;) {
        if (object) {
            skip_blanks(s);
            if (!scan_string(s, true))
                return false;
            skip_blanks(s);
            if (!next_is(s, ':'))
                return bad(s, "a colon was expected");
            s->at++;
            s->members++;
        }
        if (!scan_value(s, depth))
            return false;
        if (next_is(s, close)) {
            s->at++;
            return true;
        }
        if (!next_is(s, ','))
            return bad(s, object ? "a comma or } was expected" : "a comma or ] was expected");
        s->at++;
    }
}

/* A value and the blanks around it. */
static bool scan_value(struct scan *s, int depth)
{
    bool ok;

    skip_blanks(s);
    if (s->at == s->end)
        return bad(s, "the text ends where a value was expected");
    if (*s->at == '{' || *s->at == '[')
        ok = scan_container(s, depth + 1);
    else if (*s->at == '"')
        ok = scan_string(s, false);
    else if (*s->at == '-' || is_digit(s))
        ok = scan_number(s);
    else
        ok = scan_word(s);
    if (ok)
        skip_blanks(s);
    return ok;
}

static bool scan_text(struct scan *s)
{
    size_t valid = text_utf8_prefix(s->start, (size_t)(s->end - s->start));

    if (s->start + valid < s->end) {
        s->at = s->start + valid;
        return bad(s, "bytes that are not UTF-8");
    }
    return scan_value(s, 0) && (s->at == s->end || bad(s, "something follows the value"));
}

/* Members of all objects in the tree: fewer than were read where a name came twice. */
static size_t count_members(struct json_object *o)
{
    size_t count = 0;

    if (json_object_is_type(o, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(o); i++)
            count += count_members(json_object_array_get_idx(o, i));
    } else if (json_object_is_type(o, json_type_object)) {
        json_object_object_foreach(o, key, value)
        {
            (void)key;
            count += 1 + count_members(value);
        }
    }
    return count;
}

enum err json_parse(const char *text, size_t len, struct json_object **out, struct fail *f)
{
    struct scan s = {.start = text, .at = text, .end = text + len};
    struct json_tokener *tok;
    enum json_tokener_error problem;

    *out = NULL;
    if (len > INT_MAX)
        return fail(f, ERR_TOO_LONG, NULL);
    if (!scan_text(&s))
        return fail(f, ERR_BAD_JSON, "The JSON is not valid at byte %zu: %s.",
                    (size_t)(s.at - s.start) + 1, s.problem);
    tok = json_tokener_new_ex(DEPTH_MAX + 2);
    if (!tok)
        die("out of memory (json)");
    *out = json_tokener_parse_ex(tok, text, (int)len);
    problem = json_tokener_get_error(tok);
    if (problem == json_tokener_continue) {
        /* A number at the end is only over when something follows. */
        *out = json_tokener_parse_ex(tok, "", 1);
        problem = json_tokener_get_error(tok);
    }
    json_tokener_free(tok);
    if (problem != json_tokener_success)
        return fail(f, ERR_BAD_JSON, "The JSON is not valid: %s.",
                    json_tokener_error_desc(problem));
    if (count_members(*out) != s.members) {
        json_object_put(*out);
        *out = NULL;
        return fail(f, ERR_BAD_JSON, "An object in the JSON has the same name twice.");
    }
    return OK;
}

/* The field, or NULL where it is absent or null. */
static struct json_object *get(struct json_object *o, const char *key)
{
    struct json_object *value = NULL;

    if (!json_object_is_type(o, json_type_object) || !json_object_object_get_ex(o, key, &value))
        return NULL;
    return value;
}

enum err json_get_str(struct json_object *o, const char *key, const char **out, size_t *len,
                      struct fail *f)
{
    struct json_object *value = get(o, key);

    *out = NULL;
    *len = 0;
    if (!value)
        return OK;
    if (!json_object_is_type(value, json_type_string))
        return fail(f, ERR_BAD_REQUEST, "The field \"%s\" must be a string.", key);
    *len = (size_t)json_object_get_string_len(value);
    if (memchr(json_object_get_string(value), '\0', *len)) {
        *len = 0;
        return fail(f, ERR_BAD_REQUEST, "The field \"%s\" must not have a NUL in it.", key);
    }
    *out = json_object_get_string(value);
    return OK;
}

enum err json_get_words(struct json_object *o, const char *key, struct arena *a, const char **out,
                        size_t *len, struct fail *f)
{
    struct json_object *value = get(o, key);
    const char *words = "";

    *out = NULL;
    *len = 0;
    if (!value)
        return OK;
    if (!json_object_is_type(value, json_type_array))
        return fail(f, ERR_BAD_REQUEST, "The field \"%s\" must be a list.", key);
    if (json_object_array_length(value) > WORDS_MAX)
        return fail(f, ERR_BAD_REQUEST, "The field \"%s\" has too many entries.", key);
    for (size_t i = 0; i < json_object_array_length(value); i++) {
        struct json_object *item = json_object_array_get_idx(value, i);
        const char *word = json_object_get_string(item);

        if (!json_object_is_type(item, json_type_string) || !*word || strchr(word, ' ') ||
            strlen(word) != (size_t)json_object_get_string_len(item))
            return fail(f, ERR_BAD_REQUEST, "The field \"%s\" must be a list of words.", key);
        words = arena_fmt(a, "%s%s%s", words, *words ? " " : "", word);
    }
    *out = words;
    *len = strlen(words);
    return OK;
}

enum err json_get_i64(struct json_object *o, const char *key, int64_t min, int64_t max,
                      int64_t *out, struct fail *f)
{
    struct json_object *value = get(o, key);
    int64_t n;

    if (!value)
        return OK;
    if (!json_object_is_type(value, json_type_int))
        return fail(f, ERR_BAD_REQUEST, "The field \"%s\" must be a whole number.", key);
    n = json_object_get_int64(value);
    /* json-c saturates what does not fit: at UINT64_MAX above, at INT64_MIN below. */
    if (json_object_get_uint64(value) > INT64_MAX || n == INT64_MIN || n < min || n > max)
        return fail(f, ERR_BAD_REQUEST,
                    "The field \"%s\" must be between %" PRId64 " and %" PRId64 ".", key, min, max);
    *out = n;
    return OK;
}

enum err json_get_bool(struct json_object *o, const char *key, bool *out, struct fail *f)
{
    struct json_object *value = get(o, key);

    if (!value)
        return OK;
    if (!json_object_is_type(value, json_type_boolean))
        return fail(f, ERR_BAD_REQUEST, "The field \"%s\" must be true or false.", key);
    *out = json_object_get_boolean(value);
    return OK;
}

/* Takes over `value`; json-c refuses only where memory is out. NULL is JSON's null. */
void json_set(struct json_object *o, const char *key, struct json_object *value)
{
    if (json_object_object_add(o, key, value) != 0)
        die("out of memory (json)");
}

void json_set_str(struct json_object *o, const char *key, const char *s)
{
    struct json_object *value = s ? json_object_new_string(s) : NULL;

    if (!s)
        return;
    if (!value)
        die("out of memory (json)");
    json_set(o, key, value);
}

void json_set_i64(struct json_object *o, const char *key, int64_t n)
{
    struct json_object *value = json_object_new_int64(n);

    if (!value)
        die("out of memory (json)");
    json_set(o, key, value);
}

void json_set_bool(struct json_object *o, const char *key, bool b)
{
    struct json_object *value = json_object_new_boolean(b);

    if (!value)
        die("out of memory (json)");
    json_set(o, key, value);
}

const char *json_text(struct json_object *o, size_t *len)
{
    const char *text = json_object_to_json_string_length(
        o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, len);

    if (!text)
        die("out of memory (json)");
    return text;
}
