/*
 * The kinds of files that people may send. A file is what its bytes say, never what its name or its
 * sender does: two judges, ours and libmagic, look at its beginning and must agree.
 */
#ifndef LIB_MEDIA_H
#define LIB_MEDIA_H

#include "lib/base.h"

enum media {
    MEDIA_NONE, /* none of these: refused */
    MEDIA_PNG,
    MEDIA_JPEG,
    MEDIA_GIF,
    MEDIA_WEBP,
    MEDIA_PDF,
    MEDIA_CSV,
    MEDIA_TEXT,
    MEDIA_COUNT
};

enum { MEDIA_HEAD = 16384 }; /* bytes that a judgement needs */

struct media_row {
    const char *type;       /* "image/png" */
    const char *extensions; /* "png apng": what a name may end in; the first is added where not */
    bool is_image;          /* shown in the page; the others are only ever downloaded */
};

/* Never NULL; of MEDIA_NONE: "application/octet-stream". */
const struct media_row *media_row(enum media m);
enum media media_by_type(const char *type); /* MEDIA_NONE where unknown or NULL */

/* By the first MEDIA_HEAD bytes of a file, or all of a shorter one. libmagic is a large parser of
 * hostile bytes: it runs in a child of its own, which has two seconds and may write nothing. */
enum media media_sniff(const void *head, size_t len);
/* Whether libmagic is there; where it is not, every file is refused. For `outcry doctor`. */
bool media_can_sniff(void);

#endif
