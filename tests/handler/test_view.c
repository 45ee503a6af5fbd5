/* The templates: built in, and a host's own in their place. */
#include "cgi-bin/view.h"
#include "lib/embedded.h"
#include "lib/mustache.h"
#include "tests/lib/web.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static void write_template(struct fixture *fx, const char *name, const char *text)
{
    const char *dir = arena_fmt(&fx->arena, "%s/templates", fx->dir);
    FILE *out;

    mkdir(dir, 0700);
    out = fopen(arena_fmt(&fx->arena, "%s/%s", dir, name), "w");
    assert_non_null(out);
    fputs(text, out);
    fclose(out);
}

static enum err open_view(struct fixture *fx, struct view **v)
{
    return view_open(v, arena_fmt(&fx->arena, "%s/templates", fx->dir), &fx->fail);
}

static void test_a_hosts_template_takes_the_place_of_ours(void **state)
{
    struct fixture *fx = fixture_open();
    struct json_object *data = json_object_new_object();
    struct view *v;
    struct buf out;

    (void)state;
    buf_init(&out, 100000);
    write_template(fx, "head.mustache", "<!-- the host's head -->");
    write_template(fx, "own.mustache", "{{> head}}{{title}}");
    write_template(fx, "README", "{{#not a template");
    write_template(fx, ".hidden.mustache", "{{#not a template");
    assert_int_equal(open_view(fx, &v), OK);
    json_set_str(data, "title", "<Us>");
    assert_int_equal(view_render(v, "own", data, &out, &fx->fail), OK);
    assert_non_null(strstr(buf_cstr(&out), "the host's head"));
    assert_non_null(strstr(buf_cstr(&out), "&lt;Us&gt;"));
    buf_clear(&out);
    assert_int_equal(view_render(v, "error", data, &out, &fx->fail), OK);
    assert_non_null(strstr(buf_cstr(&out), "the host's head"));
    assert_int_equal(view_render(v, "no-such", data, &out, &fx->fail), ERR_INTERNAL);
    view_close(v);
    buf_release(&out);
    json_object_put(data);
    fixture_close(fx);
}

/* They are parsed when they are first needed, when it is too late to hear of a mistake. */
static void test_each_of_ours_is_well_formed(void **state)
{
    (void)state;
    for (const struct embedded *t = embedded_templates; t->name; t++) {
        struct mustache *parsed;
        struct fail f = {0};

        if (mustache_parse(t->name, t->text, t->len, &parsed, &f))
            fail_msg("%s", f.message);
        mustache_free(parsed);
    }
}

static void test_a_broken_template_is_named_with_its_line(void **state)
{
    struct fixture *fx = fixture_open();
    struct view *v;

    (void)state;
    write_template(fx, "chat.mustache", "one\ntwo {{#open}}\nthree\n");
    assert_int_equal(open_view(fx, &v), ERR_BAD_REQUEST);
    assert_null(v);
    assert_non_null(strstr(fx->fail.message, "chat.mustache"));
    assert_non_null(strstr(fx->fail.message, "2"));
    fixture_close(fx);
}

static void test_a_missing_folder_is_named(void **state)
{
    struct fixture *fx = fixture_open();
    struct view *v;

    (void)state;
    assert_int_equal(view_open(&v, "/nowhere/templates", &fx->fail), ERR_NOT_FOUND);
    assert_non_null(strstr(fx->fail.message, "/nowhere/templates"));
    fixture_close(fx);
}

/* A template that cannot be rendered: the sentence still reaches the person, as text. */
static void test_a_page_that_cannot_be_rendered_is_a_plain_500(void **state)
{
    struct web *w = web_open();
    struct view *ours = w->pages.view, *v;

    (void)state;
    write_template(w->fx, "chat.mustache", "{{> chat}}");
    write_template(w->fx, "error.mustache", "{{> error}}");
    assert_int_equal(open_view(w->fx, &v), OK);
    w->pages.view = v;
    assert_int_equal(web_get(w, "/stocks/chat/"), 500);
    assert_string_equal(web_text(w), "Something went wrong here.\n");
    assert_string_equal(web_header(w, "Content-Type"), "text/plain; charset=utf-8");
    assert_non_null(web_header(w, "Content-Security-Policy"));
    w->pages.view = ours;
    view_close(v);
    web_close(w);
}

static void test_the_asset_version_is_in_every_static_url(void **state)
{
    struct web *w = web_open();
    const char *version = arena_fmt(&w->fx->arena, "?v=%s\"", asset_version);

    (void)state;
    assert_int_equal(strlen(asset_version), 12);
    web_get(w, "/stocks/chat/");
    for (const char *p = strstr(web_text(w), "rel=\"stylesheet\""); p;
         p = strstr(p + 1, "rel=\"stylesheet\"")) {
        const char *end = strchr(p, '>');

        assert_memory_equal(end - strlen(version), version, strlen(version));
    }
    web_close(w);
}

static void test_a_sites_own_style_sheet_comes_last_and_changes_its_address(void **state)
{
    struct web *w = web_open();
    const char *dir = arena_fmt(&w->fx->arena, "%s/look", w->fx->dir);
    const char *ours, *theirs;
    char first[VIEW_VERSION];
    FILE *out;

    (void)state;
    view_site_version(w->pages.site_version, dir);
    assert_string_equal(w->pages.site_version, "");
    web_get(w, "/stocks/chat/");
    assert_null(strstr(web_text(w), "site.css"));
    mkdir(dir, 0700);
    out = fopen(arena_fmt(&w->fx->arena, "%s/site.css", dir), "w");
    assert_non_null(out);
    view_site_version(w->pages.site_version, dir);
    memcpy(first, w->pages.site_version, sizeof first);
    fputs("body {}", out);
    fclose(out);
    view_site_version(w->pages.site_version, dir);
    assert_string_not_equal(w->pages.site_version, first);
    web_reconfigured(w); /* as app_reload() does */
    web_get(w, "/stocks/chat/");
    ours = strstr(web_text(w), "/vendor/chat.css?v=");
    theirs = strstr(web_text(w),
                    arena_fmt(&w->fx->arena, "href=\"/stocks/chat/static/site/site.css?v=%s\">",
                              w->pages.site_version));
    assert_non_null(theirs);
    assert_true(ours && ours < theirs);
    view_site_version(w->pages.site_version, "");
    assert_string_equal(w->pages.site_version, "");
    web_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_hosts_template_takes_the_place_of_ours),
        cmocka_unit_test(test_each_of_ours_is_well_formed),
        cmocka_unit_test(test_a_broken_template_is_named_with_its_line),
        cmocka_unit_test(test_a_missing_folder_is_named),
        cmocka_unit_test(test_a_page_that_cannot_be_rendered_is_a_plain_500),
        cmocka_unit_test(test_the_asset_version_is_in_every_static_url),
        cmocka_unit_test(test_a_sites_own_style_sheet_comes_last_and_changes_its_address),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
