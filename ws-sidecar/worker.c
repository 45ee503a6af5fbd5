#include "ws-sidecar/worker.h"

#include "chat/handover.h"
#include "chat/wire.h"
#include "lib/local_peer.h"
#include "ws-sidecar/line.h"
#include "ws-sidecar/sidecar.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REFUSALS_QUIET_MS = 60000 };

struct worker {
    struct worker *next;
    struct sidecar *sidecar;
    struct line *line;
    int64_t number;
};

static void drop(struct worker *gone)
{
    struct sidecar *s = gone->sidecar;
    struct worker **place = &s->workers;

    while (*place != gone)
        place = &(*place)->next;
    *place = gone->next;
    s->worker_count--;
    line_close(gone->line, NULL);
    free(gone);
}

static bool send_text(const struct worker *w, const char *text, size_t len)
{
    return send(w->line->fd, text, len, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)len;
}

/* False: the line is of no use any more. */
static bool refuse(const struct worker *w, const struct fail *f)
{
    struct json_object *o = wire_error(f, NULL);
    size_t len;
    const char *text = json_text(o, &len);
    bool sent = send_text(w, text, len);

    json_object_put(o);
    return sent;
}

static bool hand_on(struct worker *w, const char *question, size_t len)
{
    struct sidecar *s = w->sidecar;
    struct job *j = job_new(JOB_POST, 0);
    struct handed handed;
    struct fail f;

    if (handover_read(&j->arena, question, len, &handed, &f) ||
        handed.file != db_file(s->chat.db)) {
        job_free(j);
        return false;
    }
    j->worker = w->number;
    j->u.post.actor = handed.actor;
    j->u.post.post = handed.post;
    j->u.post.until_ms = handed.until_ms;
    s->heard++;
    if (sidecar_submit(s, j))
        return true;
    fail_later(&f, ERR_BUSY, 1000, NULL);
    return refuse(w, &f);
}

static void on_line(void *ctx, int events)
{
    struct worker *w = ctx;
    char question[HOTLINE_PACKET_MAX];
    ssize_t n;

    (void)events;
    n = recv(w->line->fd, question, sizeof question, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0 || w->sidecar->stopping || !hand_on(w, question, (size_t)n))
        drop(w);
}

/* Its word will be taken for who posts. Who is not believed may try as often as he likes: that is
 * not to fill the log. */
static bool is_trusted(struct sidecar *s, int fd)
{
    uid_t uid;

    if (local_peer_may_write(fd, s->conf->database, &uid))
        return true;
    if (sidecar_now(s) >= s->refusals_quiet_ms) {
        log_event(s->log, LOG_WARN, "handover_refused", LOG_N("uid", uid));
        s->refusals_quiet_ms = sidecar_now(s) + REFUSALS_QUIET_MS;
    }
    return false;
}

void worker_take(void *ctx, int fd)
{
    struct sidecar *s = ctx;
    struct worker *w;
    struct line *line;

    if (s->worker_count == WORKERS_MAX || !is_trusted(s, fd)) {
        close(fd);
        return;
    }
    line = line_new(&s->loop, fd, "");
    if (!line)
        return;
    w = xcalloc(1, sizeof *w);
    *w = (struct worker){s->workers, s, line, ++s->next_worker};
    s->workers = w;
    s->worker_count++;
    line_serve(line, on_line, w);
}

void worker_answer(struct sidecar *s, struct job *j)
{
    const char *ack = j->u.post.ack;
    struct worker *w = s->workers;

    while (w && w->number != j->worker)
        w = w->next;
    if (!w)
        return;
    if (j->err && j->fail.err != j->err)
        fail(&j->fail, j->err, NULL);
    if (j->err ? !refuse(w, &j->fail) : !send_text(w, ack, strlen(ack)))
        drop(w);
}

void worker_close_all(struct sidecar *s)
{
    struct worker *next;

    for (struct worker *w = s->workers; w; w = next) {
        next = w->next;
        drop(w);
    }
}
