/* Opening what outlives a request, and looking again at what an operator may have changed. */
#ifndef CGI_BIN_APP_H
#define CGI_BIN_APP_H

#include "cgi-bin/call.h"

/* `config` as given with --config, or NULL; `brief`: for one request. `f` says how to mend what is
 * wrong. */
MUST_CHECK enum err app_open(struct app **out, enum site site, bool brief, const char *config,
                             const char *argv0, struct fail *f);
void app_close(struct app *app); /* one that app_open() made */
/* Opens the log again, reads the host's keys again, looks at the site's style sheet again. Keys
 * that cannot be used are logged, and the old ones stay. Other settings need a restart. */
void app_reload(struct app *app);
/* Lets go of what the next request can do without. */
void app_rest(struct app *app);

#endif
