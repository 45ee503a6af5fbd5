#include "chat/wire_typing.h"

void wire_add_typing(struct json_object *o, const char *room, const struct typist *list,
                     size_t count)
{
    struct json_object *array;

    if (count == 0)
        return;
    array = json_object_new_array_ext((int)count);
    for (size_t i = 0; i < count; i++) {
        struct json_object *one = json_object_new_object();

        json_set_str(one, "room", room);
        json_set_i64(one, "user_id", list[i].user_id);
        json_set_str(one, "username", list[i].username);
        json_object_array_add(array, one);
    }
    json_set(o, "typing", array);
}
