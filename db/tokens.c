#include "db/tokens.h"
#include "db/handle.h"

#include <string.h>

/* FTS5 hands out its functions through a statement that gets a pointer to fill. */
static fts5_api *find_api(sqlite3 *sqlite)
{
    fts5_api *api = NULL;
    sqlite3_stmt *stmt = NULL;

    if (sqlite3_prepare_v2(sqlite, "SELECT fts5(?1)", -1, &stmt, NULL) == SQLITE_OK &&
        sqlite3_bind_pointer(stmt, 1, (void *)&api, "fts5_api_ptr", NULL) == SQLITE_OK)
        (void)sqlite3_step(stmt);
    sqlite3_finalize(stmt);
    return api;
}

static enum err open_tokenizer(struct db *db, struct fail *f)
{
    const char *settings[] = {"remove_diacritics", "2"};
    fts5_api *api = find_api(db->sqlite);
    void *context = NULL;
    int rc = api ? api->xFindTokenizer(api, "unicode61", &context, &db->tokenizer) : SQLITE_ERROR;

    if (rc == SQLITE_OK)
        rc = db->tokenizer.xCreate(context, settings, (int)ARRAY_LEN(settings), &db->words);
    return rc == SQLITE_OK ? OK : db_error(db, rc, "tokenizer", f);
}

void tokens_release(struct db *db)
{
    if (db->words)
        db->tokenizer.xDelete(db->words);
    db->words = NULL;
}

struct split {
    struct arena *arena;
    struct tokens *out;
    size_t room;
};

static void grow(struct split *s)
{
    size_t room = s->room ? 2 * s->room : 32;
    struct token *list = arena_alloc(s->arena, room * sizeof *list);

    if (s->out->count > 0)
        memcpy(list, s->out->list, s->out->count * sizeof *list);
    s->out->list = list;
    s->room = room;
}

static int take(void *ctx, int flags, const char *text, int len, int start, int end)
{
    struct split *s = ctx;

    (void)flags;
    if (s->out->count == s->room)
        grow(s);
    s->out->list[s->out->count++] = (struct token){
        .text = arena_strn(s->arena, text, (size_t)len),
        .len = (size_t)len,
        .start = (size_t)start,
        .end = (size_t)end,
    };
    return SQLITE_OK;
}

enum err tokens_split(struct db *db, struct arena *a, const char *text, size_t len,
                      struct tokens *out, struct fail *f)
{
    struct split s = {.arena = a, .out = out};
    enum err e = db->words ? OK : open_tokenizer(db, f);
    int rc;

    *out = (struct tokens){0};
    if (e)
        return e;
    rc = db->tokenizer.xTokenize(db->words, &s, FTS5_TOKENIZE_DOCUMENT, text, (int)len, take);
    return rc == SQLITE_OK ? OK : db_error(db, rc, "tokenize", f);
}
