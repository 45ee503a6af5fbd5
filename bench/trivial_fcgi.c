/*
 * The floor of an answer through FastCGI: a program that does nothing but answer, with as many
 * bytes as its query says (/…?20000), "ok" without one.
 */
#include "lib/base.h"

#include <fcgiapp.h>
#include <stdlib.h>
#include <string.h>

enum { BODY_MAX = 1 << 20 };

int main(void)
{
    char *body = xmalloc(BODY_MAX);
    FCGX_Request request;

    memset(body, 'x', BODY_MAX);
    memcpy(body, "ok", 2);
    if (FCGX_Init() != 0 || FCGX_InitRequest(&request, 0, 0) != 0)
        die("FastCGI did not start");
    while (FCGX_Accept_r(&request) == 0) {
        const char *query = FCGX_GetParam("QUERY_STRING", request.envp);
        long size = query && *query ? strtol(query, NULL, 10) : 2;

        size = size < 2 || size > BODY_MAX ? 2 : size;
        FCGX_FPrintF(request.out,
                     "Status: 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %ld\r\n\r\n",
                     size);
        FCGX_PutStr(body, (int)size, request.out);
        FCGX_Finish_r(&request);
    }
    free(body);
    return 0;
}
