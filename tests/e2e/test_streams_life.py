#!/usr/bin/python3
"""Server-sent events and long-polls: resync, tokens that end, limits, presence, start and end."""
import json
import os
import random
import signal
import sqlite3
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from alone import ORIGIN, Alone  # noqa: E402
from stack import wait_for  # noqa: E402
from stream_case import BOTH, StreamCase  # noqa: E402
from streams import Ended, Line, Poller, Stream, query  # noqa: E402

ROOMY = {key: "1000000" for key in (
    "rate_user_burst", "rate_user_per_minute", "rate_address_burst", "rate_address_per_minute")}


class Resync(StreamCase):
    conf = {"ws_max_lag_events": "30", **ROOMY}

    def test_a_cursor_that_cannot_be_served_gets_its_reason(self):
        for n in range(40):
            last = self.post(f"m{n}")
        self.raise_floor("energy")
        epoch = self.stream().until("welcome")["epoch"]
        cases = [({"rooms": {"general": last - 1}, "epoch": "f" * 32}, "epoch"),
                 ({"rooms": {"general": last + 1}, "epoch": epoch}, "ahead"),
                 ({"rooms": {"general": last - 31}}, "lag"),
                 ({"rooms": {"energy": 1}, "epoch": epoch}, "floor")]
        for fields, reason in cases:
            room = next(iter(fields["rooms"]))
            with self.subTest(reason):
                for stream in (self.stream(**fields), self.stream(
                        ["materials"], Last_Event_ID=f"{fields.get('epoch', epoch)} "
                        + query(fields["rooms"])[6:])):
                    resync = stream.until("resync")
                    self.assertEqual((resync["room"], resync["reason"], resync["epoch"]),
                                     (room, reason, epoch))
                    self.assertEqual(resync["seq"], self.head_of(room))
                    self.assertIsNone(stream.last_id)  # nothing to go on from: the query stands
                answer = self.poller(**fields).poll()
                self.assertEqual((answer.status, answer.error), (410, "resync"))
                self.assertEqual(answer.headers["connection"], "keep-alive")
                self.assertEqual([(r["room"], r["reason"]) for r in answer.json["resync"]],
                                 [(room, reason)])

    def raise_floor(self, room):
        for n in range(6):
            last = self.post(f"old {n}", room=room)
        with sqlite3.connect(self.stack.path("var/chat.db")) as db:
            db.execute("UPDATE room SET floor = ? WHERE slug = ?", (last - 2, room))
        db.close()

    def test_the_other_rooms_of_a_stream_go_on(self):
        stream = self.stream({"general": self.head_of() + 9, "energy": self.head_of("energy")})
        stream.until("resync", room="general")
        self.post("not read", room="general")
        self.post("read", room="energy")
        self.assertEqual(stream.until("message")["message"], "read")
        self.assertEqual(stream.last_id.split(" ")[1], f"energy:{self.head_of('energy')}")

    def test_a_reader_that_does_not_read_is_closed_and_delays_nobody(self):
        quick, slow = self.stream(), [self.stream() for _ in range(20)]
        for stream in slow:
            stream.until("welcome")
        before = self.stack.rss_kb()
        for n in range(450):
            text = f"{n} " + "x" * 1500
            self.say.send(type="message", message=text)
            self.say.until("ack")
            quick.until("message", message=text)
        if not self.stack.is_sanitized():
            self.assertLess(self.stack.rss_kb() - before, 20 * 64 + 16000)
        for stream in slow:
            frames = []
            with self.assertRaises(Ended):
                while True:
                    frames.append(stream.recv(20))
            seqs = [f["seq"] for f in frames if f["type"] == "message"]
            self.assertEqual(seqs, list(range(seqs[0], seqs[0] + len(seqs))))
            self.assertEqual(frames[-1], {"type": "close", "code": 4002, "reason": "too slow"})
            again = self.stream(Last_Event_ID=stream.last_id)
            self.assertEqual(again.until("resync")["reason"], "lag")


class Expiry(StreamCase):
    conf = {"jwt_leeway_s": "0"}

    def test_a_stream_lives_no_longer_than_its_token(self):
        stream = self.stream(token=self.new_token(ttl=4))
        self.assertGreater(stream.until("auth_required")["in_ms"], 0)
        self.assertTrue(stream.until("error")["code"], "token_expired")
        self.assertEqual(stream.until_close(), 4001)

    def test_a_poll_waits_no_longer_than_its_token(self):
        poller = self.poller(token=self.new_token(ttl=3))
        answer = poller.poll()
        self.assertEqual((answer.status, answer.error), (401, "token_expired"))

    def test_a_token_that_was_good_is_not_good_for_longer(self):
        """Though the sidecar remembers whose it was."""
        token = self.new_token(ttl=5)
        poller = self.poller(token=token)
        ends = time.time() + 5
        self.assertEqual(poller.poll(wait=0).status, 200)
        wait_for(lambda: time.time() > ends + 0.1, "it has ended")
        self.assertEqual(poller.poll(wait=0).error, "token_expired")


class Sanctions(StreamCase):
    def user(self, token):
        return str(self.stack.user_id(token))

    def test_a_ban_ends_streams_and_polls_at_once(self):
        token = self.new_token()
        stream, poller = self.stream(token=token), self.poller(token=token)
        stream.until("welcome")
        poller.ask_next()
        self.assertTrue(poller.is_quiet(0.2))
        self.stack.outcry("user", "ban", self.user(token), "1h")
        self.assertEqual(stream.until("error")["code"], "banned")
        self.assertEqual(stream.until_close(), 4501)
        answer = poller.take()
        self.assertEqual((answer.status, answer.error), (403, "banned"))
        answer = self.poller(token=token).poll()
        self.assertEqual((answer.status, answer.error), (403, "banned"))

    def test_a_revoked_session_ends_and_does_not_come_back(self):
        token = self.new_token()
        stream, poller = self.stream(token=token), self.poller(token=token)
        stream.until("welcome")
        self.assertEqual(poller.poll(wait=0).status, 200)  # so that it is remembered
        poller.ask_next()
        wait_for(lambda: int(time.time() * 1000) % 1000 > 100, "past the token's second")
        self.stack.outcry("user", "revoke", self.user(token))
        self.assertEqual(stream.until("error")["code"], "token_invalid")
        self.assertEqual(stream.until_close(), 4500)
        self.assertEqual(poller.take().error, "token_invalid")
        self.assertEqual(self.poller(token=token).poll(wait=0).error, "token_invalid")

    def test_the_own_log_reaches_its_owner(self):
        token = self.new_token()
        stream, poller = self.stream(["@me"], token=token), self.poller(["@me"], token=token)
        stream.until("welcome")
        poller.poll(wait=0)
        poller.ask_next()
        self.stack.outcry("user", "mute", self.user(token), "5m")
        self.assertEqual(stream.until("moderation")["act"], "mute")
        self.assertEqual([e["act"] for e in poller.take().json["events"]], ["mute"])


class Limits(StreamCase):
    conf = {"ws_max_connections": "12", "ws_max_per_address": "4", "ws_max_per_user": "3"}

    def waiting(self, status, **fields):
        """A stream or a poll that stays, or is refused."""
        kind = random.choice(BOTH)
        line = self.line().ask(kind, query("general"), **fields)
        if status == 200:
            if kind == "stream":
                line.head()
            else:
                self.assertTrue(line.is_quiet(0.2), line.raw)
            return line
        answer = line.answer()
        self.assertEqual((answer.status, answer.error), (503, "too_many_connections"))
        self.assertIn("retry-after", answer.headers)
        return line

    def test_connections_are_limited_by_address_user_and_in_all(self):
        token = self.new_token()
        for n in range(3):
            self.waiting(200, token=token, X_Forwarded_For=f"192.0.2.{n}")
        self.waiting(503, token=token, X_Forwarded_For="192.0.2.9")
        for n in range(4):
            last = self.waiting(200, X_Forwarded_For="192.0.2.10")
        self.waiting(503, X_Forwarded_For="192.0.2.10")
        last.close()
        wait_for(lambda: self.is_let_in(X_Forwarded_For="192.0.2.10"), "room for one again")
        for n in range(4):  # one of twelve is whoever posts
            self.waiting(200, X_Forwarded_For=f"192.0.2.{20 + n}")
        self.waiting(200, X_Forwarded_For="192.0.2.10")
        self.waiting(503, X_Forwarded_For="192.0.2.30")

    def is_let_in(self, **fields):
        return self.line().ask("poll", query("general", wait=0), **fields).answer().status == 200


class Heartbeat(StreamCase):
    conf = {"ws_heartbeat_ms": "1000", "ws_idle_timeout_ms": "2500"}

    def test_a_stream_is_pinged_and_need_not_answer(self):
        stream = self.stream()
        stream.until("welcome")
        for _ in range(5):  # twice the idle timeout
            self.assertIsInstance(stream.until("ping")["ts"], int)

    def test_a_poll_that_waits_longer_than_that_stays(self):
        poller = self.poller()
        poller.ask_next(wait=5)
        self.assertTrue(poller.is_quiet(4))
        self.assertEqual(poller.take().json["events"], [])


class Presence(StreamCase):
    conf = {"presence_grace_ms": "1000"}

    def online(self, room="general"):
        """{username: state}, as a newcomer is told."""
        sock = self.chat(rooms=[room])
        full = sock.until("presence", room=room, full=True)
        sock.close()
        return {p["username"]: p["state"] for p in full["join"]}

    def await_online(self, name, state="active", room="general"):
        wait_for(lambda: self.online(room).get(name) == state, f"{name} is {state}", 15)

    def test_a_stream_is_present_like_a_socket_and_gone_when_it_closes(self):
        stream = self.stream(["energy", "general"], token=self.new_token("streamer"), state="idle")
        stream.until("welcome")
        self.await_online("streamer", "idle", "energy")
        stream.close()
        self.await_online("streamer", None, "energy")

    def test_a_polling_page_is_present_between_its_polls(self):
        poller = self.poller(token=self.new_token("poller"))
        for _ in range(4):
            poller.poll(wait=1, conn="page-of-poller")
            self.await_online("poller")
        poller.poll(wait=0, conn="page-of-poller", state="idle")
        self.await_online("poller", "idle")

    def test_a_poll_without_conn_and_nobody_are_not_present(self):
        token = self.new_token("quiet one")
        self.poller(token=token).poll(wait=0)
        self.poller().poll(wait=0, conn="page-of-nobody")
        self.poller(token=self.new_token("loud one")).poll(wait=0, conn="page-of-loud-one")
        self.await_online("loud one")
        self.assertNotIn("quiet one", self.online())

    def test_a_page_changes_between_stream_and_polls_without_leaving(self):
        watcher, token = self.chat(), self.new_token("changer")
        first = self.stream(token=token, conn="page-of-changer")
        me = first.until("welcome")["user"]["id"]
        self.await_online("changer")
        for _ in range(2):
            first.close()
            self.poller(token=token).poll(wait=0, conn="page-of-changer")
            self.poller(token=token).poll(wait=1, conn="page-of-changer")
            first = self.stream(token=token, conn="page-of-changer")
            first.until("welcome")
        first.close()
        left = 0
        while not left:
            left += me in watcher.until("presence", 15, room="*")["leave"]
        rows = self.stack.state_rows("SELECT count(*) FROM presence WHERE user_id = ?", me)
        self.assertLessEqual(rows[0][0], 1)


class Life(unittest.TestCase):
    def setUp(self):
        self.stack = Alone(conf={"allowed_origins": ORIGIN, **ROOMY}).start()
        self.addCleanup(self.stack.stop)

    def test_sigterm_tells_streams_answers_polls_and_drops_who_only_waits_to_ask(self):
        streams = [Stream(self.stack.dial()) for _ in range(5)]
        pollers = [Poller(self.stack.dial(), ["general"]) for _ in range(5)]
        idle = Line(self.stack.dial())
        idle.ask("poll", query("general", wait=0)).answer()
        poster = self.stack.hello(hello_token=self.stack.token(1, "poster"), rooms=[])
        for stream in streams:
            stream.until("welcome")
        for poller in pollers:
            poller.poll(wait=0)
        for n in range(40):
            poster.send(type="message", message=f"last words {n}")
        self.stack.sidecar.send_signal(signal.SIGTERM)
        acks = 0
        while (frame := poster.recv()) is not None:
            acks += frame["type"] == "ack"
        for stream in streams:
            texts = []
            while (frame := stream.recv())["type"] != "close":
                texts += [frame["message"]] if frame["type"] == "message" else []
            self.assertEqual(frame["code"], 1001)
            self.assertEqual(texts, [f"last words {n}" for n in range(acks)])
        self.assertEqual(idle.until_closed(), b"")  # and not a word to take for an answer
        self.assertEqual(self.stack.sidecar.wait(10), 0)

    def test_waiting_polls_are_answered_when_the_sidecar_stops(self):
        pollers = [Poller(self.stack.dial(), ["general", "energy"]) for _ in range(8)]
        for poller in pollers:
            poller.poll(wait=0)
            poller.ask_next()
        Poller(self.stack.dial(), ["general"]).poll(wait=0)  # who asks after them is answered when they wait
        for poller in pollers:
            self.assertTrue(poller.is_quiet(0))
        self.stack.sidecar.send_signal(signal.SIGTERM)
        for poller in pollers:
            answer = poller.take()
            self.assertEqual((answer.status, answer.json["events"]), (200, []))
            self.assertEqual(set(answer.json["rooms"]), {"general", "energy"})
            self.assertEqual(answer.headers["connection"], "close")
        self.assertEqual(self.stack.sidecar.wait(10), 0)
        self.stack.start_sidecar()
        again = Poller(self.stack.dial(), pollers[0].rooms, epoch=pollers[0].epoch)
        self.assertEqual(again.poll(wait=0).status, 200)

    def test_a_restored_database_is_told_to_all(self):
        self.stack.hello(hello_token=self.stack.token(1, "one"), rooms=[]).close()
        copy = self.stack.path("var/copy.db")
        self.stack.outcry("backup", copy)
        token = self.stack.token(2, "not in the copy")
        stream = Stream(self.stack.dial(), token=token)
        poller = Poller(self.stack.dial(), ["general", "@me"], token)
        stream.until("welcome")
        poller.poll(wait=0)
        old = poller.epoch
        poller.ask_next()
        self.assertTrue(poller.is_quiet(0.2))
        self.stack.outcry("restore", copy)
        self.assertEqual(stream.until_close(), 4003)
        self.assertEqual(poller.take().json["events"], [])
        answer = poller.poll()  # on the same connection, with a user who is unknown again
        while answer.status == 503:
            answer = Poller(self.stack.dial(), poller.rooms, token, poller.epoch).poll()
        self.assertEqual(answer.status, 410)
        self.assertNotEqual(answer.json["resync"][0]["epoch"], old)
        self.assertEqual(Stream(self.stack.dial(), Last_Event_ID=stream.last_id)
                         .until("resync")["reason"], "epoch")

    def test_no_log_holds_a_token_or_a_query(self):
        token = self.stack.token(1, "secretive")  # stop() looks for it
        Stream(self.stack.dial(), token=token, epoch="looked-for-epoch").until("welcome")
        Poller(self.stack.dial(), ["general"], token).poll(wait=0, conn="looked-for-conn")
        Line(self.stack.dial()).ask("poll", "rooms=looked-for-room-!&token=" + token).answer()
        logs = json.dumps(self.stack.logs())
        self.assertNotIn("looked-for", logs)


if __name__ == "__main__":
    unittest.main()
