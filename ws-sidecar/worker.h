/*
 * The web server's programs, as far as they hand their posts over (chat/handover.h): each by a line
 * of its own, one post at a time. The line is closed where a post cannot be answered for; then the
 * program does it by itself.
 */
#ifndef SIDECAR_WORKER_H
#define SIDECAR_WORKER_H

struct job;
struct sidecar;

/* Beyond so many, programs write by themselves. */
enum { WORKERS_MAX = 128 };

/* A notify_taken_fn; `ctx` is the sidecar. */
void worker_take(void *ctx, int fd);
/* To whoever asked, where it is still there. */
void worker_answer(struct sidecar *s, struct job *j);
void worker_close_all(struct sidecar *s);

#endif
