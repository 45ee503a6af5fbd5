/* The handlers: values → rule → JSON. What each takes is in its row of routes.c. */
#ifndef CGI_BIN_HANDLE_H
#define CGI_BIN_HANDLE_H

#include "cgi-bin/route.h"

handler_fn handle_page;
handler_fn handle_message_page;
handler_fn handle_thread_page;
handler_fn handle_account_page;
handler_fn handle_messages;
handler_fn handle_message_create;
handler_fn handle_message;
handler_fn handle_message_context;
handler_fn handle_message_revisions;
handler_fn handle_message_edit;
handler_fn handle_message_delete;
handler_fn handle_reaction_put;
handler_fn handle_reaction_delete;
handler_fn handle_message_react;
handler_fn handle_pin_put;
handler_fn handle_pin_delete;
handler_fn handle_message_pin;
handler_fn handle_pins;
handler_fn handle_events;
handler_fn handle_session;
handler_fn handle_me;
handler_fn handle_me_change;
handler_fn handle_prefs_form;
handler_fn handle_my_data;
handler_fn handle_account_delete;
handler_fn handle_session_leave;
handler_fn handle_ignored;
handler_fn handle_ignored_put;
handler_fn handle_ignored_delete;
handler_fn handle_ignored_form;
handler_fn handle_rooms;
handler_fn handle_room;
handler_fn handle_room_create;
handler_fn handle_room_invite;
handler_fn handle_room_join;
handler_fn handle_room_leave;
handler_fn handle_room_read;
handler_fn handle_members;
handler_fn handle_member_put;
handler_fn handle_member_delete;
handler_fn handle_direct;
handler_fn handle_people;
handler_fn handle_person;
handler_fn handle_presence;
handler_fn handle_presence_put;
handler_fn handle_ticket;
handler_fn handle_health;

#endif
