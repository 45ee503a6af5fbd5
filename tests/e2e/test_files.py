"""Files go through real web servers as they come: in parts, cleaned, and only to those who may see them."""
import hashlib
import io
import os
import subprocess
import tempfile
import unittest

from PIL import Image, ImageChops

import pictures
from memory import MOST_KB, Memory
from stack import API, BUILD, PAGE, Stack, wait_for

SANITIZED = "asan" in BUILD
PART = 98304


def setUpModule():
    global PNG, JPEG
    PNG = pictures.large_png()
    with tempfile.TemporaryDirectory() as folder:
        photo = pictures.noise(1800, 1400, "JPEG", quality=97)
        JPEG = pictures.with_places(photo, folder)
    assert len(PNG) > 20 << 20 and len(JPEG) > 3 << 20, (len(PNG), len(JPEG))


class Files:
    server, gateway = "lighttpd", "fastcgi"

    @classmethod
    def setUpClass(cls):
        cls.stack = Stack(cls.server, cls.gateway, conf={"file_max_mb": "24"})
        cls.stack.make_files()
        cls.memory = Memory(cls.stack)
        cls.stack.start()
        cls.ana, cls.ben = cls.stack.token(7, "ana"), cls.stack.token(8, "ben")

    @classmethod
    def tearDownClass(cls):
        cls.stack.stop()

    def begin(self, name, size, token=None):
        return self.stack.http("POST", API + "uploads/", {"room": "general", "name": name, "size": size},
                               token=token or self.ana)

    def put(self, upload, data, offset):
        return self.stack.http("PUT", f"{API}uploads/{upload}/?offset={offset}", data[offset:offset + PART],
                               {"Content-Type": "application/octet-stream"}, token=self.ana)

    def finish(self, upload, data):
        return self.stack.http("POST", f"{API}uploads/{upload}/done/",
                               {"sha256": hashlib.sha256(data).hexdigest()}, token=self.ana)

    def send(self, name, data):
        """All of it; the answer to its end."""
        begun = self.begin(name, len(data))
        self.assertEqual(begun.status, 201, begun.body)
        upload = begun.json["upload"]["id"]
        for offset in range(0, len(data), PART):
            answer = self.put(upload, data, offset)
            self.assertEqual(answer.status, 200, answer.body)
        return self.finish(upload, data)

    def stored(self):
        """Every byte that is kept on disk, file by file."""
        found = {}
        for folder, _, names in os.walk(self.stack.path("var/files")):
            for name in names:
                with open(os.path.join(folder, name), "rb") as f:
                    found[name] = f.read()
        return found

    def test_a_large_picture_and_a_photo_go_through_and_are_clean(self):
        listener = self.stack.hello(token=self.ben)
        self.addCleanup(listener.close)
        files = [self.send("chart.png", PNG), self.send("photo.jpg", JPEG)]
        for answer in files:
            self.assertEqual(answer.status, 200, answer.body)
        chart, photo = [answer.json["upload"]["attachment"] for answer in files]
        posted = self.stack.post("two pictures", token=self.ana, attachments=[chart["id"], photo["id"]])
        self.assertEqual(posted.status, 201, posted.body)
        told = listener.until("message", message="two pictures", seconds=30)["attachments"]
        self.assertEqual([(file["name"], file["type"], file["width"], file["height"]) for file in told],
                         [("chart.png", "image/png", 2700, 2700), ("photo.jpg", "image/jpeg", 1800, 1400)])
        bodies = [self.stack.get(file["url"], token=self.ben) for file in told]
        page = self.stack.http("GET", PAGE, token=self.ben)
        self.assertTrue(all(file["url"] in page.text for file in told))
        self.assertEqual([answer.status for answer in bodies], [200, 200])
        self.assertEqual([len(answer.body) for answer in bodies], [file["size"] for file in told])
        self.assertEqual(bodies[0].headers["Content-Type"], "image/png")
        self.assertIn("immutable", bodies[0].headers["Cache-Control"])
        self.assertIsNone(ImageChops.difference(Image.open(io.BytesIO(bodies[0].body)),
                                                Image.open(io.BytesIO(PNG))).getbbox())
        self.assertIn("GPS", pictures.metadata(JPEG))
        for data in (bodies[1].body, self.stored()[hashlib.sha256(bodies[1].body).hexdigest()]):
            found = pictures.metadata(data)
            for word in ("GPS", "Spyglass", "Ana", "home", "XMP"):
                self.assertNotIn(word, found)
        self.check_memory()

    def check_memory(self):
        most = self.memory.most()
        self.assertEqual(sorted(most), ["api.fcgi", "chat.fcgi"])
        self.assertGreater(min(most.values()), 0)
        if not SANITIZED:
            self.assertLess(max(most.values()), MOST_KB, most)

    def test_what_is_no_picture_is_refused(self):
        html = b"<!doctype html><html><script>alert(document.cookie)</script></html>"
        svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
        kinds, large = "PNG, JPEG, GIF, WebP", "40 million pixels"
        for name, data, code, why in (("page.png", html, "file_type", kinds), ("page.html", html, "file_type", kinds),
                                      ("page.gif", b"GIF89a\x08\0\x08\0\0\0\0" + html, "file_broken", "GIF"),
                                      ("drawing.svg", svg, "file_type", kinds), ("drawing.png", svg, "file_type", kinds),
                                      ("half.jpg", JPEG[:200000], "file_broken", "ends before"),
                                      ("bomb.png", pictures.png_bomb(), "image_too_large", large)):
            with self.subTest(name):
                answer = self.send(name, data)
                self.assertEqual((answer.status, answer.error), (422, code))
                self.assertIn(why, answer.json["error"]["message"])
        answer = self.begin("film.png", (24 << 20) + 1)
        self.assertEqual((answer.status, answer.error), (413, "file_too_large"))
        self.assertIn("24 megabytes", answer.json["error"]["message"])
        self.assertFalse([name for name, data in self.stored().items() if b"<script>" in data])
        self.assertEqual(self.stack.http("GET", PAGE, token=self.ben).status, 200)
        self.check_memory()

    def test_what_hides_behind_a_picture_is_cut_off(self):
        answer = self.send("chart.png", pictures.noise(60, 40) + b"<script>alert(1)</script>")
        self.assertEqual(answer.status, 200, answer.body)
        served = self.stack.get(answer.json["upload"]["attachment"]["url"], token=self.ana)
        self.assertEqual(Image.open(io.BytesIO(served.body)).size, (60, 40))
        self.assertNotIn(b"<script>", served.body)

    def test_a_broken_connection_goes_on_where_it_was(self):
        data = pictures.noise(500, 500)
        upload = self.begin("chart.png", len(data)).json["upload"]["id"]
        self.assertEqual(self.put(upload, data, 0).status, 200)
        with self.stack.dial() as sock:  # half of a part, and gone
            sock.sendall((f"PUT {API}uploads/{upload}/?offset={PART} HTTP/1.1\r\nHost: 127.0.0.1:{self.stack.port}\r\n"
                          f"Authorization: Bearer {self.ana}\r\nContent-Type: application/octet-stream\r\n"
                          f"Content-Length: {PART}\r\n\r\n").encode() + data[PART:PART + 1000])
        self.stack.kill_workers()
        received = 0
        while received < len(data):
            received = self.until_served(lambda: self.stack.get(f"uploads/{upload}/", token=self.ana))
            if received < len(data):
                self.until_served(lambda: self.put(upload, data, received))  # pylint: disable=W0640
        self.until_served(lambda: self.finish(upload, data))

    def until_served(self, ask):
        """How much has come, as soon as a program is there again to say so."""
        answer = wait_for(lambda: (lambda answer: answer.status < 500 and answer)(ask()), "it serves again", 30)
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json["upload"]["received"]

    def test_only_those_who_see_the_message_get_its_file(self):
        answer = self.send("note.txt", b"for members")
        url = answer.json["upload"]["attachment"]["url"]
        self.assertEqual(self.stack.get(url, token=self.ben).status, 404)
        socket = self.stack.hello(token=self.ana)
        self.addCleanup(socket.close)
        socket.send(type="message", room="general", message="", client_id="a-file-by-socket",
                    attachments=[answer.json["upload"]["attachment"]["id"]])
        socket.until("ack", client_id="a-file-by-socket", seconds=30)
        message = socket.until("message", client_id="a-file-by-socket", seconds=30)
        self.assertEqual(message["attachments"][0]["url"], url)
        served = self.stack.get(url, token=self.ben)
        self.assertEqual((served.status, served.body), (200, b"for members"))
        self.assertTrue(served.headers["Content-Disposition"].startswith("attachment"))
        part = self.stack.get(url, token=self.ben, headers={"Range": "bytes=4-"})
        self.assertEqual((part.status, part.body), (206, b"members"))
        deleted = self.stack.http("DELETE", f"{API}messages/{message['id']}/", {}, token=self.ana)
        self.assertEqual(deleted.status, 200)
        self.assertEqual(self.stack.get(url, token=self.ben).status, 404)
        self.assertEqual(self.stack.get(url, token=self.ana).status, 404)

    def test_a_form_brings_a_file(self):
        with tempfile.NamedTemporaryFile(suffix=".png") as picture:
            picture.write(pictures.noise(180, 180))
            picture.flush()
            done = subprocess.run(
                ["curl", "-sS", "-o", "-", "-w", "%{http_code}", "-H", "Authorization: Bearer " + self.ana,
                 "-F", "room=general", "-F", "message=by a form", "-F", f"file=@{picture.name};filename=chart.png",
                 self.stack.origin + API + "messages/create/"],
                capture_output=True, text=True, check=True, timeout=60)
        self.assertTrue(done.stdout.endswith("303"), done.stdout)
        message = [m for m in self.stack.history() if m.get("message") == "by a form"][-1]
        self.assertEqual(message["attachments"][0]["name"], "chart.png")
        self.assertEqual(message["attachments"][0]["width"], 180)


class LighttpdFastcgi(Files, unittest.TestCase):
    pass


class LighttpdCgi(Files, unittest.TestCase):
    gateway = "cgi"


class ApacheFcgidStockLimits(Files, unittest.TestCase):
    server = "apache"


class ApacheCgid(Files, unittest.TestCase):
    server, gateway = "apache", "cgi"


if __name__ == "__main__":
    unittest.main()
