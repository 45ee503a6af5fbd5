#include "cgi-bin/params.h"

#include "lib/text.h"

#include <assert.h>
#include <string.h>

static enum err typed(const struct param *p, struct value *v, struct fail *f)
{
    switch (p->kind) {
    case PARAM_TEXT:
    case PARAM_LIST:
        if (memchr(v->text, '\0', v->len) || !text_is_utf8(v->text, v->len))
            return fail(f, ERR_BAD_REQUEST, "%s is not UTF-8 text.", p->name);
        if (p->max > 0 && v->len > (size_t)p->max)
            return fail(f, ERR_BAD_REQUEST, "%s is too long.", p->name);
        return OK;
    case PARAM_NUMBER:
        if (text_to_i64(v->text, v->len, p->min, p->max, &v->number))
            return OK;
        return fail(f, ERR_BAD_REQUEST, "%s must be a number from %lld to %lld.", p->name,
                    (long long)p->min, (long long)p->max);
    case PARAM_SLUG:
        return text_is_slug(v->text, v->len) ? OK : fail(f, ERR_ROOM_NOT_FOUND, NULL);
    case PARAM_CLIENT_ID:
        if (text_is_client_id(v->text, v->len))
            return OK;
        return fail(f, ERR_BAD_REQUEST, "%s must be 8 to 64 letters, digits, '_' or '-'.", p->name);
    case PARAM_CHOICE:
        for (const char *word = p->choices; *word; word += strspn(word, " ")) {
            size_t len = strcspn(word, " ");

            if (len == v->len && memcmp(word, v->text, len) == 0)
                return OK;
            word += len;
        }
        return fail(f, ERR_BAD_REQUEST, "%s must be one of: %s.", p->name, p->choices);
    }
    return fail(f, ERR_INTERNAL, NULL);
}

static void from_header(const struct call *c, const struct param *p, struct value *v)
{
    const char *text = http_header(&c->req, p->name);

    if (!text)
        return;
    v->given = true;
    v->text = text;
    v->len = strlen(text);
    /* Idempotency-Key is a quoted string in its draft standard. */
    if (v->len >= 2 && text[0] == '"' && text[v->len - 1] == '"') {
        v->len -= 2;
        v->text = arena_strn(c->arena, text + 1, v->len);
    }
}

static enum err from_form(const struct form *form, const struct param *p, struct value *v,
                          struct fail *f)
{
    const struct form_field *field = NULL;
    size_t count = form_find(form, p->name, &field);

    if (count > 1)
        return fail(f, ERR_BAD_REQUEST, "%s is given more than once.", p->name);
    if (count == 0)
        return OK;
    *v = (struct value){.given = true, .text = field->value, .len = field->value_len};
    return OK;
}

/* A JSON number serves a number, a string everything else; each is then judged like a form's. */
static enum err from_json(const struct call *c, const struct param *p, struct value *v,
                          struct fail *f)
{
    struct json_object *field = json_object_object_get(c->body.json, p->name);
    enum err e;

    if (!field)
        return OK;
    v->given = true;
    if (p->kind == PARAM_NUMBER) {
        e = json_get_i64(c->body.json, p->name, p->min, p->max, &v->number, f);
        v->text = e ? NULL : arena_fmt(c->arena, "%lld", (long long)v->number);
        v->len = v->text ? strlen(v->text) : 0;
        return e;
    }
    if (p->kind == PARAM_LIST && json_object_is_type(field, json_type_array))
        return json_get_words(c->body.json, p->name, c->arena, &v->text, &v->len, f);
    return json_get_str(c->body.json, p->name, &v->text, &v->len, f);
}

static enum err find(const struct call *c, const struct param *p, size_t *captured, struct value *v,
                     struct fail *f)
{
    switch (p->from) {
    case FROM_PATH:
        v->text = c->captures[(*captured)++];
        v->len = strlen(v->text);
        v->given = true;
        return OK;
    case FROM_QUERY:
        return from_form(&c->query, p, v, f);
    case FROM_BODY:
        return c->body.json ? from_json(c, p, v, f) : from_form(&c->body, p, v, f);
    case FROM_HEADER:
        from_header(c, p, v);
        return OK;
    }
    return fail(f, ERR_INTERNAL, NULL);
}

enum err params_fill(struct call *c, struct fail *f)
{
    const struct param *params = c->route->params;
    size_t captured = 0;

    for (size_t i = 0; i < PARAMS_MAX && params && params[i].name; i++) {
        const struct param *p = &params[i];
        struct value v = {0};
        enum err e = find(c, p, &captured, &v, f);

        if (!e && v.given && (v.len > 0 || p->kind == PARAM_TEXT))
            e = typed(p, &v, f);
        else if (!e)
            v = (struct value){0};
        if (e)
            return e;
        if (p->required && !v.given)
            return fail(f, ERR_BAD_REQUEST, "%s is missing.", p->name);
        c->values[i] = v;
    }
    return OK;
}

const struct value *call_value(const struct call *c, const char *name)
{
    const struct param *params = c->route->params;

    for (size_t i = 0; i < PARAMS_MAX && params && params[i].name; i++)
        if (strcmp(params[i].name, name) == 0)
            return &c->values[i];
    assert(!"a handler asks for what its route does not declare");
    __builtin_unreachable();
}

const char *call_text(const struct call *c, const char *name)
{
    return call_value(c, name)->text;
}

int64_t call_number(const struct call *c, const char *name, int64_t fallback)
{
    const struct value *v = call_value(c, name);

    return v->given ? v->number : fallback;
}
