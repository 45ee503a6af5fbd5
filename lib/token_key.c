/*
 * Key files, judged before anything trusts them: a secret long enough and not for everyone's eyes,
 * a PEM public key of the kind and strength that the algorithm asks for. libjwt would take a P-384
 * key for ES256 and any secret for HS256.
 */
#include "lib/token_part.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_FILE_MAX = 16384, SECRET_MIN = 32 };

static bool contains(const struct token_key *key, const char *text)
{
    return memmem(key->key, key->len, text, strlen(text)) != NULL;
}

enum err token_key_check_secret(const struct token_key *key, const char *setting, struct fail *f)
{
    if (!key->len)
        return fail(f, ERR_BAD_REQUEST, "%s is empty. Make one with: openssl rand -hex 32",
                    setting);
    if (key->len < SECRET_MIN)
        return fail(f, ERR_BAD_REQUEST,
                    "%s has %zu bytes; at least %d are needed. Make one with: openssl rand -hex 32",
                    setting, key->len, SECRET_MIN);
    if (contains(key, "-----BEGIN "))
        return fail(f, ERR_BAD_REQUEST,
                    "%s is a PEM key, not a secret. For a key pair set RS256 or ES256.", setting);
    return OK;
}

/* Up to KEY_FILE_MAX bytes of an open regular file into `key`. */
static enum err read_all(int fd, struct token_key *key, const char *setting, struct fail *f)
{
    ssize_t n;

    key->key = xcalloc(1, KEY_FILE_MAX + 1);
    do {
        n = read(fd, key->key + key->len, KEY_FILE_MAX + 1 - key->len);
        if (n > 0)
            key->len += (size_t)n;
    } while ((n > 0 && key->len <= KEY_FILE_MAX) || (n < 0 && errno == EINTR));
    if (n < 0)
        return fail(f, ERR_BAD_REQUEST, "%s cannot be read: %s.", setting, strerror(errno));
    if (key->len > KEY_FILE_MAX)
        return fail(f, ERR_BAD_REQUEST, "%s is too long to be a key.", setting);
    return OK;
}

static enum err check_mode(int fd, bool secret, const char *setting, const char *path,
                           struct fail *f)
{
    struct stat st;

    if (fstat(fd, &st) || !S_ISREG(st.st_mode))
        return fail(f, ERR_BAD_REQUEST, "%s = %.100s is not a file.", setting, path);
    if (secret && (st.st_mode & S_IRWXO))
        return fail(f, ERR_BAD_REQUEST, "%s is open to everyone. Run: chmod o-rwx %.100s", setting,
                    path);
    if (st.st_mode & S_IWOTH)
        return fail(f, ERR_BAD_REQUEST, "Everyone may change %s. Run: chmod o-w %.100s", setting,
                    path);
    return OK;
}

static enum err judge(int fd, struct token_key *key, const struct token_alg *alg,
                      const struct token_foreign *lib, const char *setting, const char *path,
                      struct fail *f)
{
    enum err e = check_mode(fd, alg->kind == TOKEN_KEY_SECRET, setting, path, f);

    if (!e)
        e = read_all(fd, key, setting, f);
    if (e)
        return e;
    if (alg->kind != TOKEN_KEY_SECRET) {
        if (contains(key, "PRIVATE KEY"))
            return fail(f, ERR_BAD_REQUEST,
                        "%s holds a private key; only the public one belongs here. Make it with: "
                        "openssl pkey -in PRIVATE -pubout",
                        setting);
        return token_foreign_check_public(lib, key, alg, setting, f);
    }
    /* The line end that an editor or echo leaves is not part of a secret. */
    if (key->len && key->key[key->len - 1] == '\n')
        key->len--;
    if (key->len && key->key[key->len - 1] == '\r')
        key->len--;
    return token_key_check_secret(key, setting, f);
}

enum err token_key_read(struct token_key *key, const struct token_alg *alg,
                        const struct token_foreign *lib, const char *setting, const char *path,
                        struct fail *f)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    enum err e;

    if (fd < 0)
        return fail(f, errno == ENOENT ? ERR_NOT_FOUND : ERR_BAD_REQUEST, "%s = %.100s: %s.",
                    setting, path, strerror(errno));
    e = judge(fd, key, alg, lib, setting, path, f);
    close(fd);
    return e;
}
