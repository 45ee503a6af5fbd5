/*
 * Starting the sidecar where nobody else does (sidecar = on_demand): whichever program finds none
 * starts one, after its answer. The lock decides between many who do so at once; the child inherits
 * it. A sidecar that does not come up is tried again after SIDECAR_RETRY_S.
 */
#ifndef CGI_BIN_DEMAND_H
#define CGI_BIN_DEMAND_H

#include "chat/chat.h"

/* Whether demand_start() would start one. */
bool demand_is_due(const struct chat *c);
void demand_start(const struct chat *c);

#endif
