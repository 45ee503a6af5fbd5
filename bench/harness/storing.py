"""Section 5: storing messages, against a program that does nothing but insert."""
import contextlib

from report import rounds, values
from servers import Site, Wrong, edited, load, more_workers, parse

IN_FLIGHT, WORKERS = 256, 8
RATE = "messages/s"


def insert(bench, site, batch):
    """The floor, in an installation of its own, on the core of the servers."""
    def run(_):
        return parse(site.run_as_owner(site.path("bin/insert"), site.path("var/chat.db"), str(batch),
                                       str(bench.seconds)))
    return run


def stored(site):
    with contextlib.closing(site.database()) as db:
        return db.execute("SELECT count(*) FROM message").fetchone()[0]


def expect_stored(site, before, acknowledged):
    """What was acknowledged is there, each once."""
    found = stored(site) - before
    if found != acknowledged:
        raise Wrong(f"{acknowledged} messages were acknowledged, {found} were stored")


def over_websocket(bench, site, connections):
    def run(_):
        before = stored(site)
        result = load("post", "--to", site.ws_socket, "--tokens", site.people(connections),
                      "--connections", connections, "--inflight", IN_FLIGHT, "--seconds",
                      bench.seconds, server=site.sidecar_pids())
        expect_stored(site, before, int(result["acked"]))
        return result
    return run


def over_http(bench, site):
    token = site.token(1, "trader1", ttl=86400)

    def run(_):
        before = stored(site)
        result = load("http", "--to", site.address, "--path", "/api/stocks/chat/messages/create/",
                      "--header", f"Authorization: Bearer {token}", "--connections", WORKERS,
                      "--post", '{"message":"%n ' + "x" * 190 + '","client_id":"bench-%n"}',
                      "--seconds", bench.seconds, server={**site.workers(), **site.web_pids(),
                                                       **site.sidecar_pids()})
        expect_stored(site, before, int(result["requests"]))
        return result
    return run


def measure(bench, section):
    with edited(more_workers(WORKERS)) as site, Site() as bare:
        bare.post("The floor needs a room and a user.")
        results = rounds(bench.rounds, {
            "WebSocket": over_websocket(bench, site, 1),
            "of many": over_websocket(bench, site, IN_FLIGHT),
            "insert 100": insert(bench, bare, 100),
            "HTTP": over_http(bench, site),
            "insert 1": insert(bench, bare, 1)})
        hundred, one = values(results["insert 100"], "per_s"), values(results["insert 1"], "per_s")
        section.row("over one WebSocket, 256 in flight", values(results["WebSocket"], "per_s"), RATE,
                    hundred, "inserts, 100 a transaction", least=0.5)
        section.row("over 256 WebSockets, one in flight each", values(results["of many"], "per_s"),
                    RATE, hundred, "inserts, 100 a transaction")
        section.row("over HTTP, 8 workers, 8 connections", values(results["HTTP"], "per_s"), RATE,
                    one, "inserts, one a transaction", least=0.6)
        section.row("over HTTP, p99 to p50", values(results["HTTP"], "p99_us"), "µs",
                    values(results["HTTP"], "p50_us"), "p50", most=5)
        section.row("over one WebSocket, p99 to p50", values(results["WebSocket"], "p99_us"), "µs",
                    values(results["WebSocket"], "p50_us"), "p50")
        section.note("what was acknowledged was counted in the database after each round; "
                     "servers and the inserting program share one core")
        problems = site.outcry("verify", "--quiet", check=False)
        if problems.returncode:
            raise Wrong(f"outcry verify: {problems.stdout}")
