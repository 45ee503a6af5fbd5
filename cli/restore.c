#include "cli/commands.h"
#include "cli/site.h"

#include "chat/erase.h"
#include "chat/file_check.h"
#include "db/restore.h"
#include "lib/file_copy.h"

#include <inttypes.h>

static void tell(const struct site *s, const struct restore_report *r)
{
    struct notify notify;
    struct fail f;

    if (notify_open(&notify, s->conf.notify_socket, &f) == OK) {
        notify_send(&notify);
        notify_close(&notify);
    }
    printf("Restored: %" PRId64 " messages, schema %d, epoch %s (was %s).\n", r->source.messages,
           r->schema, r->epoch, r->source.epoch);
    printf("The database is %s now.\n", r->file);
    if (r->kept[0])
        printf("The replaced one is kept: %s\n", r->kept);
}

static enum err bring_files(const struct site *s, const char *from, struct fail *f)
{
    struct file_copied copied;
    enum err e = file_copy_all(from, s->conf.files_dir, &copied, f);

    if (!e)
        printf("Files: %" PRId64 " brought back (%" PRId64 " bytes), %" PRId64
               " were there, %" PRId64 " in %s are broken.\n",
               copied.files, copied.bytes, copied.there, copied.broken, from);
    return e;
}

/* What the restored messages show is there, or somebody is told. */
static enum err check_files(struct site *s, struct fail *f)
{
    struct file_check check;
    struct db *db;
    enum err e = db_open(&db, DB_CHAT, DB_READ_ONLY, &s->conf, &s->log, f);

    if (e)
        return e;
    e = file_check(db, s->conf.files_dir, false, &check, f);
    db_close(db);
    if (!e && check.missing)
        printf("Of %" PRId64 " files of the restored messages %" PRId64 " are missing in %s. "
               "Bring them from the backup: outcry restore SOURCE --files DIR, or cp -a.\n",
               check.named, check.missing, s->conf.files_dir);
    return e;
}

static enum err mind_files(struct site *s, const struct args *args, struct fail *f)
{
    const char *from = args_value(args, "files");
    enum err e = from ? bring_files(s, from, f) : OK;

    return e ? e : check_files(s, f);
}

/* ----- who was erased since ----- */

struct again {
    struct site *site;
    bool undelete;
    int64_t people, messages, removed;
};

static enum err erase_again(void *ctx, struct db *db, struct fail *f)
{
    struct again *again = ctx;
    struct chat chat = {.conf = &again->site->conf, .log = &again->site->log, .db = db};
    struct erased erased;
    enum err e;

    chat.notify.fd = -1;
    clock_boot_id(chat.boot_id);
    e = erase_restored(&chat, !again->undelete, &erased, f);
    again->people += erased.people;
    again->messages += erased.messages;
    again->removed += erased.removed;
    return e;
}

static enum err restore(struct site *s, const char *source, bool undelete, struct fail *f)
{
    struct again again = {.site = s, .undelete = undelete};
    const struct restore_mend mend = {erase_again, &again};
    struct restore_report report;
    enum err e = restore_run(&s->conf, &s->log, source, &mend, &report, f);

    if (e)
        return e;
    tell(s, &report);
    if (again.people)
        printf("Erased again: %" PRId64 " people, %" PRId64 " messages.\n", again.people,
               again.messages);
    if (again.removed)
        printf("Removed again, as moderators did: %" PRId64 " messages.\n", again.removed);
    return OK;
}

static int run(const struct args *args)
{
    bool accept = args_value(args, "accept") != NULL;
    struct site site;
    struct fail f = {0};
    enum err e;

    if (args->word_count != (accept ? 0u : 1u))
        return args_misused(args, "Name the backup, or say --accept: restore SOURCE.");
    if (!site_load(&site, args))
        return EXIT_FAILED;
    if (!site_become_owner_of(site.conf.database)) {
        site_close(&site);
        return EXIT_FAILED;
    }
    e = restore(&site, accept ? site.conf.database : args->words[0],
                args_value(args, "undelete") != NULL, &f);
    if (!e)
        e = mind_files(&site, args, &f);
    site_close(&site);
    return e ? site_failed(&f) : EXIT_DONE;
}

const struct command restore_command = {
    .name = "restore",
    .words = "SOURCE",
    .summary = "Puts a backup in the place of the database; everybody loads the chat again.",
    .help =
        "The source is copied and checked first; one that is broken, another program's or of a\n"
        "newer schema is refused, and nothing has changed. An older schema is migrated. The copy\n"
        "begins a new epoch, so every client discards what it has and loads what was restored.\n"
        "\n"
        "It may be run while the servers do: they open the new database at their next request,\n"
        "and the sidecar has its clients connect again. What is posted between the last backup\n"
        "and the restore is in the replaced database only, which is kept beside the new one under\n"
        "the name printed; remove it when it is not needed any more. The database's own name is a\n"
        "symbolic link from then on.\n"
        "\n"
        "Who was erased since the backup was made, and what moderators removed, is so again "
        "before\n"
        "the copy is in place: chat.db-erased, beside the database, knows of it (numbers and "
        "times,\n"
        "no names), and is not replaced. Messages that their authors deleted since are there "
        "again.\n"
        "\n"
        "--accept takes the database as it is: for one that was put there by hand (`cp`, `mv`) or\n"
        "lost its newest part in a crash, and that is read-only since.",
    .options =
        {
            SITE_OPTION,
            {"files", "DIR", "bring people's files back from this folder, where one is missing"},
            {"undelete", NULL, "bring back what moderators removed since the backup"},
            {"accept", NULL, "instead of SOURCE: begin a new epoch with the present database"},
        },
    .run = run,
};
