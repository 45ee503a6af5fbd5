/* Whether the folder of people's files holds what the database says, and what else it holds. */
#ifndef CHAT_FILE_CHECK_H
#define CHAT_FILE_CHECK_H

#include "db/db.h"

struct file_check {
    int64_t named;                 /* by rows: files and small pictures */
    int64_t missing;               /* of those */
    int64_t broken;                /* not what their names say; counted where asked for */
    int64_t orphans, orphan_bytes; /* in the folder for more than a day, and no row names them */
    char first[65];                /* of the missing or broken ones: its SHA-256; "": none */
};

/* `whole`: reads every file. Servers may run meanwhile. */
MUST_CHECK enum err file_check(struct db *db, const char *dir, bool whole, struct file_check *out,
                               struct fail *f);

#endif
