#include "lib/media.h"

#include <dlfcn.h>
#include <errno.h>
#include <magic.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SNIFF_CPU_S = 2 };

static const struct media_row rows[MEDIA_COUNT] = {
    [MEDIA_NONE] = {"application/octet-stream", "bin", false},
    [MEDIA_PNG] = {"image/png", "png apng", true},
    [MEDIA_JPEG] = {"image/jpeg", "jpg jpeg jpe jfif", true},
    [MEDIA_GIF] = {"image/gif", "gif", true},
    [MEDIA_WEBP] = {"image/webp", "webp", true},
    [MEDIA_PDF] = {"application/pdf", "pdf", false},
    [MEDIA_CSV] = {"text/csv", "csv", false},
    [MEDIA_TEXT] = {"text/plain", "txt text log md csv tsv json", false},
};

const struct media_row *media_row(enum media m)
{
    return &rows[(unsigned)m < MEDIA_COUNT ? m : MEDIA_NONE];
}

enum media media_by_type(const char *type)
{
    for (int m = MEDIA_NONE + 1; type && m < MEDIA_COUNT; m++)
        if (strcmp(rows[m].type, type) == 0)
            return (enum media)m;
    return MEDIA_NONE;
}

/* Our own look: how such a file must begin. Anything without a NUL may be text. */
static enum media by_beginning(const char *head, size_t len)
{
    static const struct {
        enum media media;
        const char *bytes;
        size_t len;
    } beginnings[] = {
        {MEDIA_PNG, "\x89PNG\r\n\x1a\n", 8},
        {MEDIA_JPEG, "\xff\xd8\xff", 3},
        {MEDIA_GIF, "GIF87a", 6},
        {MEDIA_GIF, "GIF89a", 6},
        {MEDIA_PDF, "%PDF-", 5},
    };

    for (size_t i = 0; i < ARRAY_LEN(beginnings); i++)
        if (len >= beginnings[i].len && memcmp(head, beginnings[i].bytes, beginnings[i].len) == 0)
            return beginnings[i].media;
    if (len >= 12 && memcmp(head, "RIFF", 4) == 0 && memcmp(head + 8, "WEBP", 4) == 0)
        return MEDIA_WEBP;
    return len == 0 || memchr(head, '\0', len) ? MEDIA_NONE : MEDIA_TEXT;
}

/* Source code, logs and the like have types of their own, and are text to everybody here. What a
 * browser would run is not. */
static enum media by_magic_type(const char *type)
{
    enum media m = media_by_type(type);

    if (m || !type)
        return m;
    if (strcmp(type, "text/html") == 0 || strstr(type, "xml") || strstr(type, "script.javascript"))
        return MEDIA_NONE;
    return strncmp(type, "text/", 5) == 0 || strcmp(type, "application/json") == 0 ? MEDIA_TEXT
                                                                                   : MEDIA_NONE;
}

/* With four libraries of its own, which nobody else needs: it is loaded where a file is judged. */
struct libmagic {
    __typeof__(magic_open) *open;
    __typeof__(magic_load) *load;
    __typeof__(magic_buffer) *buffer;
};

static bool load_libmagic(struct libmagic *lib)
{
    void *handle = dlopen("libmagic.so.1", RTLD_NOW | RTLD_LOCAL);

    if (!handle)
        return false;
    lib->open = (__typeof__(magic_open) *)dlsym(handle, "magic_open");
    lib->load = (__typeof__(magic_load) *)dlsym(handle, "magic_load");
    lib->buffer = (__typeof__(magic_buffer) *)dlsym(handle, "magic_buffer");
    return lib->open && lib->load && lib->buffer;
}

bool media_can_sniff(void)
{
    struct libmagic lib;

    return load_libmagic(&lib);
}

/* In a process that ends when it has answered: nothing is given back. */
static enum media by_magic(const void *head, size_t len)
{
    struct libmagic lib;
    magic_t magic;

    if (!load_libmagic(&lib))
        return MEDIA_NONE;
    magic = lib.open(MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_CHECK_TAR |
                     MAGIC_NO_CHECK_ELF | MAGIC_NO_CHECK_CDF);
    if (!magic || lib.load(magic, NULL) != 0)
        return MEDIA_NONE;
    return by_magic_type(lib.buffer(magic, head, len));
}

/* The child's exit code is its verdict; one that dies has none. */
static enum media by_magic_in_child(const void *head, size_t len)
{
    pid_t child = fork(), ended;
    int status = 0;

    if (child == 0) {
        const struct rlimit cpu = {SNIFF_CPU_S, SNIFF_CPU_S}, none = {0, 0};

        setrlimit(RLIMIT_CPU, &cpu);
        setrlimit(RLIMIT_FSIZE, &none);
        setrlimit(RLIMIT_CORE, &none);
        _exit((int)by_magic(head, len));
    }
    do
        ended = child > 0 ? waitpid(child, &status, 0) : -1;
    while (ended < 0 && child > 0 && errno == EINTR);
    return ended == child && WIFEXITED(status) && WEXITSTATUS(status) < MEDIA_COUNT
               ? (enum media)WEXITSTATUS(status)
               : MEDIA_NONE;
}

enum media media_sniff(const void *head, size_t len)
{
    enum media ours, theirs;

    if (len > MEDIA_HEAD)
        len = MEDIA_HEAD;
    ours = by_beginning(head, len);
    if (!ours)
        return MEDIA_NONE;
    theirs = by_magic_in_child(head, len);
    if (ours == MEDIA_TEXT && theirs == MEDIA_CSV)
        return MEDIA_CSV;
    return ours == theirs ? ours : MEDIA_NONE;
}
