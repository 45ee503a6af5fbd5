/* Bodies of forms: the first line is the Content-Type, what follows the body. Whatever comes,
 * fields are few, whole and of our own memory, and an urlencoded form says the same when written
 * again. */
#include "cgi-bin/form.h"
#include "lib/buf.h"
#include "lib/text.h"

#include "tests/fuzz/fuzz.h"

static void write_again(const struct form *form, struct buf *out)
{
    for (size_t i = 0; i < form->count; i++) {
        buf_url(out, form->fields[i].name, form->fields[i].name_len);
        buf_char(out, '=');
        buf_url(out, form->fields[i].value, form->fields[i].value_len);
        buf_char(out, '&');
    }
}

static void check_again(const struct form *form, struct arena *a)
{
    struct form again = {0};
    struct buf text;

    buf_init(&text, 1 << 20);
    write_again(form, &text);
    FUZZ_PROMISE(!form_parse_query(&again, a, buf_cstr(&text), NULL));
    FUZZ_PROMISE(again.count == form->count);
    for (size_t i = 0; i < form->count; i++) {
        const struct form_field *x = &form->fields[i], *y = &again.fields[i];

        FUZZ_PROMISE(x->name_len == y->name_len && !memcmp(x->name, y->name, x->name_len));
        FUZZ_PROMISE(x->value_len == y->value_len && !memcmp(x->value, y->value, x->value_len));
    }
    buf_release(&text);
}

static void check_fields(const struct form *form, size_t size)
{
    size_t total = 0;

    FUZZ_PROMISE(form->count <= FORM_FIELDS_MAX);
    for (size_t i = 0; i < form->count; i++) {
        const struct form_field *field = &form->fields[i], *found = NULL;

        FUZZ_PROMISE(!field->value[field->value_len]);
        total += field->name_len + field->value_len;
        if (!memchr(field->name, '\0', field->name_len))
            FUZZ_PROMISE(form_find(form, field->name, &found) >= 1 && found <= field);
    }
    FUZZ_PROMISE(total <= size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *line = memchr(data, '\n', size);
    size_t type_len = line ? (size_t)(line - data) : 0, skip = line ? type_len + 1 : 0;
    enum form_kind kind = FORM_EMPTY;
    struct form form = {0};
    struct arena a;
    struct fail f = {0};
    const char *type;

    arena_init(&a);
    type = arena_strn(&a, (const char *)data, type_len);
    if (!form_kind_of(type, &kind, &f)) {
        enum err e = form_parse(&form, &a, kind, type, (const char *)data + skip, size - skip, &f);

        FUZZ_PROMISE(!e || f.err == e);
        if (!e) {
            check_fields(&form, size);
            if (kind == FORM_URLENCODED || kind == FORM_MULTIPART)
                check_again(&form, &a);
        }
        form_release(&form);
    }
    FUZZ_PROMISE(text_is_utf8(f.message, strlen(f.message)));
    arena_release(&a);
    return 0;
}

static const struct fuzz_input examples[] = {
    FUZZ_INPUT("application/x-www-form-urlencoded\nmessage=Hello+%C3%A4&room=general&csrf=0123"),
    FUZZ_INPUT("application/json\n{\"message\":\"hello\",\"room\":\"general\"}"),
    FUZZ_INPUT("multipart/form-data; boundary=B\n--B\r\nContent-Disposition: form-data; "
               "name=\"message\"\r\n\r\nhello\r\n--B\r\nContent-Disposition: form-data; "
               "name=\"room\"\r\n\r\ngeneral\r\n--B--\r\n"),
    FUZZ_INPUT(
        "multipart/form-data; boundary=\"b c\"\npreamble\r\n--b c\r\ncontent-disposition: "
        "form-data; filename=\"a;b\"; name=f\r\nContent-Type: text/plain\r\n\r\n\r\n--b c--"),
};

static const struct fuzz_input words[] = {
    FUZZ_INPUT("&"),
    FUZZ_INPUT("="),
    FUZZ_INPUT("%"),
    FUZZ_INPUT("%00"),
    FUZZ_INPUT("%f"),
    FUZZ_INPUT("+"),
    FUZZ_INPUT("\r\n"),
    FUZZ_INPUT("\r\n--B"),
    FUZZ_INPUT("--B--"),
    FUZZ_INPUT("\r\n\r\n"),
    FUZZ_INPUT("--B\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n"),
    FUZZ_INPUT("; name=\""),
    FUZZ_INPUT("\""),
    FUZZ_INPUT(";"),
    FUZZ_INPUT("boundary="),
    FUZZ_INPUT("multipart/form-data"),
    FUZZ_INPUT("\0"),
    FUZZ_INPUT("\n"),
};

FUZZ_MAIN("form_parse", 300000, examples, words);
