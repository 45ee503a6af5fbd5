/*
 * The Mustache renderer: own cases always, the official ones (mustache-spec/ in $OUTCRY_TESTDATA,
 * else ../shared/testdata) where that folder is present.
 */
#include "lib/mustache.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { OUTPUT_MAX = 1 << 20, PARTIALS_MAX = 8 };

struct partials {
    const char *names[PARTIALS_MAX];
    struct mustache *parsed[PARTIALS_MAX];
    size_t count;
};

static const struct mustache *find_partial(void *ctx, const char *name)
{
    const struct partials *p = ctx;

    for (size_t i = 0; i < p->count; i++)
        if (!strcmp(p->names[i], name))
            return p->parsed[i];
    return NULL;
}

static void add_partial(struct partials *p, const char *name, const char *text)
{
    struct fail f = {0};

    assert_true(p->count < PARTIALS_MAX);
    p->names[p->count] = name;
    if (mustache_parse(name, text, strlen(text), &p->parsed[p->count], &f))
        fail_msg("%s", f.message);
    p->count++;
}

static void free_partials(struct partials *p)
{
    for (size_t i = 0; i < p->count; i++)
        mustache_free(p->parsed[i]);
}

/* Renders; the caller releases `out`. */
static enum err render(const char *template, struct json_object *data, struct partials *p,
                       struct buf *out, struct fail *f)
{
    struct mustache *m;
    enum err e = mustache_parse("case", template, strlen(template), &m, f);

    buf_init(out, OUTPUT_MAX);
    if (e)
        return e;
    e = mustache_render(m, data, p ? find_partial : NULL, p, out, f);
    mustache_free(m);
    return e;
}

static void expect_with(const char *template, const char *json, struct partials *p,
                        const char *expected)
{
    struct json_object *data = json_tokener_parse(json);
    struct fail f = {0};
    struct buf out;

    if (render(template, data, p, &out, &f))
        fail_msg("%s", f.message);
    assert_string_equal(buf_cstr(&out), expected);
    buf_release(&out);
    json_object_put(data);
}

static void expect(const char *template, const char *json, const char *expected)
{
    expect_with(template, json, NULL, expected);
}

static void expect_refused(const char *template, const char *sentence)
{
    struct mustache *m;
    struct fail f = {0};

    assert_int_equal(mustache_parse("bad", template, strlen(template), &m, &f), ERR_BAD_REQUEST);
    assert_null(m);
    assert_string_equal(f.message, sentence);
}

static void test_values_are_escaped_unless_asked_otherwise(void **state)
{
    (void)state;
    expect("{{x}} {{{x}}} {{&x}} {{& x }}", "{\"x\":\"<a href='b\\\"'>&\"}",
           "&lt;a href=&#39;b&quot;&#39;&gt;&amp; <a href='b\"'>& <a href='b\"'>& <a href='b\"'>&");
}

static void test_numbers_render_as_they_were_written(void **state)
{
    (void)state;
    expect("{{a}} {{b}} {{c}} {{d}} {{e}}",
           "{\"a\":1.21,\"b\":85,\"c\":-0.5,\"d\":9223372036854775807,\"e\":1.210}",
           "1.21 85 -0.5 9223372036854775807 1.21");
}

static void test_a_computed_number_renders_short(void **state)
{
    struct json_object *data = json_object_new_object();
    struct fail f = {0};
    struct buf out;

    (void)state;
    json_object_object_add(data, "price", json_object_new_double(0.1));
    json_object_object_add(data, "third", json_object_new_double(1.0 / 3));
    json_object_object_add(data, "nan", json_object_new_double(strtod("nan", NULL)));
    assert_int_equal(render("{{price}} {{third}} [{{nan}}]", data, NULL, &out, &f), OK);
    assert_string_equal(buf_cstr(&out), "0.1 0.3333333333333333 []");
    buf_release(&out);
    json_object_put(data);
}

static void test_missing_names_and_null_render_as_nothing(void **state)
{
    (void)state;
    expect("[{{a}}{{b}}{{b.c}}{{d.e.f}}{{{a}}}]", "{\"b\":null,\"d\":{\"e\":1}}", "[]");
}

static void test_objects_render_as_json_for_data_attributes(void **state)
{
    (void)state;
    expect("data-config=\"{{config}}\" {{list}} {{yes}}",
           "{\"config\":{\"a\":\"<\"},\"list\":[1,2],\"yes\":true}",
           "data-config=\"{&quot;a&quot;:&quot;&lt;&quot;}\" [1,2] true");
}

static void test_a_dotted_name_does_not_fall_back_after_its_first_part(void **state)
{
    (void)state;
    expect("{{#a}}{{b.c}}|{{b.d}}{{/a}}", "{\"a\":{\"b\":{\"c\":1}},\"b\":{\"c\":2,\"d\":3}}",
           "1|");
}

static void test_sections_judge_truth(void **state)
{
    (void)state;
    expect("{{#n}}n{{/n}}{{#f}}f{{/f}}{{#z}}z{{/z}}{{#s}}s{{/s}}{{#l}}l{{/l}}{{#m}}m{{/m}}",
           "{\"n\":null,\"f\":false,\"z\":0,\"s\":\"\",\"l\":[]}", "");
    expect("{{#t}}t{{/t}}{{#o}}o{{/o}}{{#i}}i{{/i}}{{#s}}s{{/s}}{{#l}}l{{/l}}",
           "{\"t\":true,\"o\":{},\"i\":-1,\"s\":\"0\",\"l\":[null]}", "toisl");
    expect("{{^n}}n{{/n}}{{^t}}t{{/t}}{{^m}}m{{/m}}", "{\"n\":null,\"t\":true}", "nm");
}

static void test_lists_repeat_and_see_outer_names(void **state)
{
    (void)state;
    expect("{{#rooms}}{{slug}}@{{site}}{{^last}}, {{/last}}{{/rooms}}",
           "{\"site\":\"s\",\"rooms\":[{\"slug\":\"a\"},{\"slug\":\"b\",\"last\":true}]}",
           "a@s, b@s");
    expect("{{#l}}({{#.}}{{.}}{{/.}}){{/l}}", "{\"l\":[[1,2],[3]]}", "(12)(3)");
}

static void test_tags_alone_on_a_line_take_the_line_with_them(void **state)
{
    (void)state;
    expect("<ul>\n  {{#l}}\n  <li>{{.}}</li>\n  {{/l}}\n</ul>\n", "{\"l\":[1,2]}",
           "<ul>\n  <li>1</li>\n  <li>2</li>\n</ul>\n");
    expect("a\r\n{{! note }}\r\nb\r\n", "{}", "a\r\nb\r\n");
    expect("{{#a}} {{/a}}\n", "{\"a\":true}", " \n");
    expect("  {{! two\n lines }}  \nb", "{}", "b");
    expect("  {{x}}\n", "{\"x\":1}", "  1\n");
    expect("{{! a }} {{! b }}\n", "{}", " \n");
}

static void test_delimiters_change_and_end_with_their_template(void **state)
{
    struct partials p = {0};

    (void)state;
    add_partial(&p, "in", "{{x}}<%x%>");
    expect_with("{{=<% %>=}}\n<%x%>{{x}}<%>in%>\n<%={{ }}=%>{{x}}", "{\"x\":1}", &p,
                "1{{x}}1<%x%>\n1");
    expect("{{=| |=}}|#a|{{x}}|/a||={{ }}=|{{x}}", "{\"a\":1,\"x\":2}", "{{x}}2");
    expect("{{=<% %>=}}<%{x}%><%&x%>", "{\"x\":\"<\"}", "<<");
    free_partials(&p);
}

static void test_a_partial_alone_on_its_line_is_indented_and_its_values_are_not(void **state)
{
    struct partials p = {0};

    (void)state;
    add_partial(&p, "item", "<li>\n  {{text}}\n\n</li>\n");
    add_partial(&p, "list", "<ul>\n  {{>item}}\n</ul>\n");
    add_partial(&p, "line", "a\nb\n");
    add_partial(&p, "holds", "{{>line}}!\nnext\n");
    expect_with(" {{>item}}\n.", "{\"text\":\"1\\n2\"}", &p, " <li>\n   1\n2\n \n </li>\n.");
    expect_with("  {{>list}}\n", "{\"text\":\"t\"}", &p,
                "  <ul>\n    <li>\n      t\n    \n    </li>\n  </ul>\n");
    expect_with(" {{>holds}}\n", "{}", &p, " a\nb\n!\n next\n");
    expect_with("|{{>line}}|", "{}", &p, "|a\nb\n|");
    free_partials(&p);
}

static void test_a_section_in_an_indented_partial_indents_each_of_its_lines(void **state)
{
    struct partials p = {0};

    (void)state;
    add_partial(&p, "s", "{{#l}}\n[{{.}}]\n{{/l}}\n{{#l}}{{.}}\n-{{/l}}\n");
    expect_with("  {{> s }}\n", "{\"l\":[1,2]}", &p, "  [1]\n  [2]\n  1\n  -2\n  -\n");
    free_partials(&p);
}

static void test_a_missing_partial_renders_as_nothing(void **state)
{
    struct partials p = {0};

    (void)state;
    expect_with("a\n {{>no}}\nb{{>no}}", "{}", &p, "a\nb");
    expect("[{{>no}}]", "{}", "[]");
}

static void test_partials_may_recur_over_finite_data(void **state)
{
    struct partials p = {0};

    (void)state;
    add_partial(&p, "node", "{{v}}{{#kids}}({{>node}}){{/kids}}");
    expect_with("{{>node}}", "{\"v\":1,\"kids\":[{\"v\":2,\"kids\":[{\"v\":3,\"kids\":[]}]}]}", &p,
                "1(2(3))");
    free_partials(&p);
}

static void test_endless_recursion_is_an_error(void **state)
{
    struct partials p = {0};
    struct fail f = {0};
    struct buf out;

    (void)state;
    add_partial(&p, "a", "x{{>a}}");
    assert_int_equal(render("{{>a}}", NULL, &p, &out, &f), ERR_INTERNAL);
    assert_non_null(strstr(f.message, "too deeply"));
    buf_release(&out);
    free_partials(&p);
}

static void test_work_that_multiplies_is_bounded(void **state)
{
    struct json_object *data = json_object_new_object(), *list = json_object_new_array();
    struct fail f = {0};
    struct buf out;

    (void)state;
    for (int i = 0; i < 100; i++)
        json_object_array_add(list, json_object_new_int(i));
    json_object_object_add(data, "l", list);
    assert_int_equal(render("{{#l}}{{#l}}{{#l}}{{#l}}{{#l}}{{n}}{{/l}}{{/l}}{{/l}}{{/l}}{{/l}}",
                            data, NULL, &out, &f),
                     ERR_INTERNAL);
    assert_non_null(strstr(f.message, "too many steps"));
    buf_release(&out);
    json_object_put(data);
}

static void test_output_stops_at_the_buffers_maximum(void **state)
{
    struct mustache *m;
    struct fail f = {0};
    struct buf out;

    (void)state;
    assert_int_equal(mustache_parse("long", "0123456789{{x}}", 15, &m, &f), OK);
    buf_init(&out, 9);
    assert_int_equal(mustache_render(m, NULL, NULL, NULL, &out, &f), ERR_INTERNAL);
    buf_release(&out);
    mustache_free(m);
}

static void nest(char *out, size_t depth)
{
    for (size_t i = 0; i < depth; i++)
        memcpy(out + 6 * i, "{{#t}}", 6);
    for (size_t i = depth; i < 2 * depth; i++)
        memcpy(out + 6 * i, "{{/t}}", 6);
    out[12 * depth] = '\0';
}

static void test_sections_nest_64_deep_and_no_deeper(void **state)
{
    char template[12 * 65 + 1];
    struct mustache *m;
    struct fail f = {0};

    (void)state;
    nest(template, 64);
    expect(template, "{\"t\":true}", "");
    nest(template, 65);
    assert_int_equal(mustache_parse("deep", template, strlen(template), &m, &f), ERR_BAD_REQUEST);
}

static void test_bad_templates_are_refused_with_their_line(void **state)
{
    (void)state;
    expect_refused("a\n{{#x}}\n", "bad:2: A section is not closed.");
    expect_refused("{{/x}}", "bad:1: A section is closed that was not opened.");
    expect_refused("{{#x}}\n\n{{/y}}",
                   "bad:3: This closes another section than the one that is open.");
    expect_refused("\n{{x", "bad:2: A tag is not closed.");
    expect_refused("{{{x}}", "bad:1: A tag is not closed.");
    expect_refused("{{ }}", "bad:1: A tag is empty.");
    expect_refused("{{#}}", "bad:1: A tag is empty.");
    expect_refused("{{a b}}", "bad:1: A name may not have blanks in it.");
    expect_refused("{{> a b}}", "bad:1: A name may not have blanks in it.");
    expect_refused("{{a..b}}", "bad:1: A name has an empty part.");
    expect_refused("{{.a}}", "bad:1: A name has an empty part.");
    expect_refused("{{=|=}}", "bad:1: Delimiters are two words without '='.");
    expect_refused("{{=a b c=}}", "bad:1: Delimiters are two words without '='.");
    expect_refused("{{a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q}}", "bad:1: A name has too many parts.");
    expect_refused("{{$x}}{{/x}}", "bad:1: Blocks, parents and pragmas are not supported.");
}

static void test_a_template_has_at_most_1_mib(void **state)
{
    size_t len = (1 << 20) + 1;
    char *text = calloc(1, len);
    struct mustache *m;
    struct fail f = {0};

    (void)state;
    memset(text, 'x', len);
    assert_int_equal(mustache_parse("big", text, len, &m, &f), ERR_BAD_REQUEST);
    assert_int_equal(mustache_parse("big", text, len - 1, &m, &f), OK);
    mustache_free(m);
    free(text);
}

static void test_an_empty_template_renders_as_nothing(void **state)
{
    (void)state;
    expect("", "{}", "");
    expect("{{! only a note }}", "{}", "");
}

/* ---- the official cases ---- */

static const char *testdata(char *path, size_t size, const char *module)
{
    const char *dir = getenv("OUTCRY_TESTDATA");

    snprintf(path, size, "%s/mustache-spec/%s.json", dir && *dir ? dir : "../shared/testdata",
             module);
    return path;
}

static const char *field(struct json_object *o, const char *key)
{
    return json_object_get_string(json_object_object_get(o, key));
}

/* True where the case passes. */
static bool official_case(struct json_object *c)
{
    struct json_object *given = json_object_object_get(c, "partials");
    struct partials p = {0};
    struct fail f = {0};
    struct buf out;
    bool ok;

    if (given) {
        json_object_object_foreach(given, name, text)
            add_partial(&p, name, json_object_get_string(text));
    }
    ok = !render(field(c, "template"), json_object_object_get(c, "data"), &p, &out, &f) &&
         !strcmp(buf_cstr(&out), field(c, "expected"));
    if (!ok)
        print_message("# %s: got [%s], expected [%s] %s\n", field(c, "name"), buf_cstr(&out),
                      field(c, "expected"), f.message);
    buf_release(&out);
    free_partials(&p);
    return ok;
}

static void test_official_module(void **state)
{
    const char *module = *state;
    char path[PATH_MAX];
    struct json_object *file = json_object_from_file(testdata(path, sizeof path, module));
    struct json_object *cases;
    size_t failed = 0;

    if (!file) {
        print_message("# SKIPPED: %s is absent; set OUTCRY_TESTDATA\n", path);
        skip();
        return;
    }
    cases = json_object_object_get(file, "tests");
    assert_true(json_object_array_length(cases) > 0);
    for (size_t i = 0; i < json_object_array_length(cases); i++)
        failed += !official_case(json_object_array_get_idx(cases, i));
    json_object_put(file);
    assert_int_equal(failed, 0);
}

#define OFFICIAL(module)                                                                           \
    {                                                                                              \
        "test_official_" module, test_official_module, NULL, NULL, (void *)(uintptr_t)(module)     \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_are_escaped_unless_asked_otherwise),
        cmocka_unit_test(test_numbers_render_as_they_were_written),
        cmocka_unit_test(test_a_computed_number_renders_short),
        cmocka_unit_test(test_missing_names_and_null_render_as_nothing),
        cmocka_unit_test(test_objects_render_as_json_for_data_attributes),
        cmocka_unit_test(test_a_dotted_name_does_not_fall_back_after_its_first_part),
        cmocka_unit_test(test_sections_judge_truth),
        cmocka_unit_test(test_lists_repeat_and_see_outer_names),
        cmocka_unit_test(test_tags_alone_on_a_line_take_the_line_with_them),
        cmocka_unit_test(test_delimiters_change_and_end_with_their_template),
        cmocka_unit_test(test_a_partial_alone_on_its_line_is_indented_and_its_values_are_not),
        cmocka_unit_test(test_a_section_in_an_indented_partial_indents_each_of_its_lines),
        cmocka_unit_test(test_a_missing_partial_renders_as_nothing),
        cmocka_unit_test(test_partials_may_recur_over_finite_data),
        cmocka_unit_test(test_endless_recursion_is_an_error),
        cmocka_unit_test(test_work_that_multiplies_is_bounded),
        cmocka_unit_test(test_output_stops_at_the_buffers_maximum),
        cmocka_unit_test(test_sections_nest_64_deep_and_no_deeper),
        cmocka_unit_test(test_bad_templates_are_refused_with_their_line),
        cmocka_unit_test(test_a_template_has_at_most_1_mib),
        cmocka_unit_test(test_an_empty_template_renders_as_nothing),
        OFFICIAL("comments"),
        OFFICIAL("delimiters"),
        OFFICIAL("interpolation"),
        OFFICIAL("inverted"),
        OFFICIAL("partials"),
        OFFICIAL("sections"),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
