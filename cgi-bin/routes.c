/*
 * Every endpoint, one row each. To add one: its row and parameters here, its handler in handle_*.c
 * and its line in handle.h, its test in tests/handler/, its paragraph in docs/protocol.md.
 */
#include "cgi-bin/handle.h"

#include "chat/mentioned.h"
#include "chat/search.h"
#include "chat/upload.h"

#define SEQ_MAX ((INT64_C(1) << 53) - 1)

/* clang-format off */
#define SEQ(field, where, least) \
    {.name = (field), .from = (where), .kind = PARAM_NUMBER, .min = (least), .max = SEQ_MAX}
#define ID(field) \
    {.name = (field), .from = FROM_PATH, .kind = PARAM_NUMBER, .min = 1, .max = SEQ_MAX}
#define FILE_ID(field) {.name = (field), .from = FROM_PATH, .kind = PARAM_TEXT}
#define ROOM(field, where) {.name = (field), .from = (where), .kind = PARAM_SLUG}
#define CHOICE(field, where, words) \
    {.name = (field), .from = (where), .kind = PARAM_CHOICE, .choices = (words)}

#define EMBED {.name = "embed", .from = FROM_QUERY, .kind = PARAM_NUMBER, .min = 0, .max = 1}

static const struct param page_params[] = {
    SEQ("before", FROM_QUERY, 1), SEQ("after", FROM_QUERY, 0), EMBED, {0}};

static const struct param about_params[] = {ROOM("room", FROM_PATH), {0}};

static const struct param room_page_params[] = {
    ROOM("room", FROM_PATH), SEQ("before", FROM_QUERY, 1), SEQ("after", FROM_QUERY, 0), EMBED, {0}};

static const struct param messages_params[] = {
    ROOM("room", FROM_QUERY), SEQ("before", FROM_QUERY, 1), SEQ("after", FROM_QUERY, 0),
    {.name = "limit", .from = FROM_QUERY, .kind = PARAM_NUMBER, .min = 1, .max = 200},
    SEQ("thread", FROM_QUERY, 1), {0}};

static const struct param create_params[] = {
    {.name = "message", .from = FROM_BODY, .kind = PARAM_TEXT, .required = true},
    ROOM("room", FROM_BODY),
    {.name = "client_id", .from = FROM_BODY, .kind = PARAM_CLIENT_ID},
    {.name = "IDEMPOTENCY_KEY", .from = FROM_HEADER, .kind = PARAM_CLIENT_ID},
    SEQ("reply_to", FROM_BODY, 0),
    CHOICE("back", FROM_BODY, "room thread"),
    {.name = "attachments", .from = FROM_BODY, .kind = PARAM_LIST, .max = 1024},
    CHOICE("sentiment", FROM_BODY, "bullish bearish"),
    {.name = "disclosure", .from = FROM_BODY, .kind = PARAM_TEXT}, {0}};

static const struct param message_params[] = {ID("id"), {0}};

static const struct param thread_params[] = {
    ID("id"), SEQ("before", FROM_QUERY, 1), SEQ("after", FROM_QUERY, 0), {0}};

static const struct param room_params[] = {ROOM("slug", FROM_PATH), {0}};

static const struct param edit_params[] = {
    ID("id"),
    {.name = "message", .from = FROM_BODY, .kind = PARAM_TEXT, .required = true},
    {.name = "rev", .from = FROM_BODY, .kind = PARAM_NUMBER, .min = 1, .max = SEQ_MAX,
     .required = true}, {0}};

static const struct param reaction_params[] = {
    ID("id"), {.name = "emoji", .from = FROM_PATH, .kind = PARAM_TEXT, .max = 64}, {0}};

static const struct param pin_params[] = {
    ID("id"), {.name = "on", .from = FROM_BODY, .kind = PARAM_NUMBER, .min = 0, .max = 1}, {0}};

static const struct param react_params[] = {
    ID("id"),
    {.name = "emoji", .from = FROM_BODY, .kind = PARAM_TEXT, .max = 64, .required = true},
    {.name = "on", .from = FROM_BODY, .kind = PARAM_NUMBER, .min = 0, .max = 1}, {0}};

static const struct param events_params[] = {
    {.name = "epoch", .from = FROM_QUERY, .kind = PARAM_TEXT, .max = 64},
    {.name = "rooms", .from = FROM_QUERY, .kind = PARAM_TEXT, .required = true},
    {.name = "wait", .from = FROM_QUERY, .kind = PARAM_NUMBER, .min = 0, .max = 20},
    {.name = "conn", .from = FROM_QUERY, .kind = PARAM_CLIENT_ID},
    CHOICE("state", FROM_QUERY, "active idle invisible"), {0}};

static const struct param search_params[] = {
    {.name = "q", .from = FROM_QUERY, .kind = PARAM_TEXT, .max = SEARCH_QUERY_BYTES},
    ROOM("room", FROM_QUERY),
    CHOICE("sort", FROM_QUERY, "best newest"),
    {.name = "page", .from = FROM_QUERY, .kind = PARAM_NUMBER, .min = 1, .max = SEARCH_PAGES},
    {0}};

static const struct param mentions_params[] = {
    {.name = "page", .from = FROM_QUERY, .kind = PARAM_NUMBER, .min = 1, .max = MENTIONED_PAGES},
    {0}};

static const struct param day_params[] = {
    ROOM("slug", FROM_PATH),
    {.name = "ms", .from = FROM_QUERY, .kind = PARAM_NUMBER, .min = 0, .max = SEQ_MAX,
     .required = true}, {0}};

static const struct param unread_params[] = {
    ROOM("slug", FROM_PATH), SEQ("after", FROM_QUERY, 0), {0}};

static const struct param day_page_params[] = {
    ROOM("room", FROM_QUERY),
    {.name = "day", .from = FROM_QUERY, .kind = PARAM_TEXT, .max = 20, .required = true}, {0}};

static const struct param session_params[] = {
    {.name = "username", .from = FROM_BODY, .kind = PARAM_TEXT}, ROOM("next_room", FROM_BODY), {0}};

static const struct param rename_params[] = {
    {.name = "display_name", .from = FROM_BODY, .kind = PARAM_TEXT}, {0}};

static const struct param prefs_params[] = {
    CHOICE("direct", FROM_BODY, "everyone shared nobody"), CHOICE("notify", FROM_BODY, "off on"),
    CHOICE("notify_text", FROM_BODY, "off on"), CHOICE("sound", FROM_BODY, "off mine all"), {0}};

static const struct param room_create_params[] = {
    {.name = "title", .from = FROM_BODY, .kind = PARAM_TEXT, .required = true},
    ROOM("slug", FROM_BODY), {0}};

static const struct param member_params[] = {ROOM("slug", FROM_PATH), ID("id"), {0}};

#define PERSON                                                                                     \
    {.name = "user_id", .from = FROM_BODY, .kind = PARAM_NUMBER, .min = 1, .max = SEQ_MAX},        \
    {.name = "username", .from = FROM_BODY, .kind = PARAM_TEXT, .max = 1024}

static const struct param invite_params[] = {ROOM("slug", FROM_PATH), PERSON, {0}};

static const struct param direct_params[] = {
    PERSON, {.name = "user_ids", .from = FROM_BODY, .kind = PARAM_TEXT, .max = 160}, {0}};

static const struct param people_params[] = {
    {.name = "q", .from = FROM_QUERY, .kind = PARAM_TEXT, .max = 128, .required = true},
    ROOM("room", FROM_QUERY), {0}};

static const struct param my_data_params[] = {
    {.name = "after", .from = FROM_QUERY, .kind = PARAM_TEXT, .max = 64}, {0}};

static const struct param confirm_params[] = {
    {.name = "confirm", .from = FROM_BODY, .kind = PARAM_TEXT, .max = 256, .required = true}, {0}};

static const struct param person_params[] = {ID("id"), {0}};

static const struct param ignore_params[] = {
    ID("id"), {.name = "on", .from = FROM_BODY, .kind = PARAM_NUMBER, .min = 0, .max = 1}, {0}};

static const struct param change_params[] = {
    ROOM("slug", FROM_PATH),
    {.name = "title", .from = FROM_BODY, .kind = PARAM_TEXT},
    {.name = "topic", .from = FROM_BODY, .kind = PARAM_TEXT},
    CHOICE("post_policy", FROM_BODY, "all members moderators"),
    CHOICE("invite_policy", FROM_BODY, "members owner"),
    {.name = "slow_s", .from = FROM_BODY, .kind = PARAM_NUMBER, .min = 0, .max = 86400},
    {.name = "archived", .from = FROM_BODY, .kind = PARAM_NUMBER, .min = 0, .max = 1}, {0}};

static const struct param mute_params[] = {
    ROOM("slug", FROM_PATH),
    {.name = "for", .from = FROM_BODY, .kind = PARAM_CHOICE, .choices = "1h close forever off",
     .required = true}, {0}};

static const struct param hide_params[] = {
    ROOM("slug", FROM_PATH),
    {.name = "on", .from = FROM_BODY, .kind = PARAM_NUMBER, .min = 0, .max = 1},
    {.name = "up_to", .from = FROM_BODY, .kind = PARAM_NUMBER, .min = 0, .max = SEQ_MAX}, {0}};

static const struct param read_params[] = {
    ROOM("slug", FROM_PATH),
    {.name = "up_to", .from = FROM_BODY, .kind = PARAM_NUMBER, .min = 0, .max = SEQ_MAX,
     .required = true}, {0}};

static const struct param typing_params[] = {
    ROOM("slug", FROM_PATH),
    {.name = "on", .from = FROM_BODY, .kind = PARAM_NUMBER, .min = 0, .max = 1}, {0}};

static const struct param presence_params[] = {ROOM("room", FROM_QUERY), {0}};

static const struct param presence_put_params[] = {
    {.name = "conn", .from = FROM_BODY, .kind = PARAM_CLIENT_ID, .required = true},
    ROOM("room", FROM_BODY),
    {.name = "state", .from = FROM_BODY, .kind = PARAM_CHOICE,
     .choices = "active idle invisible gone", .required = true}, {0}};

static const struct param upload_params[] = {
    {.name = "name", .from = FROM_BODY, .kind = PARAM_TEXT, .max = 4096, .required = true},
    {.name = "size", .from = FROM_BODY, .kind = PARAM_NUMBER, .min = 0, .max = SEQ_MAX,
     .required = true},
    ROOM("room", FROM_BODY), {0}};

static const struct param part_params[] = {
    FILE_ID("id"),
    {.name = "offset", .from = FROM_QUERY, .kind = PARAM_NUMBER, .min = 0, .max = SEQ_MAX}, {0}};

static const struct param done_params[] = {
    FILE_ID("id"), {.name = "sha256", .from = FROM_BODY, .kind = PARAM_TEXT, .max = 64}, {0}};

static const struct param file_id_params[] = {FILE_ID("id"), {0}};

static const struct param file_params[] = {
    FILE_ID("id"), {.name = "name", .from = FROM_PATH, .kind = PARAM_TEXT}, {0}};

const struct route page_routes[] = {
    {.method = HTTP_GET, .pattern = "", .need = NEED_ANYONE,
     .kept = KEPT_WHILE_CHAT_AND_STATE, .handler = handle_page, .params = page_params},
    {.method = HTTP_GET, .pattern = "r/<room>", .need = NEED_ANYONE,
     .kept = KEPT_WHILE_CHAT_AND_STATE, .handler = handle_page, .params = room_page_params},
    {.method = HTTP_GET, .pattern = "m/<#id>", .need = NEED_ANYONE,
     .handler = handle_message_page, .params = message_params},
    {.method = HTTP_GET, .pattern = "t/<#id>", .need = NEED_ANYONE,
     .handler = handle_thread_page, .params = thread_params},
    {.method = HTTP_GET, .pattern = "me", .need = NEED_USER, .handler = handle_account_page},
    {.method = HTTP_GET, .pattern = "emoji", .need = NEED_ANYONE, .handler = handle_emoji_page},
    {.method = HTTP_GET, .pattern = "r/<room>/about", .need = NEED_READER,
     .handler = handle_room_about_page, .params = about_params},
    {.method = HTTP_GET, .pattern = "r/<room>/unread", .need = NEED_READER,
     .handler = handle_unread_page, .params = about_params},
    {.method = HTTP_GET, .pattern = "u/<#id>", .need = NEED_USER,
     .handler = handle_person_page, .params = message_params},
    {.method = HTTP_GET, .pattern = "new", .need = NEED_USER, .handler = handle_new_room_page},
    {.method = HTTP_GET, .pattern = "mentions", .need = NEED_USER,
     .handler = handle_mentions_page, .params = mentions_params},
    {.method = HTTP_GET, .pattern = "day", .need = NEED_ANYONE,
     .handler = handle_day_page, .params = day_page_params},
    {.method = HTTP_GET, .pattern = "search", .need = NEED_ANYONE,
     .handler = handle_search_page, .params = search_params},
    {0},
};

const struct route api_routes[] = {
    {.method = HTTP_GET, .pattern = "messages", .need = NEED_READER, .kept = KEPT_WHILE_CHAT,
     .handler = handle_messages, .params = messages_params},
    {.method = HTTP_POST, .pattern = "messages/create", .need = NEED_POSTER, .csrf = true,
     .forms = true, .files = true, .handler = handle_message_create, .params = create_params},
    {.method = HTTP_GET, .pattern = "messages/<#id>", .need = NEED_READER,
     .handler = handle_message, .params = message_params},
    {.method = HTTP_GET, .pattern = "messages/<#id>/context", .need = NEED_READER,
     .handler = handle_message_context, .params = message_params},
    {.method = HTTP_GET, .pattern = "messages/<#id>/revisions", .need = NEED_READER,
     .handler = handle_message_revisions, .params = message_params},
    {.method = HTTP_PATCH, .pattern = "messages/<#id>", .need = NEED_USER, .csrf = true,
     .handler = handle_message_edit, .params = edit_params},
    {.method = HTTP_POST, .pattern = "messages/<#id>/edit", .need = NEED_USER, .csrf = true,
     .forms = true, .handler = handle_message_edit, .params = edit_params},
    {.method = HTTP_DELETE, .pattern = "messages/<#id>", .need = NEED_USER, .csrf = true,
     .handler = handle_message_delete, .params = message_params},
    {.method = HTTP_POST, .pattern = "messages/<#id>/delete", .need = NEED_USER, .csrf = true,
     .forms = true, .handler = handle_message_delete, .params = message_params},
    {.method = HTTP_PUT, .pattern = "messages/<#id>/reactions/<emoji>", .need = NEED_USER,
     .csrf = true, .handler = handle_reaction_put, .params = reaction_params},
    {.method = HTTP_DELETE, .pattern = "messages/<#id>/reactions/<emoji>", .need = NEED_USER,
     .csrf = true, .handler = handle_reaction_delete, .params = reaction_params},
    {.method = HTTP_POST, .pattern = "messages/<#id>/react", .need = NEED_USER, .csrf = true,
     .forms = true, .handler = handle_message_react, .params = react_params},
    {.method = HTTP_PUT, .pattern = "messages/<#id>/pin", .need = NEED_USER, .csrf = true,
     .handler = handle_pin_put, .params = message_params},
    {.method = HTTP_DELETE, .pattern = "messages/<#id>/pin", .need = NEED_USER, .csrf = true,
     .handler = handle_pin_delete, .params = message_params},
    {.method = HTTP_POST, .pattern = "messages/<#id>/pin", .need = NEED_USER, .csrf = true,
     .forms = true, .handler = handle_message_pin, .params = pin_params},
    {.method = HTTP_GET, .pattern = "rooms/<slug>/pins", .need = NEED_READER,
     .handler = handle_pins, .params = room_params},
    {.method = HTTP_GET, .pattern = "events", .need = NEED_READER,
     .handler = handle_events, .params = events_params},
    {.method = HTTP_GET, .pattern = "rooms/<slug>/day", .need = NEED_READER,
     .handler = handle_day, .params = day_params},
    {.method = HTTP_GET, .pattern = "rooms/<slug>/unread", .need = NEED_READER,
     .handler = handle_unread, .params = unread_params},
    {.method = HTTP_GET, .pattern = "search", .need = NEED_READER,
     .handler = handle_search, .params = search_params},
    {.method = HTTP_POST, .pattern = "session", .need = NEED_ANYONE, .csrf = true,
     .forms = true, .handler = handle_session, .params = session_params},
    {.method = HTTP_GET, .pattern = "me", .need = NEED_READER, .handler = handle_me},
    {.method = HTTP_PATCH, .pattern = "me", .need = NEED_USER, .csrf = true,
     .handler = handle_me_change, .params = rename_params},
    {.method = HTTP_POST, .pattern = "me", .need = NEED_USER, .csrf = true, .forms = true,
     .handler = handle_me_change, .params = rename_params},
    {.method = HTTP_DELETE, .pattern = "me", .need = NEED_USER, .csrf = true,
     .handler = handle_account_delete, .params = confirm_params},
    {.method = HTTP_POST, .pattern = "me/delete", .need = NEED_USER, .csrf = true, .forms = true,
     .handler = handle_account_delete, .params = confirm_params},
    {.method = HTTP_GET, .pattern = "me/data", .need = NEED_USER, .handler = handle_my_data,
     .params = my_data_params},
    {.method = HTTP_DELETE, .pattern = "session", .need = NEED_USER, .csrf = true,
     .handler = handle_session_leave},
    {.method = HTTP_POST, .pattern = "session/leave", .need = NEED_USER, .csrf = true,
     .forms = true, .handler = handle_session_leave},
    {.method = HTTP_POST, .pattern = "me/prefs", .need = NEED_USER, .csrf = true, .forms = true,
     .handler = handle_prefs_form, .params = prefs_params},
    {.method = HTTP_GET, .pattern = "me/mentions", .need = NEED_USER,
     .handler = handle_mentions, .params = mentions_params},
    {.method = HTTP_GET, .pattern = "me/ignored", .need = NEED_USER, .handler = handle_ignored},
    {.method = HTTP_PUT, .pattern = "me/ignored/<#id>", .need = NEED_USER, .csrf = true,
     .handler = handle_ignored_put, .params = person_params},
    {.method = HTTP_DELETE, .pattern = "me/ignored/<#id>", .need = NEED_USER, .csrf = true,
     .handler = handle_ignored_delete, .params = person_params},
    {.method = HTTP_POST, .pattern = "me/ignored/<#id>", .need = NEED_USER, .csrf = true,
     .forms = true, .handler = handle_ignored_form, .params = ignore_params},
    {.method = HTTP_GET, .pattern = "rooms", .need = NEED_READER, .handler = handle_rooms},
    {.method = HTTP_POST, .pattern = "rooms", .need = NEED_USER, .csrf = true, .forms = true,
     .handler = handle_room_create, .params = room_create_params},
    {.method = HTTP_GET, .pattern = "rooms/<slug>", .need = NEED_READER,
     .handler = handle_room, .params = room_params},
    {.method = HTTP_PATCH, .pattern = "rooms/<slug>", .need = NEED_USER, .csrf = true,
     .handler = handle_room_change, .params = change_params},
    {.method = HTTP_POST, .pattern = "rooms/<slug>/settings", .need = NEED_USER, .csrf = true,
     .forms = true, .handler = handle_room_change, .params = change_params},
    {.method = HTTP_PUT, .pattern = "rooms/<slug>/mute", .need = NEED_USER, .csrf = true,
     .handler = handle_room_mute, .params = mute_params},
    {.method = HTTP_POST, .pattern = "rooms/<slug>/mute", .need = NEED_USER, .csrf = true,
     .forms = true, .handler = handle_room_mute, .params = mute_params},
    {.method = HTTP_PUT, .pattern = "rooms/<slug>/hide", .need = NEED_USER, .csrf = true,
     .handler = handle_room_hide, .params = hide_params},
    {.method = HTTP_POST, .pattern = "rooms/<slug>/hide", .need = NEED_USER, .csrf = true,
     .forms = true, .handler = handle_room_hide, .params = hide_params},
    {.method = HTTP_GET, .pattern = "rooms/<slug>/members", .need = NEED_READER,
     .handler = handle_members, .params = room_params},
    {.method = HTTP_PUT, .pattern = "rooms/<slug>/members/<#id>", .need = NEED_USER, .csrf = true,
     .handler = handle_member_put, .params = member_params},
    {.method = HTTP_DELETE, .pattern = "rooms/<slug>/members/<#id>", .need = NEED_USER,
     .csrf = true, .handler = handle_member_delete, .params = member_params},
    {.method = HTTP_POST, .pattern = "rooms/<slug>/invite", .need = NEED_USER, .csrf = true,
     .forms = true, .handler = handle_room_invite, .params = invite_params},
    {.method = HTTP_POST, .pattern = "rooms/<slug>/join", .need = NEED_USER, .csrf = true,
     .forms = true, .handler = handle_room_join, .params = room_params},
    {.method = HTTP_POST, .pattern = "rooms/<slug>/leave", .need = NEED_USER, .csrf = true,
     .forms = true, .handler = handle_room_leave, .params = invite_params},
    {.method = HTTP_POST, .pattern = "direct", .need = NEED_USER, .csrf = true, .forms = true,
     .handler = handle_direct, .params = direct_params},
    {.method = HTTP_GET, .pattern = "users", .need = NEED_USER, .handler = handle_people,
     .params = people_params},
    {.method = HTTP_GET, .pattern = "users/<#id>", .need = NEED_USER, .handler = handle_person,
     .params = message_params},
    {.method = HTTP_PUT, .pattern = "rooms/<slug>/read", .need = NEED_USER, .csrf = true,
     .handler = handle_room_read, .params = read_params},
    {.method = HTTP_POST, .pattern = "rooms/<slug>/read", .need = NEED_USER, .csrf = true,
     .forms = true, .handler = handle_room_read, .params = read_params},
    {.method = HTTP_POST, .pattern = "rooms/<slug>/typing", .need = NEED_USER, .csrf = true,
     .handler = handle_typing, .params = typing_params},
    {.method = HTTP_GET, .pattern = "presence", .need = NEED_READER,
     .handler = handle_presence, .params = presence_params},
    {.method = HTTP_POST, .pattern = "presence", .need = NEED_USER, .csrf = true,
     .handler = handle_presence_put, .params = presence_put_params},
    {.method = HTTP_POST, .pattern = "ws-ticket", .need = NEED_USER, .csrf = true,
     .cost = COST_SESSION, .handler = handle_ticket},
    {.method = HTTP_POST, .pattern = "uploads", .need = NEED_USER, .csrf = true,
     .handler = handle_upload_begin, .params = upload_params},
    {.method = HTTP_GET, .pattern = "uploads/<id>", .need = NEED_USER,
     .handler = handle_upload, .params = file_id_params},
    {.method = HTTP_PUT, .pattern = "uploads/<id>", .need = NEED_USER, .csrf = true,
     .bytes_max = UPLOAD_PART_MAX, .handler = handle_upload_part, .params = part_params},
    {.method = HTTP_PUT, .pattern = "uploads/<id>/thumb", .need = NEED_USER, .csrf = true,
     .bytes_max = UPLOAD_THUMB_MAX, .handler = handle_upload_thumb, .params = file_id_params},
    {.method = HTTP_POST, .pattern = "uploads/<id>/done", .need = NEED_USER, .csrf = true,
     .handler = handle_upload_done, .params = done_params},
    {.method = HTTP_DELETE, .pattern = "uploads/<id>", .need = NEED_USER, .csrf = true,
     .handler = handle_upload_cancel, .params = file_id_params},
    {.method = HTTP_GET, .pattern = "files/<id>/<name>", .need = NEED_READER,
     .handler = handle_file, .params = file_params},
    {.method = HTTP_GET, .pattern = "thumbs/<id>", .need = NEED_READER,
     .handler = handle_thumb, .params = file_id_params},
    {.method = HTTP_GET, .pattern = "health", .need = NEED_NOTHING, .handler = handle_health},
    {.method = HTTP_GET, .pattern = "health/delivery", .need = NEED_NOTHING,
     .handler = handle_delivery},
    {0},
};
/* clang-format on */
