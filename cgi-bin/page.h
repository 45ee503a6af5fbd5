/*
 * What templates/chat.mustache is given, and GET …?format=json answers: one object. Its fields:
 *   site_name, language, page_path, api_path, ws_path, static_path, asset_version, site_version?,
 *     can_search
 *   room {…wire_room, url}, epoch, seq, self_seq?
 *   rooms, direct, away [{…wire_room, url, current, muted, unread_label, mentions_label}],
 *     has_direct, has_away, away_open (the room being read is there)
 *   invitations [{…wire_invitations}], has_invitations, mentions_label
 *   messages [{…wire_message, mine, called?, continued, initial, time_iso, time_label, day_label?,
 *     quote_lost, has_reactions, replies_label, has_files,
 *     attachments [{…, is_image, size_label, shown_url?, shown_width?, shown_height?}]?}]
 *     and in the row that m/<id>/ is about: target, has_revisions?,
 *     acts {action, quick [{emoji, on, label}]?, pin {on, label}?, can_reply, can_ignore, can_edit,
 *       can_delete}?
 *     revisions [{rev, message, time_iso, time_label}]?
 *   has_unread?, unread_bar {label, count, url, head}?; the row where they begin: unread_begins
 *   pins [{…wire_pins}], pin_count, has_pins
 *   thread {root_id, messages (as above), count_label, older?, newer? (URLs), in_thread,
 *     closed? (why nobody answers)}?
 *   has_older, older_url, has_newer, newer_url, paging
 *   online [{user_id, username, state, initial}], online_count, online_total
 *   me {…wire_user, initial} or null, prefs?, signed_in, can_talk, can_post, can_join, must_login,
 *     login_url, shell, csrf, form {client_id}, message_max_chars, can_attach
 *   embed?, notice {text}?, config (JSON text)
 */
#ifndef CGI_BIN_PAGE_H
#define CGI_BIN_PAGE_H

#include "cgi-bin/call.h"
#include "chat/lookup.h"
#include "chat/mentioned.h"

struct page_query {
    const char *room;      /* slug; NULL: the default room */
    int64_t before, after; /* as for history_messages() */
    int64_t message_id;    /* > 0: this message and those around it, in whatever room it is */
    bool embed;            /* in a frame of the host's: the narrow form at any width */
    int64_t thread_id; /* > 0: the thread of this message; before and after are of its replies */
};

/* The caller owns *out. */
MUST_CHECK enum err page_data(struct call *c, const struct page_query *q, struct json_object **out,
                              struct fail *f);
/* The page of q->thread_id: its room's newest rows, and the thread. */
MUST_CHECK enum err page_thread_data(struct call *c, const struct page_query *q,
                                     struct json_object **out, struct fail *f);
/* The page for a visitor whom only the browser's own token can identify: no rows. */
struct json_object *page_shell_data(struct call *c, const struct page_query *q);

/* The values that every page has: the first line above, and who reads. */
void page_add_site(const struct call *c, struct json_object *o);
void page_add_me(struct call *c, struct json_object *o);
/* The lists of rooms (page_rooms.c). */
MUST_CHECK enum err page_add_rooms(struct call *c, const struct room *current,
                                   struct json_object *o, struct fail *f);
/* The rows, with what makes them readable without a script (page_rows.c). */
void page_add_messages(const struct call *c, const struct history_page *page,
                       struct json_object *o);
/* The row where the unread begin, and unread_bar (page_unread.c). */
MUST_CHECK enum err page_add_unread(struct call *c, const struct room_view *view,
                                    struct json_object *o, struct fail *f);
/* Mentions as links, and `called`: it mentions the reader (page_mentions.c). */
void page_add_mentions(const struct call *c, const struct message *m, struct json_object *row);
/* templates/mentions: site, {…wire_mentioned, each as a row of templates/found}, has_mentions,
 * back_url, next_url?, previous_url?. The caller owns it. */
struct json_object *page_mentioned_data(struct call *c, const struct mentioned_page *p,
                                        int64_t page);
MUST_CHECK enum err page_add_online(struct call *c, int64_t room_id, struct json_object *o,
                                    struct fail *f);
/* has_files, and of each file what its template shows (page_files.c). */
void page_add_files(struct arena *a, struct json_object *row);
/* time_iso and time_label, from the object's timestamp. */
void page_add_times(struct arena *a, struct json_object *row);
/* day_label. */
void page_add_day(struct arena *a, struct json_object *row);
/* Marks the row that the page is about, with forms for what may be done to it. */
void page_add_target(struct call *c, const struct lookup_context *context, struct json_object *o);
MUST_CHECK enum err page_add_pins(struct call *c, const struct room *room, struct json_object *o,
                                  struct fail *f);
/* "3 replies"; "" for none. */
const char *page_replies_label(struct arena *a, int64_t replies);
/* templates/room_about, person_about and new_room: site, me, title, and
 *   room {…wire_room_settings, url}, is_public, is_private, is_direct, muted, post_choices,
 *     invite_choices [{value, label, chosen}], has_members, has_invited, members and invited
 *     [{…wire_members, owner, removable}]
 *   person {…wire_person, initial, role_label, since_label}, can_talk
 *   can_open, can_publish
 * The caller owns *out. */
MUST_CHECK enum err page_room_data(struct call *c, const char *slug, struct json_object **out,
                                   struct fail *f);
MUST_CHECK enum err page_person_data(struct call *c, int64_t user_id, struct json_object **out,
                                     struct fail *f);
struct json_object *page_new_room_data(struct call *c);
/* "24 November 2026", UTC. */
const char *page_day(struct arena *a, int64_t ms);
/* The letter in an avatar: a name's first character, upper case where it is ASCII. */
const char *page_initial(struct arena *a, const char *name);

#endif
