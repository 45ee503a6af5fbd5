/*
 * Another database in the place of chat.db, while programs may run. The new one lies beside it
 * under a name of its own, with its own WAL and locks; chat.db becomes a symbolic link to it, and
 * that link is renamed into place: at each instant the name means one whole database, and a WAL of
 * one history never lies beside a file of another. Running programs notice (see db_follow()).
 */
#ifndef DB_RESTORE_H
#define DB_RESTORE_H

#include "db/backup.h"

struct restore_report {
    struct backup_report source;
    char epoch[33];  /* the new one */
    char file[4096]; /* where the database lies now */
    char kept[4096]; /* where the replaced one does; "" where there was none */
    int schema;      /* after migration */
};

/* What else is done to the new database before it is in place, idempotent: at length while others
 * use the old one, and once more, for what came meanwhile, while they cannot write. */
struct restore_mend {
    enum err (*run)(void *ctx, struct db *db, struct fail *f);
    void *ctx;
};

/*
 * Copies and checks `source`, migrates the copy, gives it a new epoch and puts it in place. The
 * replaced database is kept beside it, WAL and all. Presence and tickets, which name users of the
 * old history, are dropped. On an error nothing was replaced. `mend` may be NULL.
 */
MUST_CHECK enum err restore_run(const struct conf *conf, const struct log *log, const char *source,
                                const struct restore_mend *mend, struct restore_report *out,
                                struct fail *f);

#endif
