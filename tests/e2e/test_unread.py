#!/usr/bin/python3
"""A read mark reaches the person's other devices, by whatever way it was made and they read."""
import unittest

from stack import API, Installed
from streams import Poller, Stream, query


class Unread(Installed):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ana, cls.ben = cls.stack.token(1, "ana"), cls.stack.token(2, "ben")

    def say(self, count, room="general"):
        return [self.stack.post(f"news {n}", token=self.ben, room=room).json["message"]["seq"] for n in range(count)]

    def read(self, up_to, room="general"):
        reply = self.stack.http("PUT", f"{API}rooms/{room}/read/", {"up_to": up_to}, token=self.ana)
        self.assertEqual(reply.status, 200, reply.text)

    def devices(self, room="general"):
        """A socket, a stream and a poll that waits."""
        sock = self.stack.hello(token=self.ana, rooms=[room])
        head = sock.welcome["rooms"][room]["seq"]
        stream = Stream(self.stack.dial(), {room: head}, token=self.ana)
        poller = Poller(self.stack.dial(), {room: head}, token=self.ana)
        for device in (sock, stream, poller):
            self.addCleanup(device.close)
        stream.until("welcome", 30)
        return sock, stream, poller

    def test_a_mark_by_http_and_what_it_leaves_is_told_to_sockets_and_streams(self):
        seqs = self.say(5)
        self.read(seqs[0])
        sock, stream, _ = self.devices()
        self.read(seqs[2])
        told = {"type": "read", "room": "general", "up_to": seqs[2], "unread": 2, "mentions": 0, "head": seqs[4]}
        for device in (sock, stream):  # the first mark may be told to them too
            self.assertEqual(device.until("read", 30, up_to=seqs[2]), told)
        self.read(seqs[1])  # a mark only rises
        self.read(seqs[4])
        after = sock.until("read", 30)
        self.assertEqual((after["up_to"], after["unread"]), (seqs[4], 0))

    def test_a_mark_by_socket_is_told_to_the_other_devices(self):
        seqs = self.say(3, "energy")
        self.read(seqs[0], "energy")
        sock, stream, _ = self.devices("energy")
        other = self.stack.hello(token=self.ana, rooms=["general"])
        self.addCleanup(other.close)
        sock.send(type="read", room="energy", up_to=seqs[1])
        for device in (stream, other):
            frame = device.until("read", 30, room="energy", up_to=seqs[1])
            self.assertEqual((frame["unread"], frame["head"]), (1, seqs[2]))

    def test_a_poll_tells_of_marks_now_or_with_its_next_answer(self):
        seqs = self.say(3, "utilities")
        self.read(seqs[0], "utilities")
        _, _, poller = self.devices("utilities")
        poller.ask_next()
        self.read(seqs[1], "utilities")
        answer = poller.take().json
        state = answer["rooms"]["utilities"]
        if "reads" in answer and answer["reads"][0]["up_to"] == seqs[0]:  # it waited while the first was told
            answer = poller.poll(wait=0).json
            state = answer["rooms"]["utilities"]
        if "reads" in answer:  # it waited already
            self.assertEqual((answer["events"], answer["reads"][0]["unread"]), ([], 1))
        else:
            self.assertEqual((state["last_read_seq"], state["unread"]), (seqs[1], 1))
        self.read(seqs[2], "utilities")
        state = poller.poll(wait=0).json["rooms"]["utilities"]
        self.assertEqual((state["last_read_seq"], state["unread"], state["head"]), (seqs[2], 0, seqs[2]))

    def test_a_poll_that_says_which_mark_it_knows_does_not_wait_for_an_event_to_hear_of_another(self):
        seqs = self.say(3, "materials")
        self.read(seqs[0], "materials")
        poller = Poller(self.stack.dial(), {"materials": seqs[2]}, token=self.ana)
        self.addCleanup(poller.close)
        poller.poll(wait=0)
        self.read(seqs[1], "materials")  # between two polls
        cursor = f"materials:{seqs[2]}:{seqs[0]}"
        poller.ask("poll", query(cursor, wait=20), token=self.ana)
        answer = poller.answer(15).json
        state = answer["rooms"]["materials"]
        self.assertEqual((answer["events"], state["last_read_seq"], state["unread"]), ([], seqs[1], 1))


class Lighttpd(Unread, unittest.TestCase):
    server = "lighttpd"


class Apache(Unread, unittest.TestCase):
    server = "apache"


if __name__ == "__main__":
    unittest.main()
