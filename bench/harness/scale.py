"""Section 7: the same questions to a small database and to a large one."""
import json
import os
import socket
import subprocess
import time

from programs import Connection, variables
from report import rounds, values
from servers import Site, load, wait_for

SMALL = 10000
BEHIND = 20  # events that a client which comes back has missed
UPGRADE = ("GET /ws/chat/ HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n")


def ask(bench, site, path, *args):
    token = site.token(1, "trader1", ttl=86400)

    def run(_):
        return load("http", "--to", site.address, "--path", path, "--connections", 1, "--seconds",
                    bench.request_seconds, "--header", f"Authorization: Bearer {token}", *args)
    return run


def questions(bench, site):
    """{what: a run of it}"""
    state = site.get("messages/?limit=1", token=site.token(1, "trader1")).json
    since = f"epoch={state['epoch']}&rooms=general:{state['seq'] - BEHIND}"
    api = "/api/stocks/chat/"
    return {
        "list": ask(bench, site, api + "messages/"),
        "page": ask(bench, site, "/stocks/chat/"),
        "post": ask(bench, site, api + "messages/create/", "--post",
                    '{"room":"energy","message":"%n","client_id":"scale-%n"}'),
        "resume": ask(bench, site, api + "events/?" + since),
        "unread counts": ask(bench, site, api + "rooms/"),
    }


def answers_upgrade(site):
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(20)
        try:
            s.connect(site.path("var/run/ws.sock"))
            s.sendall(UPGRADE.encode())
            return s.recv(12) == b"HTTP/1.1 101"
        except OSError:
            return False


def start_sidecar(site):
    """Milliseconds from nothing to a first socket."""
    site.stop_sidecar()
    began = time.monotonic()
    site.sidecar = site.spawn("sidecar", site.path("bin/outcry-sidecar"), "--config", site.conf)
    wait_for(lambda: answers_upgrade(site), "the sidecar answers", 60)
    return {"ms": 1000 * (time.monotonic() - began)}


def start_worker(site):
    """Milliseconds from nothing to a first list of messages."""
    path = site.path("var/run/worker.sock")
    token = site.token(1, "trader1")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        os.chmod(path, 0o666)
        listener.listen(1)
        began = time.monotonic()
        worker = subprocess.Popen(site.as_user(site.path("bin/api.fcgi"), "--config", site.conf),
                                  stdin=listener, env={"PATH": os.environ["PATH"]})
        with Connection(path) as connection:
            connection.request(variables("GET", "/api/stocks/chat/messages/",
                                         HTTP_AUTHORIZATION=f"Bearer {token}"))
            json.loads(connection.answer().text)["messages"][49]
        took = 1000 * (time.monotonic() - began)
    worker.terminate()
    worker.wait()
    os.unlink(path)
    return {"ms": took}


def measure(bench, section):
    with Site() as small, Site() as large:
        small.fill(SMALL)
        filled = large.fill(bench.messages)
        if bench.full:
            large.outcry("verify", "--quiet")
        few, many = questions(bench, small), questions(bench, large)
        for what, run in many.items():
            results = rounds(bench.rounds, {"small": few[what], "large": run})
            section.row(what, values(results["large"], "p50_us"), "µs p50",
                        values(results["small"], "p50_us"), f"at {SMALL:,}", most=1.2)
        for what, start in (("sidecar", start_sidecar), ("worker", start_worker)):
            results = rounds(bench.rounds, {"small": lambda _, s=start: s(small),
                                            "large": lambda _, s=start: s(large)})
            section.row(f"start of a {what}, to its first answer", values(results["large"], "ms"),
                        "ms", values(results["small"], "ms"), f"at {SMALL:,}", most=1.5)
        section.note(f"{bench.messages:,} messages against {SMALL:,}; stored within "
                     f"{filled['seconds']:.0f} s")
