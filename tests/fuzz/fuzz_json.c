/* json_parse() and the typed fields: what they take is JSON, and stays the same when written. */
#include "lib/json.h"
#include "lib/text.h"

#include "tests/fuzz/fuzz.h"

static void check_fields(struct json_object *o, const char *key)
{
    const char *text;
    int64_t number = 5;
    bool flag = false;
    size_t len;

    if (!json_get_str(o, key, &text, &len, NULL) && text) {
        FUZZ_PROMISE(strlen(text) == len);
        FUZZ_PROMISE(text_is_utf8(text, len));
    }
    if (!json_get_i64(o, key, -1000, 1000, &number, NULL))
        FUZZ_PROMISE(number >= -1000 && number <= 1000);
    if (json_get_bool(o, key, &flag, NULL))
        FUZZ_PROMISE(!flag);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json_object *first, *second;
    struct fail f = {0};
    const char *text;
    size_t len, again_len;

    if (json_parse((const char *)data, size, &first, &f)) {
        FUZZ_PROMISE(!first);
        FUZZ_PROMISE(strlen(f.message) > 0 && text_is_utf8(f.message, strlen(f.message)));
        return 0;
    }
    FUZZ_PROMISE(text_is_utf8((const char *)data, size));
    check_fields(first, "a");
    check_fields(first, "message");
    text = json_text(first, &len);
    FUZZ_PROMISE(text_is_utf8(text, len));
    FUZZ_PROMISE(!json_parse(text, len, &second, &f));
    FUZZ_PROMISE(!memcmp(json_text(second, &again_len), text, len) && again_len == len);
    json_object_put(first);
    json_object_put(second);
    return 0;
}

static const struct fuzz_input examples[] = {
    FUZZ_INPUT("{\"message\":\"hello\",\"room\":\"general\",\"client_id\":\"abcdefgh\"}"),
    FUZZ_INPUT("{\"a\":1,\"b\":-2.5e3,\"c\":[true,false,null],\"d\":{\"e\":\"\\u00e9\\n\"}}"),
    FUZZ_INPUT("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"),
    FUZZ_INPUT(" { \"a\" : 9223372036854775807 , \"message\" : \"\\ud83d\\ude00\xc3\xa9\" } "),
    FUZZ_INPUT("{\"type\":\"hello\",\"proto\":\"chat.v1\",\"rooms\":{\"general\":41,\"@me\":7}}"),
    FUZZ_INPUT("\"text\""),
    FUZZ_INPUT("-0"),
};

static const struct fuzz_input words[] = {
    FUZZ_INPUT("{"),        FUZZ_INPUT("}"),
    FUZZ_INPUT("["),        FUZZ_INPUT("]"),
    FUZZ_INPUT(","),        FUZZ_INPUT(":"),
    FUZZ_INPUT("\""),       FUZZ_INPUT("\\"),
    FUZZ_INPUT("\\u0000"),  FUZZ_INPUT("\\ud800"),
    FUZZ_INPUT("\\udc00"),  FUZZ_INPUT("null"),
    FUZZ_INPUT("NaN"),      FUZZ_INPUT("Infinity"),
    FUZZ_INPUT("-"),        FUZZ_INPUT("1e999"),
    FUZZ_INPUT("0"),        FUZZ_INPUT("18446744073709551616"),
    FUZZ_INPUT("\"a\":1,"), FUZZ_INPUT("'"),
    FUZZ_INPUT("/*x*/"),    FUZZ_INPUT("\xed\xa0\x80"),
    FUZZ_INPUT("\xff"),     FUZZ_INPUT("\0"),
    FUZZ_INPUT("\n"),       FUZZ_INPUT("[["),
    FUZZ_INPUT("{\"a\":"),
};

FUZZ_MAIN("json_parse", 800000, examples, words);
