#!/usr/bin/python3
"""The sidecar alone on its Unix socket, without a web server: the protocol, and hostile clients."""
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import unittest

import websocket

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from alone import HOST, ORIGIN, Alone, SidecarCase  # noqa: E402
from stack import Socket, new_client_id, wait_for  # noqa: E402

KEY = "dGhlIHNhbXBsZSBub25jZQ=="


def upgrade(path="/ws/chat/", **headers):
    fields = {"Host": HOST, "Upgrade": "websocket", "Connection": "Upgrade",
              "Sec-WebSocket-Key": KEY, "Sec-WebSocket-Version": "13"}
    fields.update({k.replace("_", "-"): v for k, v in headers.items()})
    lines = "".join(f"{k}: {v}\r\n" for k, v in fields.items() if v is not None)
    return f"GET {path} HTTP/1.1\r\n{lines}\r\n"


def frame(payload, opcode=1, fin=True, masked=True, rsv=0):
    if isinstance(payload, str):
        payload = payload.encode()
    first = (0x80 if fin else 0) | rsv | opcode
    bit = 0x80 if masked else 0
    if len(payload) < 126:
        head = struct.pack("!BB", first, bit | len(payload))
    elif len(payload) < 65536:
        head = struct.pack("!BBH", first, bit | 126, len(payload))
    else:
        head = struct.pack("!BBQ", first, bit | 127, len(payload))
    if not masked:
        return head + payload
    mask = os.urandom(4)
    return head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload))


class Seed(SidecarCase):
    """The original feature's socket, word for word."""

    def test_a_seed_frame_is_posted_and_comes_back_as_a_message(self):
        a, b = self.seed(), self.seed()
        a.send(type="message", message="Hello traders!", username="trader123")
        for sock in (a, b):
            got = sock.recv()
            self.assertEqual((got["type"], got["message"], got["username"]),
                             ("message", "Hello traders!", "trader123"))

    def test_only_message_and_error_frames_reach_a_seed_socket(self):
        token = self.new_token()
        seed, chat = self.seed(), self.chat(hello_token=token)
        user = chat.welcome["user"]["id"]
        chat.send(type="typing", room="general", on=True)
        self.stack.outcry("user", "mute", str(user), "1m")
        seed.send(type="message", message="one", username="first name")
        self.assertEqual(seed.recv()["type"], "message")
        seed.send(type="message", message="", username="x")
        self.assertEqual(seed.recv()["type"], "error")

    def test_events_come_one_to_a_frame(self):
        seed, chat = self.seed(), self.chat()
        for i in range(30):
            chat.send(type="message", message=f"burst {i}", client_id=new_client_id())
        seen = []
        while len(seen) < 30:
            opcode, data = seed.connection.recv_data()
            self.assertEqual(opcode, 1)
            got = json.loads(data)
            self.assertEqual(got["type"], "message")
            if got["message"].startswith("burst"):
                seen.append(got["message"])
        self.assertEqual(seen, [f"burst {i}" for i in range(30)])

    def test_the_same_name_from_the_same_address_is_the_same_guest(self):
        a, b = self.seed(address="192.0.2.7"), self.seed(address="192.0.2.7")
        a.send(type="message", message="a", username="same one")
        first = a.until("message", message="a")
        b.send(type="message", message="b", username="same one")
        self.assertEqual(a.until("message", message="b")["user_id"], first["user_id"])

    def test_a_username_is_never_authority(self):
        token = self.new_token("real name")
        sock = self.seed(token=token)
        sock.send(type="message", message="who am I", username="somebody else", user_id=1)
        self.assertEqual(sock.until("message", message="who am I")["username"], "real name")

    def test_a_later_hello_replaces_the_seed_subscription(self):
        sock, other = self.seed(), self.chat(rooms=["general", "energy"])
        sock.send(type="hello", proto="chat.v1", token=self.new_token(), rooms=["energy"])
        sock.until("welcome")
        other.send(type="message", message="in general")
        other.until("message", message="in general")
        other.send(type="message", message="in energy", room="energy")
        seen = sock.until("message")
        self.assertEqual((seen["room"], seen["message"]), ("energy", "in energy"))

    def test_other_frames_need_a_hello_and_unknown_ones_are_named(self):
        sock = self.seed()
        sock.send(type="typing", room="general")
        self.assertEqual(sock.recv()["code"], "bad_request")
        sock.send(type="dance")
        self.assertEqual(sock.recv()["code"], "unknown_type")
        sock.send(type="message", message="still open", username="dancer")
        self.assertEqual(sock.until("message")["message"], "still open")

    def test_posting_is_limited_by_user(self):
        sock = self.seed(token=self.new_token())
        for i in range(70):
            sock.send(type="message", message=f"flood {i}")
        error = sock.until("error")
        self.assertEqual(error["code"], "rate_limited")
        self.assertTrue(error["retryable"])
        self.assertGreater(error["retry_after_ms"], 0)


class Hello(SidecarCase):
    def test_a_chat_socket_gets_nothing_before_welcome(self):
        conn = self.stack.ws_connection(subprotocols=["chat.v1"])
        self.addCleanup(conn.close)
        self.assertEqual(conn.subprotocol, "chat.v1")
        other = self.chat()
        other.send(type="message", message="early")
        other.until("message", message="early")
        sock = Socket(conn)
        sock.send(type="hello", proto="chat.v1", rooms=["general"])
        self.assertEqual(sock.recv()["type"], "welcome")

    def test_anything_before_hello_closes_with_4502(self):
        sock = Socket(self.stack.ws_connection(subprotocols=["chat.v1"]))
        self.addCleanup(sock.close)
        sock.send(type="message", message="too early")
        self.assertIsNone(sock.recv())
        self.assertEqual(sock.close_code, 4502)

    def test_welcome_says_who_where_and_how_much(self):
        token = self.new_token("welcomed")
        sock = self.chat(hello_token=token, rooms={"general": 0, "@me": 0})
        w = sock.welcome
        self.assertEqual((w["proto"], w["user"]["username"], w["user"]["guest"]),
                         ("chat.v1", "welcomed", False))
        self.assertEqual(set(w["rooms"]), {"general", "@me"})
        self.assertEqual(set(w["rooms"]["general"]), {"seq", "floor", "unread", "last_read_seq"})
        self.assertEqual(w["heartbeat_ms"], 25000)
        self.assertEqual(w["limits"]["message_max_chars"], 2000)

    def test_replay_then_live_without_gap_or_double(self):
        writer = self.chat()
        stop, posted = threading.Event(), []

        def write():
            while not stop.is_set() and len(posted) < 45:
                writer.send(type="message", message=f"n{len(posted)}")
                posted.append(writer.until("ack")["seq"])

        thread = threading.Thread(target=write)
        thread.start()
        socks = []
        try:
            for _ in range(8):
                socks.append(self.chat(rooms={"general": 0}))
        finally:
            stop.set()
            thread.join()
        last = posted[-1]
        for sock in socks:
            seqs = []
            while not seqs or seqs[-1] < last:
                got = sock.recv()
                if got.get("room") == "general" and "seq" in got and got["type"] != "presence":
                    seqs.append(got["seq"])
            self.assertEqual(seqs, list(range(1, last + 1)))

    def test_an_ack_comes_only_for_what_is_stored(self):
        sock = self.chat()
        cid = new_client_id()
        sock.send(type="message", message="stored", client_id=cid)
        ack = sock.until("ack", client_id=cid)
        self.assertEqual(self.stack.rows("SELECT body, seq FROM message WHERE id = ?",
                                         ack["msg_id"]), [("stored", ack["seq"])])
        event = sock.until("message", client_id=cid)
        self.assertEqual((event["id"], event["seq"]), (ack["msg_id"], ack["seq"]))

    def test_a_repeated_client_id_is_one_message(self):
        sock = self.chat()
        cid = new_client_id()
        sock.send(type="message", message="once", client_id=cid)
        first = sock.until("ack", client_id=cid)
        sock.send(type="message", message="once", client_id=cid)
        again = sock.until("ack", client_id=cid)
        self.assertEqual((again["msg_id"], again.get("duplicate")), (first["msg_id"], True))
        sock.send(type="message", message="other", client_id=cid)
        self.assertEqual(sock.until("error", client_id=cid)["code"], "client_id_conflict")

    def test_resync_names_the_reason_and_the_way_on(self):
        writer = self.chat()
        writer.send(type="message", message="something")
        head = writer.until("ack")["seq"]
        sock = self.chat(rooms={"general": head + 5})
        resync = sock.until("resync")
        self.assertEqual((resync["room"], resync["reason"], resync["seq"]),
                         ("general", "ahead", head))
        sock = self.chat(rooms={"general": 1}, epoch="f" * 32)
        resync = sock.until("resync")
        self.assertEqual(resync["reason"], "epoch")
        sock.send(type="subscribe", room="general", since=resync["seq"], epoch=resync["epoch"])
        sock.until("subscribed", room="general")
        writer.send(type="message", message="after resync")
        self.assertEqual(sock.until("message")["message"], "after resync")

    def test_a_room_that_is_not_there_is_an_error_of_that_room_only(self):
        sock = self.chat(rooms=["general", "nowhere"])
        self.assertEqual(set(sock.welcome["rooms"]), {"general"})
        error = sock.until("error")
        self.assertEqual((error["code"], error["room"]), ("room_not_found", "nowhere"))

    def test_nobody_reads_the_log_of_another(self):
        other = self.chat()
        sock = self.chat(rooms=["general", "@%d" % other.welcome["user"]["id"]])
        self.assertEqual(sock.until("error")["code"], "room_not_found")

    def test_subscribe_and_unsubscribe(self):
        sock, writer = self.chat(), self.chat()
        sock.send(type="subscribe", room="materials", since=0)
        self.assertEqual(sock.until("subscribed", room="materials")["seq"], 1)
        self.assertEqual(sock.until("room", room="materials")["change"], "created")
        writer.send(type="message", message="m1", room="materials")
        sock.until("message", message="m1")
        sock.send(type="unsubscribe", room="materials")
        sock.send(type="history", room="general", limit=1)
        sock.until("history")
        writer.send(type="message", message="m2", room="materials")
        writer.until("ack")
        writer.send(type="message", message="g1")
        self.assertEqual(sock.until("message")["message"], "g1")

    def test_history_pages_backwards(self):
        sock = self.chat(rooms=["utilities"])
        for i in range(7):
            sock.send(type="message", message=f"h{i}", room="utilities")
        sock.until("message", message="h6")
        sock.send(type="history", room="utilities", limit=3)
        page = sock.until("history")
        self.assertEqual([m["message"] for m in page["messages"]], ["h4", "h5", "h6"])
        self.assertTrue(page["has_more"])
        sock.send(type="history", room="utilities", limit=10, before=page["messages"][0]["seq"])
        page = sock.until("history")
        self.assertEqual([m["message"] for m in page["messages"]], ["h0", "h1", "h2", "h3"])
        self.assertFalse(page["has_more"])

    def test_typing_reaches_the_others_and_is_not_stored(self):
        a, b = self.chat("typist"), self.chat()
        before = self.stack.rows("SELECT count(*) FROM event")
        for _ in range(20):
            a.send(type="typing", room="general", on=True)
        a.send(type="typing", room="general", on=False)
        got = b.until("typing")
        self.assertEqual((got["username"], got["on"]), ("typist", True))
        self.assertFalse(b.until("typing")["on"])  # the nineteen were too many
        self.assertEqual(self.stack.rows("SELECT count(*) FROM event"), before)

    def test_a_read_mark_reaches_the_users_other_sockets(self):
        token = self.new_token()
        a, b = self.chat(hello_token=token), self.chat(hello_token=token)
        other = self.chat()
        other.send(type="message", message="to be read")
        seq = a.until("message", message="to be read")["seq"]
        a.send(type="read", room="general", up_to=seq)
        self.assertEqual(b.until("read"), {"type": "read", "room": "general", "up_to": seq})
        again = self.chat(hello_token=token)
        self.assertEqual(again.welcome["rooms"]["general"]["last_read_seq"], seq)
        a.send(type="read", room="general", up_to=1)  # never falls
        again = self.chat(hello_token=token)
        self.assertEqual(again.welcome["rooms"]["general"]["last_read_seq"], seq)

    def test_every_way_of_showing_a_token(self):
        ways = {
            "authorization": lambda t: self.stack.hello(token=t),
            "hello": lambda t: self.stack.hello(hello_token=t),
            "subprotocol": self.by_subprotocol,
        }
        for way, connect in ways.items():
            with self.subTest(way):
                sock = connect(self.new_token(f"by {way}"))
                self.addCleanup(sock.close)
                self.assertEqual(sock.welcome["user"]["username"], f"by {way}")

    def by_subprotocol(self, token):
        conn = self.stack.ws_connection(subprotocols=["chat.v1", "bearer." + token])
        self.assertEqual(conn.subprotocol, "chat.v1")  # and not the token
        sock = Socket(conn)
        sock.send(type="hello", proto="chat.v1")
        sock.welcome = sock.until("welcome")
        return sock

    def test_a_token_in_the_query_string_is_nobody(self):
        status, text = self.stack.request(upgrade("/ws/chat/?token=" + self.new_token()))
        self.assertEqual(status, 101)
        self.assertNotIn("Sec-WebSocket-Protocol", text)
        self.assertEqual(self.chat(hello_token=None).welcome["user"], None)

    def test_the_presence_list_follows_who_is_there(self):
        watcher = self.chat("watcher")
        full = [watcher.until("presence") for _ in range(2)]
        self.assertEqual([(f["room"], f["full"]) for f in full], [("general", True), ("*", True)])
        visitor = self.chat("visitor", rooms=["financials"])
        me = visitor.welcome["user"]["id"]

        def find(kind, room, test):
            deadline = time.monotonic() + 15
            while time.monotonic() < deadline:
                got = watcher.until("presence", seconds=15, room=room)
                if any(test(x) for x in got[kind]):
                    return got
            self.fail(f"no {kind} in {room}")

        find("join", "*", lambda p: p["user_id"] == me and p["state"] == "active")
        visitor.send(type="presence", state="idle", room="general")
        find("join", "general", lambda p: p["user_id"] == me and p["state"] == "idle")
        visitor.close()
        started = time.monotonic()
        find("leave", "*", lambda user_id: user_id == me)
        self.assertLess(time.monotonic() - started, 15)

    def test_nobody_is_shown_who_wants_to_be_invisible(self):
        watcher, hidden = self.chat(), self.chat("hidden one")
        me = hidden.welcome["user"]["id"]
        hidden.send(type="presence", state="invisible")
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            got = watcher.until("presence", room="*")
            if me in got["leave"] or (got["count"] and not got.get("full") and
                                      me not in [p["user_id"] for p in got["join"]]):
                break
        late = self.chat()
        full = late.until("presence", room="*", full=True)
        self.assertNotIn(me, [p["user_id"] for p in full["join"]])


class Tokens(SidecarCase):
    conf = {"jwt_leeway_s": "0"}

    def test_a_socket_lives_no_longer_than_its_token(self):
        sock = self.chat(hello_token=self.new_token(ttl=4))
        started = time.monotonic()
        warned = sock.until("auth_required")
        self.assertGreater(warned["in_ms"], 0)
        self.assertEqual(sock.until_closed(), 4001)
        self.assertLess(time.monotonic() - started, 4.5)

    def test_a_seed_socket_expires_without_a_word(self):
        sock = self.seed(token=self.new_token(ttl=2))
        self.assertIsNone(sock.recv())
        self.assertEqual(sock.close_code, 4001)

    def test_a_fresh_token_keeps_the_socket(self):
        type(self).users += 1
        user = self.users
        sock = self.chat(hello_token=self.stack.token(user, "renewed", ttl=3))
        sock.until("auth_required")
        sock.send(type="auth", token=self.stack.token(user, "renewed", ttl=60))
        ok = sock.until("auth_ok")
        self.assertGreater(ok["exp"], time.time() + 50)
        wait_for(lambda: time.time() > ok["exp"] - 60 + 3, "the first token has ended")
        sock.send(type="message", message="still here")
        sock.until("message", message="still here")

    def test_another_users_token_closes_with_4500(self):
        sock = self.chat()
        sock.send(type="auth", token=self.new_token())
        self.assertEqual(sock.until_closed(), 4500)

    def test_a_bad_token_in_auth_is_an_error_and_the_socket_stays(self):
        sock = self.chat()
        sock.send(type="auth", token="a.b.c")
        self.assertEqual(sock.until("error")["code"], "token_invalid")
        sock.send(type="message", message="alive")
        sock.until("ack")

    def test_an_anonymous_socket_signs_in_later(self):
        sock = self.chat(hello_token=None)
        self.assertIsNone(sock.welcome["user"])
        sock.send(type="message", message="nobody speaks")
        self.assertEqual(sock.until("error")["code"], "auth_required")
        sock.send(type="auth", token=self.new_token("came later"))
        self.assertEqual(sock.until("auth_ok")["user"]["username"], "came later")
        sock.send(type="message", message="now somebody")
        sock.until("ack")

    def test_refused_tokens_and_their_codes(self):
        cases = [
            ("expired", dict(ttl=-5), "token_expired", 4001),
            ("not yet", dict(nbf=int(time.time()) + 500), "token_invalid", 4500),
            ("refresh", dict(token_type="refresh"), "token_invalid", 4500),
            ("no exp", dict(exp=None), "token_invalid", 4500),
            ("no number", dict(user_id="abc"), "token_invalid", 4500),
        ]
        for name, claims, code, close in cases:
            with self.subTest(name):
                sock = Socket(self.stack.ws_connection(subprotocols=["chat.v1"]))
                self.addCleanup(sock.close)
                sock.send(type="hello", proto="chat.v1", token=self.new_token(**claims))
                self.assertEqual(sock.recv()["code"], code)
                self.assertEqual(sock.until_closed(), close)

    def test_a_refused_token_of_the_handshake_says_so_on_the_socket(self):
        sock = self.seed(token=self.new_token(ttl=-5))
        self.assertEqual(sock.recv()["code"], "token_expired")
        self.assertEqual(sock.until_closed(), 4001)


class Sanctions(SidecarCase):
    def cli(self, *args):
        self.stack.outcry("user", *args)

    def test_a_ban_closes_at_once_and_nothing_comes_after(self):
        victim, other = self.chat(), self.chat()
        seed_victim_token = self.new_token()
        seed = self.seed(token=seed_victim_token)
        seed.send(type="message", message="seed says")
        seed_user = other.until("message", message="seed says")["user_id"]
        self.cli("ban", str(victim.welcome["user"]["id"]), "1h")
        self.cli("ban", str(seed_user), "1h")
        for sock in (victim, seed):
            self.assertEqual(sock.until_closed(3), 4501)
        other.send(type="message", message="after the ban")
        other.until("ack")

    def test_a_banned_user_cannot_come_back(self):
        token = self.new_token()
        sock = self.chat(hello_token=token)
        self.cli("ban", str(sock.welcome["user"]["id"]), "1h")
        sock.until_closed()
        again = Socket(self.stack.ws_connection(subprotocols=["chat.v1"]))
        self.addCleanup(again.close)
        again.send(type="hello", proto="chat.v1", token=token)
        self.assertEqual(again.recv()["code"], "banned")
        self.assertEqual(again.until_closed(), 4501)

    def test_a_seed_guest_is_banned_by_what_it_posted(self):
        sock = self.seed()
        sock.send(type="message", message="guest says", username="bad guest")
        self.cli("ban", str(sock.until("message", message="guest says")["user_id"]), "1h")
        self.assertEqual(sock.until_closed(3), 4501)

    def test_a_revoked_session_is_closed_with_4500(self):
        sock = self.chat(rooms=["general", "@me"])
        user = sock.welcome["user"]["id"]
        wait_for(lambda: int(time.time() * 1000) % 1000 > 100, "past the token's second")
        self.cli("revoke", str(user))
        self.assertEqual(sock.until_closed(3), 4500)

    def test_a_muted_user_reads_and_does_not_write(self):
        sock = self.chat(rooms=["general", "@me"])
        self.cli("mute", str(sock.welcome["user"]["id"]), "5m")
        self.assertEqual(sock.until("moderation")["act"], "mute")
        sock.send(type="message", message="psst")
        self.assertEqual(sock.until("error")["code"], "muted")


class Handshake(SidecarCase):
    conf = {"browser_token": "cookie:host_session"}

    def status(self, *args, **kwargs):
        return self.stack.request(upgrade(*args, **kwargs))[0]

    def test_a_cookie_needs_an_origin_on_the_list(self):
        cookie = "host_session=" + self.new_token()
        foreign = ["http://evil.example", "http://chat.example.evil.example", "http://xchat.example",
                   "http://chat.example:8080", "https://chat.example", "HTTP://CHAT.EXAMPLE",
                   "http://chat.example/", "http://chat.example.", "null", "", "file://",
                   "http://chat.example, http://evil.example"]
        for origin in [None, *foreign]:
            for value in (cookie, "outcry_guest=x.y.z", "__Host-outcry_guest=x.y.z"):
                with self.subTest(origin=origin, cookie=value.split("=")[0]):
                    self.assertEqual(self.status(Origin=origin, Cookie=value), 403)
        self.assertEqual(self.status(Origin=ORIGIN, Cookie=cookie), 101)

    def test_without_our_cookie_any_origin_may_connect(self):
        for origin in (None, "null", "http://evil.example"):
            self.assertEqual(self.status(Origin=origin, Cookie="theirs=1"), 101)

    def test_a_bearer_is_no_cookie_and_needs_no_origin(self):
        token = self.new_token()
        self.assertEqual(self.status(Authorization="Bearer " + token,
                                     Cookie="host_session=" + token), 101)

    def test_the_hosts_cookie_signs_in(self):
        sock = self.chat(hello_token=None, origin=ORIGIN,
                         cookies={"host_session": self.new_token("by cookie")})
        self.assertEqual(sock.welcome["user"]["username"], "by cookie")

    def test_a_guest_cookie_that_is_nobodys_any_more_is_nobody(self):
        sock = self.chat(hello_token=None, origin=ORIGIN, cookies={"outcry_guest": "x.y.z"})
        self.assertIsNone(sock.welcome["user"])

    def test_plain_requests_are_answered(self):
        get = "GET {} HTTP/1.1\r\nHost: x\r\n\r\n"
        for path, status in (("/ws/chat/", 426), ("/ws/chat", 426), ("/ws/chat/stream/", 400),
                             ("/ws/chat/poll/", 400), ("/", 404), ("/ws/chat/?x=1", 426)):
            with self.subTest(path):
                code, text = self.stack.request(get.format(path))
                self.assertEqual(code, status)
                self.assertIn('"error"', text)
        self.assertEqual(self.stack.request("POST /ws/chat/ HTTP/1.1\r\nHost: x\r\n\r\n")[0], 405)

    def test_bad_upgrades_are_refused_and_hurt_nobody(self):
        cases = [
            (dict(Upgrade="not-websocket"), 426), (dict(Upgrade="\t"), 426),
            (dict(Connection="close"), 426), (dict(Sec_WebSocket_Version="8"), 426),
            (dict(Sec_WebSocket_Key="short"), 400), (dict(Sec_WebSocket_Key=None), 400),
            (dict(Host=None), 400), (dict(Upgrade="h2c"), 426), (dict(Upgrade="x" * 5000), 426),
        ]
        for headers, status in cases:
            with self.subTest(str(headers)[:60]):
                self.assertEqual(self.status(**headers), status)
        for text in ("\x00\x01\x02\r\n\r\n", "GET / HTTP/1.1\nHost: x\n\n\r\n\r\n",
                     "GET /ws/chat/ HTTP/1.1\r\nHost : x\r\n\r\n",
                     "GET /ws/chat/ HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n",
                     "GET /ws/chat/ HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
                     "GET /ws/chat/ HTTP/2.0\r\nHost: x\r\n\r\n"):
            with self.subTest(text[:30]):
                self.assertEqual(self.stack.request(text)[0], 400)

    def test_long_headers_are_taken_up_to_a_limit(self):
        self.assertEqual(self.status(Cookie="theirs=" + "x" * 14000), 101)
        self.assertEqual(self.status(Cookie="theirs=" + "x" * 20000), 431)

    def test_compression_is_never_agreed(self):
        status, text = self.stack.request(upgrade(
            Sec_WebSocket_Extensions="permessage-deflate; client_max_window_bits"))
        self.assertEqual(status, 101)
        self.assertNotIn("Extensions", text)

    def test_frames_right_behind_the_head_are_heard(self):
        with self.stack.raw() as s:
            s.sendall(upgrade().encode() +
                      frame(json.dumps({"type": "message", "message": "hasty", "username": "hasty"})))
            answer = b""
            while b'"hasty"' not in answer:
                piece = s.recv(4096)
                self.assertTrue(piece, answer)
                answer += piece


class Hostile(SidecarCase):
    """Whatever one client does, it hurts nobody else."""

    def setUp(self):
        self.witness = self.chat()

    def tearDown(self):
        text = f"still serving {time.monotonic()}"
        self.witness.send(type="message", message=text)
        self.witness.until("message", message=text)

    def raw_socket(self):
        s = self.stack.raw()
        self.addCleanup(s.close)
        s.sendall(upgrade().encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += s.recv(4096)
        self.assertIn(b" 101 ", answer)
        return s

    def close_code(self, s):
        """Reads frames until a close; its code, or 1006 where the connection just ended."""
        data = b""
        while True:
            try:
                piece = s.recv(65536)
            except ConnectionError:
                return 1006
            if not piece:
                return 1006
            data += piece
            while len(data) >= 2:
                size, at = data[1] & 127, 2
                if size == 126:
                    size, at = struct.unpack("!H", data[2:4])[0], 4
                if len(data) < at + size:
                    break
                if data[0] & 15 == 8:
                    return struct.unpack("!H", data[at:at + 2])[0] if size >= 2 else 1005
                data = data[at + size:]

    def send_all(self, s, data):
        try:
            s.sendall(data)
        except ConnectionError:
            pass

    def test_bad_json_is_an_error_and_the_socket_stays_open(self):
        sock = self.seed()
        for bad in ("{", "", "nonsense", "[1,", '{"type":"message","message":NaN}', "{'type':1}",
                    '{"a":1,"a":2}', "[" * 200, '"\\ud800"'):
            sock.connection.send(bad)
            self.assertIn(sock.recv()["code"], ("bad_json", "bad_request"), bad)
        for bad in ("[]", "1", '"x"', "null", "{}", '{"type":1}', '{"type":"message"}',
                    '{"type":"message","message":1}', '{"type":"message","message":"a\\u0000b"}',
                    '{"type":"message","message":"x","client_id":"short"}',
                    '{"type":"message","message":"x","reply_to":"7"}'):
            sock.connection.send(bad)
            self.assertEqual(sock.recv()["code"], "bad_request", bad)
        sock.connection.send_binary(b"\x00\xff")
        self.assertEqual(sock.recv()["code"], "bad_json")
        sock.send(type="message", message="alive", username="survivor")
        sock.until("message", message="alive")

    def test_a_message_in_fragments_is_one_message(self):
        s = self.raw_socket()
        text = json.dumps({"type": "message", "message": "in pieces", "username": "piecemeal"})
        pieces = [text[i:i + 5] for i in range(0, len(text), 5)]
        for i, piece in enumerate(pieces):
            self.send_all(s, frame(piece, 1 if i == 0 else 0, i == len(pieces) - 1))
        self.witness.until("message", message="in pieces")

    def test_a_long_message_is_taken_whole(self):
        sock = self.seed(token=self.new_token())
        sock.send(type="message", message="y" * 2000, padding="z" * 13000)
        self.assertEqual(sock.until("message")["message"], "y" * 2000)

    def test_too_big_is_closed_with_1009(self):
        s = self.raw_socket()
        self.send_all(s, frame("x" * 20000))
        self.assertEqual(self.close_code(s), 1009)
        s = self.raw_socket()
        for i in range(40):
            self.send_all(s, frame("x" * 500, 1 if i == 0 else 0, False))
        self.assertEqual(self.close_code(s), 1009)

    def test_a_frame_that_claims_to_be_huge_is_not_waited_for(self):
        s = self.raw_socket()
        self.send_all(s, struct.pack("!BBQ", 0x81, 0xff, 1 << 40) + b"mask" + b"x" * 20000)
        self.assertEqual(self.close_code(s), 1009)

    def test_a_fragment_bomb_is_closed_with_1009(self):
        for piece in ("x", ""):
            s = self.raw_socket()
            bomb = frame(piece, 1, False) + b"".join(frame(piece, 0, False) for _ in range(5000))
            self.send_all(s, bomb)
            self.assertEqual(self.close_code(s), 1009)

    def test_invalid_utf8_is_closed_with_1007(self):
        for bad in (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf5\x80\x80\x80"):
            s = self.raw_socket()
            self.send_all(s, frame(b'{"type":"' + bad + b'"}'))
            self.assertEqual(self.close_code(s), 1007)

    def test_broken_framing_ends_the_connection(self):
        for data in (frame("x", 3), frame("x", 1, rsv=0x40), frame("x", 0), frame("x", 9, False),
                     frame("x", 1, False) + frame("x", 1), frame("x" * 200, 9)):
            s = self.raw_socket()
            self.send_all(s, data)
            self.assertIn(self.close_code(s), (1002, 1006))

    def test_an_unmasked_frame_hurts_nobody(self):
        s = self.raw_socket()
        self.send_all(s, frame('{"type":"dance"}', masked=False))
        s.settimeout(5)
        self.assertTrue(s.recv(4096))  # an answer or a close, and the rest goes on (tearDown)

    def test_a_ping_flood_is_survived(self):
        s = self.raw_socket()
        for _ in range(200):
            self.send_all(s, frame("ping", 9) * 100)
        self.send_all(s, frame("", 8))
        self.close_code(s)

    def test_half_a_handshake_holds_nobody_up(self):
        socks = [self.stack.raw() for _ in range(50)]
        for s in socks:
            self.addCleanup(s.close)
            s.sendall(b"GET /ws/chat/ HTTP/1.1\r\nHost: x\r\n")
        self.assertEqual(self.chat().welcome["type"], "welcome")

    def test_garbage_of_all_kinds_is_survived(self):
        import random
        rng = random.Random(7)
        for _ in range(60):
            s = self.raw_socket()
            self.send_all(s, rng.randbytes(rng.randrange(1, 3000)))
            s.close()

    def test_clients_that_vanish_in_the_middle_are_forgotten(self):
        for i in range(60):
            s = self.raw_socket()
            self.send_all(s, frame('{"type":"message","message":"x"', 1, i % 2 == 0))
            s.close()

    def test_a_flood_of_bad_frames_without_reading_is_cut_off(self):
        s = self.raw_socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.settimeout(20)
        bad = frame('{"type":"dance"}') * 500
        with self.assertRaises(OSError):
            for _ in range(2000):
                s.sendall(bad)

    def test_too_many_frames_are_closed_with_4502(self):
        sock = self.chat()
        try:
            for _ in range(3000):
                sock.send(type="presence", state="active")
        except OSError:
            pass
        self.assertEqual(sock.until_closed(), 4502)

    def test_dear_frames_are_limited_first(self):
        sock = self.chat()
        for _ in range(400):
            sock.send(type="history", room="general", limit=1)
            got = sock.recv()
            while got["type"] not in ("history", "error"):
                got = sock.recv()
            if got["type"] == "error":
                break
        self.assertEqual((got.get("code"), got["room"]), ("rate_limited", "general"))
        sock.send(type="message", message="but it may speak")
        sock.until("message", message="but it may speak")


class Slow(SidecarCase):
    conf = {"ws_max_lag_events": "200", "rate_user_burst": "100000",
            "rate_user_per_minute": "100000", "rate_address_burst": "100000",
            "rate_address_per_minute": "100000"}

    def test_a_slow_reader_costs_little_delays_nobody_and_is_closed(self):
        slow = [self.stack.hello(hello_token=self.new_token()) for _ in range(20)]
        for sock in slow:
            self.addCleanup(sock.close)
        writer, reader = self.chat(), self.chat()
        before = self.stack.rss_kb()
        closed = 0
        for i in range(900):
            text = f"{i} " + "x" * 1500
            writer.send(type="message", message=text)
            writer.until("message", message=text)
            reader.until("message", message=text)
        if not self.stack.is_sanitized():  # whose memory is mostly kept back
            self.assertLess(self.stack.rss_kb() - before, 20 * 64 + 16000)
        for sock in slow:
            code = sock.until_closed(20)
            self.assertIn(code, (4002, 1006))
            closed += 1
        self.assertEqual(closed, 20)

    def test_a_reader_that_was_slow_misses_nothing(self):
        writer = self.chat()
        slow = self.chat()
        last = 0
        for i in range(150):
            writer.send(type="message", message="y" * 1900)
            last = writer.until("ack")["seq"]
        seqs = []
        while not seqs or seqs[-1] < last:
            got = slow.until("message")
            seqs.append(got["seq"])
        self.assertEqual(seqs, list(range(last - 149, last + 1)))


class Limits(SidecarCase):
    conf = {"ws_max_connections": "12", "ws_max_per_address": "6", "ws_max_per_user": "3"}

    def test_connections_are_limited_by_address_user_and_in_all(self):
        socks = [self.stack.ws_connection(address="192.0.2.1") for _ in range(6)]
        with self.assertRaises(websocket.WebSocketBadStatusException) as caught:
            self.stack.ws_connection(address="192.0.2.1")
        self.assertEqual(caught.exception.status_code, 503)
        socks.append(self.stack.ws_connection(address="192.0.2.2"))  # another has room
        socks.pop(0).close()
        token = self.new_token()
        for _ in range(3):
            socks.append(wait_for(lambda: self.hello_or_none(token), "room again").connection)
        fourth = Socket(self.stack.ws_connection(address="192.0.2.3", subprotocols=["chat.v1"]))
        socks.append(fourth.connection)
        fourth.send(type="hello", proto="chat.v1", token=token)
        self.assertEqual(fourth.recv()["code"], "too_many_connections")
        self.assertEqual(fourth.until_closed(), 4503)
        for i in range(6):
            try:
                socks.append(self.stack.ws_connection(address=f"192.0.2.{10 + i}"))
            except websocket.WebSocketBadStatusException as e:
                self.assertEqual(e.status_code, 503)
                break
        else:
            self.fail("more connections than allowed in all")
        for conn in socks:
            conn.close()
        wait_for(lambda: self.hello_or_none(token), "room for all again").close()

    def hello_or_none(self, token):
        try:
            return self.stack.hello(hello_token=token)
        except websocket.WebSocketBadStatusException:
            return None


class Heartbeat(SidecarCase):
    conf = {"ws_heartbeat_ms": "1000", "ws_idle_timeout_ms": "2500"}

    def test_who_answers_pings_stays_and_who_does_not_is_closed(self):
        answers, silent = self.chat(), self.chat()
        seed_silent = self.stack.raw()
        self.addCleanup(seed_silent.close)
        seed_silent.sendall(upgrade().encode())
        deadline = time.monotonic() + 5
        pings = 0
        while time.monotonic() < deadline:
            data = json.loads(answers.connection.recv())
            if data["type"] == "ping":
                pings += 1
                self.assertIsInstance(data["ts"], int)
                answers.send(type="pong")
        self.assertGreaterEqual(pings, 3)
        silent.connection.settimeout(5)
        opcode = 1
        while opcode != 8:
            opcode, data = silent.connection.recv_data()
        self.assertEqual(struct.unpack("!H", data[:2])[0], 4005)
        received = b""
        while True:
            piece = seed_silent.recv(4096)
            if not piece:
                break
            received += piece
        self.assertIn(b"\x89\x04ping", received)
        self.assertIn(struct.pack("!BBH", 0x88, 2 + len("no pong"), 4005), received)

    def test_a_control_pong_keeps_a_seed_socket(self):
        sock = self.seed()
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            sock.connection.settimeout(5)
            opcode, data = sock.connection.recv_data(control_frame=True)  # answers pings itself
            self.assertEqual(opcode, 9)
        sock.send(type="message", message="still here", username="patient")
        sock.until("message", message="still here")


class Life(unittest.TestCase):
    """Starting, stopping, dying."""

    def setUp(self):
        self.stack = Alone(conf={"allowed_origins": ORIGIN})
        self.stack.start()
        self.addCleanup(self.stack.stop)

    def test_a_second_sidecar_refuses_and_leaves_the_socket_alone(self):
        sock = self.stack.hello(hello_token=self.stack.token(1, "one"))
        second = subprocess.run(
            self.stack.as_user(self.stack.path("bin/outcry-sidecar"), "--config", self.stack.conf),
            capture_output=True, text=True, timeout=20, env=self.stack.environment())
        self.assertEqual(second.returncode, 1)
        self.assertIn("runs already", second.stderr)
        self.stack.hello(hello_token=self.stack.token(2, "two")).close()
        sock.send(type="message", message="undisturbed")
        sock.until("ack")
        sock.close()

    def test_sigterm_answers_what_was_asked_and_closes_with_1001(self):
        socks = [self.stack.hello(hello_token=self.stack.token(n, f"n{n}")) for n in range(1, 6)]
        ids = []
        for sock in socks:
            for _ in range(8):
                ids.append(new_client_id())
                sock.send(type="message", message="last words", client_id=ids[-1])
        self.stack.sidecar.send_signal(signal.SIGTERM)
        acked = set()
        for sock in socks:
            while (got := sock.recv()) is not None:
                if got["type"] == "ack":
                    acked.add(got["client_id"])
            self.assertEqual(sock.close_code, 1001)
        self.assertEqual(self.stack.sidecar.wait(10), 0)
        stored = {row[0] for row in self.stack.rows("SELECT client_id FROM message")}
        self.assertLessEqual(acked, stored)
        self.assertFalse(os.path.exists(self.stack.path("var/run/ws.sock")))
        self.stack.start_sidecar()
        again = self.stack.hello(hello_token=self.stack.token(1, "n1"))
        again.close()

    def test_kill_minus_nine_loses_nothing(self):
        token = self.stack.token(1, "resuming")
        sock = self.stack.hello(hello_token=token, rooms={"general": 0})
        acked, seen, epoch = {}, [], sock.welcome["epoch"]
        for round_ in range(4):
            for i in range(5):
                cid = new_client_id()
                sock.send(type="message", message=f"r{round_} {i}", client_id=cid)
                acked[cid] = sock.until("ack", client_id=cid)["seq"]
            self.stack.kill_sidecar()
            while (got := self.drained(sock)) is not None:
                if "seq" in got and got["type"] not in ("ack", "presence"):
                    seen.append(got["seq"])
            sock.close()
            self.stack.start_sidecar()
            since = max(seen, default=0)
            sock = self.stack.hello(hello_token=token, rooms={"general": since}, epoch=epoch)
        last = max(acked.values())
        while not seen or seen[-1] < last:
            got = sock.recv()
            if "seq" in got and got.get("room") == "general" and got["type"] not in ("ack", "presence"):
                seen.append(got["seq"])
        sock.close()
        # Acks were waited for and the events between them dropped: what is seen must be the log.
        self.assertEqual(sorted(set(seen)), seen)
        stored = dict(self.stack.rows("SELECT client_id, seq FROM message"))
        for cid, seq in acked.items():
            self.assertEqual(stored[cid], seq)

    @staticmethod
    def drained(sock):
        try:
            return sock.recv(2)
        except (websocket.WebSocketTimeoutException, ValueError):
            return None

    def test_sighup_opens_the_log_again(self):
        path = self.stack.path("var/log/outcry.log")
        os.rename(path, path + ".1")
        self.stack.sidecar.send_signal(signal.SIGHUP)
        wait_for(lambda: os.path.exists(path), "a new log")
        self.assertIsNone(self.stack.sidecar.poll())

    def test_what_another_process_posts_arrives_without_a_wake_up(self):
        sock = self.stack.hello(hello_token=self.stack.token(1, "listener"), rooms=["@me"])
        os.unlink(self.stack.path("var/run/notify.sock"))  # every wake-up is lost
        started = time.monotonic()
        self.stack.outcry("user", "mute", str(sock.welcome["user"]["id"]), "5m")
        sock.until("moderation")
        self.assertLess(time.monotonic() - started, 5)
        sock.close()

    def test_forged_wake_ups_cost_nothing_much(self):
        sock = self.stack.hello(hello_token=self.stack.token(1, "listener"))
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.setblocking(False)
            for i in range(20000):
                try:
                    s.sendto(b"anything" * (i % 9), self.stack.path("var/run/notify.sock"))
                except BlockingIOError:
                    pass
        sock.send(type="message", message="served all the same")
        sock.until("ack")
        sock.close()

    def test_sockets_handed_over_by_systemd_are_used(self):
        self.stack.stop_sidecar()
        with socket.socket() as tcp:
            tcp.bind(("127.0.0.1", 0))
            tcp.listen(16)
            port = tcp.getsockname()[1]
            code = ("import os, sys; os.dup2(int(sys.argv[1]), 3); os.environ['LISTEN_FDS'] = '1'; "
                    "os.environ['LISTEN_PID'] = str(os.getpid()); "
                    "os.execv(sys.argv[2], sys.argv[2:])")
            process = subprocess.Popen(
                self.stack.as_user("/usr/bin/python3", "-c", code, str(tcp.fileno()),
                                   self.stack.path("bin/outcry-sidecar"), "--config",
                                   self.stack.conf),
                pass_fds=[tcp.fileno()], env=self.stack.environment(),
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            conn = websocket.create_connection(f"ws://127.0.0.1:{port}/ws/chat/", timeout=20)
            conn.send(json.dumps({"type": "message", "message": "by tcp", "username": "tcp user"}))
            self.assertEqual(json.loads(conn.recv())["message"], "by tcp")
            conn.close()
        finally:
            process.terminate()
            self.assertEqual(process.wait(10), 0)


if __name__ == "__main__":
    unittest.main()
