"""People talk to each other through real web servers: every way in is seen on every way out."""
import json
import subprocess
import time
import unittest

import websocket

from stack import API, Installed, Stack, new_client_id, wait_for


class Conversation(Installed):
    conf = {"presence_grace_ms": "500"}

    def open(self, sock):
        self.addCleanup(sock.close)
        return sock

    def hello(self, user, name, **kwargs):
        return self.open(self.stack.hello(token=self.stack.token(user, name), **kwargs))

    def test_each_way_of_posting_reaches_every_socket(self):
        ana, ben = self.hello(1, "ana"), self.hello(2, "ben")
        seed = self.open(self.stack.ws())

        client_id = new_client_id()
        ana.send(type="message", room="general", message="from a chat.v1 socket", client_id=client_id)
        ack = ana.until("ack", client_id=client_id)
        for sock in (ana, ben, seed):
            frame = sock.until("message", message="from a chat.v1 socket")
            self.assertEqual(frame["username"], "ana")
        self.assertEqual(self.stack.history()[-1]["seq"], ack["seq"])

        answer = subprocess.run(
            ["curl", "-sS", "-H", "Authorization: Bearer " + self.stack.token(3, "cleo"), "-d",
             "message=from+curl&client_id=" + new_client_id(), "-H", "Accept: application/json",
             self.stack.origin + API + "messages/create/"],
            capture_output=True, text=True, check=True, timeout=20)
        self.assertEqual(answer.stderr, "")
        for sock in (ana, ben, seed):
            self.assertEqual(sock.until("message", message="from curl")["username"], "cleo")

        bare = self.open(self.stack.ws())
        bare.send(type="message", message="Hello traders!", username="trader123")
        for sock in (ana, ben, seed, bare):
            self.assertEqual(sock.until("message", message="Hello traders!")["username"], "trader123")

    def test_the_seeds_formats_are_word_for_word(self):
        seed = self.open(self.stack.ws())
        seed.send(type="message", message="only these", username="purist")
        frame = seed.until("message", message="only these")
        self.assertEqual((frame["type"], frame["username"]), ("message", "purist"))
        seed.send(type="message", message="")
        error = seed.until("error")
        self.assertTrue(error["message"])
        self.assertNotIn("ping", [f.get("type") for f in seed.pending])

    def test_a_socket_resumes_where_it_stopped(self):
        ana = self.hello(1, "ana", rooms={"energy": 0})
        epoch = ana.welcome["epoch"]
        start = ana.welcome["rooms"]["energy"]["seq"]
        ana.close()
        sent = [self.stack.post(f"while away {n}", token=self.stack.token(2, "ben"), room="energy")
                for n in range(5)]
        self.assertEqual({reply.status for reply in sent}, {201})
        again = self.hello(1, "ana", rooms={"energy": start}, epoch=epoch)
        got = [again.until("message", room="energy") for _ in sent]
        self.assertEqual([m["message"] for m in got], [f"while away {n}" for n in range(5)])
        self.assertEqual([m["seq"] for m in got], list(range(start + 1, start + 6)))

    def test_the_online_list_follows_who_comes_and_goes(self):
        ana = self.hello(1, "ana")
        ben = self.hello(2, "ben")

        def names(frame, key):
            return [person if isinstance(person, int) else person["username"] for person in frame[key]]

        def online():
            reply = self.stack.get("presence/?room=general", token=self.stack.token(1, "ana"))
            return {person["username"] for person in reply.json["online"]}
        wait_for(lambda: {"ana", "ben"} <= online(), "both are online")
        ben_id = next(p["user_id"] for p in self.stack.get("presence/?room=general").json["online"]
                      if p["username"] == "ben")
        ben.close()
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            frame = ana.until("presence", seconds=15)
            if ben_id in names(frame, "leave"):
                break
        else:
            self.fail("ben never left")
        wait_for(lambda: "ben" not in online(), "the list over HTTP follows", 15)

    def test_a_foreign_origin_may_not_use_a_cookie(self):
        join = self.stack.http("POST", API + "session/", {"username": "Guest One"})
        self.assertEqual(join.status, 200)
        cookies = join.cookies
        own = self.open(self.stack.ws(cookies=cookies))
        own.send(type="message", message="as a guest with a session")
        self.assertEqual(own.until("message", message="as a guest with a session")["username"],
                         "Guest One")
        for origin in ("https://evil.example", "http://127.0.0.1.evil.example", "null",
                       self.stack.origin + ".evil.example"):
            with self.subTest(origin=origin), \
                    self.assertRaises(websocket.WebSocketBadStatusException) as refused:
                self.stack.ws_connection(cookies=cookies, origin=origin)
            self.assertEqual(refused.exception.status_code, 403)

    def test_compression_is_never_negotiated(self):
        connection = self.stack.ws_connection(
            headers=["Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"])
        self.addCleanup(connection.close)
        self.assertNotIn("sec-websocket-extensions", connection.getheaders())

    def test_a_ticket_opens_one_socket(self):
        token = self.stack.token(5, "eve")
        ticket = self.stack.http("POST", API + "ws-ticket/", {}, token=token).json["ticket"]
        sock = self.open(Sockets.hello_with(self.stack, ticket=ticket))
        self.assertEqual(sock.until("welcome")["user"]["username"], "eve")
        second = self.open(Sockets.hello_with(self.stack, ticket=ticket))
        self.assertEqual(second.until("error")["code"], "token_invalid")
        self.assertEqual(second.until_closed(), 4500)

    def test_sigterm_says_goodbye_and_loses_nothing(self):
        with Stack(self.server) as stack:
            sock = stack.hello(token=stack.token(1, "ana"))
            ids = [new_client_id() for _ in range(20)]
            for client_id in ids:
                sock.send(type="message", room="general", message="last words", client_id=client_id)
            acked = {sock.until("ack")["client_id"]}
            stack.sidecar.terminate()
            while True:
                frame = sock.recv()
                if frame is None:
                    break
                if frame["type"] == "ack":
                    acked.add(frame["client_id"])
            self.assertEqual(sock.close_code, 1001)
            self.assertEqual(stack.sidecar.wait(10), 0)
            stored = [row[0] for row in stack.database().execute("SELECT client_id FROM message")]
            self.assertEqual(len(stored), len(set(stored)))
            self.assertLessEqual(acked, set(stored))
            sock.close()

    def test_a_long_bearer_in_the_subprotocol_identifies(self):
        token = self.stack.token(8, "hal", padding="x" * 700)
        connection = self.stack.ws_connection(subprotocols=["chat.v1", "bearer." + token])
        self.addCleanup(connection.close)
        self.assertEqual(connection.getsubprotocol(), "chat.v1")
        connection.send(json.dumps({"type": "hello", "proto": "chat.v1", "rooms": ["general"]}))
        welcome = json.loads(connection.recv())
        self.assertEqual((welcome["type"], welcome["user"]["username"]), ("welcome", "hal"))


class Sockets:
    @staticmethod
    def hello_with(stack, **fields):
        from stack import Socket
        sock = Socket(stack.ws_connection(subprotocols=["chat.v1"]))
        sock.send(type="hello", proto="chat.v1", rooms=["general"], **fields)
        return sock


class Lighttpd(Conversation, unittest.TestCase):
    server = "lighttpd"


class Apache(Conversation, unittest.TestCase):
    server = "apache"


class Tls(unittest.TestCase):
    def test_over_tls_pages_and_sockets_work_and_cookies_are_secure(self):
        for server in ("lighttpd", "apache"):
            with self.subTest(server=server), Stack(server, tls=True) as stack:
                self.assertEqual(stack.http("GET", "/stocks/chat/").status, 200)
                join = stack.http("POST", API + "session/", {"username": "Tess"})
                cookie = join.headers["Set-Cookie"]
                self.assertTrue(cookie.startswith("__Host-outcry_guest="), cookie)
                self.assertIn("; Secure", cookie)
                sock = stack.hello(cookies=join.cookies)
                sock.send(type="message", room="general", message="sealed",
                          client_id=new_client_id())
                self.assertEqual(sock.until("message", message="sealed")["username"], "Tess")
                sock.close()
                doctor = stack.outcry("doctor", "--url", stack.url, check=False)
                self.assertEqual(doctor.returncode, 0, doctor.stdout)
                self.assertIn("warn  certificate:", doctor.stdout)
                alpn = subprocess.run(
                    ["openssl", "s_client", "-alpn", "h2,http/1.1", "-connect",
                     f"127.0.0.1:{stack.port}"], input="", capture_output=True, text=True,
                    check=False, timeout=20).stdout
                self.assertNotIn("ALPN protocol: h2", alpn)


if __name__ == "__main__":
    unittest.main()
