#!/usr/bin/python3
"""Server-sent events and long-polls, straight to the sidecar: what they bring and what they refuse.
test_streams_proxied.py is about the web servers."""
import os
import random
import resource
import select
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from alone import ORIGIN, Alone  # noqa: E402
from stack import wait_for  # noqa: E402
from stream_case import BOTH, StreamCase  # noqa: E402
from streams import Line, query, request  # noqa: E402

LONG = os.environ.get("OUTCRY_LONG") == "1"
ROOMY = {key: "1000000" for key in (
    "rate_user_burst", "rate_user_per_minute", "rate_address_burst", "rate_address_per_minute")}


def events(stream, last, room="general"):
    """The seqs of a room's events as they came, up to `last`."""
    seqs = []
    while not seqs or seqs[-1] < last:
        frame = stream.recv()
        if frame.get("room") == room and "seq" in frame and frame["type"] not in ("presence", "resync"):
            seqs.append(frame["seq"])
    return seqs


class Streams(StreamCase):
    conf = ROOMY

    def test_the_head_and_the_first_event(self):
        stream = self.stream(["general", "@me"], self.new_token("listener"))
        headers = stream.answer.headers
        self.assertEqual(headers["content-type"], "text/event-stream")
        self.assertEqual(headers["cache-control"], "no-store")
        self.assertEqual(headers["x-accel-buffering"], "no")
        self.assertEqual(headers["x-content-type-options"], "nosniff")
        self.assertFalse([name for name in headers if name.startswith("access-control")])
        welcome = stream.recv()
        self.assertEqual((welcome["type"], welcome["user"]["username"]), ("welcome", "listener"))
        self.assertEqual(set(welcome["rooms"]), {"general", "@me"})
        self.assertEqual(set(welcome["rooms"]["general"]), {"seq", "floor", "unread", "mentions", "last_read_seq"})
        self.assertEqual(stream.last_id, f"{welcome['epoch']} general:{self.head_of()},@me:0")
        self.assertTrue(1000 <= stream.retry <= 10000, stream.retry)
        self.assertTrue(stream.until("presence", room="*")["full"])

    def test_what_is_said_comes_with_the_id_of_where_the_reader_is_then(self):
        stream = self.stream(["general", "energy"])
        epoch = stream.until("welcome")["epoch"]
        energy = self.head_of("energy")
        seq = self.post("hello stream")
        self.assertEqual(stream.until("message", message="hello stream")["seq"], seq)
        self.assertEqual(stream.last_id, f"{epoch} general:{seq},energy:{energy}")
        self.post("elsewhere", room="energy")
        stream.until("message", message="elsewhere")
        self.assertEqual(stream.last_id, f"{epoch} general:{seq},energy:{energy + 1}")

    def test_replay_then_live_without_gap_or_double(self):
        for n in range(250):  # more than one frame
            self.say.send(type="message", message=f"old {n}")
        last = self.post("the last of the old ones")
        stream = self.stream({"general": 0})
        self.assertEqual(events(stream, last), list(range(1, last + 1)))
        self.assertEqual(events(stream, self.post("live")), [last + 1])

    def test_a_stream_that_is_cut_anywhere_goes_on_where_it_was(self):
        """Each connection is cut after so many bytes, in the middle of events and of batches."""
        for n in range(120):
            self.say.send(type="message", message=f"{n} " + "x" * (n * 7 % 300), room="materials")
        last = self.post("the end", room="materials")
        rng = random.Random(5)
        seqs, last_id, cuts = [], None, 0
        while not seqs or seqs[-1] < last:
            stream = self.stream({"materials": 0, "general": self.head_of()}, Last_Event_ID=last_id)
            left = rng.randrange(2000, 60000)
            while left > 0 and (not seqs or seqs[-1] < last):
                *whole, stream.text = stream.text[:left].split(b"\n\n")
                left -= sum(len(block) + 2 for block in whole) + len(stream.text)
                for block in whole:
                    stream.take_block(block)
                seqs += [f["seq"] for f in stream.pending if f["type"] in ("message", "room")]
                stream.pending.clear()
                if left > 0 and (not seqs or seqs[-1] < last):
                    left += len(stream.text)
                    stream.receive()
                    stream.unwrap()
            last_id = stream.last_id or last_id
            stream.close()
            cuts += 1
        self.assertEqual(seqs, list(range(1, last + 1)))
        self.assertGreater(cuts, 1)

    def test_the_last_event_id_wins_over_the_query(self):
        self.post("one")
        last = self.post("two")
        epoch = self.stream().until("welcome")["epoch"]
        stream = self.stream({"general": 0}, epoch="f" * 32, Last_Event_ID=f"{epoch} general:{last - 1}")
        self.assertEqual(events(stream, last), [last])

    def test_the_pings_keep_a_stream_and_typing_and_marks_reach_it(self):
        token = self.new_token("typing listener")
        stream, other = self.stream(token=token), self.chat("typist")
        stream.until("welcome")
        other.send(type="typing", room="general", on=True)
        self.assertEqual(stream.until("typing")["username"], "typist")
        same = self.chat(hello_token=token)
        seq = self.post("to be read")
        same.send(type="read", room="general", up_to=seq)
        self.assertEqual(stream.until("read"), {"type": "read", "room": "general", "up_to": seq, "unread": 0, "mentions": 0, "head": seq})
        self.assertEqual(stream.last_id.rsplit(":", 1)[1], str(seq))  # they have no number of their own

    def test_a_room_that_is_not_there_is_an_error_of_that_room_only(self):
        stream = self.stream(["nowhere", "general"])
        self.assertEqual(set(stream.until("welcome")["rooms"]), {"general"})
        error = stream.until("error")
        self.assertEqual((error["code"], error["room"]), ("room_not_found", "nowhere"))
        self.assertEqual(stream.last_id.split(" ")[1], f"general:{self.head_of()}")

    def test_a_client_that_goes_is_forgotten_and_what_it_says_is_not_heard(self):
        before = self.stack.sidecar_connections()
        streams = [self.stream() for _ in range(10)]
        for stream in streams:
            stream.socket.sendall(b"GET / HTTP/1.1\r\n\r\n" + b"anything")
        self.post("still there")
        for stream in streams:
            stream.until("message", message="still there")
            stream.close()
        wait_for(lambda: self.stack.sidecar_connections() <= before, "their connections are gone")

    def test_http_1_0_is_served_too(self):
        stream = self.stream(version="1.0", host=None)
        self.assertEqual(stream.until("welcome")["proto"], "chat.v1")


class Polls(StreamCase):
    conf = ROOMY

    def test_what_is_newer_is_answered_at_once(self):
        self.post("one")
        last = self.post("two")
        poller = self.poller({"general": last - 2})
        body = poller.poll().json
        self.assertEqual([e["message"] for e in body["events"]], ["one", "two"])
        self.assertEqual(body["rooms"], {"general": {"seq": last}})
        self.assertEqual((body["more"], body["waited"], body["poll_after_ms"]), (False, True, 0))
        self.assertNotIn("missing", body)

    def test_what_comes_ends_the_wait(self):
        poller = self.poller(["general", "energy"])
        poller.poll(wait=0)
        poller.ask_next()
        self.assertTrue(poller.is_quiet(0.3))
        seq = self.post("at last", room="energy")
        body = poller.take().json
        self.assertEqual([(e["room"], e["message"]) for e in body["events"]], [("energy", "at last")])
        self.assertEqual(body["rooms"]["energy"]["seq"], seq)

    def test_without_news_the_wait_ends_without_events(self):
        poller = self.poller()
        began = time.monotonic()
        body = poller.poll(wait=1).json
        self.assertGreaterEqual(time.monotonic() - began, 0.9)
        self.assertEqual(body["events"], [])
        self.assertEqual(body["rooms"], {"general": {"seq": self.head_of()}})
        self.assertEqual(body["poll_after_ms"], 0)
        body = poller.poll(wait=0).json
        self.assertFalse(body["waited"])
        self.assertGreater(body["poll_after_ms"], 0)  # whoever does not wait, pauses

    def test_a_long_way_is_gone_in_answers_that_say_more(self):
        first = self.head_of("utilities")
        for n in range(350):
            self.say.send(type="message", message=f"m{n}", room="utilities")
        last = self.post("the end", room="utilities")
        poller, seqs, more = self.poller({"utilities": first}), [], True
        while more:
            body = poller.poll().json
            seqs += [e["seq"] for e in body["events"]]
            more = body["more"]
        self.assertEqual(seqs, list(range(first + 1, last + 1)))

    def test_the_first_poll_without_a_number_begins_now(self):
        poller = self.poller(["general"])
        poller.poll(wait=0)
        seq = self.post("between two polls")
        self.assertEqual([e["seq"] for e in poller.poll().json["events"]], [seq])

    def test_rooms_that_are_not_there_are_named_and_do_not_stop_the_others(self):
        poller = self.poller(["nowhere", "general", "@me"])
        poller.ask_next()
        self.assertTrue(poller.is_quiet(0.2))
        self.post("heard")
        body = poller.take().json
        self.assertEqual(body["missing"], ["nowhere", "@me"])
        self.assertEqual(set(body["rooms"]), {"general"})
        body = self.poller(["nowhere"]).poll().json  # nothing to wait for: at once, and not at once again
        self.assertEqual((body["events"], body["rooms"], body["missing"]), ([], {}, ["nowhere"]))
        self.assertGreater(body["poll_after_ms"], 0)

    def test_the_head_of_an_answer(self):
        answer = self.poller().poll(wait=0)
        self.assertEqual(answer.headers["content-type"], "application/json")
        self.assertEqual(answer.headers["cache-control"], "no-store")
        self.assertEqual(answer.headers["x-content-type-options"], "nosniff")
        self.assertFalse([name for name in answer.headers if name.startswith("access-control")])

    def test_a_connection_serves_different_people_one_after_the_other(self):
        """As a proxy's does: nothing of one request is left for the next."""
        people = [(self.new_token(f"person{n}"), f"person{n}") for n in range(3)]
        line = self.line()
        for token, name in people:
            me = self.chat(hello_token=token).welcome["user"]["id"]
            self.stack.outcry("user", "mute", str(me), "1m")
        for token, name in people * 2 + [(None, None)]:
            answer = line.ask("poll", query("@me:0,general", wait=0), token=token).answer()
            self.assertEqual(answer.headers["connection"], "keep-alive")
            if token is None:
                self.assertEqual(answer.json["missing"], ["@me"])
                continue
            targets = {e["target_id"] for e in answer.json["events"]}
            mine = self.stack.rows("SELECT id FROM user WHERE username = ?", name)[0][0]
            self.assertEqual(targets, {mine})
        refused = line.ask("poll", query("general"), token="a.b.c").answer()
        self.assertEqual((refused.status, refused.headers["connection"]), (401, "close"))
        self.assertEqual(line.until_closed(), b"")

    def test_the_address_belongs_to_the_request(self):
        """Counted by it: a kept connection must not be the first one's for ever."""
        stack = Alone(conf={"ws_max_per_address": "1", "trusted_proxies": ""}).start()
        self.addCleanup(stack.stop)
        line, one = Line(stack.dial()), Line(stack.dial())
        one.ask("poll", query("general"), X_Forwarded_For="192.0.2.1")

        def asked_by(address, line):
            return line.ask("poll", query("general", wait=0), X_Forwarded_For=address).answer().status
        wait_for(lambda: asked_by("192.0.2.1", Line(stack.dial())) == 503, "the one that waits is counted")
        for address, status in (("192.0.2.2", 200), ("192.0.2.1", 503)):
            self.assertEqual(asked_by(address, line), status)
        one.close()
        line.close()

    def test_requests_that_come_at_once_are_answered_in_order(self):
        line = self.line()
        seq = self.head_of()
        line.socket.sendall(request("poll", query("general", wait=0)) +
                            request("poll", query("general", wait=1)) +
                            request("poll", query("energy", wait=0)) + b"GET /ws/chat/po")
        self.assertEqual(line.answer().json["rooms"], {"general": {"seq": seq}})
        self.assertEqual(set(line.answer().json["rooms"]), {"general"})
        self.assertEqual(set(line.answer().json["rooms"]), {"energy"})
        line.socket.sendall(b"ll/?rooms=energy&wait=0 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = line.answer()
        self.assertEqual((answer.status, answer.headers["connection"]), (200, "close"))
        self.assertEqual(line.until_closed(), b"")

    def test_http_1_0_is_kept_only_where_it_asks(self):
        for connection, kept in ((None, "close"), ("keep-alive", "keep-alive")):
            line = self.line()
            line.ask("poll", query("general", wait=0), version="1.0", host=None, Connection=connection)
            self.assertEqual(line.answer().headers["connection"], kept)
            if kept == "close":
                self.assertEqual(line.until_closed(), b"")

    def test_many_that_were_served_and_stay_keep_nobody_out(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4096)), hard))
        lines, kept = [], 0
        for _ in range(1072):
            lines.append(self.line())
            answer = lines[-1].ask("poll", query("general", wait=0)).answer()
            self.assertEqual(answer.status, 200)
            kept += answer.headers["connection"] == "keep-alive"
        self.assertEqual(kept, 1024)
        half = [self.line() for _ in range(100)]  # and those who are slow to ask have a place of their own
        for line in half:
            line.socket.sendall(b"GET /ws/chat/poll/?rooms=general&wait=0 HTTP/1.1\r\n")
        self.assertEqual(self.poller().poll(wait=0).status, 200)
        for line in half + lines[:1024]:
            line.socket.sendall(b"Host: x\r\n\r\n" if line in half else request("poll", query("general", wait=0)))
            self.assertEqual(line.answer().status, 200)

    def test_whoever_goes_while_waiting_is_forgotten(self):
        count = self.stack.sidecar_connections
        wait_for(lambda: count() == 1, "nobody is left of before but who posts")
        lines = [self.line().ask("poll", query("general")) for _ in range(20)]
        wait_for(lambda: count() == 21, "they wait")
        for line in lines:
            line.close()
        wait_for(lambda: count() == 1, "their connections are gone")
        self.post("and others go on")

    @unittest.skipUnless(LONG, "takes the half minute that a reader has: OUTCRY_LONG=1")
    def test_an_answer_that_is_not_read_is_cut_off(self):
        for n in range(120):
            self.say.send(type="message", message="z" * 1900, room="materials")
        self.post("the last", room="materials")
        line = self.line()
        began = time.monotonic()
        for _ in range(12):  # 64 KiB each
            line.ask("poll", query("materials:1"))
        wait_for(lambda: self.is_cut(line), "it is cut", 60)
        self.assertGreater(time.monotonic() - began, 20)

    def is_cut(self, line):
        poller = select.poll()
        poller.register(line.socket, 0)
        return bool(poller.poll(0))  # POLLHUP

    def test_more_than_a_request_behind_a_request_is_not_kept(self):
        line = self.line().ask("poll", query("general"))
        with self.assertRaises(OSError):
            for _ in range(200):
                line.socket.sendall(b"x" * 1000)
                line.socket.settimeout(5)
        self.assertEqual(self.poller().poll(wait=0).status, 200)


class Refusals(StreamCase):
    conf = {"browser_token": "cookie:host_session", "login_url": "/login/"}

    def status(self, what, *args, **kwargs):
        answer = self.line().ask(what, *args, **kwargs).head()
        return answer.status

    def test_who_is_refused_and_how(self):
        victim = self.new_token()
        banned = self.chat(hello_token=victim).welcome["user"]["id"]
        self.stack.outcry("user", "ban", str(banned), "1h")
        cases = [
            ({"token": "a.b.c"}, 401, "token_invalid"),
            ({"token": self.new_token(ttl=-60)}, 401, "token_expired"),
            ({"token": self.new_token(token_type="refresh")}, 401, "token_invalid"),
            ({"token": self.new_token(exp=None)}, 401, "token_invalid"),
            ({"token": victim}, 403, "banned"),
            ({"cookies": {"host_session": "a.b.c"}}, 401, "token_invalid"),
            ({"cookies": {"host_session": self.new_token(ttl=-60)}}, 401, "token_expired"),
            ({"cookies": {"host_session": victim}}, 403, "banned"),
        ]
        for what in BOTH:
            for credentials, status, code in cases:
                with self.subTest(f"{what} {list(credentials)} {code}"):
                    line = self.line().ask(what, query("general"), **credentials)
                    answer = line.answer()
                    self.assertEqual((answer.status, answer.error), (status, code))
                    self.assertEqual("login_url" in answer.json["error"], status == 401)
                    self.assertEqual(line.until_closed(), b"")

    def test_who_is_let_in_and_as_whom(self):
        token = self.new_token("by token")
        for credentials in ({"token": token}, {"cookies": {"host_session": token}},
                            {"cookies": {"host_session": token}, "Origin": ORIGIN,
                             "Sec_Fetch_Site": "same-origin"}):
            with self.subTest(list(credentials)):
                stream = self.stream(**credentials)
                self.assertEqual(stream.until("welcome")["user"]["username"], "by token")
                answer = self.line().ask("poll", query("@me", wait=0), **credentials).answer()
                self.assertNotIn("missing", answer.json)
        # A guest's cookie that is nobody's any more, a token in the query, a subprotocol: nobody.
        for fields in ({"cookies": {"outcry_guest": "x.y.z"}},
                       {"Sec_WebSocket_Protocol": "chat.v1, bearer." + token}):
            self.assertIsNone(self.stream(**fields).until("welcome")["user"])
        line = self.line().ask("poll", query("@me,general", wait=0) + "&token=" + token)
        self.assertEqual(line.answer().json["missing"], ["@me"])

    def test_pages_of_others_get_nothing(self):
        cookies = {"host_session": self.new_token()}
        foreign = [{"Origin": o} for o in ("http://evil.example", "null", ORIGIN + ".evil.example",
                                           ORIGIN.upper(), ORIGIN + ":81", "")]
        foreign += [{"Sec_Fetch_Site": s} for s in ("cross-site", "same-site", "")]
        foreign += [{"Origin": ORIGIN, "Sec_Fetch_Site": "cross-site"}]
        own = [{}, {"Origin": ORIGIN}, {"Sec_Fetch_Site": "same-origin"}, {"Sec_Fetch_Site": "none"}]
        for what in BOTH:
            for fields in foreign:
                with self.subTest(f"{what} {fields}"):
                    for credentials in ({}, {"cookies": cookies}):
                        line = self.line().ask(what, query("general"), **credentials, **fields)
                        answer = line.answer()
                        self.assertEqual((answer.status, answer.error), (403, "origin"))
            for fields in own:
                with self.subTest(f"{what} {fields}"):
                    self.assertEqual(
                        self.status(what, query("general", wait=0), cookies=cookies, **fields), 200)

    def test_other_methods_paths_and_bodies(self):
        for what in BOTH:
            for method in ("HEAD", "POST", "OPTIONS", "DELETE"):
                line = self.line().ask(what, query("general"), method=method)
                answer = line.head()
                self.assertEqual((answer.status, answer.headers["allow"]), (405, "GET"))
                self.assertEqual(line.until_closed() == b"", method == "HEAD")
            for fields in ({"Content_Length": "3"}, {"Transfer_Encoding": "chunked"}):
                line = self.line().ask(what, query("general"), **fields)
                self.assertEqual(line.answer().status, 400)
                self.assertEqual(line.until_closed(), b"")
            self.assertEqual(self.status(what, query("general"), host=None), 400)
        for path in ("/ws/chat/streams/", "/ws/chat/stream/x", "/ws/chat/", "/ws/chat//poll/", "/poll/"):
            answer = self.line().ask("", query("general"), path=path).answer()
            self.assertEqual(answer.status, 426 if path == "/ws/chat/" else 404)

    def test_what_is_malformed_is_named(self):
        cases = [("", "rooms is missing"), ("rooms=", "rooms is empty"), ("rooms=General", "rooms must"),
                 ("rooms=a:1,a:2", "twice"), ("rooms=a:-1", "rooms must"), ("rooms=a&rooms=b", "once"),
                 ("rooms=a&wait=21", "wait must"), ("rooms=a&wait=soon", "wait must"),
                 ("rooms=a&conn=x", "conn must"), ("rooms=a&state=gone", "state is"),
                 ("rooms=a&epoch=" + "e" * 65, "epoch is"),
                 ("rooms=" + ",".join(f"r{n}" for n in range(202)), "more than 201")]
        for what in BOTH:
            for text, sentence in cases:
                with self.subTest(f"{what} {text[:30]}"):
                    answer = self.line().ask(what, text).answer()
                    self.assertEqual((answer.status, answer.error), (400, "bad_request"))
                    self.assertIn(sentence, answer.json["error"]["message"])
        for bad in ("17", "a b c", "epoch  general:1", "epoch general:x"):
            self.assertEqual(self.status("stream", query("general"), Last_Event_ID=bad), 400)

    def test_where_guests_may_not_read_nobody_is_refused(self):
        stack = Alone(conf={"guests": "off"}).start()
        self.addCleanup(stack.stop)
        for what in BOTH:
            line = Line(stack.dial()).ask(what, query("general"))
            self.assertEqual((line.answer().status, line.raw), (401, b""))
            line.close()


if __name__ == "__main__":
    unittest.main()
