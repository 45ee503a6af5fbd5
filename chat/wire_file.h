/* Files on the wire: part of chat/wire.h. */
#ifndef CHAT_WIRE_FILE_H
#define CHAT_WIRE_FILE_H

#include "chat/upload.h"
#include "lib/json.h"

/* [{id, name, type, size, url, width?, height?, thumb?:{url, width, height}}]: URLs below the
 * API's. */
struct json_object *wire_files(const struct attachment *list, size_t count);
struct json_object *wire_file(const struct attachment *file);
/* {id, size, received, part_max, expires}, and `attachment` once it is whole. */
struct json_object *wire_upload(const struct upload *u);
/* "3 files": what is said of a message that says nothing itself; "" for none. */
const char *wire_file_words(int64_t count);

#endif
