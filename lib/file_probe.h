/*
 * A file of ours among people's files, which takes the way that theirs take to a browser: so it can
 * be seen whether the web server does its part. Nothing of it is secret.
 */
#ifndef LIB_FILE_PROBE_H
#define LIB_FILE_PROBE_H

#include "lib/file_store.h"

#define FILE_PROBE_TEXT "Files of Outcry are delivered.\n"

void file_probe_sha256(char sha[FILE_STORE_SHA + 1]);
/* Keeps it in the folder, where it is not there yet. */
MUST_CHECK enum err file_probe_keep(const char *dir, struct fail *f);

#endif
