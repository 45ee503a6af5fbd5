/* Where things are: the configuration file, and what lies beside it or beside the program. */
#include "lib/conf_key.h"

#include "lib/places.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PROGRAM_PATH_MAX = 4096 };

char *conf_join(const char *dir, const char *path)
{
    size_t size = strlen(dir) + strlen(path) + 2;
    char *joined;

    if (!*path || path[0] == '/' || !*dir)
        return xstrdup(path);
    joined = xmalloc(size);
    snprintf(joined, size, "%s%s%s", dir, dir[strlen(dir) - 1] == '/' ? "" : "/", path);
    return joined;
}

char *conf_folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *dir = slash ? xstrdup(path) : xstrdup(".");
    char *real;

    if (slash)
        dir[slash == path ? 1 : slash - path] = '\0';
    real = realpath(dir, NULL);
    if (!real)
        return dir;
    free(dir);
    return real;
}

char *conf_beside(const char *path, const char *name)
{
    const char *slash = strrchr(path, '/');
    char *dir = xstrdup(path), *joined;

    dir[slash ? slash - path + 1 : 0] = '\0';
    joined = conf_join(dir, name);
    free(dir);
    return joined;
}

/* The program that runs; false where the kernel does not tell. */
static bool find_self(char out[PROGRAM_PATH_MAX])
{
    ssize_t len = readlink("/proc/self/exe", out, PROGRAM_PATH_MAX - 1);

    out[len > 0 ? len : 0] = '\0';
    return len > 0;
}

char *conf_beside_program(const char *name)
{
    char self[PROGRAM_PATH_MAX];
    char *dir = find_self(self) ? conf_folder_of(self) : xstrdup("");
    char *path = conf_join(dir, name);

    free(dir);
    return path;
}

/* `outcry.conf` in the folder of `program`; NULL where there is none. */
static char *beside(const char *program)
{
    char *dir = conf_folder_of(program);
    char *path = conf_join(dir, "outcry.conf");

    free(dir);
    if (access(path, F_OK) == 0)
        return path;
    free(path);
    return NULL;
}

char *conf_find(const char *given, const char *argv0)
{
    const char *named = getenv("OUTCRY_CONFIG");
    char self[PROGRAM_PATH_MAX];
    char *found = NULL;

    if (given)
        return xstrdup(given);
    if (named && *named)
        return xstrdup(named);
    /* A link to the program counts first (it may lie in a document root),
     * then the program itself. */
    if (argv0 && strchr(argv0, '/'))
        found = beside(argv0);
    if (!found && find_self(self))
        found = beside(self);
    if (!found && access(places_conf, F_OK) == 0)
        found = xstrdup(places_conf);
    return found;
}
