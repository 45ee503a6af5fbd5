#!/usr/bin/python3
"""Mentions: told in the mentioned person's own log by every way there is, counted until they are read, and
kept by the person whatever they are called."""
import unittest

from room_fold import act
from stack import API, Installed
from streams import Poller, Stream

REST = {"rate_user_burst": "5000", "rate_address_burst": "50000"}


class Mentioning(Installed):
    """ana mentions ben; cleo is nobody's business."""

    conf = REST

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ana, cls.ben, cls.cleo = (cls.stack.token(n, name) for n, name in
                                      ((1, "ana"), (2, "Ben B"), (3, "cleo")))
        cls.ids = {}
        for token in (cls.ana, cls.ben, cls.cleo):
            cls.stack.post("here", token=token)
            user = cls.stack.get("me/", token=token).json["user"]
            cls.ids[user["username"]] = user["id"]

    def say(self, text, token=None, **fields):
        reply = self.stack.post(text, token=token or self.ana, **fields)
        self.assertEqual(reply.status, 201, reply.text)
        return reply.json["message"]

    def head(self, token):
        return self.stack.get("me/", token=token).json["seq"]

    def hello(self, token, rooms=("general", "@me"), **kwargs):
        sock = self.stack.hello(token=token, rooms=rooms, **kwargs)
        self.addCleanup(sock.close)
        return sock

    def read_all(self, token, room="general"):
        return self.stack.http("PUT", f"{API}rooms/{room}/read/", {"up_to": 10 ** 9}, token=token).json

    def room(self, token, room="general"):
        return next(r for r in self.stack.get("rooms/", token=token).json["rooms"] if r["id"] == room)

    def assert_told(self, frame, message):
        self.assertEqual((frame["type"], frame["room"], frame["id"], frame["msg_seq"], frame["of"], frame["username"]),
                         ("mention", "@me", message["id"], message["seq"], message["room"], "ana"))
        self.assertNotIn("message", frame)

    def test_every_way_tells_whoever_is_mentioned_and_nobody_else(self):
        head, cleos, anas = (self.head(token) for token in (self.ben, self.cleo, self.ana))
        rooms = {"general": self.say("before")["seq"], "@me": head}
        sock = self.hello(self.ben, rooms=rooms)
        stream = Stream(self.stack.dial(), {"@me": head}, token=self.ben)
        poller = Poller(self.stack.dial(), {"@me": head}, token=self.ben)
        self.addCleanup(stream.close)
        self.addCleanup(poller.close)
        stream.until("welcome", 30)
        poller.ask_next()
        message = self.say("look at this, @ben b, and @cleo's too")
        self.assertEqual(message["mentions"], [{"user_id": self.ids["Ben B"], "username": "Ben B"},
                                               {"user_id": self.ids["cleo"], "username": "cleo"}])
        self.assertIn(f'<span data-user="{self.ids["Ben B"]}">@Ben B</span>', message["html"])
        self.assert_told(sock.until("mention", 30), message)
        self.assert_told(stream.until("mention", 30), message)
        answer = poller.take(60).json
        self.assert_told(answer["events"][0], message)
        polled = self.stack.get(f"events/?rooms=@me:{head}", token=self.ben).json["events"]
        self.assert_told(polled[0], message)
        self.assertEqual(self.head(self.cleo), cleos + 1)
        self.assertEqual(self.head(self.ana), anas)
        late = self.hello(self.ben, rooms={"@me": head}, epoch=sock.welcome["epoch"])
        self.assert_told(late.until("mention", 30), message)

    def test_a_message_by_socket_mentions_as_one_by_http(self):
        head = self.head(self.ben)
        ana, ben = self.hello(self.ana), self.hello(self.ben)
        ana.send(type="message", room="general", message="@Ben B!", client_id="by-a-socket-1")
        event = ben.until("message", 30, client_id="by-a-socket-1")
        self.assertEqual(event["mentions"][0]["user_id"], self.ids["Ben B"])
        self.assert_told(ben.until("mention", 30, seq=head + 1), event)

    def test_what_is_unread_of_them_follows_the_mark_on_every_device(self):
        self.read_all(self.ben)
        device = self.hello(self.ben)
        self.say("@Ben B, one")
        self.say("nobody")
        gone = self.say("@Ben B, two")
        self.assertEqual((self.room(self.ben)["unread"], self.room(self.ben)["mentions"]), (3, 2))
        self.assertEqual(self.hello(self.ben).welcome["rooms"]["general"]["mentions"], 2)
        act(self.stack, "DELETE", gone["id"], token=self.ana)
        self.assertEqual(self.room(self.ben)["mentions"], 1)
        left = self.read_all(self.ben)
        self.assertEqual((left["unread"], left["mentions"]), (0, 0))
        frame = device.until("read", 60, up_to=left["last_read_seq"])
        self.assertEqual((frame["unread"], frame["mentions"]), (0, 0))

    def test_the_list_says_it_by_the_present_name(self):
        dan = self.stack.token(4, "Dan D")
        number = self.stack.get("me/", token=dan).json["user"]["id"]
        self.stack.post("here", token=dan)
        message = self.say("by whatever name, @Dan D", room="materials")
        renamed = self.stack.token(4, "Daniel")
        mine = self.stack.get("me/mentions/", token=renamed).json["mentions"]
        self.assertEqual((mine[0]["id"], mine[0]["message"], mine[0]["room_title"]),
                         (message["id"], "by whatever name, @Daniel", "Materials"))
        row = act(self.stack, "GET", message["id"], token=self.cleo).json["message"]
        self.assertIn(">@Daniel</span>", row["html"])
        self.assertEqual(row["mentions"][0]["username"], "Daniel")
        page = self.stack.http("GET", f"/stocks/chat/m/{message['id']}/", token=self.cleo).text
        self.assertRegex(page, f'<a class="mention" [^>]*data-user="{number}">@Daniel</a>')
        quote = self.say("yes?", reply_to=message["id"], room="materials")["quote"]
        self.assertEqual(quote["excerpt"], "by whatever name, @Daniel")
        found = self.stack.get("search/?q=whatever+name", token=self.cleo).json["results"]
        self.assertEqual("".join(piece["text"] for piece in found[0]["snippet"]), "by whatever name, @Daniel")

    def test_a_private_room_is_not_told_of_outside(self):
        room = self.stack.http("POST", f"{API}rooms/", {"title": "Two"}, token=self.ana).json["room"]["id"]
        head = self.head(self.ben)
        message = self.say("@Ben B is not here", room=room)
        self.assertNotIn("mentions", message)
        self.assertEqual(self.head(self.ben), head)
        self.assertNotIn(message["id"], [m["id"] for m in self.stack.get("me/mentions/", token=self.ben).json["mentions"]])


class Lighttpd(Mentioning, unittest.TestCase):
    server = "lighttpd"


class Apache(Mentioning, unittest.TestCase):
    server = "apache"


if __name__ == "__main__":
    unittest.main()
