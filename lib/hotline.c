#include "lib/hotline.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { ABSENT_MS = 1000, HUNG_MS = 10000 };

void hotline_close(struct hotline *h)
{
    if (h->fd >= 0)
        close(h->fd);
    h->fd = -1;
}

static bool dial(struct hotline *h, struct notify *n, int64_t now, int64_t wait_ms)
{
    const struct timeval limit = {.tv_sec = wait_ms / 1000, .tv_usec = wait_ms % 1000 * 1000};

    if (h->fd >= 0)
        return true;
    if (now < h->not_before_ms)
        return false;
    h->fd = notify_line(n);
    if (h->fd < 0) {
        h->not_before_ms = now + ABSENT_MS;
        return false;
    }
    setsockopt(h->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(h->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    return true;
}

/* The length of the packet; 0 or less: none. A signal cuts a wait short, and is not what ends it.
 */
static ssize_t wait_for(int fd, const struct clock *clock, int64_t until, char *answer)
{
    ssize_t n;

    do
        n = recv(fd, answer, HOTLINE_PACKET_MAX, MSG_TRUNC);
    while (n < 0 && errno == EINTR && clock_boot_ms(clock) < until);
    return n;
}

enum hotline_end hotline_ask(struct hotline *h, struct notify *n, const struct clock *clock,
                             int64_t until, const char *question, size_t len,
                             char answer[static HOTLINE_PACKET_MAX], size_t *answer_len)
{
    int64_t now = clock_boot_ms(clock);
    ssize_t got;

    if (len > HOTLINE_PACKET_MAX || !dial(h, n, now, until - now))
        return HOTLINE_NOBODY;
    got = send(h->fd, question, len, MSG_NOSIGNAL);
    if (got >= 0)
        got = wait_for(h->fd, clock, until, answer);
    if (got > 0 && got <= HOTLINE_PACKET_MAX) {
        *answer_len = (size_t)got;
        return HOTLINE_ANSWER;
    }
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        h->not_before_ms = now + HUNG_MS;
    hotline_close(h); /* a late answer must not be taken for the next one's */
    return HOTLINE_SILENCE;
}
