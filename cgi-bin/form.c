#include "cgi-bin/form.h"

#include "lib/urlencoded.h"

#include <string.h>
#include <strings.h>

enum { BOUNDARY_MAX = 70, PART_HEADERS_MAX = 16, PART_HEADER_MAX = 1024 };

/* A piece of the input that is still to be read. */
struct slice {
    const char *p;
    size_t len;
};

static struct slice skip(struct slice s, size_t n)
{
    return (struct slice){s.p + n, s.len - n};
}

static enum err add_field(struct form *form, const struct form_field *field, struct fail *f)
{
    if (form->count == FORM_FIELDS_MAX)
        return fail(f, ERR_BAD_REQUEST, "The form has more than %d fields.", FORM_FIELDS_MAX);
    form->fields[form->count++] = *field;
    return OK;
}

static enum err parse_urlencoded(struct form *form, struct arena *a, struct slice in,
                                 struct fail *f)
{
    struct url_pair pair;

    while (url_next_pair(a, &in.p, &in.len, &pair)) {
        const struct form_field field = {.name = pair.name,
                                         .value = pair.value,
                                         .name_len = pair.name_len,
                                         .value_len = pair.value_len};

        if (add_field(form, &field, f))
            return ERR_BAD_REQUEST;
    }
    return OK;
}

/* The value of a parameter like `boundary=x` or `name="a b"` in a header; NULL where absent. */
static char *header_param(struct arena *a, struct slice header, const char *name, size_t *len)
{
    size_t name_len = strlen(name);
    bool quoted = false;

    for (size_t i = 0; i < header.len; i++) {
        struct slice rest;
        char *out;

        if (header.p[i] == '"')
            quoted = !quoted;
        if (quoted || header.p[i] != ';')
            continue;
        for (i++; i < header.len && (header.p[i] == ' ' || header.p[i] == '\t');)
            i++;
        rest = skip(header, i);
        i--; /* the loop looks at this byte again */
        if (rest.len <= name_len || strncasecmp(rest.p, name, name_len) != 0 ||
            rest.p[name_len] != '=')
            continue;
        rest = skip(rest, name_len + 1);
        out = arena_alloc(a, rest.len + 1);
        *len = 0;
        quoted = rest.len > 0 && *rest.p == '"';
        for (size_t j = quoted; j < rest.len; j++) {
            if (quoted ? rest.p[j] == '"' : strchr("; \t", rest.p[j]) != NULL)
                break;
            out[(*len)++] = rest.p[j];
        }
        return out;
    }
    return NULL;
}

/* The headers of one part, up to the empty line: its names, and where the content begins. */
static enum err parse_part_headers(struct arena *a, struct slice *in, struct form_field *part,
                                   struct fail *f)
{
    static const char disposition[] = "content-disposition:";

    *part = (struct form_field){0};
    for (int i = 0; i < PART_HEADERS_MAX; i++) {
        const char *end = memmem(in->p, in->len, "\r\n", 2);
        size_t len = end ? (size_t)(end - in->p) : 0;

        if (!end || len > PART_HEADER_MAX)
            break;
        if (len == 0) {
            *in = skip(*in, 2);
            return part->name ? OK : fail(f, ERR_BAD_REQUEST, "A part of the form has no name.");
        }
        if (!part->name && len > sizeof disposition - 1 &&
            strncasecmp(in->p, disposition, sizeof disposition - 1) == 0) {
            const struct slice header = {in->p, len};

            part->name = header_param(a, header, "name", &part->name_len);
            part->filename = header_param(a, header, "filename", &part->filename_len);
        }
        *in = skip(*in, len + 2);
    }
    return fail(f, ERR_BAD_REQUEST, "The form's parts are not well formed.");
}

/* `--boundary` stands at the beginning of the body and, after CRLF, between the parts;
 * `--boundary--` ends it. What comes before the first and after the last is not looked at. */
static enum err parse_multipart(struct form *form, struct arena *a, const char *boundary,
                                struct slice body, struct fail *f)
{
    const char *delimiter = arena_fmt(a, "\r\n--%s", boundary);
    size_t delimiter_len = strlen(delimiter);
    char *copy = arena_alloc(a, body.len + 2);
    struct slice in = {copy, body.len + 2};
    const char *at;

    /* With a CRLF in front the first delimiter looks like the others. */
    memcpy(copy, "\r\n", 2);
    memcpy(copy + 2, body.p, body.len);
    at = memmem(in.p, in.len, delimiter, delimiter_len);
    for (int i = 0; at && i <= FORM_FIELDS_MAX; i++) {
        struct form_field part;

        in = skip(in, (size_t)(at - in.p) + delimiter_len);
        if (in.len >= 2 && memcmp(in.p, "--", 2) == 0)
            return OK;
        while (in.len > 0 && (*in.p == ' ' || *in.p == '\t'))
            in = skip(in, 1);
        if (in.len < 2 || memcmp(in.p, "\r\n", 2) != 0)
            break;
        in = skip(in, 2);
        if (parse_part_headers(a, &in, &part, f))
            return ERR_BAD_REQUEST;
        at = memmem(in.p, in.len, delimiter, delimiter_len);
        if (!at)
            break;
        part.value_len = (size_t)(at - in.p);
        part.value = arena_strn(a, in.p, part.value_len);
        if (add_field(form, &part, f))
            return ERR_BAD_REQUEST;
    }
    return fail(f, ERR_BAD_REQUEST, "The form ends before its last part does.");
}

static enum err parse_json(struct form *form, struct slice in, struct fail *f)
{
    enum err e = json_parse(in.p, in.len, &form->json, f);

    if (e)
        return e;
    if (!json_object_is_type(form->json, json_type_object))
        return fail(f, ERR_BAD_JSON, "The body must be a JSON object.");
    return OK;
}

/* The media type is `type`, whatever parameters follow. */
static bool is_type(const char *content_type, const char *type)
{
    size_t len = strcspn(content_type, "; \t");

    return len == strlen(type) && strncasecmp(content_type, type, len) == 0;
}

enum err form_kind_of(const char *content_type, enum form_kind *out, struct fail *f)
{
    if (!content_type || !*content_type)
        *out = FORM_EMPTY;
    else if (is_type(content_type, "application/json"))
        *out = FORM_JSON;
    else if (is_type(content_type, "application/x-www-form-urlencoded"))
        *out = FORM_URLENCODED;
    else if (is_type(content_type, "multipart/form-data"))
        *out = FORM_MULTIPART;
    else
        return fail(f, ERR_UNSUPPORTED_MEDIA_TYPE, NULL);
    return OK;
}

enum err form_parse(struct form *form, struct arena *a, enum form_kind kind,
                    const char *content_type, const char *body, size_t len, struct fail *f)
{
    struct slice in = {body, len};
    char *boundary;
    size_t boundary_len;

    form->kind = kind;
    form->count = 0;
    form->json = NULL;
    switch (kind) {
    case FORM_EMPTY:
        return len == 0 ? OK : fail(f, ERR_UNSUPPORTED_MEDIA_TYPE, NULL);
    case FORM_JSON:
        return len == 0 ? OK : parse_json(form, in, f);
    case FORM_URLENCODED:
        return parse_urlencoded(form, a, in, f);
    case FORM_MULTIPART:
        if (len == 0)
            return OK;
        boundary = header_param(a, (struct slice){content_type, strlen(content_type)}, "boundary",
                                &boundary_len);
        if (!boundary || boundary_len == 0 || boundary_len > BOUNDARY_MAX)
            return fail(f, ERR_BAD_REQUEST, "The form's boundary is missing or too long.");
        return parse_multipart(form, a, boundary, in, f);
    }
    return fail(f, ERR_INTERNAL, NULL);
}

enum err form_parse_query(struct form *form, struct arena *a, const char *query, struct fail *f)
{
    size_t len = strcspn(query, "#");

    return form_parse(form, a, FORM_URLENCODED, NULL, query, len, f);
}

void form_release(struct form *form)
{
    json_object_put(form->json);
    form->json = NULL;
}

size_t form_find(const struct form *form, const char *name, const struct form_field **out)
{
    size_t name_len = strlen(name), found = 0;

    for (size_t i = 0; i < form->count; i++) {
        const struct form_field *field = &form->fields[i];

        if (field->name_len == name_len && memcmp(field->name, name, name_len) == 0 && found++ == 0)
            *out = field;
    }
    return found;
}
