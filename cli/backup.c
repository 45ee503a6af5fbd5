#include "cli/commands.h"
#include "cli/site.h"

#include "db/backup.h"
#include "lib/file_copy.h"

#include <inttypes.h>

/* After the database: what it names is there then, or was deleted since. */
static enum err copy_files(const struct site *s, const struct args *args, struct fail *f)
{
    const char *to = args_value(args, "files");
    struct file_copied copied;
    enum err e = file_copy_all(s->conf.files_dir, to, &copied, f);

    if (e)
        return e;
    if (!args_value(args, "quiet"))
        printf("%s: %" PRId64 " files copied (%" PRId64 " bytes), %" PRId64
               " were there already; checked.\n",
               to, copied.files, copied.bytes, copied.there);
    if (copied.broken)
        return fail(f, ERR_INTERNAL,
                    "%" PRId64 " files are not what was sent, and were left out: outcry verify "
                    "--whole names them.",
                    copied.broken);
    return OK;
}

static int run(const struct args *args)
{
    struct backup_report made;
    struct site site;
    struct fail f = {0};
    enum err e;

    if (args->word_count != 1)
        return args_misused(args, "Name the file to write: backup TARGET.");
    if (!site_open(&site, args, DB_READ_ONLY))
        return EXIT_FAILED;
    e = backup_make(site.chat.db, args->words[0], &made, &f);
    if (!e && !args_value(args, "quiet"))
        printf("%s: %" PRId64 " bytes, %" PRId64 " messages, schema %d, epoch %s; checked.\n",
               args->words[0], made.bytes, made.messages, made.schema, made.epoch);
    if (!e && args_value(args, "files"))
        e = copy_files(&site, args, &f);
    site_close(&site);
    return e ? site_failed(&f) : EXIT_DONE;
}

const struct command backup_command = {
    .name = "backup",
    .words = "TARGET",
    .summary = "Copies the database into a new file while everything runs, and checks the copy.",
    .help =
        "The copy is one moment of the chat, in one file that needs nothing beside it. It is\n"
        "made under another name and appears as TARGET once it was checked and is on disk; a\n"
        "file that exists is never replaced. Writers go on meanwhile. Run by root, the copy is\n"
        "made by the database's owner, who must be able to write in TARGET's folder.\n"
        "People's files are copied too where --files says, those that DIR does not have yet: the\n"
        "same DIR does for every backup, and each is read whole on its way.\n"
        "What it does not hold: outcry.conf with its secrets, and who is online.",
    .options =
        {
            SITE_OPTION,
            {"files", "DIR", "copy people's files to this folder as well"},
            {"quiet", NULL, "print nothing when all went well"},
        },
    .run = run,
};
