#include "ws-sidecar/writer.h"

#include "lib/footprint.h"
#include "ws-sidecar/indexer.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum { COMPANY_US = 3000 }; /* at most */

struct queue {
    struct job *first, *last;
    size_t count;
};

struct writer {
    struct chat chat;
    struct writer_round round;
    struct indexer indexer; /* the thread alone */
    pthread_t thread;
    pthread_mutex_t lock; /* of what stands below */
    pthread_cond_t wake;
    struct queue asked, answered;
    bool stop, rest;
    bool gathering;   /* the thread waits for more than there is */
    size_t expected;  /* so many asked at once a moment ago */
    int64_t round_us; /* how long the last round took */
    /* the loop's thread alone */
    uv_async_t async;
    size_t pending;
    bool unseen; /* something was submitted, and the thread not woken */
    uint64_t history;
    writer_done_fn *done;
    void *ctx;
};

static void push(struct queue *q, struct job *j)
{
    j->next = NULL;
    if (q->last)
        q->last->next = j;
    else
        q->first = j;
    q->last = j;
    q->count++;
}

static struct job *pop(struct queue *q)
{
    struct job *j = q->first;

    if (!j)
        return NULL;
    q->first = j->next;
    if (!q->first)
        q->last = NULL;
    q->count--;
    j->next = NULL;
    return j;
}

static int64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static struct timespec in_us(int64_t us)
{
    int64_t at = now_us() + us;

    return (struct timespec){at / 1000000, (long)(at % 1000000) * 1000};
}

/* For at most `ms` (-1: without end); the lock is held. False: the time is over. */
static bool wait_for_news(struct writer *w, int64_t ms)
{
    struct timespec until;

    if (ms < 0)
        return pthread_cond_wait(&w->wake, &w->lock) == 0;
    until = in_us(ms * 1000);
    return pthread_cond_timedwait(&w->wake, &w->lock, &until) == 0;
}

/*
 * Who was answered a moment ago may be about to speak again, and a commit for all of them costs
 * hardly more than one for the first. So they are waited for, no longer than the last round took:
 * where they do come that is made up for, and where they do not it is hardly felt. Who speaks alone
 * is not kept waiting.
 */
static void wait_for_company(struct writer *w)
{
    struct timespec until;

    if (w->asked.count >= w->expected)
        return;
    until = in_us(w->round_us < COMPANY_US ? w->round_us : COMPANY_US);
    w->gathering = true;
    while (w->asked.count < w->expected && !w->stop &&
           pthread_cond_timedwait(&w->wake, &w->lock, &until) == 0)
        ;
    w->gathering = false;
}

/* Waits for work, for at most `ms`: then the list is empty, and it may be time to rest. False: the
 * thread shall end. */
static bool take_round(struct writer *w, int64_t ms, struct queue *round, bool *rest)
{
    bool ends;

    *round = (struct queue){0};
    pthread_mutex_lock(&w->lock);
    while (!w->asked.first && !w->stop && !w->rest && wait_for_news(w, ms))
        ;
    if (w->asked.first)
        wait_for_company(w);
    while (round->count < WRITER_ROUND && w->asked.first)
        push(round, pop(&w->asked));
    ends = w->stop && !round->first;
    *rest = w->rest && !round->first;
    w->rest = false;
    pthread_mutex_unlock(&w->lock);
    return !ends;
}

static bool is_quiet(struct writer *w)
{
    bool quiet;

    pthread_mutex_lock(&w->lock);
    quiet = !w->asked.first;
    pthread_mutex_unlock(&w->lock);
    return quiet;
}

static void hand_back(struct writer *w, struct queue *round)
{
    struct job *j;

    pthread_mutex_lock(&w->lock);
    w->expected = round->count + w->asked.count;
    while ((j = pop(round)))
        push(&w->answered, j);
    pthread_mutex_unlock(&w->lock);
    uv_async_send(&w->async);
}

/* The next round opens the databases again, and counts the versions of state.db anew. */
static void let_go(struct writer *w)
{
    chat_leave(&w->chat);
    w->round.unlisted = true;
    footprint_trim();
}

static void *thread_main(void *arg)
{
    struct writer *w = arg;
    int64_t wait_ms = -1;
    struct queue round;
    bool rest;

    while (take_round(w, wait_ms, &round, &rest)) {
        if (rest && wait_ms < 0) {
            let_go(w);
            continue;
        }
        if (round.first) {
            int64_t began = now_us();

            writer_run(&w->round, round.first);
            w->round_us = now_us() - began;
            hand_back(w, &round);
        }
        wait_ms = is_quiet(w) ? indexer_run(&w->indexer, &w->chat) : 0;
    }
    return NULL;
}

static void on_answers(uv_async_t *async)
{
    struct writer *w = async->data;
    struct queue answers;
    struct job *j;

    pthread_mutex_lock(&w->lock);
    answers = w->answered;
    w->answered = (struct queue){0};
    pthread_mutex_unlock(&w->lock);
    while ((j = pop(&answers))) {
        w->pending--;
        w->done(w->ctx, j);
    }
    w->done(w->ctx, NULL);
}

/* Its times are no wall time's. */
static void init_condition(pthread_cond_t *condition)
{
    pthread_condattr_t how;

    pthread_condattr_init(&how);
    pthread_condattr_setclock(&how, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &how);
    pthread_condattr_destroy(&how);
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

enum err writer_new(struct writer **out, const struct conf *conf, struct log *log,
                    const char *instance, uv_loop_t *loop, writer_done_fn *done, void *ctx,
                    struct fail *f)
{
    struct writer *w = xcalloc(1, sizeof *w);
    enum err e = chat_open(&w->chat, conf, log, DB_READ_WRITE, f);

    if (e) {
        free(w);
        return e;
    }
    db_check_at_start(w->chat.db);
    w->round = (struct writer_round){.chat = &w->chat, .instance = instance};
    w->done = done;
    w->ctx = ctx;
    pthread_mutex_init(&w->lock, NULL);
    init_condition(&w->wake);
    if (uv_async_init(loop, &w->async, on_answers) != 0)
        die("no event for the writer's thread");
    w->async.data = w;
    if (pthread_create(&w->thread, NULL, thread_main, w) != 0)
        die("no thread for the writer");
    *out = w;
    return OK;
}

bool writer_is_full(const struct writer *w)
{
    return w->pending >= WRITER_QUEUE;
}

bool writer_submit(struct writer *w, struct job *j)
{
    if (writer_is_full(w)) {
        job_free(j);
        return false;
    }
    w->pending++;
    j->history = w->history;
    w->unseen = true;
    pthread_mutex_lock(&w->lock);
    push(&w->asked, j);
    pthread_mutex_unlock(&w->lock);
    return true;
}

void writer_wake(struct writer *w)
{
    if (!w->unseen)
        return;
    w->unseen = false;
    pthread_mutex_lock(&w->lock);
    if (!w->gathering || w->asked.count >= w->expected)
        pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
}

void writer_rest(struct writer *w)
{
    pthread_mutex_lock(&w->lock);
    w->rest = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
}

void writer_set_history(struct writer *w, uint64_t history)
{
    w->history = history;
}

size_t writer_pending(const struct writer *w)
{
    return w->pending;
}

void writer_free(struct writer *w)
{
    struct job *j;

    pthread_mutex_lock(&w->lock);
    w->stop = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    while ((j = pop(&w->asked)) || (j = pop(&w->answered)))
        job_free(j);
    chat_close(&w->chat);
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->wake);
    uv_close((uv_handle_t *)&w->async, on_closed);
}
