/*
 * What the loop's thread asks of the writer's thread, and the answer in the same record. A job owns
 * an arena with all its strings and belongs to one thread at a time: whoever has it. It names its
 * session by number, never by address, since the session may be gone when the answer comes.
 */
#ifndef SIDECAR_JOB_H
#define SIDECAR_JOB_H

#include "chat/act.h"
#include "chat/handover.h"
#include "chat/online.h"
#include "chat/rooms.h"
#include "chat/typing.h"
#include "ws-sidecar/handshake.h"

enum job_kind { JOB_IDENTIFY, JOB_POST, JOB_ACT, JOB_READ, JOB_PRESENCE };

struct job_identify {
    struct credential credentials[CREDENTIALS_MAX];
    size_t count;
    struct actor actor; /* answer; anonymous where there was no credential */
};

struct job_post {
    bool by_name; /* a seed socket without identity: `name` is a guest's wish */
    const char *name;
    size_t name_len;
    struct actor actor; /* whose post it is; with by_name an answer */
    struct post post;   /* strings in the arena */
    int64_t until_ms;   /* boot time: nobody waits any more, and it is not to be done; 0: never */
    const char *ack;    /* answer: the ack frame's JSON; to a worker, handover_posted() */
    int64_t room_id;    /* answer */
};

struct job_act {
    struct actor actor;
    struct act act; /* strings in the arena */
    const char *client_id;
    const char *ack;     /* answer: the ack frame's JSON */
    const char *current; /* answer to an edit that came too late: the message's JSON */
};

struct job_read {
    struct actor actor;
    const char *room;
    int64_t up_to;
    bool changed;          /* answer */
    struct room_view view; /* answer, where it changed */
};

enum presence_act {
    PRESENCE_PUT,
    PRESENCE_RENEW,   /* as put, but a row that is there keeps its room and state */
    PRESENCE_SHORTEN, /* it may come back */
    PRESENCE_LET_GO   /* it may not */
};

/* row.expires_ms is a time to live in ms, or PRESENCE_LEASED; row.instance NULL: the sidecar's. */
struct presence_change {
    enum presence_act act;
    struct presence row;
};

/* who.expires_ms is set when it is stored. */
struct typing_change {
    struct typist who;
    bool on;
};

struct job_presence {
    struct presence_change *changes;
    size_t count;
    struct typing_change *said; /* by sockets */
    size_t said_count;
    struct typist *typists; /* answer: all who type now; in the arena */
    size_t typist_count;
    bool unlisted;         /* no list is wanted now */
    bool lapsed;           /* answer: rows of our own may be missing, they shall be put again */
    bool listed;           /* answer: `rows` is who is online now, where that changed */
    struct presence *rows; /* in the arena */
    size_t row_count;
};

struct job {
    struct job *next;
    enum job_kind kind;
    int64_t session;  /* 0: none */
    int64_t worker;   /* 0: none; see worker.h */
    uint64_t history; /* the database that its user and room ids are of; 0: none in particular */
    int purpose;      /* the session's own note of why it asked */
    struct arena arena;
    bool tried;   /* in this round already: `err` is what came of it */
    enum err err; /* of the answer; the sentence is in `fail` */
    struct fail fail;
    union {
        struct job_identify identify;
        struct job_post post;
        struct job_act act;
        struct job_read read;
        struct job_presence presence;
    } u;
};

struct job *job_new(enum job_kind kind, int64_t session);
void job_free(struct job *j);
/* Copies the actor's strings into the job. */
void job_copy_actor(struct job *j, struct actor *to, const struct actor *from);

#endif
