#!/usr/bin/python3
"""Every frame that a client can say, and streams and polls, about a private room by somebody outside: each
gets the same answer as about what never was. tests/handler/test_outsider.c does so for every route."""
import json
import os
import random
import re
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from stack import API, ROOT, WS, Stack  # noqa: E402
from streams import Stream  # noqa: E402

LONG = os.environ.get("OUTCRY_LONG") == "1"
ROUNDS = 10000 if LONG else 400
SEED = int(os.environ.get("OUTCRY_SEED", 20261124))
SECRETS = ("Zephyrdesk", "Quokkas only", "Yaffle")
NEVER = {"room": "p-0123456789abcdef0123", "message": 1234567890123456}
ROOMY = {key: "1000000" for key in (
    "rate_user_burst", "rate_user_per_minute", "rate_address_burst", "rate_address_per_minute")}


def frame_table():
    """{type: the names of its fields}, as ws-sidecar/frames.c reads them."""
    with open(os.path.join(ROOT, "ws-sidecar/frames.c"), encoding="utf-8") as f:
        source = f.read()
    bodies = dict(re.findall(r"^static enum err (read_\w+)\(.*?\n\{(.*?)^\}", source, re.M | re.S))
    table = {}
    for name, reader in re.findall(r'\[CLIENT_\w+\] = \{"(\w+)", (read_\w+)\}', source):
        body = bodies[reader]
        for other in re.findall(r"(read_\w+)\(c, f\)", body):
            body += bodies[other]
        table[name] = set(re.findall(r'(?:get_str\(c, |json_get_\w+\(c->json, |object_get\(c->json, )"(\w+)"', body))
    return table


class Outsider(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = Stack(conf=ROOMY).start()
        cls.ana, cls.ben, cls.eve = (cls.stack.token(n, name) for n, name in enumerate(("ana", "ben", "eve"), 1))
        ben = cls.stack.get("me/", token=cls.ben).json["user"]["id"]
        cls.stack.post("hello", token=cls.ben)
        cls.room = cls.call("POST", "rooms/", {"title": "Zephyrdesk"})["room"]["id"]
        cls.call("PATCH", f"rooms/{cls.room}/", {"topic": "Quokkas only"})
        member = f"rooms/{cls.room}/members/{ben}/"
        cls.call("PUT", member, {})
        cls.call("PUT", member, {}, cls.ben)
        said = cls.stack.post("Yaffle", token=cls.ana, room=cls.room).json["message"]
        cls.call("PUT", f"messages/{said['id']}/pin/", {})
        cls.call("DELETE", member, None)  # ben was there
        cls.real = {"room": cls.room, "message": said["id"]}
        cls.table = frame_table()

    @classmethod
    def tearDownClass(cls):
        cls.stack.stop()

    @classmethod
    def call(cls, method, path, body, token=None):
        reply = cls.stack.http(method, API + path, body, token=token or cls.ana)
        assert reply.status < 300, reply.text
        return reply.json if reply.body else None

    def value(self, rng, field, things):
        """A field as a client might fill it; `things`: what it is about."""
        cursor = rng.choice([0, 1, 5])
        return {"room": things["room"], "msg_id": things["message"], "reply_to": things["message"],
                "rooms": rng.choice([{things["room"]: cursor, "general": 0}, [things["room"]]]),
                "on": True, "up_to": cursor, "since": cursor, "before": cursor + 1, "after": cursor, "limit": 5,
                "rev": 1, "state": "active", "proto": "chat.v1", "emoji": "👍", "sentiment": "bullish",
                "message": "words"}.get(field, "x")

    def frame(self, rng, kind, things):
        fields = {field: self.value(rng, field, things) for field in sorted(self.table[kind]) if rng.random() < 0.8}
        if rng.random() < 0.8:
            fields["room"] = things["room"]
        if rng.random() < 0.5:
            fields["client_id"] = "of-the-outsider"
        return dict(fields, type=kind)

    def said(self, sock, number):
        """Everything that came before the answer to a frame that the writer's thread has to look at."""
        mark, frames = f"barrier-{number:08}", []
        sock.send(type="react", msg_id=1, emoji="👍", on=True, client_id=mark)
        while True:
            frame = sock.recv(60)
            if frame is None:
                return frames + [f"closed {sock.close_code}"]
            if frame.get("client_id") == mark:
                return frames
            if frame["type"] not in ("presence", "ping"):
                frames.append(frame)

    def check(self, asked, said):
        text = json.dumps(said)
        for secret in SECRETS:
            self.assertNotIn(secret, text, asked)

    def blurred(self, said, things):
        return json.dumps(said).replace(things["room"], "ROOM").replace(str(things["message"]), "MESSAGE")

    def test_every_frame_tells_as_much_of_it_as_of_what_never_was(self):
        self.assertGreaterEqual(len(self.table), 13, self.table)
        kinds = [kind for kind in self.table if kind not in ("hello", "auth")]
        for token in (self.eve, self.ben):
            sock = self.stack.hello(token=token, rooms=[])  # nothing comes but answers
            for number in range(ROUNDS // 2):
                rng = random.Random(SEED * 100000 + number)
                kind, seed = rng.choice(kinds), rng.random()
                told = []
                for half, things in enumerate((self.real, NEVER)):
                    asked = self.frame(random.Random(seed), kind, things)
                    sock.send(**asked)
                    said = self.said(sock, 2 * number + half)
                    self.check(asked, said)
                    told.append(self.blurred(said, things))
                about = any(str(thing) in json.dumps(asked) for thing in NEVER.values())
                if about and kind != "typing":  # that is heard once a second, whatever it is about
                    self.assertEqual(told[0], told[1], f"seed {SEED}, {number}: {asked}")
            sock.close()

    def test_a_hello_that_names_it_is_told_that_there_is_no_such_room(self):
        for token in (self.eve, self.ben, None):
            told = []
            for things in (self.real, NEVER):
                sock = self.stack.hello(token=token, rooms={things["room"]: 0, "general": 0})
                error = sock.until("error", 30)
                self.check(things, [sock.welcome, error])
                told.append(self.blurred([error, sorted(sock.welcome["rooms"])], things))
                sock.close()
            self.assertEqual(told[0], told[1])

    def test_streams_and_polls_do_not_bring_it(self):
        for token in (self.eve, self.ben):
            told = []
            for things in (self.real, NEVER):
                poll = self.stack.http("GET", f"{WS}poll/?wait=0&rooms={things['room']}:0,@me", token=token)
                stream = Stream(self.stack.dial(), {things["room"]: 0, "general": 0}, token)
                error = stream.until("error", 30)
                self.check(things, [poll.text, stream.welcome, error])
                self.assertEqual(poll.json["missing"], [things["room"]])
                told.append(self.blurred([error, sorted(stream.welcome["rooms"]), stream.last_id.split(" ")[1:]], things))
                stream.close()
            self.assertIn("room_not_found", told[0])
            self.assertEqual(*(re.sub(r"general:\d+", "general", text) for text in told))


if __name__ == "__main__":
    unittest.main()
