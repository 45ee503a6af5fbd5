/* A day as people and date fields write it. */
#ifndef LIB_TEXT_DAY_H
#define LIB_TEXT_DAY_H

#include "lib/base.h"

/* YYYY-MM-DD, from 1970 on: its midnight UTC in ms. */
bool text_day(const char *s, size_t len, int64_t *ms);

#endif
