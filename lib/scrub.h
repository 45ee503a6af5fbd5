/*
 * Takes out of a file what says more about its sender than its sender shows: where and with what a
 * picture was taken, whose program wrote it, what it was cut from. Small parsers of the containers,
 * which copy what a picture needs in order to be seen and leave out everything else (Exif, GPS,
 * XMP, comments, colour profiles, previews, whatever follows the picture's end); pixels are never
 * decoded. What remains of Exif is a JPEG's orientation. Streamed: memory is the same for any size.
 */
#ifndef LIB_SCRUB_H
#define LIB_SCRUB_H

#include "lib/err.h"
#include "lib/media.h"
#include "lib/secure.h"

enum { SCRUB_PIXELS_MAX = 40000000 };

struct scrubbed {
    int64_t size;
    unsigned char sha256[SECURE_HASH]; /* of what was written */
    int64_t width, height;             /* as shown, in pixels; 0: no picture */
};

/* Copies the whole of the file `in` to `out`, from where both stand. ERR_FILE_BROKEN where it is no
 * whole file of this kind, ERR_IMAGE_TOO_LARGE over SCRUB_PIXELS_MAX, ERR_STORAGE_FULL,
 * ERR_INTERNAL. After an error what was written is worth nothing. */
MUST_CHECK enum err scrub(enum media kind, int in, int out, struct scrubbed *result,
                          struct fail *f);

#endif
