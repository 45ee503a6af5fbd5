/*
 * The floor of an answer through plain CGI: answers and exits. Linked twice: with libc alone, and
 * with all the libraries of api.fcgi, of which it uses none.
 */
#include <stdio.h>

int main(void)
{
    fputs("Status: 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok", stdout);
    return 0;
}
