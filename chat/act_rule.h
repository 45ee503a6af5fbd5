/* For chat/act*.c only: one act on its way, and the two halves of its rule. */
#ifndef CHAT_ACT_RULE_H
#define CHAT_ACT_RULE_H

#include "chat/act.h"

struct act_way {
    const struct act *act;
    struct arena *arena;
    struct room room;
    struct user user; /* who acts, as of this transaction */
    bool moderator;
    int64_t now_ms;
    struct message *message; /* the row; the rule keeps it as it is stored */
    const char *text;        /* of an edit, clean */
    const char *emoji;       /* of a reaction, as the message spells it */
    const char *payload;     /* of the event; NULL: none */
    bool changes;            /* judged: there is something to store */
};

typedef enum err act_rule_fn(struct chat *c, struct act_way *w, struct fail *f);

/* Within conf->edit_minutes of its author's own message. */
bool act_is_fresh(const struct chat *c, const struct message *m, int64_t now_ms);

/* judge: may it be done, and does it change anything (w->changes)? store: the rows. */
act_rule_fn act_judge_edit, act_store_edit;
act_rule_fn act_judge_react, act_store_react;
act_rule_fn act_judge_pin, act_store_pin;
act_rule_fn act_judge_delete, act_store_delete;

#endif
