/* What templates/files.mustache needs to know beside what is on the wire. */
#include "cgi-bin/page.h"

#include <string.h>

enum { BOX_WIDTH = 320, BOX_HEIGHT = 240 }; /* as in static/js/files.js */

static int64_t number(struct json_object *o, const char *key)
{
    return json_object_get_int64(json_object_object_get(o, key));
}

static const char *size_label(struct arena *a, int64_t bytes)
{
    if (bytes < 1000)
        return arena_fmt(a, "%lld bytes", (long long)bytes);
    if (bytes < 1000000)
        return arena_fmt(a, "%lld KB", (long long)(bytes + 500) / 1000);
    return arena_fmt(a, "%.1f MB", (double)bytes / 1e6);
}

/* The small picture where there is one, in a box; its size is said, so that nothing moves when it
 * comes. */
static void add_shown(struct json_object *file)
{
    struct json_object *thumb = json_object_object_get(file, "thumb");
    struct json_object *url = json_object_object_get(thumb ? thumb : file, "url");
    int64_t width = number(file, "width"), height = number(file, "height");

    if (width > BOX_WIDTH) {
        height = height * BOX_WIDTH / width;
        width = BOX_WIDTH;
    }
    if (height > BOX_HEIGHT) {
        width = width * BOX_HEIGHT / height;
        height = BOX_HEIGHT;
    }
    json_set(file, "shown_url", json_object_get(url));
    json_set_i64(file, "shown_width", width > 0 ? width : 1);
    json_set_i64(file, "shown_height", height > 0 ? height : 1);
}

void page_add_files(struct arena *a, struct json_object *row)
{
    struct json_object *list = json_object_object_get(row, "attachments");
    size_t count = list ? json_object_array_length(list) : 0;

    json_set_bool(row, "has_files", count > 0);
    for (size_t i = 0; i < count; i++) {
        struct json_object *file = json_object_array_get_idx(list, i);
        const char *type = json_object_get_string(json_object_object_get(file, "type"));
        bool is_image = strncmp(type, "image/", 6) == 0;

        json_set_bool(file, "is_image", is_image);
        json_set_str(file, "size_label", size_label(a, number(file, "size")));
        if (is_image)
            add_shown(file);
    }
}
