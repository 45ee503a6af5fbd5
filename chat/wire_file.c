#include "chat/wire_file.h"

#include "lib/buf.h"

#include <stdio.h>
#include <string.h>

enum { URL_MAX = 4096 };

static void set_size(struct json_object *o, const struct blob *b)
{
    if (b->width && b->height) {
        json_set_i64(o, "width", b->width);
        json_set_i64(o, "height", b->height);
    }
}

/* The name is there for whoever saves the file; the id alone says which it is. */
static void set_url(struct json_object *o, const struct attachment *file)
{
    struct buf url;

    buf_init(&url, URL_MAX);
    buf_fmt(&url, "files/%s/", file->id);
    buf_url(&url, file->name, strlen(file->name));
    json_set_str(o, "url", buf_cstr(&url));
    buf_release(&url);
}

static struct json_object *wire_thumb(const struct attachment *file)
{
    struct json_object *o = json_object_new_object();
    char url[sizeof "thumbs//" + ATTACHMENT_ID];

    snprintf(url, sizeof url, "thumbs/%s/", file->id);
    json_set_str(o, "url", url);
    set_size(o, &file->thumb);
    return o;
}

struct json_object *wire_file(const struct attachment *file)
{
    struct json_object *o = json_object_new_object();

    json_set_str(o, "id", file->id);
    json_set_str(o, "name", file->name);
    json_set_str(o, "type", file->file.type);
    json_set_i64(o, "size", file->size);
    set_url(o, file);
    set_size(o, &file->file);
    if (file->thumb.sha256)
        json_set(o, "thumb", wire_thumb(file));
    return o;
}

struct json_object *wire_files(const struct attachment *list, size_t count)
{
    struct json_object *array = json_object_new_array_ext((int)count);

    for (size_t i = 0; i < count; i++)
        json_object_array_add(array, wire_file(&list[i]));
    return array;
}

struct json_object *wire_upload(const struct upload *u)
{
    struct json_object *o = json_object_new_object();

    json_set_str(o, "id", u->row.id);
    json_set_i64(o, "size", u->row.size);
    json_set_i64(o, "received", u->received);
    json_set_i64(o, "part_max", UPLOAD_PART_MAX);
    json_set_i64(o, "expires", u->expires_ms);
    if (u->row.file.type)
        json_set(o, "attachment", wire_file(&u->row));
    return o;
}

const char *wire_file_words(int64_t count)
{
    static const char *const words[ATTACHMENTS_MAX + 1] = {
        "",        "1 file",  "2 files", "3 files", "4 files",  "5 files",
        "6 files", "7 files", "8 files", "9 files", "10 files",
    };

    return count > 0 && count <= ATTACHMENTS_MAX ? words[count] : "";
}
