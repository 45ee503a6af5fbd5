#!/usr/bin/python3
"""Whom somebody ignores: nothing of theirs comes by socket, stream, long-poll or poll, and what was open
before follows at once."""
import unittest

from room_fold import act
from stack import API, Installed
from streams import Poller, Stream

REST = {"rate_user_burst": "5000", "rate_address_burst": "50000"}


class Ignoring(Installed):
    """ana, who ignores; ben, who is ignored; cleo, whom everybody hears."""

    conf = REST

    def setUp(self):
        self.ana, self.ben, self.cleo = (self.stack.token(n, name) for n, name in
                                         ((1, "ana"), (2, "ben"), (3, "cleo")))
        self.ben_id = self.stack.get("me/", token=self.ben).json["user"]["id"]
        self.ignore_ben(False)

    def ignore_ben(self, on=True):
        reply = self.stack.http("PUT" if on else "DELETE", f"{API}me/ignored/{self.ben_id}/", {}, token=self.ana)
        self.assertEqual(reply.status, 204, reply.text)

    def hello(self, token, rooms=("general", "@me"), **kwargs):
        sock = self.stack.hello(token=token, rooms=rooms, **kwargs)
        self.addCleanup(sock.close)
        return sock

    def say(self, text, token, **fields):
        reply = self.stack.post(text, token=token, **fields)
        self.assertEqual(reply.status, 201, reply.text)
        return reply.json["message"]

    def frames_until(self, sock, seq, room="general"):
        """The room's events up to seq, by their numbers."""
        seen = {}
        while seq not in seen:
            frame = sock.recv(30)
            if frame.get("room") == room and "seq" in frame and frame["type"] not in ("subscribed",):
                seen[frame["seq"]] = frame
        return seen

    def test_an_open_socket_hears_no_more_of_them_and_misses_no_number(self):
        ana, other = self.hello(self.ana), self.hello(self.ana)
        before = self.say("heard", self.ben)
        self.frames_until(ana, before["seq"])
        self.ignore_ben()
        self.assertEqual(ana.until("ignored", 30)["user_id"], self.ben_id)
        self.assertTrue(other.until("ignored", 30)["on"])
        secret = self.say("not heard", self.ben)
        reply = self.say("in reply", self.cleo, reply_to=secret["id"])
        act(self.stack, "PUT", reply["id"], "reactions/%F0%9F%9A%80/", token=self.ben)
        act(self.stack, "PATCH", secret["id"], token=self.ben, message="nor this", rev=1)
        last = self.say("the last", self.cleo)
        seen = self.frames_until(ana, last["seq"])
        self.assertEqual(sorted(seen), list(range(secret["seq"], last["seq"] + 1)))
        kinds = [seen[seq]["type"] for seq in sorted(seen)]
        self.assertEqual(kinds, ["skip", "message", "skip", "skip", "message"])
        self.assertEqual(seen[reply["seq"]]["quote"], {"hidden": True})

        again = self.hello(self.ana, rooms={"general": before["seq"]}, epoch=ana.welcome["epoch"])
        self.assertEqual({seq: f["type"] for seq, f in self.frames_until(again, last["seq"]).items()},
                         {seq: f["type"] for seq, f in seen.items()})
        self.ignore_ben(False)
        self.assertFalse(ana.until("ignored", 30)["on"])
        heard = self.say("heard again", self.ben)
        self.assertEqual(self.frames_until(ana, heard["seq"])[heard["seq"]]["message"], "heard again")

    def test_their_replies_are_not_counted_on_any_way(self):
        root = self.say("who is in?", self.ana)
        self.say("I am", self.ben, reply_to=root["id"])
        self.ignore_ben()
        ana, cleo = self.hello(self.ana), self.hello(self.cleo)
        stream = Stream(self.stack.dial(), {"general": ana.welcome["rooms"]["general"]["seq"]}, token=self.ana)
        self.addCleanup(stream.close)
        stream.until("welcome", 30)
        reply = self.say("so am I", self.cleo, reply_to=root["id"])
        self.assertEqual(reply["thread"], {"id": root["id"], "replies": 2})
        for reader in (ana, stream):
            self.assertEqual(reader.until("message", 30)["thread"]["replies"], 1)
        self.assertEqual(cleo.until("message", 30)["thread"]["replies"], 2)
        own = self.say("then it is settled", self.ana, reply_to=root["id"])
        self.assertEqual(own["thread"]["replies"], 2, "nor in the answer to one's own")
        act(self.stack, "DELETE", own["id"], token=self.ana)
        self.assertEqual(ana.until("message_deleted", 30)["thread"]["replies"], 1)
        rows = {m["id"]: m for m in self.stack.get("messages/?room=general", token=self.ana).json["messages"]}
        self.assertEqual((rows[root["id"]]["replies"], rows[reply["id"]]["thread"]["replies"]), (1, 1))
        thread = self.stack.get(f"messages/?thread={root['id']}", token=self.ana).json
        self.assertEqual((thread["thread"]["replies"], len(thread["messages"])), (1, 3), "the root, a reply and a stub")
        page = self.stack.http("GET", "/stocks/chat/", token=self.ana, headers={"Accept": "text/html"}).text
        self.assertIn(">1 reply</a>", page)
        self.assertNotIn("replies</a>", page)

    def test_they_are_not_seen_typing(self):
        ana, cleo, ben = self.hello(self.ana), self.hello(self.cleo), self.hello(self.ben)
        self.ignore_ben()
        ana.until("ignored", 30)
        ben.send(type="typing", room="general", on=True)
        cleo.until("typing", 30)
        cleo.send(type="typing", room="general", on=True)
        self.assertEqual(ana.until("typing", 30)["username"], "cleo")

    def test_pages_polls_and_unread_are_without_them(self):
        head = self.say("the first", self.cleo, room="materials")["seq"]
        self.stack.http("PUT", f"{API}rooms/materials/read/", {"up_to": head}, token=self.ana)
        self.ignore_ben()
        secret = self.say("a secret", self.ben, room="materials")
        shown = self.say("no secret", self.cleo, room="materials")
        page = self.stack.get("messages/?room=materials", token=self.ana).json
        self.assertEqual([m["message"] for m in page["messages"]], ["the first", "no secret"])
        poll = self.stack.get(f"events/?rooms=materials:{head}", token=self.ana).json
        self.assertEqual([(e["type"], e["seq"]) for e in poll["events"]],
                         [("skip", secret["seq"]), ("message", shown["seq"])])
        self.assertEqual(poll["rooms"]["materials"]["unread"], 1)
        self.assertEqual(act(self.stack, "GET", secret["id"], token=self.ana).error, "message_not_found")
        self.assertEqual(act(self.stack, "GET", secret["id"], token=self.cleo).status, 200)

    def test_streams_and_waiting_polls_are_without_them(self):
        self.ignore_ben()
        head = self.say("before", self.cleo)["seq"]
        stream = Stream(self.stack.dial(), {"general": head}, token=self.ana)
        poller = Poller(self.stack.dial(), {"general": head}, token=self.ana)
        self.addCleanup(stream.close)
        self.addCleanup(poller.close)
        stream.until("welcome", 30)
        poller.ask_next()
        self.say("a secret", self.ben)
        self.say("no secret", self.cleo)
        seen = [stream.until("skip", 30), stream.until("message", 30)]
        self.assertEqual([f["seq"] for f in seen], [head + 1, head + 2])
        events = poller.take().json["events"]
        while len(events) < 2:
            events += poller.poll().json["events"]
        self.assertEqual([e["type"] for e in events], ["skip", "message"])


class Lighttpd(Ignoring, unittest.TestCase):
    server = "lighttpd"


class Apache(Ignoring, unittest.TestCase):
    server = "apache"


if __name__ == "__main__":
    unittest.main()
