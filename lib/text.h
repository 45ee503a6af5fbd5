/*
 * Text that came from outside: UTF-8 validation (RFC 3629: no surrogates, no overlong forms, at
 * most U+10FFFF), counting, bounded number parsing, and what is needed to compare and judge names.
 * Folding uses utf8proc (Unicode NFKC_Casefold, marks and ignorables dropped).
 */
#ifndef LIB_TEXT_H
#define LIB_TEXT_H

#include "lib/arena.h"

bool text_is_utf8(const char *s, size_t len);
/* How many bytes at the beginning are valid; `len` where all are. */
size_t text_utf8_prefix(const char *s, size_t len);
/* Code points in valid UTF-8. */
size_t text_count(const char *s, size_t len);

/* The whole of `s` must be a decimal number (optional '-', no '+', no blanks, no leading zeros but
 * "0" itself) within min…max. */
bool text_to_i64(const char *s, size_t len, int64_t min, int64_t max, int64_t *out);

/* A copy without blanks at both ends, in NFC, line ends as "\n". NULL where the text is not UTF-8,
 * has a NUL or another C0 control than \n and \t, or a code point carries more than 8 combining
 * marks. Bidi controls are kept: whoever shows the text isolates it. */
char *text_clean(struct arena *a, const char *s, size_t len);
/* True where nothing would be seen: only blanks, marks without a base, zero-width or control. */
bool text_is_blank(const char *s, size_t len);

/* Whether a code point is a character, and neither a control, a format, a surrogate, of private
 * use, nor a separator of lines or paragraphs. */
bool text_is_visible(int32_t cp);

/* A person's name as typed, cleaned (NFC, trimmed, inner blanks single), or NULL where it may not
 * be a name: empty, over 32 code points, with controls, bidi or zero-width characters, line ends,
 * or one of <>&"'`~@#/\ (the last five have a meaning of ours). */
char *text_name(struct arena *a, const char *s, size_t len);
/* What two names must differ in: case, width, marks and common look-alikes folded. Never NULL. */
char *text_fold(struct arena *a, const char *name);

/* A room's slug: 1–32 of [a-z0-9-], not beginning or ending with '-'; or "@me". */
bool text_is_slug(const char *s, size_t len);
/* A client id: 8–64 of [A-Za-z0-9_-]. */
bool text_is_client_id(const char *s, size_t len);

#endif
