#!/usr/bin/python3
"""Posts over HTTP go through the sidecar's writer where one runs. Whoever posts must not be able to tell,
whatever becomes of the sidecar meanwhile."""
import os
import signal
import sys
import unittest
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from hung import hung_sidecar  # noqa: E402
from stack import API, PAGE, Installed, Stack, new_client_id, wait_for  # noqa: E402

ROOMY = {"rate_user_burst": "5000", "rate_address_burst": "50000"}
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}


def create(stack, body, headers=None, **who):
    return stack.http("POST", API + "messages/create/", body, headers, **who)


def without_ids(value):
    """What differs between two installations by itself is left out."""
    if isinstance(value, dict):
        return {k: without_ids(v) for k, v in value.items()
                if k not in ("id", "user_id", "timestamp", "request_id", "retry_after_ms")}
    return [without_ids(v) for v in value] if isinstance(value, list) else value


class Alike(unittest.TestCase):
    """The same posts, with a sidecar and without: the same answers."""

    @classmethod
    def setUpClass(cls):
        cls.stacks = []
        for sidecar in (True, False):
            stack = Stack(conf=dict(ROOMY, guests="read", sidecar="external" if sidecar else "off"), sidecar=sidecar)
            cls.addClassCleanup(stack.stop)
            cls.stacks.append(stack.start())

    def answers(self, ask):
        handed, alone = (ask(stack) for stack in self.stacks)
        self.assertEqual((handed.status, without_ids(handed.json)), (alone.status, without_ids(alone.json)))
        return handed

    def test_what_is_refused_is_refused_in_the_same_words(self):
        for fields in ({"message": " "}, {"message": "x" * 3000}, {"message": "x" * 40000},
                       {"message": "x", "client_id": "short"}, {"message": "x", "sentiment": "sideways"},
                       {"message": "x", "room": "nowhere"}, {"message": "x", "reply_to": 99},
                       {"message": "x", "attachments": ["0" * 32]}, {"message": "x", "disclosure": "y" * 600}):
            with self.subTest(**{k: str(v)[:20] for k, v in fields.items()}):
                answer = self.answers(lambda s: s.http("POST", API + "messages/create/", fields,
                                                       token=s.token(7, "ana")))
                self.assertGreaterEqual(answer.status, 400)
                self.assertLess(answer.status, 500)

    def test_bytes_that_are_no_text_are_refused_in_the_same_words(self):
        for body in (b"message=%FF%FE", b"message=a%00b", b"message=x&disclosure=%C3", b"message=x&sentiment=%00"):
            with self.subTest(body=body):
                answer = self.answers(lambda s: create(s, body, FORM, token=s.token(7, "ana")))
                self.assertEqual(answer.status, 400)

    def test_what_is_stored_is_answered_alike(self):
        for fields in ({"message": "plain"}, {"message": "**bold** $BRK.B 上海 <b>", "room": "energy"},
                       {"message": "up", "sentiment": "bullish", "disclosure": "long"}):
            with self.subTest(**fields):
                fields["client_id"] = new_client_id()
                first = self.answers(lambda s: create(s, fields, token=s.token(7, "ana")))
                again = self.answers(lambda s: create(s, fields, token=s.token(7, "ana")))
                self.assertEqual((first.status, again.status), (201, 200))
                self.assertEqual(again.json["message"]["id"], first.json["message"]["id"])
                other = self.answers(lambda s: create(s, dict(fields, message="else"), token=s.token(7, "ana")))
                self.assertEqual(other.error, "client_id_conflict")

    def test_who_may_not_write_is_told_so_alike(self):
        for stack in self.stacks:
            ben = stack.get("me/", token=stack.token(8, "ben")).json["user"]["id"]
            stack.outcry("user", "mute", str(ben), "1h")
        muted = self.answers(lambda s: s.post("x", token=s.token(8, "ben")))
        self.assertEqual(muted.error, "muted")
        self.assertIn(self.answers(lambda s: s.post("x")).status, (401, 403))

    def test_a_form_goes_on_to_where_it_came_from(self):
        def answer(stack, **fields):
            token = stack.token(9, "cleo")
            root = stack.post("root", token=token).json["message"]["id"]
            reply = create(stack, [("message", "reply"), ("reply_to", root), *fields.items()],
                           {"Accept": "text/html"}, token=token)
            return reply.status, reply.headers["Location"].replace(str(root), "ROOT")
        for fields, place in (({"back": "thread"}, f"{PAGE}t/ROOT/"), ({}, PAGE)):
            handed, alone = (answer(stack, **fields) for stack in self.stacks)
            self.assertEqual(handed, alone)
            self.assertEqual(handed[0], 303)
            self.assertTrue(handed[1].startswith(place), handed[1])


class Handed(Installed):
    conf = ROOMY

    def setUp(self):
        self.ana = self.stack.token(7, "ana")

    def stored_once(self, texts):
        said = [m["message"] for m in self.stack.history(token=self.ana)]
        self.assertEqual(sorted(m for m in said if m in texts), sorted(texts))

    def test_many_at_once_are_each_stored_once_and_told_to_readers(self):
        reader = self.stack.hello(token=self.ana)
        self.addCleanup(reader.close)
        texts = [f"at once {n}" for n in range(200)]
        with ThreadPoolExecutor(16) as pool:
            replies = list(pool.map(lambda text: self.stack.post(text, token=self.ana), texts))
        self.assertEqual({r.status for r in replies}, {201})
        self.assertEqual(len({r.json["message"]["seq"] for r in replies}), len(texts))
        heard = [reader.until("message", 30)["message"] for _ in texts]
        self.assertEqual(sorted(heard), sorted(texts))
        self.stored_once(texts)

    def test_one_that_hangs_keeps_nobody_from_posting_and_doubles_nothing(self):
        """It has been handed the post when it is stopped, or it has not: both must be well."""
        self.assertEqual(self.stack.post("before it hung", token=self.ana).status, 201)
        with hung_sidecar(self.stack):
            texts = ["while it hangs", "and again"]
            replies = [self.stack.post(text, token=self.ana) for text in texts]
        self.assertEqual([r.status for r in replies], [201, 201])
        late = self.stack.hello(token=self.ana)  # it has gone on
        late.close()
        self.assertEqual(self.stack.post("after it hung", token=self.ana).status, 201)
        self.stored_once(["before it hung", *texts, "after it hung"])

    def test_what_was_refused_while_it_hung_is_not_stored_when_it_goes_on(self):
        """It still has the question; who asked did not wait for it, and was told no."""
        ben, said = self.stack.token(8, "ben"), "told that he is muted"
        user = str(self.stack.get("me/", token=ben).json["user"]["id"])
        self.assertEqual(self.stack.post("before it hung", token=ben).status, 201)
        with hung_sidecar(self.stack):
            self.stack.outcry("user", "mute", user, "1h")
            self.assertEqual(self.stack.post(said, token=ben).error, "muted")
            self.stack.outcry("user", "mute", user, "off")
        self.stack.hello(token=self.ana).close()  # through the queue that the question was in
        self.assertNotIn(said, [m["message"] for m in self.stack.history(token=self.ana)])

    def test_one_that_dies_and_comes_back_is_used_again(self):
        for sig in (signal.SIGKILL, signal.SIGTERM):
            self.assertEqual(self.stack.post(f"before {sig}", token=self.ana).status, 201)
            self.stack.stop_sidecar(sig)
            self.assertEqual(self.stack.post(f"without it {sig}", token=self.ana).status, 201)
            self.stack.start_sidecar()
            wait_for(lambda: self.is_handed(f"with it {sig}"), "posts go through the new sidecar", 30)

    def is_handed(self, text):
        """A program that handed a post over keeps its line to the sidecar."""
        self.assertEqual(self.stack.post(text, token=self.ana).status, 201)
        return self.lines() > 0

    def lines(self):
        """Packet sockets that the sidecar holds."""
        with open("/proc/net/unix", encoding="utf-8") as f:
            rows = [line.split() for line in f][1:]
        packets = {row[6] for row in rows if row[4] == "0005"}
        folder = f"/proc/{self.stack.sidecar.pid}/fd"
        held = 0
        for fd in os.listdir(folder):
            try:
                target = os.readlink(f"{folder}/{fd}")
            except FileNotFoundError:
                continue
            held += target.startswith("socket:[") and target[8:-1] in packets
        return held


class HandedLighttpd(Handed, unittest.TestCase):
    server = "lighttpd"


class HandedApache(Handed, unittest.TestCase):
    server = "apache"


class HandedCgi(Handed, unittest.TestCase):
    gateway = "cgi"

    def lines(self):
        """A program of one request has hung up by now."""
        return 1


if __name__ == "__main__":
    unittest.main()
