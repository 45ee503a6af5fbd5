/*
 * What a message's text looks like: Markdown as people write it in a chat, into HTML of a few known
 * elements. Prices, tickers and comparisons come out as they were typed (`5~7U`, `*ST`, `2*3`,
 * `> 5`), and there is no raw HTML, no picture and no address but http, https and mailto.
 *
 * Elements: p br strong em del code pre blockquote ul ol li a span. Attributes: ol start; a href,
 * title, rel and target; span data-user, who is mentioned there. Entities: amp lt gt quot #39.
 * static/js/markup.js reads these and nothing else.
 */
#ifndef CHAT_MARKUP_H
#define CHAT_MARKUP_H

#include "db/mention.h"

enum {
    MARKUP_INPUT_MAX = 16384, /* bytes; a longer text is shown plain */
    MARKUP_OUTPUT_MAX = 65536,
    MARKUP_DEPTH_MAX = 16
};

/* The HTML of `body` (clean, see text_clean()), in `a`. NULL where it has no markup or is past a
 * limit: then the text itself is what is shown. */
const char *markup_html(struct arena *a, const char *body);
/* The same with those whom it mentions. What turns out to be in code, or within a link, mentions
 * nobody and is taken out of *mentions. */
const char *markup_mentions(struct arena *a, const char *body, struct mentions *mentions);

#endif
