/* health/delivery: for `outcry doctor`, which sees by it whether files reach a browser. */
#include "cgi-bin/handle.h"

#include "cgi-bin/deliver.h"
#include "lib/file_probe.h"

enum err handle_delivery(struct call *c, struct fail *f)
{
    char sha256[FILE_STORE_SHA + 1];
    enum err e = file_probe_keep(c->app->conf->files_dir, f);

    file_probe_sha256(sha256);
    return e ? e : deliver(c, sha256, "text/plain", f);
}
