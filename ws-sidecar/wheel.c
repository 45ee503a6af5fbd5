#include "ws-sidecar/wheel.h"

static void ring_init(struct wheel_entry *head)
{
    head->prev = head->next = head;
}

static void ring_append(struct wheel_entry *head, struct wheel_entry *e)
{
    e->prev = head->prev;
    e->next = head;
    head->prev->next = e;
    head->prev = e;
}

static struct wheel_entry *slot_of(struct wheel *w, int64_t ms)
{
    return &w->slots[(size_t)(ms / WHEEL_SLOT_MS) % WHEEL_SLOTS];
}

void wheel_init(struct wheel *w, int64_t now_ms)
{
    for (size_t i = 0; i < WHEEL_SLOTS; i++)
        ring_init(&w->slots[i]);
    ring_init(&w->due);
    w->now_ms = now_ms;
}

void wheel_remove(struct wheel_entry *e)
{
    if (!e->next)
        return;
    e->prev->next = e->next;
    e->next->prev = e->prev;
    e->prev = e->next = NULL;
}

void wheel_put(struct wheel *w, struct wheel_entry *e, int64_t due_ms)
{
    wheel_remove(e);
    if (due_ms <= w->now_ms)
        due_ms = w->now_ms + 1;
    if (due_ms > w->now_ms + WHEEL_MAX_MS)
        due_ms = w->now_ms + WHEEL_MAX_MS;
    e->due_ms = due_ms;
    ring_append(slot_of(w, due_ms), e);
}

static void take_due(struct wheel *w, struct wheel_entry *slot)
{
    struct wheel_entry *next;

    for (struct wheel_entry *e = slot->next; e != slot; e = next) {
        next = e->next;
        if (e->due_ms <= w->now_ms) {
            wheel_remove(e);
            ring_append(&w->due, e);
        }
    }
}

void wheel_turn(struct wheel *w, int64_t now_ms)
{
    int64_t first = w->now_ms / WHEEL_SLOT_MS, last = now_ms / WHEEL_SLOT_MS;

    if (now_ms < w->now_ms)
        return;
    w->now_ms = now_ms;
    if (last - first >= WHEEL_SLOTS) /* it slept: all slots, once */
        first = last - WHEEL_SLOTS + 1;
    for (int64_t i = first; i <= last; i++)
        take_due(w, &w->slots[(size_t)i % WHEEL_SLOTS]);
}

struct wheel_entry *wheel_next(struct wheel *w)
{
    struct wheel_entry *e = w->due.next;

    if (e == &w->due)
        return NULL;
    wheel_remove(e);
    return e;
}
