/*
 * For chat/markup.c: a text made ready for the Markdown parser. What means something to the parser
 * but not to people in a chat (`#1 pick`, `5~7U`, `> 5`, `150. support`) is replaced by stand-ins,
 * which the parser takes for letters and the renderer turns back, in code too. So nothing that was
 * typed is ever lost.
 *
 * Stand-ins are Unicode's noncharacters, which no text needs: one for each of the 32 punctuation
 * characters of ASCII, one before a character that was escaped by a backslash, and one at both ends
 * of a span that was found elsewhere and not by the parser: an address without brackets, a mention.
 */
#ifndef CHAT_MARKUP_SHIELD_H
#define CHAT_MARKUP_SHIELD_H

#include "db/mention.h"
#include "lib/buf.h"

enum shield_kind {
    SHIELD_TEXT,   /* any other byte */
    SHIELD_CHAR,   /* stands for *c */
    SHIELD_ESCAPE, /* the next one came after a backslash */
    SHIELD_SPAN    /* a span begins or ends */
};

enum { SHIELD_BYTES = 3 }; /* of a stand-in */

/* What stands at `s`; *c: the byte, or the one that is stood for. */
enum shield_kind shield_at(const char *s, size_t len, char *c);
/* Appends `text` to `out`; false where it has stand-ins already. */
bool shield_text(struct buf *out, const char *text, size_t len, const struct mentions *mentions);

#endif
