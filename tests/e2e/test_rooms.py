#!/usr/bin/python3
"""Rooms of a few, over a real web server and on every transport: who comes in hears it live, who goes hears
nothing more."""
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from stack import API, Installed  # noqa: E402
from streams import Poller, Stream  # noqa: E402

SECRET = "the quiet bid"


class Rooms(Installed):
    conf = {"rate_user_burst": "5000", "rate_address_burst": "50000"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.people = {}
        for number, name in enumerate(("ana", "ben", "eve"), 1):
            token = cls.stack.token(number, name)
            user = cls.stack.get("me/", token=token).json["user"]
            cls.people[name] = (token, user["id"])
            assert cls.stack.post(f"{name} was here", token=token).status == 201

    def token(self, name):
        return self.people[name][0]

    def number(self, name):
        return self.people[name][1]

    def call(self, method, path, name, body=None, status=200):
        reply = self.stack.http(method, API + path, body, token=self.token(name))
        self.assertEqual(reply.status, status, reply.text)
        return reply.json if reply.body else None

    def new_room(self, *members):
        """A private room of ana's with these members."""
        room = self.call("POST", "rooms/", "ana", {"title": "Block desk"}, 201)["room"]["id"]
        for name in members:
            self.call("PUT", f"rooms/{room}/members/{self.number(name)}/", "ana", {})
            self.call("PUT", f"rooms/{room}/members/{self.number(name)}/", name, {})
        return room

    def say(self, text, room, name="ana"):
        reply = self.stack.post(text, token=self.token(name), room=room)
        self.assertEqual(reply.status, 201, reply.text)
        return reply.json["message"]

    def hello(self, name, rooms):
        sock = self.stack.hello(token=self.token(name), rooms=rooms)
        self.addCleanup(sock.close)
        return sock

    def stream(self, name, rooms):
        stream = Stream(self.stack.dial(), rooms, self.token(name))
        self.addCleanup(stream.close)
        stream.until("welcome", 30)
        return stream

    def until_marker(self, reader):
        """What comes up to a message that is said now, as text."""
        marker = self.say("marker", "general")
        frames = []
        while not frames or frames[-1].get("id") != marker["id"]:
            frames.append(reader.recv(30))
            self.assertIsNotNone(frames[-1])
        return str(frames)

    def test_an_invitation_is_heard_of_and_opens_the_room(self):
        room = self.new_room()
        ben, ana = self.hello("ben", ["general", "@me"]), self.hello("ana", [room, "@me"])
        self.call("PUT", f"rooms/{room}/members/{self.number('ben')}/", "ana", {})
        event = ben.until("membership", 30, change="invited")
        self.assertEqual((event["of"], event["actor_id"]), (room, self.number("ana")))
        rooms = self.call("GET", "rooms/", "ben")
        self.assertNotIn(room, [r["id"] for r in rooms["rooms"]])
        waiting = next(i for i in rooms["invitations"] if i["id"] == room)
        self.assertEqual((waiting["title"], waiting["inviter"]["username"]), ("Block desk", "ana"))
        ben.send(type="subscribe", room=room)
        self.assertEqual(ben.until("error", 30)["code"], "room_not_found")

        self.call("PUT", f"rooms/{room}/members/{self.number('ben')}/", "ben", {})
        self.assertEqual(ben.until("membership", 30, change="joined")["of"], room)
        self.assertEqual(ana.until("room", 30, change="member_joined")["target_id"], self.number("ben"))
        ben.send(type="subscribe", room=room)
        ben.until("subscribed", 30, room=room)
        said = self.say(SECRET, room)
        self.assertEqual(ben.until("message", 30, room=room)["id"], said["id"])
        members = self.call("GET", f"rooms/{room}/members/", "ben")
        self.assertEqual([m["username"] for m in members["members"]], ["ana", "ben"])
        ben.send(type="message", message="seen", room=room, client_id="seen-by-ben")
        ben.until("ack", 30, client_id="seen-by-ben")
        self.assertEqual(ana.until("message", 30, room=room, user_id=self.number("ben"))["message"], "seen")

    def test_who_was_removed_hears_nothing_more_on_any_transport(self):
        room = self.new_room("ben")
        sock, stream = self.hello("ben", ["general", "@me", room]), self.stream("ben", ["general", "@me", room])
        page = self.stack.get(f"messages/?room={room}", token=self.token("ben")).json
        self.say("while ben is here", room)
        for reader in (sock, stream):
            reader.until("message", 30, room=room)

        self.call("DELETE", f"rooms/{room}/members/{self.number('ben')}/", "ana", status=204)
        self.say(SECRET, room)
        for reader in (sock, stream):
            seen = self.until_marker(reader)
            self.assertNotIn(SECRET, seen)
            self.assertIn("room_not_found", seen)
            self.assertIn("removed", seen)
        self.assertNotIn(room, stream.last_id)
        for path in (f"events/?rooms={room}:0,general:0", f"events/?rooms={room}&epoch={page['epoch']}"):
            answer = self.stack.get(path, token=self.token("ben"))
            self.assertEqual(answer.json["missing"], [room])
            self.assertNotIn(SECRET, answer.text)
        for kind in ("subscribe", "history", "typing", "read", "message", "presence"):
            sock.send(type=kind, room=room, up_to=1, message="x", on=True, state="active", client_id="y" * 12)
            self.assertEqual(sock.until("error", 30)["code"], "room_not_found", kind)
        self.assertEqual(self.call("GET", f"presence/?room={room}", "ana")["count"], 0)

    def test_a_waiting_poll_of_who_was_removed_brings_nothing_of_the_room(self):
        room = self.new_room("ben")
        page = self.stack.get(f"messages/?room={room}", token=self.token("ben")).json
        general = self.stack.get("messages/?room=general", token=self.token("ben")).json["seq"]
        waiting = Poller(self.stack.dial(), {room: page["seq"], "general": general}, self.token("ben"))
        self.addCleanup(waiting.close)
        waiting.ask_next(wait=20)
        self.call("DELETE", f"rooms/{room}/members/{self.number('ben')}/", "ana", status=204)
        self.say(SECRET, room)
        self.say("marker", "general")
        brought = waiting.take().body.decode()
        while "marker" not in brought:  # the removal itself may have come first
            brought += waiting.poll(wait=20).body.decode()
        self.assertNotIn(SECRET, brought)
        answer = waiting.poll(wait=0)
        self.assertEqual(answer.json["missing"], [room])

    def test_who_comes_back_gets_what_is_newer_after_accepting_again(self):
        room = self.new_room("ben")
        ben = self.hello("ben", ["@me", room])
        self.call("DELETE", f"rooms/{room}/members/{self.number('ben')}/", "ben", status=204)
        self.assertEqual(ben.until("membership", 30, change="left")["of"], room)
        self.call("PUT", f"rooms/{room}/members/{self.number('ben')}/", "ana", {})
        self.call("PUT", f"rooms/{room}/members/{self.number('ben')}/", "ben", {})
        ben.until("membership", 30, change="joined")
        ben.send(type="subscribe", room=room)
        ben.until("subscribed", 30, room=room)
        said = self.say("welcome back", room)
        self.assertEqual(ben.until("message", 30, room=room)["id"], said["id"])

    def test_a_conversation_reaches_the_other_live_and_nobody_else(self):
        ben, eve = self.hello("ben", ["general", "@me"]), self.hello("eve", ["general", "@me"])
        room = self.call("POST", "direct/", "ana", {"user_id": self.number("ben")}, 201)["room"]
        self.assertEqual((room["kind"], room["title"]), ("direct", "ben"))
        again = self.call("POST", "direct/", "ben", {"username": "ANA"})["room"]
        self.assertEqual((again["id"], again["title"]), (room["id"], "ana"))
        self.assertEqual(ben.until("membership", 30, change="joined")["of"], room["id"])
        ben.send(type="subscribe", room=room["id"], since=0)
        said = self.say(SECRET, room["id"])
        self.assertEqual(ben.until("message", 30, room=room["id"])["id"], said["id"])
        unread = next(r["unread"] for r in self.call("GET", "rooms/", "ben")["rooms"] if r["id"] == room["id"])
        self.assertEqual(unread, 1)
        eve.send(type="subscribe", room=room["id"], since=0)
        self.assertEqual(eve.until("error", 30)["code"], "room_not_found")
        self.assertNotIn(SECRET, self.until_marker(eve))
        self.assertEqual(self.call("GET", f"messages/{said['id']}/", "eve", status=404)["error"]["code"],
                         "message_not_found")

    def test_a_conversation_of_a_few_is_begun_by_their_names(self):
        room = self.call("POST", "direct/", "ana", {"username": " ben , EVE,"}, 201)["room"]
        self.assertEqual(room["title"], "ben, eve")
        form = self.stack.http("POST", API + "direct/", [("username", "ana, ben")], token=self.token("eve"),
                               headers={"Accept": "text/html"})
        self.assertEqual(form.status, 303)
        self.assertTrue(form.headers["Location"].endswith(f"/r/{room['id']}/"), form.headers["Location"])
        for names, status, code in (("ben, nobody", 404, "not_found"), (",", 400, "bad_request"), (", ,", 400, "bad_request"),
                                    (",".join(["ben"] * 8), 400, "bad_request")):
            refused = self.call("POST", "direct/", "ana", {"username": names}, status)
            self.assertEqual(refused["error"]["code"], code)

    def test_somebody_whose_name_has_a_comma_is_found_by_it(self):
        comma = self.stack.token(77, "smith, j")
        number = self.stack.get("me/", token=comma).json["user"]["id"]
        self.assertEqual(self.stack.post("a comma was here", token=comma).status, 201)
        room = self.call("POST", "direct/", "ana", {"username": "Smith, J"}, 201)["room"]
        self.assertEqual(room["title"], "smith, j")
        again = self.call("POST", "direct/", "ana", {"user_id": number})["room"]
        self.assertEqual(again["id"], room["id"])

    def conversation(self, name):
        """Ana's, with somebody new."""
        token = self.stack.token(len(self.people) + 100, name)
        self.people[name] = (token, self.stack.get("me/", token=token).json["user"]["id"])
        self.say(f"{name} is here", "general", name)
        return self.call("POST", "direct/", "ana", {"user_id": self.number(name)}, 201)["room"]["id"]

    def listed(self, name):
        """Where the person's rooms/ has each: in its list, or out of it."""
        answer = self.call("GET", "rooms/", name)
        return {room["id"]: where for where in ("rooms", "away") for room in answer[where]}

    def test_a_hidden_conversation_is_out_of_the_list_on_all_devices_until_somebody_writes(self):
        room = self.conversation("fay")
        self.say("unread", room, "fay")
        tab, phone = self.hello("ana", [room, "@me"]), self.stream("ana", ["@me", room])
        hidden = self.call("PUT", f"rooms/{room}/hide/", "ana", {})["room"]
        self.assertEqual((hidden["hidden"], hidden["unread"], hidden["may"]["hide"]), (True, 0, True))
        for device in (tab, phone):
            self.assertEqual(device.until("membership", 30, change="hidden")["of"], room)
        self.assertEqual((self.listed("ana")[room], self.listed("fay")[room]), ("away", "rooms"))
        page = self.stack.http("GET", "/stocks/chat/?format=json", token=self.token("ana")).json
        self.assertEqual([r["id"] for r in page["away"]], [room])
        self.assertNotIn(room, [r["id"] for r in page["direct"]])

        said = self.say("one more thing", room, "fay")
        for device in (tab, phone):
            self.assertEqual(device.until("message", 30, room=room)["id"], said["id"])
        self.assertEqual(self.listed("ana")[room], "rooms")
        read = self.call("PUT", f"rooms/{room}/hide/", "ana", {"up_to": said["seq"] - 1})["room"]
        self.assertEqual((read.get("hidden"), read["unread"]), (None, 1), "something was said since")
        self.call("PUT", f"rooms/{room}/hide/", "ana", {})
        again = self.call("POST", "direct/", "ana", {"user_id": self.number("fay")})["room"]
        self.assertEqual((again["id"], again.get("hidden")), (room, None))
        self.assertEqual(tab.until("membership", 30, change="shown")["of"], room)
        texts = [m["message"] for m in self.call("GET", f"messages/?room={room}", "ana")["messages"]]
        self.assertEqual(texts, ["unread", "one more thing"], "nothing is lost")

    def test_a_conversation_is_hidden_and_shown_by_forms_and_a_room_is_not(self):
        room = self.conversation("gus")
        for on, where, leads in (("1", "away", "/stocks/chat/"), ("0", "rooms", f"/stocks/chat/r/{room}/")):
            form = self.stack.http("POST", f"{API}rooms/{room}/hide/", [("on", on)], token=self.token("ana"),
                                   headers={"Accept": "text/html"})
            self.assertEqual((form.status, form.headers["Location"]), (303, leads))
            self.assertEqual(self.listed("ana")[room], where)
        self.call("PUT", "rooms/general/hide/", "ana", {}, 403)
        self.call("PUT", f"rooms/{room}/hide/", "ben", {}, 404)

    def test_a_leaver_is_not_seen_in_the_room_any_more(self):
        room = self.new_room("ben")
        ana, ben = self.hello("ana", [room]), self.hello("ben", [room])
        ana.until("presence", 30, room=room)
        ben.send(type="presence", state="active", room=room)
        self.stack.http("POST", API + "presence/", {"conn": "conn-of-ben", "state": "active", "room": room},
                        token=self.token("ben"))
        self.call("POST", f"rooms/{room}/leave/", "ben", {}, 204)
        presence = self.call("GET", f"presence/?room={room}", "ana")
        self.assertNotIn("ben", [p["username"] for p in presence["online"]])


class Lighttpd(Rooms, unittest.TestCase):
    server = "lighttpd"


class Apache(Rooms, unittest.TestCase):
    server = "apache"


if __name__ == "__main__":
    unittest.main()
