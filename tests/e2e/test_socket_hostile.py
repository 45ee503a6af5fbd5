#!/usr/bin/python3
"""The sidecar alone: handshakes that are refused, and hostile clients."""
import json
import os
import socket
import struct
import sys
import time
import unittest


sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from alone import ORIGIN, SidecarCase  # noqa: E402
from raw_socket import frame, upgrade  # noqa: E402


class Handshake(SidecarCase):
    conf = {"browser_token": "cookie:host_session"}

    def status(self, *args, **kwargs):
        return self.stack.request(upgrade(*args, **kwargs))[0]

    def test_a_cookie_needs_an_origin_on_the_list(self):
        cookie = "host_session=" + self.new_token()
        foreign = ["http://evil.example", "http://chat.example.evil.example", "http://xchat.example",
                   "http://chat.example:8080", "https://chat.example", "HTTP://CHAT.EXAMPLE",
                   "http://chat.example/", "http://chat.example.", "null", "", "file://",
                   "http://chat.example, http://evil.example"]
        for origin in [None, *foreign]:
            for value in (cookie, "outcry_guest=x.y.z", "__Host-outcry_guest=x.y.z"):
                with self.subTest(origin=origin, cookie=value.split("=")[0]):
                    self.assertEqual(self.status(Origin=origin, Cookie=value), 403)
        self.assertEqual(self.status(Origin=ORIGIN, Cookie=cookie), 101)

    def test_without_our_cookie_any_origin_may_connect(self):
        for origin in (None, "null", "http://evil.example"):
            self.assertEqual(self.status(Origin=origin, Cookie="theirs=1"), 101)

    def test_a_bearer_is_no_cookie_and_needs_no_origin(self):
        token = self.new_token()
        self.assertEqual(self.status(Authorization="Bearer " + token,
                                     Cookie="host_session=" + token), 101)

    def test_the_hosts_cookie_signs_in(self):
        sock = self.chat(hello_token=None, origin=ORIGIN,
                         cookies={"host_session": self.new_token("by cookie")})
        self.assertEqual(sock.welcome["user"]["username"], "by cookie")

    def test_a_guest_cookie_that_is_nobodys_any_more_is_nobody(self):
        sock = self.chat(hello_token=None, origin=ORIGIN, cookies={"outcry_guest": "x.y.z"})
        self.assertIsNone(sock.welcome["user"])

    def test_plain_requests_are_answered(self):
        get = "GET {} HTTP/1.1\r\nHost: x\r\n\r\n"
        for path, status in (("/ws/chat/", 426), ("/ws/chat", 426), ("/ws/chat/stream/", 400),
                             ("/ws/chat/poll/", 400), ("/", 404), ("/ws/chat/?x=1", 426)):
            with self.subTest(path):
                code, text = self.stack.request(get.format(path))
                self.assertEqual(code, status)
                self.assertIn('"error"', text)
        self.assertEqual(self.stack.request("POST /ws/chat/ HTTP/1.1\r\nHost: x\r\n\r\n")[0], 405)

    def test_bad_upgrades_are_refused_and_hurt_nobody(self):
        cases = [
            (dict(Upgrade="not-websocket"), 426), (dict(Upgrade="\t"), 426),
            (dict(Connection="close"), 426), (dict(Sec_WebSocket_Version="8"), 426),
            (dict(Sec_WebSocket_Key="short"), 400), (dict(Sec_WebSocket_Key=None), 400),
            (dict(Host=None), 400), (dict(Upgrade="h2c"), 426), (dict(Upgrade="x" * 5000), 426),
        ]
        for headers, status in cases:
            with self.subTest(str(headers)[:60]):
                self.assertEqual(self.status(**headers), status)
        for text in ("\x00\x01\x02\r\n\r\n", "GET / HTTP/1.1\nHost: x\n\n\r\n\r\n",
                     "GET /ws/chat/ HTTP/1.1\r\nHost : x\r\n\r\n",
                     "GET /ws/chat/ HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n",
                     "GET /ws/chat/ HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
                     "GET /ws/chat/ HTTP/2.0\r\nHost: x\r\n\r\n"):
            with self.subTest(text[:30]):
                self.assertEqual(self.stack.request(text)[0], 400)

    def test_long_headers_are_taken_up_to_a_limit(self):
        self.assertEqual(self.status(Cookie="theirs=" + "x" * 14000), 101)
        self.assertEqual(self.status(Cookie="theirs=" + "x" * 20000), 431)

    def test_compression_is_never_agreed(self):
        status, text = self.stack.request(upgrade(
            Sec_WebSocket_Extensions="permessage-deflate; client_max_window_bits"))
        self.assertEqual(status, 101)
        self.assertNotIn("Extensions", text)

    def test_frames_right_behind_the_head_are_heard(self):
        with self.stack.raw() as s:
            s.sendall(upgrade().encode() +
                      frame(json.dumps({"type": "message", "message": "hasty", "username": "hasty"})))
            answer = b""
            while b'"hasty"' not in answer:
                piece = s.recv(4096)
                self.assertTrue(piece, answer)
                answer += piece


class Hostile(SidecarCase):
    """Whatever one client does, it hurts nobody else."""

    def setUp(self):
        self.witness = self.chat()

    def tearDown(self):
        text = f"still serving {time.monotonic()}"
        self.witness.send(type="message", message=text)
        self.witness.until("message", message=text)

    def raw_socket(self):
        s = self.stack.raw()
        self.addCleanup(s.close)
        s.sendall(upgrade().encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += s.recv(4096)
        self.assertIn(b" 101 ", answer)
        return s

    def close_code(self, s):
        """Reads frames until a close; its code, or 1006 where the connection just ended."""
        data = b""
        while True:
            try:
                piece = s.recv(65536)
            except ConnectionError:
                return 1006
            if not piece:
                return 1006
            data += piece
            while len(data) >= 2:
                size, at = data[1] & 127, 2
                if size == 126:
                    size, at = struct.unpack("!H", data[2:4])[0], 4
                if len(data) < at + size:
                    break
                if data[0] & 15 == 8:
                    return struct.unpack("!H", data[at:at + 2])[0] if size >= 2 else 1005
                data = data[at + size:]

    def send_all(self, s, data):
        try:
            s.sendall(data)
        except ConnectionError:
            pass

    def test_bad_json_is_an_error_and_the_socket_stays_open(self):
        sock = self.seed()
        for bad in ("{", "", "nonsense", "[1,", '{"type":"message","message":NaN}', "{'type':1}",
                    '{"a":1,"a":2}', "[" * 200, '"\\ud800"'):
            sock.connection.send(bad)
            self.assertIn(sock.recv()["code"], ("bad_json", "bad_request"), bad)
        for bad in ("[]", "1", '"x"', "null", "{}", '{"type":1}', '{"type":"message"}',
                    '{"type":"message","message":1}', '{"type":"message","message":"a\\u0000b"}',
                    '{"type":"message","message":"x","client_id":"short"}',
                    '{"type":"message","message":"x","reply_to":"7"}'):
            sock.connection.send(bad)
            self.assertEqual(sock.recv()["code"], "bad_request", bad)
        sock.connection.send_binary(b"\x00\xff")
        self.assertEqual(sock.recv()["code"], "bad_json")
        sock.send(type="message", message="alive", username="survivor")
        sock.until("message", message="alive")

    def test_a_message_in_fragments_is_one_message(self):
        s = self.raw_socket()
        text = json.dumps({"type": "message", "message": "in pieces", "username": "piecemeal"})
        pieces = [text[i:i + 5] for i in range(0, len(text), 5)]
        for i, piece in enumerate(pieces):
            self.send_all(s, frame(piece, 1 if i == 0 else 0, i == len(pieces) - 1))
        self.witness.until("message", message="in pieces")

    def test_a_long_message_is_taken_whole(self):
        sock = self.seed(token=self.new_token())
        sock.send(type="message", message="y" * 2000, padding="z" * 13000)
        self.assertEqual(sock.until("message")["message"], "y" * 2000)

    def test_too_big_is_closed_with_1009(self):
        s = self.raw_socket()
        self.send_all(s, frame("x" * 20000))
        self.assertEqual(self.close_code(s), 1009)
        s = self.raw_socket()
        for i in range(40):
            self.send_all(s, frame("x" * 500, 1 if i == 0 else 0, False))
        self.assertEqual(self.close_code(s), 1009)

    def test_a_frame_that_claims_to_be_huge_is_not_waited_for(self):
        s = self.raw_socket()
        self.send_all(s, struct.pack("!BBQ", 0x81, 0xff, 1 << 40) + b"mask" + b"x" * 20000)
        self.assertEqual(self.close_code(s), 1009)

    def test_a_fragment_bomb_is_closed_with_1009(self):
        for piece in ("x", ""):
            s = self.raw_socket()
            bomb = frame(piece, 1, False) + b"".join(frame(piece, 0, False) for _ in range(5000))
            self.send_all(s, bomb)
            self.assertEqual(self.close_code(s), 1009)

    def test_invalid_utf8_is_closed_with_1007(self):
        for bad in (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf5\x80\x80\x80"):
            s = self.raw_socket()
            self.send_all(s, frame(b'{"type":"' + bad + b'"}'))
            self.assertEqual(self.close_code(s), 1007)

    def test_broken_framing_ends_the_connection(self):
        for data in (frame("x", 3), frame("x", 1, rsv=0x40), frame("x", 0), frame("x", 9, False),
                     frame("x", 1, False) + frame("x", 1), frame("x" * 200, 9)):
            s = self.raw_socket()
            self.send_all(s, data)
            self.assertIn(self.close_code(s), (1002, 1006))

    def test_an_unmasked_frame_hurts_nobody(self):
        s = self.raw_socket()
        self.send_all(s, frame('{"type":"dance"}', masked=False))
        s.settimeout(5)
        self.assertTrue(s.recv(4096))  # an answer or a close, and the rest goes on (tearDown)

    def test_a_ping_flood_is_survived(self):
        s = self.raw_socket()
        for _ in range(200):
            self.send_all(s, frame("ping", 9) * 100)
        self.send_all(s, frame("", 8))
        self.close_code(s)

    def test_half_a_handshake_holds_nobody_up(self):
        socks = [self.stack.raw() for _ in range(50)]
        for s in socks:
            self.addCleanup(s.close)
            s.sendall(b"GET /ws/chat/ HTTP/1.1\r\nHost: x\r\n")
        self.assertEqual(self.chat().welcome["type"], "welcome")

    def test_garbage_of_all_kinds_is_survived(self):
        import random
        rng = random.Random(7)
        for _ in range(60):
            s = self.raw_socket()
            self.send_all(s, rng.randbytes(rng.randrange(1, 3000)))
            s.close()

    def test_clients_that_vanish_in_the_middle_are_forgotten(self):
        for i in range(60):
            s = self.raw_socket()
            self.send_all(s, frame('{"type":"message","message":"x"', 1, i % 2 == 0))
            s.close()

    def test_a_flood_of_bad_frames_without_reading_is_cut_off(self):
        s = self.raw_socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.settimeout(20)
        bad = frame('{"type":"dance"}') * 500
        with self.assertRaises(OSError):
            for _ in range(2000):
                s.sendall(bad)

    def test_too_many_frames_are_closed_with_4502(self):
        sock = self.chat()
        try:
            for _ in range(3000):
                sock.send(type="presence", state="active")
        except OSError:
            pass
        self.assertEqual(sock.until_closed(), 4502)

    def test_dear_frames_are_limited_first(self):
        sock = self.chat()
        for _ in range(400):
            sock.send(type="history", room="general", limit=1)
            got = sock.recv()
            while got["type"] not in ("history", "error"):
                got = sock.recv()
            if got["type"] == "error":
                break
        self.assertEqual((got.get("code"), got["room"]), ("rate_limited", "general"))
        sock.send(type="message", message="but it may speak")
        sock.until("message", message="but it may speak")


if __name__ == "__main__":
    unittest.main()
