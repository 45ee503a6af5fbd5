#include "cgi-bin/queue.h"

#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SERVICE_WEIGHT = 16, ANSWER_MAX = 512 };

void queue_init(struct queue *q, int listener)
{
    struct stat st;

    *q = (struct queue){.diagnosis = -1};
    if (fstat(listener, &st) != 0 || !S_ISSOCK(st.st_mode))
        return;
    q->inode = (uint32_t)st.st_ino;
    q->diagnosis = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);
}

void queue_release(struct queue *q)
{
    if (q->diagnosis >= 0)
        close(q->diagnosis);
    q->diagnosis = -1;
}

static bool ask(const struct queue *q)
{
    struct {
        struct nlmsghdr head;
        struct unix_diag_req body;
    } request = {
        .head = {.nlmsg_len = sizeof request,
                 .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                 .nlmsg_flags = NLM_F_REQUEST},
        .body = {.sdiag_family = AF_UNIX,
                 .udiag_states = UINT32_MAX,
                 .udiag_ino = q->inode,
                 .udiag_show = UDIAG_SHOW_RQLEN,
                 .udiag_cookie = {UINT32_MAX, UINT32_MAX}},
    };

    return send(q->diagnosis, &request, sizeof request, 0) == (ssize_t)sizeof request;
}

/* The attribute with the lengths, in a message of `len` bytes; -1 where there is none. */
static int64_t read_length(const char *message, size_t len)
{
    size_t at = NLMSG_LENGTH(sizeof(struct unix_diag_msg));
    struct nlmsghdr head;

    if (len < sizeof head)
        return -1;
    memcpy(&head, message, sizeof head);
    if (head.nlmsg_type != SOCK_DIAG_BY_FAMILY || head.nlmsg_len > len)
        return -1;
    while (at + sizeof(struct nlattr) <= head.nlmsg_len) {
        struct nlattr attribute;
        struct unix_diag_rqlen lengths;

        memcpy(&attribute, message + at, sizeof attribute);
        if (attribute.nla_len < sizeof attribute || at + attribute.nla_len > head.nlmsg_len)
            return -1;
        if (attribute.nla_type == UNIX_DIAG_RQLEN &&
            attribute.nla_len >= sizeof attribute + sizeof lengths) {
            memcpy(&lengths, message + at + sizeof attribute, sizeof lengths);
            return lengths.udiag_rqueue;
        }
        at += (attribute.nla_len + 3u) & ~(size_t)3;
    }
    return -1;
}

/* The kernel answers within send(), so there is nothing to wait for. */
int64_t queue_length(const struct queue *q)
{
    char answer[ANSWER_MAX];
    ssize_t len;

    if (q->diagnosis < 0 || !ask(q))
        return -1;
    len = recv(q->diagnosis, answer, sizeof answer, 0);
    return len > 0 ? read_length(answer, (size_t)len) : -1;
}

bool queue_judge(const struct queue *q, int64_t length)
{
    return length > 0 &&
           length * q->service_us / 1000 > (q->refusing ? QUEUE_DRAINED_MS : QUEUE_FULL_MS);
}

bool queue_refuses(struct queue *q, int64_t now_ms)
{
    if (now_ms - q->looked_ms < (q->refusing ? QUEUE_LOOK_REFUSING_MS : QUEUE_LOOK_MS))
        return q->refusing;
    q->looked_ms = now_ms;
    q->refusing = queue_judge(q, queue_length(q));
    return q->refusing;
}

void queue_served(struct queue *q, int64_t took_us)
{
    q->service_us += (took_us - q->service_us) / SERVICE_WEIGHT;
}
