/* For chat/markup*.c: which addresses a message may lead to, and where a bare one ends. */
#ifndef CHAT_MARKUP_ADDRESS_H
#define CHAT_MARKUP_ADDRESS_H

#include "lib/base.h"

/* Begins with http://, https:// or mailto: and something behind it. */
bool address_begins(const char *s, size_t len);
/* The whole is one: no blanks, controls, quotes, angles or bidi controls in it. */
bool address_is_allowed(const char *s, size_t len);
/* How long it can be at most: up to a blank, a quote, an angle, or a closing bracket that it did
 * not open. */
size_t address_extent(const char *s, size_t len);
/* How long the http or https address at `s` is; the sentence's punctuation behind it is not part of
 * it. 0: there is none. */
size_t address_length(const char *s, size_t len);

#endif
