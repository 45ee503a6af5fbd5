"""`make install` on a machine with systemd's layout, and an existing site of either web server that takes
the chat in: installed, set up, run as its units say, rotated, removed."""
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import unittest

import old_schema
from machine import Machine
from stack import PAGE, ROOT, Stack, wait_for

UNITS = "/usr/local/lib/systemd/system/"
CONF = "/etc/outcry/outcry.conf"
LOG = "/var/log/outcry/outcry.log"
MODULES = ("mpm_event", "authz_core", "alias", "mime", "dir", "filter", "deflate", "headers", "proxy",
           "proxy_http", "fcgid")

# A site as Debian lays one out, with its own pages, its own document root and two virtual hosts.
APACHE = """
ServerRoot /etc/apache2
ServerName localhost
DefaultRuntimeDir /run/apache2
PidFile /run/apache2/apache2.pid
ErrorLog /var/log/apache2/error.log
LogLevel warn
User www-data
Group www-data
Listen 127.0.0.1:{port}
{modules}
TypesConfig /etc/mime.types
<Directory />
    AllowOverride None
    Require all denied
</Directory>
<Directory /srv/site>
    Require all granted
</Directory>
IncludeOptional conf-enabled/*.conf
<VirtualHost *:{port}>
    ServerName 127.0.0.1
    DocumentRoot /srv/site
</VirtualHost>
<VirtualHost *:{port}>
    ServerName other.example
    DocumentRoot /srv/site
</VirtualHost>
"""
LIGHTTPD = """
server.modules = ( "mod_indexfile", "mod_access", "mod_alias", "mod_redirect" )
server.document-root = "/srv/site"
server.bind = "127.0.0.1"
server.port = {port}
server.username = "www-data"
server.groupname = "www-data"
server.errorlog = "/var/log/lighttpd/error.log"
server.upload-dirs = ( "/var/cache/lighttpd/uploads" )
index-file.names = ( "index.html" )
mimetype.assign = ( ".html" => "text/html", "" => "application/octet-stream" )
include "/etc/lighttpd/conf-enabled/*.conf"
"""


def install(*args, check=True, **variables):
    """make install or uninstall into a folder."""
    done = subprocess.run(["make", "-s", *args, *(f"{k}={v}" for k, v in variables.items())], cwd=ROOT,
                          capture_output=True, text=True, check=False)
    if check and done.returncode:
        raise AssertionError(done.stdout + done.stderr)
    return done


def files_below(folder):
    return {os.path.relpath(os.path.join(where, name), folder)
            for where, _, names in os.walk(folder) for name in names}


class Folders(unittest.TestCase):
    """DESTDIR, PREFIX and what install leaves alone."""

    def setUp(self):
        self.dest = tempfile.mkdtemp(prefix="outcry-dest-")
        self.addCleanup(shutil.rmtree, self.dest)

    def path(self, name):
        return os.path.join(self.dest, name)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as f:
            return f.read()

    def test_everything_lies_where_prefix_and_sysconfdir_say(self):
        install("install", DESTDIR=self.dest, PREFIX="/usr", SYSCONFDIR="/etc")
        there = files_below(self.dest)
        for name in ("usr/bin/outcry", "usr/lib/outcry/chat.fcgi", "usr/lib/outcry/api.fcgi",
                     "usr/lib/outcry/outcry-sidecar", "usr/share/outcry/static/js/main.js",
                     "usr/share/outcry/static/vendor/chat.css",
                     "usr/share/outcry/static/vendor/js/main.js",
                     "usr/share/outcry/templates/head.mustache", "usr/share/man/man1/outcry.1",
                     "usr/share/doc/outcry/operations.md", "usr/lib/sysusers.d/outcry.conf",
                     "usr/lib/tmpfiles.d/outcry.conf", "usr/lib/systemd/system/outcry-sidecar.socket",
                     "etc/logrotate.d/outcry", "etc/apache2/conf-available/outcry.conf",
                     "etc/lighttpd/conf-available/50-outcry.conf"):
            self.assertIn(name, there)
        for name in there:
            if name.endswith((".conf", ".service", ".socket")) or name == "etc/logrotate.d/outcry":
                self.assertNotRegex(self.read(name), "@[A-Z_]+@", name)
                self.assertNotIn("/usr/local", self.read(name), name)
        self.assertIn("ExecStart=/usr/lib/outcry/outcry-sidecar --config /etc/outcry/outcry.conf",
                      self.read("usr/lib/systemd/system/outcry-sidecar.service"))

    def test_uninstall_removes_exactly_what_install_brought(self):
        os.makedirs(self.path("usr/local/bin"))
        os.makedirs(self.path("var/lib/outcry"))
        for name in ("usr/local/bin/theirs", "var/lib/outcry/chat.db"):
            with open(self.path(name), "w", encoding="utf-8") as f:
                f.write("stays\n")
        before = files_below(self.dest)
        folders = set(os.listdir(self.path("usr/local")))
        install("install", DESTDIR=self.dest)
        self.assertGreater(len(files_below(self.dest)), len(before) + 50)
        install("uninstall", DESTDIR=self.dest)
        self.assertEqual(files_below(self.dest), before)
        self.assertEqual(set(os.listdir(self.path("usr/local"))), folders)
        self.assertFalse(os.path.exists(self.path("etc")))
        again = install("uninstall", DESTDIR=self.dest, check=False)
        self.assertNotEqual(again.returncode, 0)
        self.assertIn("nothing of ours is installed", again.stderr)

    def test_a_file_of_etc_that_was_changed_is_kept_and_named(self):
        install("install", DESTDIR=self.dest)
        changed = self.path("etc/logrotate.d/outcry")
        with open(changed, "a", encoding="utf-8") as f:
            f.write("# daily is better\n")
        os.unlink(self.path("usr/local/share/outcry/static/img/icon.svg"))
        self.assertIn("kept, because it was changed: /etc/logrotate.d/outcry",
                      install("install", DESTDIR=self.dest).stderr)
        self.assertIn("daily is better", self.read("etc/logrotate.d/outcry"))
        self.assertTrue(os.path.exists(self.path("usr/local/share/outcry/static/img/icon.svg")))
        self.assertIn("kept", install("uninstall", DESTDIR=self.dest).stderr)
        self.assertEqual(files_below(self.dest), {"etc/logrotate.d/outcry"})

    def test_a_later_install_removes_what_is_no_longer_ours(self):
        install("install", DESTDIR=self.dest)
        old = "/usr/local/share/outcry/static/js/gone.js"
        with open(self.dest + old, "w", encoding="utf-8") as f:
            f.write("export {};\n")
        with open(self.path("usr/local/share/outcry/manifest"), "a", encoding="utf-8") as f:
            f.write(f"{'0' * 64} {old}\n")
        install("install", DESTDIR=self.dest)
        self.assertFalse(os.path.exists(self.dest + old))

    def test_a_web_server_that_still_uses_it_keeps_it_from_going(self):
        install("install", DESTDIR=self.dest)
        os.makedirs(self.path("etc/apache2/conf-enabled"))
        os.symlink("../conf-available/outcry.conf", self.path("etc/apache2/conf-enabled/outcry.conf"))
        done = install("uninstall", DESTDIR=self.dest, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("a2disconf outcry", done.stderr)
        self.assertTrue(os.path.exists(self.path("usr/local/bin/outcry")))

    @unittest.skipUnless(os.path.exists(os.path.join(ROOT, ".git")), "the source is not a git repository here")
    def test_the_source_archive_has_what_git_has(self):
        made = install("dist").stdout.split()[-1]
        names = subprocess.run(["tar", "-tzf", os.path.join(ROOT, made)], capture_output=True, text=True,
                               check=True).stdout.split()
        version = re.search(r"outcry-(\d+\.\d+\.\d+)\.tar\.gz$", made).group(1)
        for name in ("Makefile", "system/outcry-sidecar.service", "package-lock.json"):
            self.assertIn(f"outcry-{version}/{name}", names)
        self.assertFalse([name for name in names if "node_modules/" in name or "/build/" in name])

    def test_the_manual_page_is_well_formed_and_knows_every_command(self):
        install("install", DESTDIR=self.dest)
        page = self.path("usr/local/share/man/man1/outcry.1")
        done = subprocess.run(["man", "--warnings", "-E", "UTF-8", page], capture_output=True, text=True,
                              check=True, env={**os.environ, "MANPAGER": "cat", "MANWIDTH": "100"})
        self.assertEqual(done.stderr, "")
        for command in ("init", "doctor", "backup", "restore", "purge"):
            self.assertIn(f"usage: outcry {command}", done.stdout)


class Installed:
    """A machine on which it was installed as the sentences of `make install` say."""

    @classmethod
    def setUpClass(cls):
        cls.machine = Machine().start()
        cls.addClassCleanup(cls.machine.stop)
        cls.site = {"apache": Stack(), "lighttpd": Stack()}
        cls.said = cls.machine.run("make", "install").stdout
        cls.machine.run("systemd-sysusers")
        cls.machine.run("systemd-tmpfiles", "--create", "outcry.conf")
        cls.machine.run("outcry", "init", "--config", CONF)
        secret = cls.site["apache"].jwt_secret = cls.site["lighttpd"].jwt_secret
        cls.machine.edit(CONF, "guests = off", "guests = write")
        text = re.sub("(?m)^jwt_secret = .*$", "jwt_secret = " + secret, cls.machine.read(CONF))
        with open(cls.machine.path(CONF), "w", encoding="utf-8") as f:
            f.write(text)
        cls.machine.write("/srv/site/index.html", "The trading site\n")
        cls.start_sidecar()
        cls.start_web()

    @classmethod
    def start_sidecar(cls):
        """As systemd starts it at the first connection."""
        if cls.machine.exists(LOG):
            cls.machine.run("truncate", "--size=0", LOG)
        cls.machine.spawn("/usr/bin/python3", "tests/lib/sandbox.py", UNITS + "outcry-sidecar.service",
                          UNITS + "outcry-sidecar.socket")
        wait_for(lambda: cls.machine.exists(LOG) and "sidecar_ready" in cls.machine.read(LOG),
                 "the sidecar is ready")

    @classmethod
    def start_web(cls):
        load = "\n".join(f"LoadModule {m}_module /usr/lib/apache2/modules/mod_{m}.so" for m in MODULES)
        machine, apache, lighttpd = cls.machine, cls.site["apache"], cls.site["lighttpd"]
        machine.write("/etc/apache2/apache2.conf", APACHE.format(port=apache.port, modules=load))
        machine.write("/etc/lighttpd/lighttpd.conf", LIGHTTPD.format(port=lighttpd.port))
        machine.run("mkdir", "-p", "/etc/apache2/conf-enabled", "/etc/lighttpd/conf-enabled",
                    "/run/apache2", "/var/log/apache2", "/var/log/lighttpd")
        machine.run("chown", "www-data", "/var/log/lighttpd")
        machine.run("ln", "-sf", "../conf-available/outcry.conf", "/etc/apache2/conf-enabled/")
        machine.run("ln", "-sf", "../conf-available/50-outcry.conf", "/etc/lighttpd/conf-enabled/")
        machine.spawn("apache2", "-d", "/etc/apache2", "-f", "apache2.conf", "-DFOREGROUND")
        machine.spawn("lighttpd", "-D", "-f", "/etc/lighttpd/lighttpd.conf")
        for server, log in (("apache", "/var/log/apache2/error.log"),
                            ("lighttpd", "/var/log/lighttpd/error.log")):
            try:
                wait_for(cls.site[server].web_answers, f"{server} answers")
            except AssertionError as e:
                raise AssertionError(f"{e}\n{machine.read(log) if machine.exists(log) else ''}"
                                     f"{machine.read(LOG)}") from None


class System(Installed, unittest.TestCase):
    """Run by systemd and two web servers; by what does as those do, where there is no systemd."""

    def test_the_units_are_well_formed_and_score_well(self):
        for unit in ("outcry-sidecar.service", "outcry-sidecar.socket"):
            done = self.machine.run("systemd-analyze", "verify", UNITS + unit)
            self.assertEqual(done.stdout + done.stderr, "")
        done = self.machine.run("systemd-analyze", "security", "--offline=true", "--threshold=20",
                                UNITS + "outcry-sidecar.service")
        score = float(re.search(r"exposure level for \S+: ([\d.]+)", done.stdout).group(1))
        self.assertLessEqual(score, 2.0)

    def test_secrets_are_roots_and_the_state_is_the_service_users(self):
        for path, mode in (("/etc/outcry", "750 root outcry"), (CONF, "640 root outcry"),
                           ("/var/lib/outcry", "2770 outcry outcry"),
                           ("/var/lib/outcry/chat.db", "660 outcry outcry"),
                           ("/run/outcry", "2770 outcry outcry"),
                           ("/run/outcry/ws.sock", "660 outcry outcry"),
                           ("/var/log/outcry", "2770 outcry outcry")):
            self.assertEqual(self.machine.mode(path), mode, path)

    def test_two_users_write_the_same_files(self):
        for server in self.site:
            self.assertEqual(self.site[server].post("hi", token=self.site[server].token(1, "ana")).status,
                             201)
        pids = self.machine.pids("api.fcgi")
        users = {os.stat(self.machine.path(f"/proc/{pid}")).st_uid for pid in pids}
        self.assertEqual(users, {33}, "the web server's user runs them")
        found = self.machine.run("find", "/var/lib/outcry", "/var/log/outcry", "-type", "f", "-printf",
                                 "%m %g %p\n").stdout
        for line in found.splitlines():
            self.assertTrue(line.startswith("660 outcry "), line)

    def test_the_sidecar_runs_as_its_unit_confines_it(self):
        pid = self.machine.pids("outcry-sidecar")[0]
        status = self.machine.read(f"/proc/{pid}/status")
        self.assertIn("Seccomp:\t2", status)
        self.assertIn("NoNewPrivs:\t1", status)
        self.assertIn("CapBnd:\t0000000000000000", status)
        # Handed over, not bound: another socket at that path would be the sidecar's own.
        self.assertNotEqual(os.stat(self.machine.path("/run/outcry/ws.sock")).st_uid, 0)
        socket = os.readlink(self.machine.path(f"/proc/{pid}/fd/3"))
        self.assertTrue(socket.startswith("socket:"), socket)

    def test_what_is_said_in_one_server_is_heard_and_seen_through_the_other(self):
        apache, lighttpd = self.site["apache"], self.site["lighttpd"]
        ana = apache.hello(token=apache.token(1, "ana"))
        bob = lighttpd.hello(token=lighttpd.token(2, "bob"))
        self.addCleanup(ana.close)
        self.addCleanup(bob.close)
        ana.send(type="message", message="over the socket", room="general", client_id="from-ana-1")
        self.assertEqual(bob.until("message", client_id="from-ana-1")["username"], "ana")
        lighttpd.post("by a worker", token=lighttpd.token(2, "bob"), client_id="from-bob-1")
        self.assertEqual(ana.until("message", client_id="from-bob-1")["message"], "by a worker")
        for sock in (ana, bob):
            sock.send(type="presence", state="active", room="general")

        def online():
            reply = lighttpd.get("presence/?room=general", token=lighttpd.token(2, "bob"))
            return {person["username"] for person in reply.json["online"]}
        # What the sidecar wrote counts for the workers: both name the machine's boot alike.
        wait_for(lambda: {"ana", "bob"} <= online(), "both are online")

    def test_the_site_itself_is_as_it_was_and_every_host_has_the_chat(self):
        for server, site in self.site.items():
            with self.subTest(server=server):
                self.assertEqual(site.http("GET", "/index.html").text, "The trading site\n")
                for host in ("127.0.0.1", "other.example"):
                    page = site.http("GET", PAGE, headers={"Host": host})
                    self.assertEqual(page.status, 200)
                    for link in re.findall(r'(?:href|src)="(/stocks/chat/static/[^"]+)"', page.text):
                        reply = site.http("GET", link, headers={"Host": host})
                        self.assertEqual(reply.status, 200, link)
                        if "?v=" in link:
                            self.assertIn("max-age=31", reply.headers["Cache-Control"])
                for path in ("/stocks/chat/static/../outcry.conf", "/outcry.conf", "/conf/"):
                    self.assertIn(site.http("GET", path).status, (301, 400, 403, 404), path)

    def test_the_doctor_finds_nothing_to_mend(self):
        for server, site in self.site.items():
            with self.subTest(server=server):
                done = self.machine.run("outcry", "doctor", "--url", site.url)
                self.assertIn("0 failed, 0 to look at", done.stdout)

    def test_root_may_use_the_command_and_leaves_no_file_of_its_own(self):
        self.machine.run("mkdir", "-m", "777", "/srv/backups")
        self.machine.run("outcry", "backup", "/srv/backups/chat.db")
        self.machine.run("outcry", "verify")
        self.assertIn("Kept", self.machine.run("outcry", "init", "--config", CONF).stdout)
        found = self.machine.run("find", "/var/lib/outcry", "/run/outcry", "-user", "root").stdout
        self.assertEqual(found, "")

    def test_rotated_logs_are_left_by_every_program(self):
        """By logrotate itself: nothing is copied, nothing is cut off, nobody writes into the old one."""
        apache = self.site["apache"]
        wait_for(apache.web_answers, "workers run")
        self.machine.run("logrotate", "--force", "/etc/logrotate.d/outcry")
        self.assertEqual(self.machine.mode(LOG), "660 outcry outcry")
        old = self.machine.read(LOG + ".1")
        self.assertIn("sidecar_ready", old)
        programs = ("outcry-sidecar", "chat.fcgi", "api.fcgi")

        def open_logs():
            done = self.machine.run("sh", "-c", "for p in $(pgrep -x 'outcry-sidecar|chat.fcgi|api.fcgi')"
                                    "; do readlink /proc/$p/fd/*; done 2>/dev/null | grep outcry.log",
                                    check=False)
            return done.stdout.split()
        wait_for(lambda: all(self.machine.pids(p) for p in programs) and set(open_logs()) == {LOG},
                 "all have opened the new file")
        self.machine.run("outcry", "user", "list")
        self.assertEqual(apache.post("after", token="not.a.token").status, 401)
        self.assertEqual(self.machine.read(LOG + ".1"), old)

    def test_an_installation_needs_its_user(self):
        machine = self.machine
        done = machine.run("outcry", "init", "--config", "/srv/x/outcry.conf", "--user", "nobody-there",
                           check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("There is no user nobody-there. Make it", done.stderr)
        self.assertFalse(machine.exists("/srv/x"))
        machine.run("outcry", "init", "--config", "/srv/y/outcry.conf", "--user", "games")
        self.assertEqual(machine.mode("/srv/y/chat.db").split()[1], "games")
        self.assertEqual(machine.mode("/srv/y/outcry.conf"), "600 games games")
        self.assertIn("It belongs to root", machine.run("outcry", "init", "--config",
                                                        "/srv/z/outcry.conf").stderr)

    def test_the_sidecar_stops_in_order_and_the_socket_stays(self):
        """As `systemctl restart` does; the next connection finds a new one behind the same path."""
        site = self.site["lighttpd"]
        sock = site.hello(token=site.token(3, "carol"))
        pid = self.machine.pids("outcry-sidecar")[0]
        self.machine.run("kill", f"-{signal.SIGTERM.value}", str(pid))
        self.assertEqual(sock.until_closed(), 1001)
        wait_for(lambda: not self.machine.pids("outcry-sidecar"), "it ended")
        self.assertTrue(self.machine.exists("/run/outcry/ws.sock"))
        self.start_sidecar()
        site.hello(token=site.token(3, "carol")).close()


class Upgrade(Installed, unittest.TestCase):
    """In the order of docs/operations.md, from a database of the oldest schema, and back."""

    def stop(self):
        self.machine.run("pkill", "-x", "apache2|lighttpd")
        wait_for(lambda: not self.machine.pids("api.fcgi"), "the web servers and their programs ended")
        self.machine.run("pkill", "-x", "outcry-sidecar")
        wait_for(lambda: not self.machine.pids("outcry-sidecar"), "the sidecar ended")

    def put(self, path):
        """As an operator puts a file back: with its neighbours of before away, owner and mode kept."""
        self.machine.run("sh", "-c", "rm -f /var/lib/outcry/chat.db-wal /var/lib/outcry/chat.db-shm && "
                         f"cat {path} > /var/lib/outcry/chat.db")

    def test_up_and_the_way_back(self):
        site = self.site["lighttpd"]
        for n in range(3):
            site.post(f"before {n}", token=site.token(1, "ana"))
        self.machine.run("mkdir", "-m", "777", "/backups")
        self.machine.run("outcry", "backup", "/backups/chat.db")
        self.stop()
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(self.machine.path("/backups/chat.db"), folder)
            with sqlite3.connect(os.path.join(folder, "chat.db")) as new:
                old_schema.write_old(os.path.join(folder, "old.db"), new)
            new.close()
            shutil.copy(os.path.join(folder, "old.db"), self.machine.path("/backups/old.db"))
        self.put("/backups/old.db")

        self.machine.run("make", "install")
        for argv in (["/usr/local/lib/outcry/outcry-sidecar"], ["outcry", "user", "list"]):
            refused = self.machine.run(*argv, check=False)
            self.assertEqual(refused.returncode, 1)
            self.assertIn("Run `outcry migrate`", refused.stderr)
        self.assertIn(f"from version 1 to {old_schema.newest()}",
                      self.machine.run("outcry", "migrate").stdout)
        self.start_sidecar()
        self.start_web()
        self.assertEqual([m["message"] for m in site.history()], [f"before {n}" for n in range(3)])
        site.post("after", token=site.token(1, "ana"))
        self.machine.run("outcry", "verify")

        # Back: the programs of before with the backup of before. Newer ones would not touch it
        # unasked, older ones refuse what is newer than they are.
        self.stop()
        self.put("/backups/old.db")
        self.machine.run("rm", "/var/lib/outcry/chat.db-witness")
        self.assertEqual(self.machine.run("outcry", "user", "list", check=False).returncode, 1)
        said = self.machine.run("sqlite3", "/var/lib/outcry/chat.db", "PRAGMA user_version; SELECT count(*) "
                                "FROM message; PRAGMA user_version = 99").stdout
        self.assertEqual(said.split(), ["1", "3"])
        refused = self.machine.run("outcry", "user", "list", check=False)
        self.assertIn("newer", refused.stderr)


if __name__ == "__main__":
    unittest.main()
