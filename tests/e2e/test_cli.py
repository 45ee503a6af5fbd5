"""The outcry command: what an operator does, on a site that runs meanwhile."""
import fcntl
import os
import re
import subprocess
import time
import unittest

from stack import BUILD, Stack, new_client_id, wait_for


def outcry(*args):
    return subprocess.run([os.path.join(BUILD, "outcry"), *args], capture_output=True, text=True,
                          timeout=30, check=False)


class Usage(unittest.TestCase):
    def test_every_command_explains_itself(self):
        top = outcry("--help")
        self.assertEqual(top.returncode, 0)
        commands = re.findall(r"^  (\w+) ", top.stdout, re.MULTILINE)
        self.assertLessEqual({"init", "migrate", "doctor", "token", "room", "user", "version"},
                             set(commands))
        for command in commands:
            with self.subTest(command=command):
                done = outcry(command, "--help")
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertTrue(done.stdout.startswith(f"usage: outcry {command}"))
                self.assertIn("Exit code", done.stdout)

    def test_wrong_usage_is_exit_code_2_with_a_sentence(self):
        for args in ((), ("dance",), ("token",), ("token", "--user", "ana"), ("token", "--user"),
                     ("room",), ("room", "create", "x"), ("user", "ban", "x", "2h"),
                     ("user", "mute", "1", "soon"), ("init",), ("doctor", "--wait", "3"),
                     ("version", "--loud"), ("doctor", "a", "b", "c", "d", "e"),
                     ("token", "--user", "7", "--ttl", "-1"), ("init", "--quiet=yes"),
                     ("room", "slow", "general", "never")):
            with self.subTest(args=args):
                done = outcry(*args)
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertTrue(done.stderr)

    def test_a_missing_configuration_is_exit_code_1_with_its_name(self):
        for command in (("migrate",), ("doctor",), ("token", "--user", "1"), ("room", "list")):
            done = outcry(*command, "--config", "/nonexistent/outcry.conf")
            self.assertEqual(done.returncode, 1)
            self.assertIn("/nonexistent/outcry.conf", done.stderr)

    def test_the_version_is_printed(self):
        self.assertRegex(outcry("version").stdout, r"^outcry \d+\.\d+\.\d+\n$")
        self.assertEqual(outcry("--version").stdout, outcry("version").stdout)

    def test_the_documentation_of_the_keys_is_the_committed_one(self):
        root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        with open(os.path.join(root, "docs/configuration.md"), encoding="utf-8") as f:
            self.assertEqual(outcry("doctor", "--print-config-docs").stdout, f.read(),
                             "run `make docs`")


class Operator(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = Stack().start()

    @classmethod
    def tearDownClass(cls):
        cls.stack.stop()

    def login(self, user, name):
        """A person with a socket; returns the socket and the id in `outcry user list`."""
        sock = self.stack.hello(token=self.stack.token(user, name), rooms=["general", "@me"])
        self.addCleanup(sock.close)
        return sock, str(sock.welcome["user"]["id"])

    def test_init_again_keeps_everything(self):
        self.stack.post("kept", token=self.stack.token(1, "ana"))
        with open(self.stack.conf, encoding="utf-8") as f:
            before = f.read()
        self.assertIn("0 rooms made", self.stack.outcry("init").stdout)
        with open(self.stack.conf, encoding="utf-8") as f:
            self.assertEqual(f.read(), before)
        self.assertIn("kept", [m["message"] for m in self.stack.history()])

    def test_init_writes_a_configuration_with_fresh_secrets_for_its_owner_alone(self):
        folder = self.stack.path("var/fresh")
        texts = []
        for name in ("a", "b"):
            path = os.path.join(folder, name, "outcry.conf")
            subprocess.run(self.stack.as_user(self.stack.path("bin/outcry"), "init", "--config", path),
                           check=True, capture_output=True)
            self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
            with open(path, encoding="utf-8") as f:
                texts.append(f.read())
        secrets = [re.findall(r"secret = (\w{64})", text) for text in texts]
        self.assertEqual(len({s for pair in secrets for s in pair}), 4)
        self.assertIn("guests = off", texts[0])

    def test_a_new_room_is_there_at_once(self):
        self.stack.outcry("room", "create", "options", "Options & Futures")
        rooms = {room["id"]: room for room in self.stack.get("rooms/").json["rooms"]}
        self.assertEqual(rooms["options"]["title"], "Options & Futures")
        self.assertEqual(self.stack.post("first", token=self.stack.token(1, "ana"),
                                         room="options").status, 201)
        again = self.stack.outcry("room", "create", "options", "Again", check=False)
        self.assertEqual(again.returncode, 1)
        self.assertIn("options", self.stack.outcry("room", "list").stdout)

    def test_topic_and_archive_reach_whoever_is_there(self):
        sock = self.stack.hello(token=self.stack.token(1, "ana"), rooms=["materials"])
        self.addCleanup(sock.close)
        self.stack.outcry("room", "topic", "materials", "Copper, mostly")
        self.assertEqual(sock.until("room", change="topic")["room"], "materials")
        self.stack.outcry("room", "archive", "materials")
        sock.until("room", change="archived")
        self.assertEqual(self.stack.post("x", token=self.stack.token(1, "ana"),
                                         room="materials").status // 100, 4)
        self.assertRegex(self.stack.outcry("room", "list").stdout, r"(?m)^materials .*Copper, mostly \(archived\)$")
        self.stack.outcry("room", "archive", "--undo", "materials")
        self.assertNotIn("(archived)", self.stack.outcry("room", "list").stdout)
        self.assertEqual(self.stack.post("x", token=self.stack.token(1, "ana"),
                                         room="materials").status, 201)

    def test_slow_mode_is_refused_with_when(self):
        self.stack.outcry("room", "slow", "utilities", "60")
        token = self.stack.token(1, "ana")
        self.assertEqual(self.stack.post("one", token=token, room="utilities").status, 201)
        second = self.stack.post("two", token=token, room="utilities")
        self.assertEqual((second.status, second.error), (429, "slow_mode"))
        self.assertGreater(second.json["error"]["retry_after_ms"], 0)
        self.assertTrue(1 <= int(second.headers["Retry-After"]) <= 60)
        self.stack.outcry("room", "slow", "utilities", "0")
        self.assertEqual(self.stack.post("two", token=token, room="utilities").status, 201)

    def test_a_ban_closes_the_socket_and_refuses_the_token_at_once(self):
        sock, ident = self.login(20, "mallory")
        self.stack.outcry("user", "ban", ident, "2h")
        self.assertEqual(sock.until_closed(), 4501)
        reply = self.stack.post("again", token=self.stack.token(20, "mallory"))
        self.assertEqual((reply.status, reply.error), (403, "banned"))
        self.assertIn("banned until", self.stack.outcry("user", "list").stdout)
        self.stack.outcry("user", "ban", ident, "off")
        self.assertEqual(self.stack.post("back", token=self.stack.token(20, "mallory")).status, 201)

    def test_a_muted_person_reads_and_may_not_post(self):
        sock, ident = self.login(21, "trent")
        self.stack.outcry("user", "mute", ident, "15m")
        reply = self.stack.post("psst", token=self.stack.token(21, "trent"))
        self.assertEqual((reply.status, reply.error), (403, "muted"))
        self.stack.post("for all", token=self.stack.token(1, "ana"))
        sock.until("message", message="for all")
        sock.send(type="message", room="general", message="psst", client_id=new_client_id())
        self.assertEqual(sock.until("error")["code"], "muted")

    def test_a_revocation_refuses_every_older_token(self):
        sock, ident = self.login(22, "oscar")
        old = self.stack.token(22, "oscar")
        self.stack.outcry("user", "revoke", ident)
        self.assertEqual(sock.until_closed(), 4500)
        self.assertEqual(self.stack.post("x", token=old).error, "token_invalid")
        # iat has whole seconds: one of a later second is good.
        wait_for(lambda: self.stack.post("y", token=self.stack.token(22, "oscar")).status == 201,
                 "a fresh token is accepted")

    def test_a_role_given_here_stays_only_as_the_hosts_token_says(self):
        _, ident = self.login(23, "peggy")
        self.stack.outcry("user", "role", ident, "moderator")
        self.assertRegex(self.stack.outcry("user", "list").stdout, r"moderator\s+peggy")
        bad = self.stack.outcry("user", "role", ident, "emperor", check=False)
        self.assertEqual(bad.returncode, 1)
        self.assertIn("member, moderator or admin", bad.stderr)

    def test_a_token_of_the_command_is_accepted(self):
        token = self.stack.outcry("token", "--user", "77", "--name", "zoe", "--ttl", "60").stdout
        self.stack.remember(token.strip())
        reply = self.stack.post("hi", token=token.strip())
        self.assertEqual(reply.json["message"]["username"], "zoe")

    def test_unknown_people_and_rooms_are_named(self):
        for args, word in ((("user", "mute", "999999", "1h"), "999999"),
                           (("room", "topic", "nowhere", "x"), "nowhere")):
            done = self.stack.outcry(*args, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn(word, done.stderr)


class Doctor(unittest.TestCase):
    def prepare(self, server="lighttpd", **kwargs):
        stack = Stack(server, **kwargs)
        stack.make_files()
        self.addCleanup(stack.stop)
        return stack

    def diagnosis(self, stack, *args):
        return stack.outcry("doctor", "--url", stack.url, *args, check=False)

    def assert_finds(self, stack, *words):
        done = self.diagnosis(stack)
        self.assertEqual(done.returncode, 1)
        failures = "\n".join(re.findall("^FAIL .*$", done.stdout, re.MULTILINE))
        for word in words:
            self.assertIn(word, failures)

    def test_a_proxy_that_does_not_upgrade(self):
        stack = self.prepare()
        stack.edit("conf/lighttpd-chat.conf", 'proxy.header = ( "upgrade" => "enable" )', "")
        stack.start()
        self.assert_finds(stack, "WebSocket", '"upgrade" => "enable"')
        stack = self.prepare("apache")
        stack.edit("conf/apache-chat.conf", " upgrade=websocket", "")
        stack.start()
        self.assert_finds(stack, "WebSocket", "upgrade=websocket")

    def test_a_proxy_that_keeps_streams_back(self):
        for guests in ("write", "off"):
            stack = self.prepare(conf={"guests": guests}).start()
            self.assertRegex(self.diagnosis(stack).stdout, "(?m)^ok    stream: ")
        stack = self.prepare()
        stack.edit("conf/lighttpd-chat.conf", "server.stream-response-body = 1", "server.stream-response-body = 0")
        stack.start()
        done = self.diagnosis(stack)
        self.assertEqual(done.returncode, 0, "a warning: sockets still open")
        self.assertRegex(done.stdout, "(?m)^warn  stream: .*stream-response-body = 1")

    def test_a_server_that_keeps_authorization_to_itself(self):
        stack = self.prepare("apache")
        stack.edit("conf/apache-chat.conf", "CGIPassAuth On", "")
        stack.start()
        self.assert_finds(stack, "Authorization", "CGIPassAuth On")

    def test_a_proxy_that_hides_the_host(self):
        stack = self.prepare("apache")
        stack.edit("conf/apache-chat.conf", "ProxyPreserveHost On", "")
        stack.start()
        self.assert_finds(stack, "WebSocket", "Origin", "ProxyPreserveHost")

    def test_a_sidecar_that_does_not_run(self):
        stack = self.prepare(sidecar=False).start()
        self.assert_finds(stack, "sidecar does not run")

    def test_a_sidecar_that_is_started_on_demand(self):
        stack = self.prepare(sidecar=False, conf={"sidecar": "on_demand", "sidecar_idle_minutes": 1})
        stack.outcry("init")
        self.assertIn("the next request starts it", stack.outcry("doctor").stdout)
        stack.start_web()
        self.assertEqual(self.diagnosis(stack).returncode, 0)  # however soon after the first request
        told = self.diagnosis(stack).stdout
        self.assertIn("started on demand", told)
        self.assertIn("WebSocket: /ws/chat/ upgrades", told)

    def test_a_sidecar_that_cannot_be_started_on_demand(self):
        stack = self.prepare(sidecar=False, conf={"sidecar": "on_demand"})
        os.unlink(stack.path("bin/outcry-sidecar"))
        stack.start()
        self.assert_finds(stack, "sidecar_program", stack.path("bin/outcry-sidecar"))
        with open(stack.path("bin/outcry-sidecar"), "w", encoding="utf-8") as f:
            f.write("#!/bin/sh\nexit 1\n")
        os.chmod(stack.path("bin/outcry-sidecar"), 0o755)
        lock = stack.path("var/run/sidecar.lock")
        os.utime(lock, (time.time() - 60,) * 2)  # long after the first try
        stack.get("health/")
        wait_for(lambda: stack.log("outcry.log").count("event=sidecar_starting") == 2, "the second")
        wait_for(lambda: "did not come up" in stack.outcry("doctor", check=False).stdout, "it is noticed")
        found = stack.outcry("doctor", check=False)
        self.assertEqual(found.returncode, 1)
        self.assertIn("it did not come up", found.stdout)
        self.assertIn(stack.path("var/log/outcry.log"), found.stdout)

    def test_no_sidecar_where_none_is_wanted(self):
        stack = self.prepare(sidecar=False, conf={"sidecar": "off"}).start()
        done = self.diagnosis(stack)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("sidecar: off", done.stdout)
        self.assertIn("8 of 8 slots are free", done.stdout)
        stack.start_sidecar()
        self.assertRegex(self.diagnosis(stack).stdout, "warn +sidecar: one listens .* off")

    def test_a_server_that_hands_the_socket_to_our_programs(self):
        stack = self.prepare("apache", sidecar=False)
        stack.edit("conf/apache-chat.conf", '    ProxyPass "unix:${OUTCRY_WS_SOCKET}|http://sidecar/ws/chat" '
                   "upgrade=websocket timeout=60 ttl=30 flushpackets=on\n", "")
        stack.edit("conf/apache-chat.conf", 'AliasMatch "^/stocks/chat(/(?!static/).*)?$"',
                   'AliasMatch "^/(?:stocks|ws)/chat(/(?!static/).*)?$"')
        stack.start()
        self.assert_finds(stack, "sidecar = off")

    def test_waiting_places_that_are_all_taken(self):
        stack = self.prepare(sidecar=False, conf={"sidecar": "off", "wait_slots": 3}).start()
        taken = []
        for i in range(3):
            taken.append(self.enterContext(open(stack.path(f"var/run/slot.{i}"), "a", encoding="utf-8")))
            fcntl.flock(taken[-1], fcntl.LOCK_EX)
            words = f"{2 - i} of 3 slots are free" if i < 2 else "all of the 3 slots are taken"
            self.assertIn(words, self.diagnosis(stack).stdout)

    def test_no_web_server(self):
        stack = self.prepare(sidecar=False)
        stack.outcry("init")
        began = time.monotonic()
        self.assert_finds(stack, "Is the web server running")
        waited = self.diagnosis(stack, "--wait", "1")
        self.assertEqual(waited.returncode, 1)
        self.assertLess(time.monotonic() - began, 10)

    def test_a_configuration_that_others_can_read(self):
        stack = self.prepare().start()
        os.chmod(stack.conf, 0o644)
        self.assert_finds(stack, "configuration", "chmod 640")

    def test_a_static_folder_that_is_not_served(self):
        stack = self.prepare()
        stack.edit("conf/lighttpd-chat.conf", 'var.outcry_root + "/static/"', '"/nowhere/"')
        stack.start()
        self.assert_finds(stack, "static files")

    def test_a_style_sheet_of_the_site_that_is_not_served(self):
        stack = self.prepare(conf={"static_dir": "look"})
        os.mkdir(stack.path("var/look"))
        with open(stack.path("var/look/site.css"), "w", encoding="utf-8") as f:
            f.write(":root { --accent: teal }\n")
        stack.edit("conf/lighttpd-chat.conf", 'var.outcry_site_static + "/"', '"/nowhere/"')
        stack.start()
        self.assert_finds(stack, "static_dir", "site.css answers 404")

    def test_a_database_that_was_never_made(self):
        stack = self.prepare(sidecar=False)
        done = stack.outcry("doctor", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("outcry init", done.stdout)


if __name__ == "__main__":
    unittest.main()
