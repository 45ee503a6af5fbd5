"""Whoever sends a file, our program, lighttpd or Apache, a browser gets the same; and nobody gets it past the program."""
import os
import unittest

from stack import API, PAGE, Stack

DATA = b"day,close\n1,190.5\n"
TAG = "*"  # stands for the file's own ETag
# What is asked with which headers: status, body, Content-Range.
ASKED = [
    ("GET", {}, 200, DATA, None),
    ("HEAD", {}, 200, b"", None),
    ("GET", {"Range": "bytes=0-2"}, 206, b"day", "bytes 0-2/18"),
    ("GET", {"Range": "bytes=10-"}, 206, b"1,190.5\n", "bytes 10-17/18"),
    ("GET", {"Range": "bytes=-4"}, 206, b"0.5\n", "bytes 14-17/18"),
    ("GET", {"Range": "bytes=18-"}, 416, None, "bytes */18"),
    ("GET", {"Range": "bytes=0-2", "If-Range": TAG}, 206, b"day", "bytes 0-2/18"),
    ("GET", {"Range": "bytes=0-2", "If-Range": '"another"'}, 200, DATA, None),
    ("GET", {"If-None-Match": TAG}, 304, b"", None),
    ("GET", {"If-None-Match": '"another"'}, 200, DATA, None),
]
HEADERS = {
    "Content-Type": "text/plain",
    "Content-Disposition": "attachment; filename=\"prices.csv\"; filename*=UTF-8''prices.csv",
    "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, max-age=31536000, immutable",
    "Accept-Ranges": "bytes",
    "Content-Length": str(len(DATA)),
    "Last-Modified": None,
    "X-Sendfile": None,
    "Location": None,
}


class Delivery:
    server, gateway, way = "lighttpd", "fastcgi", "stream"

    @classmethod
    def setUpClass(cls):
        cls.stack = Stack(cls.server, cls.gateway, conf={"file_delivery": cls.way}).start()
        cls.ana, cls.ben = cls.stack.token(7, "ana"), cls.stack.token(8, "ben")

    @classmethod
    def tearDownClass(cls):
        cls.stack.stop()

    def send(self, name="prices.csv", data=DATA, message="look"):
        """A message with the file: its id, and the file's address."""
        ask = {"room": "general", "name": name, "size": len(data)}
        upload = self.stack.http("POST", API + "uploads/", ask, token=self.ana).json["upload"]["id"]
        self.stack.http("PUT", f"{API}uploads/{upload}/?offset=0", data,
                        {"Content-Type": "application/octet-stream"}, token=self.ana)
        self.stack.http("POST", f"{API}uploads/{upload}/done/", {}, token=self.ana)
        posted = self.stack.post(message, token=self.ana, attachments=[upload])
        self.assertEqual(posted.status, 201, posted.body)
        message = posted.json["message"]
        return message["id"], API + message["attachments"][0]["url"]

    def test_a_browser_sees_no_difference(self):
        _, url = self.send()
        first = self.stack.http("GET", url, token=self.ben)
        tag = first.headers["ETag"]
        self.assertRegex(tag, r'^"[0-9a-f]{32}"$')
        for name, value in HEADERS.items():
            self.assertEqual(first.headers.get_all(name), value and [value], name)
        for method, headers, status, body, content_range in ASKED:
            with self.subTest(method=method, headers=headers):
                headers = {name: tag if value == TAG else value for name, value in headers.items()}
                answer = self.stack.http(method, url, headers=headers, token=self.ben)
                self.assertEqual(answer.status, status)
                self.assertEqual(answer.headers["Content-Range"], content_range)
                if body is not None:
                    self.assertEqual(answer.body, body)
                if status < 400:
                    self.assertEqual(answer.headers.get_all("ETag"), [tag])
                    self.assertEqual(answer.headers["Content-Disposition"], HEADERS["Content-Disposition"])

    def test_the_program_decides_each_time(self):
        message, url = self.send(message="gone soon")
        self.assertEqual(self.stack.http("GET", url, token=self.ben).status, 200)
        self.assertEqual(self.stack.http("DELETE", f"{API}messages/{message}/", {}, token=self.ana).status, 200)
        answer = self.stack.http("GET", url, token=self.ben)
        self.assertEqual((answer.status, answer.error), (404, "file_not_found"))

    def test_nobody_gets_a_file_past_the_program(self):
        self.send(data=b"for those who see the message\n")
        kept = [place for place in self.kept_places() if len(place) == 70]
        self.assertTrue(kept)
        for place in kept:
            for path in (PAGE + "kept/" + place, PAGE + "kept/" + place + "/", PAGE + "kept//" + place,
                         PAGE + "static/../kept/" + place, API + "kept/" + place, "/kept/" + place, "/" + place):
                for headers in ({}, {"REDIRECT_STATUS": "200", "X-Sendfile": "/" + place, "Redirect-Status": "200"}):
                    answer = self.stack.http("GET", path, headers=headers, token=self.ana)
                    self.assertIn(answer.status, (400, 401, 403, 404), path)
                    self.assertNotIn(b"those who see", answer.body)
        for path in (PAGE + "kept/../../outcry.conf", PAGE + "kept/%2e%2e/outcry.conf"):
            self.assertGreaterEqual(self.stack.http("GET", path).status, 400, path)

    def kept_places(self):
        """ab/cd/abcd… of all that lies there."""
        top = self.stack.path("var/files")
        return [os.path.relpath(os.path.join(folder, name), top)
                for folder, _, names in os.walk(top) for name in names]

    def test_the_doctor_sees_that_it_works(self):
        done = self.stack.outcry("doctor", "--url", self.stack.url, check=False)
        self.assertIn(f"ok    files: file_delivery = {self.way} works", done.stdout)


class LighttpdStream(Delivery, unittest.TestCase):
    pass


class LighttpdSendfile(Delivery, unittest.TestCase):
    way = "sendfile"


class LighttpdCgiSendfile(Delivery, unittest.TestCase):
    gateway, way = "cgi", "sendfile"


class ApacheFcgidRedirect(Delivery, unittest.TestCase):
    server, way = "apache", "redirect"


class ApacheCgidRedirect(Delivery, unittest.TestCase):
    server, gateway, way = "apache", "cgi", "redirect"


class ApacheStream(Delivery, unittest.TestCase):
    server = "apache"


class WrongWays(unittest.TestCase):
    def test_the_doctor_says_how_to_mend_what_the_web_server_does_not_know(self):
        for server, way, code in (("lighttpd", "redirect", "stream or sendfile"), ("apache", "sendfile", "stream or redirect")):
            with self.subTest(server=server), Stack(server, conf={"file_delivery": way}) as stack:
                done = stack.outcry("doctor", "--url", stack.url, check=False)
                self.assertEqual(done.returncode, 1)
                self.assertRegex(done.stdout, f"FAIL  files: file_delivery = {way} .*{code}")


if __name__ == "__main__":
    unittest.main()
