#!/usr/bin/python3
"""The programs as plain CGI: environment, stdin, stdout."""
import concurrent.futures
import os
import shutil
import signal
import subprocess
import unittest

from programs import API, BUILD, PAGE, Answer, Installation, variables, wait_for

CREATE = API + "messages/create/"
FORM = "application/x-www-form-urlencoded"


class Cgi(unittest.TestCase):
    def setUp(self):
        self.site = self.enterContext(Installation())

    def post(self, body, **extra):
        return self.site.cgi("POST", CREATE, body, **extra)

    def test_page_and_api_are_served(self):
        page = self.site.cgi("GET", PAGE)
        self.assertEqual(page.status, 200)
        self.assertEqual(page.header("Content-Type"), "text/html; charset=utf-8")
        self.assertIn("</html>", page.text)
        self.assertEqual(int(page.header("Content-Length")), len(page.body))
        self.assertEqual(self.site.cgi("GET", API + "health/").json["status"], "ok")

    def test_a_message_posted_by_one_process_is_read_by_the_next(self):
        made = self.post(b'{"message":"Hello traders!","username":"trader123"}')
        self.assertEqual(made.status, 201)
        listed = self.site.cgi("GET", API + "messages/").json["messages"]
        self.assertEqual([m["message"] for m in listed], ["Hello traders!"])
        self.assertIn("Hello traders!", self.site.cgi("GET", PAGE).text)

    def test_a_form_leads_back_to_the_page(self):
        answer = self.post(b"message=hi&username=ana&room=energy", kind=FORM)
        self.assertEqual(answer.status, 303)
        self.assertEqual(answer.header("Location"), PAGE + "r/energy/")
        self.assertIn(">hi<", self.site.cgi("GET", answer.header("Location")).text)

    def test_the_uri_alone_decides_the_route(self):
        answer = self.site.cgi("GET", API + "health", SCRIPT_NAME="/api", PATH_INFO="/x",
                               PATH_TRANSLATED="/etc/passwd")
        self.assertEqual(answer.status, 200)
        self.assertEqual(self.site.cgi("GET", API + "health/", REQUEST_URI=None).status, 404)

    def test_head_has_no_body(self):
        answer = self.site.cgi("HEAD", PAGE)
        self.assertEqual((answer.status, answer.body), (200, b""))
        self.assertGreater(int(answer.header("Content-Length")), 1000)

    def test_a_body_shorter_than_announced_is_400(self):
        answer = self.post(b'{"message":"x","username":"ana"}', CONTENT_LENGTH="4000")
        self.assertEqual((answer.status, answer.json["error"]["code"]), (400, "bad_request"))

    def test_what_follows_the_announced_length_is_not_read(self):
        body = b'{"message":"x","username":"ana"}'
        answer = self.post(body + b"garbage" * 1000, CONTENT_LENGTH=str(len(body)))
        self.assertEqual(answer.status, 201)

    def test_a_large_body_is_refused_while_it_is_still_to_come(self):
        process = self.site.start_cgi(
            "api.fcgi", variables("POST", CREATE, kind="application/json", CONTENT_LENGTH="9999999"))
        out = b""
        while b"\r\n\r\n" not in out:
            out += os.read(process.stdout.fileno(), 4096)
        self.assertEqual(Answer(out).status, 413)
        process.stdin.close()
        self.assertEqual(process.wait(10), 0)
        process.stdout.close()
        process.stderr.close()

    def test_a_stop_signal_lets_the_request_finish(self):
        body = b'{"message":"kept","username":"ana"}'
        for sig in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            process = self.site.start_cgi("api.fcgi", variables("POST", CREATE, body))
            wait_for(lambda: self.blocks(process.pid, signal.SIGTERM), "it has set up its signals")
            process.send_signal(sig)
            out, _ = process.communicate(body, timeout=30)
            self.assertEqual(Answer(out).status, 201)
            self.assertEqual(process.returncode, 0)

    @staticmethod
    def blocks(pid, sig):
        with open(f"/proc/{pid}/status", encoding="utf-8") as f:
            mask = next(line for line in f if line.startswith("SigBlk:"))
        return int(mask.split()[1], 16) >> (sig - 1) & 1

    def test_eight_at_once_each_get_their_own_number(self):
        def post(i):
            return self.post(b'{"message":"m%d","username":"ana"}' % i).json["message"]["seq"]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            seqs = sorted(pool.map(post, range(8)))
        self.assertEqual(seqs, list(range(seqs[0], seqs[0] + 8)))

    def test_words_of_the_query_are_no_options(self):
        """RFC 3875, 4.4: a web server may pass ?--config+/tmp/x as the command line."""
        for args in (["--config", "/nonexistent"], ["--help"], ["--no-such"]):
            env = variables("GET", API + "health/?" + "+".join(args))
            out, _ = self.site.start_cgi("api.fcgi", env, *args).communicate(timeout=30)
            self.assertEqual(Answer(out).status, 200)

    def test_the_configuration_may_lie_beside_the_program(self):
        for program in ("api.fcgi", "chat.fcgi"):
            shutil.copy2(os.path.join(BUILD, program), self.site.path(program))
        env = variables("GET", API + "health/")
        process = subprocess.run([self.site.path("api.fcgi")], env=env, capture_output=True,
                                 stdin=subprocess.DEVNULL, cwd="/", timeout=30, check=True)
        self.assertEqual(Answer(process.stdout).status, 200)

    def test_the_proxy_variable_and_foreign_settings_change_nothing(self):
        answer = self.site.cgi("GET", API + "health/", HTTP_PROXY="http://127.0.0.1:1",
                               LD_DEBUG="", HTTP_OUTCRY_CONFIG="/etc/passwd")
        self.assertEqual(answer.status, 200)


class Timeout(unittest.TestCase):
    def test_a_request_that_hangs_ends(self):
        site = self.enterContext(Installation(request_timeout_s=1))
        process = site.start_cgi("api.fcgi", variables("POST", CREATE, b"never"))
        self.addCleanup(process.stdin.close)
        self.assertEqual(process.wait(20), 70)
        self.assertIn(b"request_timeout_s", process.stderr.read())
        process.stdout.close()
        process.stderr.close()


class Start(unittest.TestCase):
    """What keeps a program from starting: a sentence for the operator, a bare page for the visitor."""

    def refused(self, site, *secrets):
        process = site.start_cgi("chat.fcgi", variables("GET", PAGE))
        out, err = process.communicate(timeout=30)
        answer = Answer(out)
        self.assertEqual(process.returncode, 0)
        self.assertEqual(answer.status, 503)
        self.assertIn("not set up", answer.text)
        self.assertNotIn(site.dir, answer.text)
        sentence = err.decode()
        self.assertEqual(sentence.count("\n"), 1, sentence)
        self.assertRegex(sentence, r"^outcry: .{20,}\n$")
        for secret in secrets:
            self.assertNotIn(secret, sentence + answer.text)
        return sentence

    def test_no_configuration(self):
        site = self.enterContext(Installation(init=False))
        os.unlink(site.conf)
        self.assertIn("outcry.conf", self.refused(site))

    def test_an_unknown_key(self):
        site = self.enterContext(Installation(init=False, gests="write"))
        self.assertIn("guests", self.refused(site))

    def test_a_short_secret(self):
        site = self.enterContext(Installation(init=False, secret="short-words"))
        self.assertIn("secret", self.refused(site, "short-words"))

    def test_no_database_yet(self):
        site = self.enterContext(Installation(init=False))
        self.assertIn("outcry init", self.refused(site))

    def test_a_folder_that_is_not_there(self):
        site = self.enterContext(Installation(init=False, database="/nonexistent/chat.db"))
        self.assertIn("/nonexistent", self.refused(site))

    def test_a_log_that_cannot_be_written(self):
        site = self.enterContext(Installation())
        site.settings["log_file"] = "/nonexistent/log"
        site.write_conf()
        self.assertIn("/nonexistent/log", self.refused(site))

    def test_a_broken_template(self):
        site = self.enterContext(Installation())
        os.mkdir(site.path("templates"))
        with open(site.path("templates/chat.mustache"), "w", encoding="utf-8") as f:
            f.write("{{#open}}")
        site.settings["template_dir"] = "templates"
        site.write_conf()
        self.assertIn("chat.mustache", self.refused(site))

    def test_by_hand_it_says_what_it_is(self):
        for program in ("chat.fcgi", "api.fcgi"):
            for args, code in (([], 2), (["--help"], 0), (["--no-such"], 2)):
                done = subprocess.run([os.path.join(BUILD, program), *args], capture_output=True,
                                      stdin=subprocess.DEVNULL, env={}, timeout=30, check=False)
                self.assertEqual(done.returncode, code, args)
                self.assertIn(b"Run by a web server", done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
