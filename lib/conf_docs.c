/* docs/configuration.md from the table of keys. */
#include "lib/conf_key.h"

#include <inttypes.h>

static void add_allowed(struct buf *out, const struct conf_key *key)
{
    switch (key->type) {
    case CONF_NUMBER:
        buf_fmt(out, "%" PRId64 " to %" PRId64, key->min, key->max);
        break;
    case CONF_WORD:
    case CONF_CHOICE:
        for (size_t i = 0; key->choices[i]; i++)
            buf_fmt(out, "%s`%s`", i ? ", " : "", key->choices[i]);
        break;
    case CONF_PATH:
        buf_str(out, "a path");
        break;
    case CONF_SOCKET:
        buf_fmt(out, "a path of at most %d bytes", CONF_SOCKET_MAX);
        break;
    case CONF_URL_PATH:
        buf_str(out, "a URL path");
        break;
    case CONF_TEXT:
        buf_str(out, "text");
        break;
    }
}

void conf_docs(struct buf *out)
{
    buf_str(out,
            "# Configuration\n\n"
            "One file, `outcry.conf`, of `key = value` lines; a line that begins with `#` is a "
            "comment. Blanks around key and value do not count, quotes do. A relative path is "
            "relative to the file's folder. An unknown key, a key set twice or a value out of "
            "bounds stops the program with `file:line:` and what to mend.\n\n"
            "The programs look for the file at `--config FILE`, then at `$OUTCRY_CONFIG`, then "
            "beside the program, then at `/etc/outcry/outcry.conf`.\n\n"
            "Written by `outcry doctor --print-config-docs` from the table in `lib/conf_key.c`.\n");
    for (size_t i = 0; i < conf_key_count; i++) {
        const struct conf_key *key = &conf_keys[i];

        if (key->section)
            buf_fmt(out,
                    "\n## %s\n\n| key | default | allowed | meaning |\n| --- | --- | --- | --- |\n",
                    key->section);
        buf_fmt(out, "| `%s` | ", key->name);
        if (!key->def)
            buf_str(out, "must be set");
        else if (*key->def)
            buf_fmt(out, "`%s`", key->def);
        else
            buf_str(out, "(empty)");
        buf_str(out, " | ");
        add_allowed(out, key);
        buf_fmt(out, " | %s |\n", key->doc);
    }
}
