"""A shared web host: a home directory, public_html in it, and an Apache whose configuration one cannot
change: only .htaccess files count, as far as AllowOverride lets them. Everything runs as one ordinary
user (www-data where the tests run as root).

    with Host(override="All", without=("proxy_http",)) as host:
        host.setup("--url", host.url)
"""
import os
import shutil
import subprocess

from stack import BUILD, ROOT, USER, Stack

MODULES = ("authz_core", "alias", "mime", "dir", "filter", "deflate", "headers", "setenvif", "env",
           "rewrite", "proxy", "proxy_http", "proxy_wstunnel", "cgid", "fcgid")

CONFIGURATION = """
ServerRoot {dir}
ServerName localhost
PidFile {dir}/apache/pid
DefaultRuntimeDir {dir}/apache
Mutex flock:{dir}/apache default
ErrorLog {dir}/apache/error.log
LogLevel info
LogFormat "%m %U %>s" plain
CustomLog {dir}/apache/access.log plain
Listen 127.0.0.1:{port}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
{load}
TypesConfig /etc/mime.types
<IfModule cgid_module>
    ScriptSock {dir}/apache/cgid
</IfModule>
<IfModule fcgid_module>
    FcgidIPCDir {dir}/apache/fcgid
    FcgidProcessTableFile {dir}/apache/fcgid_shm
</IfModule>
MaxRequestWorkers {workers}
ThreadsPerChild {workers}
DocumentRoot {dir}/home/public_html
<Directory />
    AllowOverride None
    Require all denied
</Directory>
<Directory {dir}/home/public_html>
    AllowOverride {override}
    Options {options}
    Require all granted
</Directory>
<FilesMatch "^\\.ht">
    Require all denied
</FilesMatch>
{more}
"""


class Host(Stack):
    """What a Stack can say and hear, on such a host; `subfolder` is where the site is below its top."""

    def __init__(self, override="All", options="SymLinksIfOwnerMatch", without=(), more="", workers=64,
                 subfolder="", archive=None, web_user=USER):
        super().__init__("apache")
        self.override, self.options, self.without = override, options, without
        self.more, self.workers, self.archive, self.web_user = more, workers, archive, web_user
        self.acts_as = USER
        self.base = "/" + (subfolder + "/" if subfolder else "")
        self.url = self.origin + self.base
        self.api = self.base + "api/stocks/chat/"

    def make_files(self):
        super().make_files()
        shutil.rmtree(self.path("var/outcry.conf"), ignore_errors=True)
        self.site = self.path("home/public_html" + self.base).rstrip("/")
        self.data = self.path("home/outcry-data")
        self.conf = os.path.join(self.data, "outcry.conf")
        os.makedirs(self.site)
        os.makedirs(self.path("apache/fcgid"))
        self.write("index.html", "My trading site\n")
        if self.archive:
            subprocess.run(["tar", "-xzf", self.archive, "-C", self.path("home")], check=True)
            os.rename(self.path("home", os.path.basename(self.archive)[:-len(".tar.gz")]),
                      self.path("home/outcry"))
            self.programs = self.path("home/outcry/bin")
        else:
            self.programs = self.path("bin")
        load = "\n".join(f"LoadModule {m}_module /usr/lib/apache2/modules/mod_{m}.so"
                         for m in MODULES if m not in self.without)
        with open(self.path("apache/httpd.conf"), "w", encoding="utf-8") as f:
            f.write(CONFIGURATION.format(dir=self.dir, port=self.port, load=load, more=self.more,
                                         modules="/usr/lib/apache2/modules", workers=self.workers,
                                         override=self.override, options=self.options))
        if os.getuid() == 0:
            subprocess.run(["chown", "-R", f"{USER}:{USER}", self.dir], check=True)
            subprocess.run(["chown", "-R", self.web_user, self.path("apache")], check=True)
        # A web server of another user must at least reach what it shows.
        os.chmod(self.dir, 0o711)
        os.chmod(self.path("home"), 0o700 if self.web_user == USER else 0o711)

    # ---- the site's own files ----

    def write(self, name, text, mode=0o644):
        path = os.path.join(self.site, name)
        folder = os.path.dirname(path)
        if not os.path.isdir(folder):
            os.mkdir(folder)
            self.give(folder)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, mode)
        self.give(path)

    @staticmethod
    def give(path):
        if os.getuid() == 0:
            shutil.chown(path, USER, USER)

    def read(self, name):
        with open(os.path.join(self.site, name), encoding="utf-8", errors="surrogateescape") as f:
            return f.read()

    def exists(self, name):
        return os.path.lexists(os.path.join(self.site, name))

    def tree(self):
        return {os.path.relpath(os.path.join(where, name), self.site)
                for where, _, names in os.walk(self.site) for name in names}

    # ---- running ----

    def start(self):
        try:
            self.make_files()
            self.start_web()
        except BaseException:
            self.stop()
            raise
        return self

    def environment(self):
        env = {key: value for key, value in os.environ.items() if not key.startswith("OUTCRY_")}
        env.update(HOME=self.path("home"))
        env["PATH"] += ":/usr/sbin:/sbin"
        return env

    def start_web(self):
        self.acts_as = self.web_user
        self.web = self.spawn("apache", "apache2", "-f", self.path("apache/httpd.conf"), "-DFOREGROUND")
        self.acts_as = USER
        self.await_start("apache", self.web,
                         lambda: self.answers(self.base + "index.html"))

    def as_user(self, *command):
        command = super().as_user(*command)
        return [word.replace(f"--reuid={USER}", f"--reuid={self.acts_as}") for word in command]

    def answers(self, path):
        try:
            return self.http("GET", path).status == 200
        except OSError:
            return False

    def setup(self, *args, check=True):
        """outcry setup --shared-host, as that user."""
        command = [os.path.join(self.programs, "outcry"), "setup", "--shared-host", self.site, *args]
        done = subprocess.run(self.as_user(*command), capture_output=True, text=True, cwd=self.dir,
                              env=self.environment(), timeout=120)
        if check and done.returncode:
            raise AssertionError(f"{args} exited {done.returncode}: {done.stdout}{done.stderr}\n"
                                 + self.error_log())
        return done

    def doctor(self):
        """What the doctor says of the page."""
        command = [os.path.join(self.programs, "outcry"), "doctor", "--config", self.conf, "--url",
                   self.origin + self.page_path()]
        return subprocess.run(self.as_user(*command), capture_output=True, text=True, check=False,
                              env=self.environment(), timeout=60).stdout

    def error_log(self):
        with open(self.path("apache/error.log"), encoding="utf-8", errors="replace") as f:
            return f.read()[-3000:]

    def programs_running(self, name):
        """{pid} of our programs of that name, whoever started them and by whatever loader."""
        found = set()
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                program = os.readlink(f"/proc/{pid}/exe")
                with open(f"/proc/{pid}/cmdline", "rb") as f:
                    words = f.read().decode(errors="replace").split("\0")
            except OSError:
                continue
            if program.startswith(self.dir + "/") and any(os.path.basename(w) == name for w in words):
                found.add(int(pid))
        return found

    def demanded_sidecars(self):
        return self.programs_running("outcry-sidecar")

    def page_path(self):
        """Where setup put the page."""
        with open(self.conf, encoding="utf-8") as f:
            return [line.split(" = ")[1].strip() for line in f if line.startswith("page_path")][0] + "/"


def archive():
    """The archive for shared hosts, freshly packed."""
    done = subprocess.run(["make", "-s", "dist-shared"], cwd=ROOT, capture_output=True, text=True,
                          check=False, env={**os.environ, "BUILD": os.path.relpath(BUILD, ROOT)})
    if done.returncode:
        raise AssertionError(done.stdout + done.stderr)
    return os.path.join(ROOT, done.stdout.split()[-1])
