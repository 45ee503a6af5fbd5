#!/usr/bin/python3
"""The sidecar alone on its Unix socket, without a web server: the protocol."""
import fcntl
import json
import os
import sys
import threading
import time
import unittest


sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from alone import SidecarCase  # noqa: E402
from raw_socket import frame, upgrade  # noqa: E402
from stack import Socket, new_client_id, wait_for  # noqa: E402


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

    def test_what_is_stored_while_it_is_let_in_is_not_missed(self):
        """Who it is is asked of the writer, which is busy: here because another has the lock."""
        chat = self.chat()
        with open(self.stack.path("var/chat.db-write"), "a", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            chat.send(type="message", room="general", message="before it came", client_id=new_client_id())
            seed = self.seed()
            chat.send(type="message", room="general", message="after it came", client_id=new_client_id())
        for text in ("before it came", "after it came"):
            self.assertEqual(seed.recv(30)["message"], text)

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
        self.assertEqual(set(w["rooms"]["general"]), {"seq", "floor", "unread", "mentions", "last_read_seq"})
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

    def test_what_is_said_in_one_breath_is_stored_and_read_in_one(self):
        reader, writer = self.chat(), self.chat()
        said = [f"{n} " + "x" * 300 for n in range(40)]  # more than the sidecar reads at a time
        writer.connection.sock.sendall(b"".join(
            frame(json.dumps({"type": "message", "room": "general", "message": text})) for text in said))
        frames, heard = 0, []
        while len(heard) < len(said):
            got = json.loads(reader.connection.recv())
            events = got["events"] if got["type"] == "batch" else [got]
            news = [event["message"] for event in events if event["type"] == "message"]
            frames += bool(news)
            heard += news
        self.assertEqual(heard, said)
        self.assertLess(frames, 4)

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
        heard = [b.until("typing")]
        while heard[-1]["on"]:
            heard.append(b.until("typing"))
        self.assertEqual((heard[0]["username"], heard[0]["on"]), ("typist", True))
        self.assertLess(len(heard), 20)  # most of the twenty were too many: one in a second is told
        self.assertEqual(self.stack.rows("SELECT count(*) FROM event"), before)

    def test_a_read_mark_reaches_the_users_other_sockets(self):
        token = self.new_token()
        a, b = self.chat(hello_token=token), self.chat(hello_token=token)
        other = self.chat()
        other.send(type="message", message="to be read")
        seq = a.until("message", message="to be read")["seq"]
        a.send(type="read", room="general", up_to=seq)
        self.assertEqual(b.until("read"), {"type": "read", "room": "general", "up_to": seq, "unread": 0, "mentions": 0,
                                           "head": seq})
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
        warned = sock.until("auth_required")
        self.assertGreater(warned["in_ms"], 0)
        self.assertEqual(sock.until_closed(), 4001)

    def test_a_seed_socket_expires_without_a_word(self):
        sock = self.seed(token=self.new_token(ttl=4))
        self.assertIsNone(sock.recv())
        self.assertEqual(sock.close_code, 4001)

    def test_a_fresh_token_keeps_the_socket(self):
        type(self).users += 1
        user = self.users
        sock = self.chat(hello_token=self.stack.token(user, "renewed", ttl=5))
        sock.until("auth_required")
        sock.send(type="auth", token=self.stack.token(user, "renewed", ttl=60))
        ok = sock.until("auth_ok")
        self.assertGreater(ok["exp"], time.time() + 50)
        wait_for(lambda: time.time() > ok["exp"] - 60 + 5, "the first token has ended")
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
            self.assertEqual(sock.until_closed(), 4501)
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
        self.assertEqual(sock.until_closed(), 4501)

    def test_a_revoked_session_is_closed_with_4500(self):
        sock = self.chat(rooms=["general", "@me"])
        user = sock.welcome["user"]["id"]
        wait_for(lambda: int(time.time() * 1000) % 1000 > 100, "past the token's second")
        self.cli("revoke", str(user))
        self.assertEqual(sock.until_closed(), 4500)

    def test_a_muted_user_reads_and_does_not_write(self):
        sock = self.chat(rooms=["general", "@me"])
        self.cli("mute", str(sock.welcome["user"]["id"]), "5m")
        self.assertEqual(sock.until("moderation")["act"], "mute")
        sock.send(type="message", message="psst")
        self.assertEqual(sock.until("error")["code"], "muted")


if __name__ == "__main__":
    unittest.main()
