"""A shared host, as an ordinary user finds it: the archive unpacked at home, an Apache that obeys nothing
but .htaccess files, as far as it was told to. What `outcry setup` makes of that, and what then works."""
import glob
import os
import re
import signal
import subprocess
import unittest

from shared_host import Host, archive
from stack import API, BUILD, PAGE, new_client_id, wait_for

ARCHIVE = None
THEIRS = """# The site's own rules: whatever is no file goes to one program.
RewriteEngine On
RewriteCond %{REQUEST_FILENAME} !-f
RewriteRule . /index.html [L]
"""


def setUpModule():
    global ARCHIVE
    ARCHIVE = archive()


class OnHost(unittest.TestCase):
    def host(self, **kwargs):
        host = Host(archive=ARCHIVE, **kwargs).start()
        self.addCleanup(host.stop)
        return host

    def assert_untouched(self, host, before):
        self.assertEqual(host.tree(), before)
        self.assertEqual(host.http("GET", host.base + "index.html").text, "My trading site\n")

    def talk(self, host):
        """A page that shows it, an API that takes it, a poll that brings it; returns the message."""
        page = host.http("GET", host.page_path())
        self.assertEqual(page.status, 200)
        links = re.findall(r'(?:href|src)="([^"]+\?v=[^"]+)"', page.text)
        for kind in ("/chat.css?", "/icon.svg?", "/main.js?"):
            self.assertTrue(any(kind in link for link in links), links)
        for link in links:
            self.assertEqual(host.http("GET", link).status, 200, link)
        with open(host.conf, encoding="utf-8") as f:
            keys = dict(line.strip().split(" = ", 1) for line in f if " = " in line)
        host.jwt_secret = keys["jwt_secret"]
        token, api = host.token(1, "ana"), keys["api_path"]
        start = host.http("GET", f"{api}/events/?rooms=general:0", token=token).json
        said = host.http("POST", f"{api}/messages/create/", {"message": "Crude is up",
                                                            "client_id": new_client_id()}, token=token)
        self.assertEqual(said.status, 201, said.text)
        seen = host.http("GET", f"{api}/events/?epoch={start['epoch']}&rooms=general:0", token=token).json
        self.assertIn("Crude is up", [event.get("message") for event in seen["events"]])
        self.assertIn("Crude is up", host.http("GET", host.page_path()).text)
        return said.json["message"]


class Everything(OnHost):
    """A host that allows all of it: FastCGI, rewriting, a proxy to our own socket."""

    def test_pages_posts_polls_and_sockets_work(self):
        host = self.host()
        done = host.setup("--url", host.url, "--guests", "write")
        self.assertIn(f"Open {host.origin}{PAGE}\n", done.stdout)
        self.assertIn("FastCGI (mod_fcgid)", done.stdout)
        self.assertNotIn("FAIL", done.stdout)
        message = self.talk(host)
        for encoding in ("br", "gzip", None):
            packed = host.http("GET", host.base + "chat/static/vendor/chat.css?v=1",
                               headers={"Accept-Encoding": encoding or "identity"})
            self.assertEqual((packed.status, packed.headers["Content-Encoding"]), (200, encoding))
            self.assertTrue(packed.headers["Content-Type"].startswith("text/css"))
            self.assertIn("immutable", packed.headers["Cache-Control"])
        sock = host.hello(token=host.token(2, "bob"), rooms={"general": message["seq"] - 1},
                          epoch=host.get("events/?rooms=general:0", token=host.token(2, "bob")).json["epoch"])
        self.addCleanup(sock.close)
        self.assertEqual(sock.until("message")["message"], "Crude is up")
        host.post("by a worker", token=host.token(1, "ana"))
        self.assertEqual(sock.until("message")["message"], "by a worker")
        sock.send(type="message", room="general", message="by socket", client_id="shared-host-1")
        sock.until("ack", client_id="shared-host-1")
        self.assertEqual(host.history()[-1]["message"], "by socket")

    def test_a_killed_sidecar_comes_back_with_the_next_request(self):
        host = self.host()
        host.setup("--url", host.url, "--guests", "write")
        first = host.demanded_sidecars()
        self.assertEqual(len(first), 1)
        os.kill(first.pop(), signal.SIGKILL)
        wait_for(lambda: not host.demanded_sidecars(), "it is dead")

        self.talk(host)
        wait_for(host.demanded_sidecars, "another was started")
        wait_for(lambda: os.path.exists(os.path.join(host.data, "run/ws.sock")), "it listens")
        wait_for(lambda: "ok    WebSocket" in host.doctor(), "a socket opens again")

    def test_no_library_of_the_machine_is_loaded(self):
        host = self.host()
        host.setup("--url", host.url, "--guests", "write")
        self.talk(host)
        for program in ("chat.fcgi", "api.fcgi", "outcry-sidecar"):
            pids = host.programs_running(program)
            self.assertTrue(pids, program)
            for pid in pids:
                with open(f"/proc/{pid}/maps", encoding="utf-8") as f:
                    code = {line.split()[5] for line in f if " r-xp " in line and len(line.split()) > 5}
                foreign = {path for path in code
                           if not path.startswith((host.path("home/outcry/lib/"), "["))}
                self.assertEqual(foreign, set(), program)
        self.assertIn("libwebsockets-evlib_uv.so", " ".join(os.listdir(host.path("home/outcry/lib"))))

    def test_again_changes_nothing_and_keeps_secrets_and_messages(self):
        host = self.host()
        host.setup("--url", host.url, "--guests", "write")
        self.talk(host)
        host.write("chat/static/site/site.css", ":root { --accent: teal }\n")
        files = {name: host.read(name) for name in host.tree()}
        with open(host.conf, encoding="utf-8") as f:
            conf = f.read()
        host.setup("--url", host.url)
        self.assertEqual({name: host.read(name) for name in host.tree()}, files)
        with open(host.conf, encoding="utf-8") as f:
            self.assertEqual(f.read(), conf)
        page = host.http("GET", PAGE).text
        self.assertIn("Crude is up", page)
        sheet = re.search(r'href="(/chat/static/site/site.css[^"]+)"', page).group(1)
        self.assertIn("teal", host.http("GET", sheet).text)

    def test_what_the_operator_set_is_left_to_the_operator(self):
        host = self.host()
        host.setup("--url", host.url.upper().replace("HTTP", "http"), "--guests", "write")
        with open(host.conf, encoding="utf-8") as f:
            self.assertIn(f"allowed_origins = {host.origin}\n", f.read())
        origins = f"{host.origin} https://www.example.com"
        with open(host.conf, "a", encoding="utf-8") as f:
            f.write(f"allowed_origins = {origins}\nsidecar = off\n")
        host.setup("--url", host.url)
        with open(host.conf, encoding="utf-8") as f:
            text = f.read()
        self.assertEqual(re.findall("(?m)^(?:allowed_origins|sidecar) = (.*)$", text), [origins, "off"])
        self.talk(host)

    def test_the_sites_own_rules_stay_and_the_chat_comes_before_them(self):
        host = self.host()
        host.write(".htaccess", THEIRS)
        host.setup("--url", host.url, "--guests", "write")
        text = host.read(".htaccess")
        self.assertTrue(text.startswith("# BEGIN outcry\n"))
        self.assertTrue(text.endswith("# END outcry\n" + THEIRS))
        self.assertEqual(host.read(".htaccess.before-outcry"), THEIRS)
        self.talk(host)
        self.assertEqual(host.http("GET", "/quotes/brent").text, "My trading site\n")
        host.setup("--remove")
        self.assertEqual(host.read(".htaccess"), THEIRS)
        self.assertEqual(host.http("GET", PAGE).text, "My trading site\n")

    def test_remove_leaves_the_site_as_it_was_and_what_was_said(self):
        host = self.host()
        before = host.tree()
        host.setup("--url", host.url, "--guests", "write")
        self.talk(host)
        host.write("chat/static/site/site.css", ":root { --accent: teal }\n")
        said = host.setup("--remove").stdout
        self.assertIn("still in " + host.data, said)
        self.assert_untouched(host, before | {"chat-site/site.css"})
        host.setup("--url", host.url)
        self.assertIn("Crude is up", host.http("GET", PAGE).text)
        host.setup("--remove")
        self.assertIn("There is no chat of ours", host.setup("--remove").stdout)

    def test_a_site_in_a_subfolder(self):
        host = self.host(subfolder="trading")
        done = host.setup("--url", host.url, "--guests", "write")
        self.assertIn(f"Open {host.origin}/trading/stocks/chat/\n", done.stdout)
        self.talk(host)
        self.assertEqual(host.http("GET", PAGE).status, 404)

    def test_private_files_are_private_and_programs_fit_suexec(self):
        host = self.host()
        host.setup("--url", host.url)
        for path in (host.data, host.conf):
            self.assertEqual(os.stat(path).st_mode & 0o077, 0, path)
        for name in ("chat/chat.fcgi", "chat/api.fcgi"):
            self.assertEqual(os.stat(os.path.join(host.site, name)).st_mode & 0o777, 0o755)
        self.assertEqual(os.stat(os.path.join(host.site, "chat")).st_mode & 0o022, 0)
        for path in ("/chat/.htaccess", "/.htaccess", "/outcry-data/outcry.conf", "/chat/static/"):
            self.assertIn(host.http("GET", path).status, (403, 404), path)


class Less(OnHost):
    """Hosts that allow less."""

    def test_without_a_proxy_messages_come_by_polling(self):
        host = self.host(without=("proxy", "proxy_http", "proxy_wstunnel"))
        done = host.setup("--url", host.url, "--guests", "write")
        self.assertIn("by polling", done.stdout)
        self.assertNotIn("[P]", host.read(".htaccess"))
        with open(host.conf, encoding="utf-8") as f:
            self.assertIn("\nsidecar = off\n", f.read())
        self.talk(host)
        reply = host.http("GET", "/ws/chat/", headers={"Connection": "Upgrade", "Upgrade": "websocket"})
        self.assertEqual((reply.status, reply.error), (404, "not_found"))
        self.assertEqual(host.demanded_sidecars(), set())

    def test_without_mod_fcgid_the_same_programs_are_plain_cgi(self):
        host = self.host(without=("fcgid",))
        self.assertIn("CGI, a process for each request",
                      host.setup("--url", host.url, "--guests", "write").stdout)
        self.talk(host)
        host.hello(token=host.token(2, "bob")).close()

    def test_options_that_may_not_be_set_are_not_written(self):
        host = self.host(override="FileInfo", options="SymLinksIfOwnerMatch ExecCGI")
        host.setup("--url", host.url, "--guests", "write")
        for name in (".htaccess", "chat/.htaccess", "chat/static/.htaccess"):
            self.assertNotRegex(host.read(name), "(?m)^(Options|CGIPassAuth)")
        self.assertIn("SetEnvIf Authorization", host.read("chat/.htaccess"))
        self.talk(host)
        self.assertEqual(host.http("GET", API + "me/", token="not.a.token").error, "token_invalid")

    def test_without_rewriting_the_programs_have_addresses_of_their_own(self):
        host = self.host(without=("rewrite",))
        done = host.setup("--url", host.url, "--guests", "write")
        self.assertIn(f"Open {host.origin}/chat/chat.fcgi/\n", done.stdout)
        self.assertFalse(host.exists(".htaccess"))
        self.talk(host)

    def test_a_host_that_runs_cgi_files_but_obeys_no_htaccess(self):
        host = self.host(override="None", options="ExecCGI", more="AddHandler cgi-script .cgi")
        done = host.setup("--url", host.url, "--guests", "write")
        self.assertIn(f"Open {host.origin}/chat/chat.cgi/\n", done.stdout)
        self.assertIn("only in cookies", done.stdout)
        self.assertEqual(host.http("POST", "/chat/api.cgi/messages/create/",
                                   {"message": "Crude is up", "username": "Zoe",
                                    "client_id": new_client_id()}).status, 201)
        self.assertIn("Crude is up", host.http("GET", "/chat/chat.cgi/").text)

    def test_symbolic_links_that_are_off_are_allowed_first(self):
        host = self.host(options="None")
        host.setup("--url", host.url, "--guests", "write")
        self.assertIn("Options +SymLinksIfOwnerMatch\n", host.read(".htaccess"))
        self.talk(host)


class Nothing(OnHost):
    """Hosts where it cannot work, and people who ask for what cannot be: a sentence, and no harm."""

    def refused(self, host, *args, said):
        before = host.tree()
        done = host.setup(*args, check=False)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn(said, done.stderr)
        self.assert_untouched(host, before)

    def test_a_host_that_runs_no_programs(self):
        for override in ("None", "FileInfo AuthConfig"):
            with self.subTest(override=override):
                host = self.host(override=override)
                self.refused(host, "--url", host.url,
                             said="does not run programs in " + host.site)

    def test_an_address_that_does_not_lead_there(self):
        host = self.host()
        self.refused(host, "--url", host.origin + "/elsewhere/", said="Is --url the address")
        self.refused(host, "--url", "ftp://example.com/", said="--url is http[s]://")

    def test_places_that_are_taken_or_public(self):
        host = self.host()
        host.write("chat/index.html", "Another chat\n")
        self.refused(host, "--url", host.url, said="is not ours. Name another with --folder")
        self.refused(host, "--data", os.path.join(host.site, "data"), said="shows it to everybody")
        self.refused(host, "--data", host.path("home", "x" * 100), said="at most 90 bytes")
        self.assertIn("Open", host.setup("--url", host.url, "--folder", "talk", "--guests",
                                         "write").stdout)
        self.assertTrue(host.exists("talk/chat.fcgi"))
        self.talk(host)

    def test_a_block_that_somebody_broke(self):
        host = self.host()
        host.write(".htaccess", "# BEGIN outcry\n# the end is missing\n")
        before = host.tree()
        done = host.setup("--url", host.url, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("are not one pair", done.stderr)
        self.assertEqual(host.read(".htaccess"), "# BEGIN outcry\n# the end is missing\n")
        self.assertLess(before, host.tree())

    @unittest.skipUnless(os.getuid() == 0, "only root can be two users")
    def test_a_host_that_runs_programs_as_somebody_else(self):
        host = Host(archive=ARCHIVE, without=("fcgid",), web_user="nobody")
        self.addCleanup(host.stop)
        host.start()
        self.refused(host, "--url", host.url, said="runs programs as user 65534, not as you")

    @unittest.skipUnless(os.getuid() == 0, "needs root")
    def test_root_is_sent_away(self):
        done = subprocess.run([os.path.join(BUILD, "outcry"), "setup", "--shared-host", "/srv"],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("not as root", done.stderr)

    def test_what_was_broken_off_is_cleared_away(self):
        host = self.host()
        host.write("outcry-trial-0000/api.fcgi", "#!/bin/sh\n")
        host.setup("--url", host.url)
        self.assertEqual(glob.glob(os.path.join(host.site, "outcry-trial-*")), [])


class Unseen(OnHost):
    """Without --url nobody is asked, and nothing is written that could break the site."""

    def test_the_sites_own_file_is_not_touched(self):
        host = self.host()
        done = host.setup("--guests", "write")
        self.assertIn("Nobody was asked", done.stdout)
        self.assertFalse(host.exists(".htaccess"))
        self.assertIn("Open /chat/chat.fcgi/", done.stdout)
        self.talk(host)

    def test_where_the_site_rewrites_already_so_do_we(self):
        host = self.host()
        host.write(".htaccess", THEIRS)
        host.setup("--guests", "write", "--url", host.url, "--no-look")
        self.assertEqual(host.page_path(), PAGE)
        self.talk(host)


class Archive(unittest.TestCase):
    def listed(self):
        return subprocess.run(["tar", "-tzf", ARCHIVE], capture_output=True, text=True,
                              check=True).stdout.splitlines()

    def test_it_brings_a_licence_for_every_library(self):
        names = self.listed()
        top = names[0].split("/")[0]
        self.assertTrue(all(name.startswith(top + "/") for name in names))
        libraries = [n for n in names if re.search(r"/lib/[^/]+\.so", n)]
        licences = {os.path.basename(n) for n in names if "/LICENSES/" in n}
        self.assertGreater(len(libraries), 10)
        for package in ("libc6", "libssl3", "libwebsockets17", "libsqlite3-0", "VERSIONS", "LGPL-2.1"):
            self.assertIn(package, licences)

    def test_every_program_in_it_runs_from_anywhere(self):
        host = Host(archive=ARCHIVE)
        host.make_files()
        self.addCleanup(host.stop)
        for program in ("outcry", "outcry-sidecar", "chat.fcgi", "api.fcgi"):
            done = subprocess.run([os.path.join(host.programs, program), "--help"], cwd="/", text=True,
                                  capture_output=True, check=False, env={"PATH": "/usr/bin:/bin"})
            self.assertIn("usage: ", done.stdout + done.stderr)
        link = host.path("linked")
        os.symlink(os.path.join(host.programs, "outcry"), link)
        done = subprocess.run([link, "version"], capture_output=True, text=True, check=True)
        self.assertTrue(done.stdout.startswith("outcry "))


if __name__ == "__main__":
    unittest.main()
