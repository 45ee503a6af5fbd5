#!/usr/bin/python3
"""Who types: said by a frame or by HTTP, heard by sockets and streams at once or nearly so, and by polls with
the answers that they get anyway."""
import unittest

from stack import API, Installed, wait_for
from streams import Poller, Stream

REST = {"rate_user_burst": "5000", "rate_address_burst": "50000"}


class Typing(Installed):
    conf = REST

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ana, cls.ben, cls.cleo = (cls.stack.token(n, name) for n, name in ((1, "ana"), (2, "ben"), (3, "cleo")))
        for token in (cls.ana, cls.ben, cls.cleo):
            cls.stack.post("here", token=token)
        cls.ids = {name: cls.stack.get("me/", token=token).json["user"]["id"]
                   for name, token in (("ana", cls.ana), ("ben", cls.ben), ("cleo", cls.cleo))}

    def type(self, token, on=True, room="general"):
        return self.stack.http("POST", f"{API}rooms/{room}/typing/", {"on": int(on)}, token=token)

    def polled(self, token, room="general"):
        return [one["username"] for one in self.stack.get(f"events/?rooms={room}", token=token).json.get("typing", [])]

    def test_polls_hear_what_was_said_by_http_until_it_is_over(self):
        self.assertEqual(self.type(self.ana).status, 204)
        self.assertEqual(self.stack.get("events/?rooms=general", token=self.ben).json["typing"],
                         [{"room": "general", "user_id": self.ids["ana"], "username": "ana"}])
        self.assertEqual(self.polled(self.ana), [])  # who types knows it
        self.assertEqual(self.polled(self.ben, "energy"), [])
        self.type(self.ana, False)
        self.assertEqual(self.polled(self.ben), [])

    def test_nobody_hears_whom_they_ignore_and_nobody_types_where_they_may_not_be(self):
        self.stack.http("PUT", f"{API}me/ignored/{self.ids['cleo']}/", {}, token=self.ben)
        self.type(self.cleo)
        self.assertEqual(self.polled(self.ben), [])
        self.assertEqual(self.polled(self.ana), ["cleo"])
        self.type(self.cleo, False)
        self.stack.http("DELETE", f"{API}me/ignored/{self.ids['cleo']}/", token=self.ben)
        room = self.stack.http("POST", f"{API}rooms/", {"title": "Two"}, token=self.ana).json["room"]["id"]
        self.assertEqual(self.type(self.ben, room=room).error, "room_not_found")
        self.assertEqual(self.type(self.ben, room="never-was").error, "room_not_found")
        self.assertEqual(self.type(None).error, "auth_required")


class WithSidecar(Typing):
    def hello(self, token):
        sock = self.stack.hello(token=token, rooms=("general",))
        self.addCleanup(sock.close)
        return sock

    def stream(self, token):
        stream = Stream(self.stack.dial(), ("general",), token=token)
        self.addCleanup(stream.close)
        stream.until("welcome", 30)
        return stream

    def test_sockets_and_streams_hear_what_was_said_by_http(self):
        sock, stream = self.hello(self.ben), self.stream(self.ben)
        self.type(self.ana)
        for reader in (sock, stream):
            frame = reader.until("typing", 60, user_id=self.ids["ana"])
            self.assertEqual((frame["room"], frame["username"], frame["on"]), ("general", "ana", True))
        self.type(self.ana, False)
        for reader in (sock, stream):
            self.assertFalse(reader.until("typing", 60, on=False)["on"])

    def test_polls_hear_what_was_said_by_a_frame_until_the_message_is_there(self):
        sock = self.hello(self.ana)
        sock.send(type="typing", room="general", on=True)
        wait_for(lambda: self.polled(self.ben) == ["ana"], "ana types", 30)
        poller = Poller(self.stack.dial(), ("general",), token=self.cleo)
        self.addCleanup(poller.close)
        seen = []

        def heard():
            sock.send(type="typing", room="general", on=True)  # it fades by itself
            seen[:] = poller.poll(wait=0).json.get("typing", [])
            return seen
        wait_for(heard, "the long-poll hears it", 60)
        self.assertEqual(seen, [{"room": "general", "user_id": self.ids["ana"], "username": "ana"}])
        sock.send(type="message", room="general", message="so", client_id="typed-to-end")
        wait_for(lambda: self.polled(self.ben) == [], "nobody types", 30)


class Lighttpd(WithSidecar, unittest.TestCase):
    server = "lighttpd"


class Apache(WithSidecar, unittest.TestCase):
    server = "apache"


class NoSidecar(Typing, unittest.TestCase):
    server = "lighttpd"
    sidecar = False


if __name__ == "__main__":
    unittest.main()
