"""Section 6: requests, against programs that do nothing but answer, behind the same lighttpd."""
import contextlib

from report import rounds, values
from servers import edited, load

CONNECTIONS = 8
RATE = "requests/s"
MESSAGES = "/api/stocks/chat/messages/"
PAGE = "/stocks/chat/"
# Branches of lighttpd.conf, before the one that refuses all other paths.
ANCHOR = '$HTTP["url"] !~ "^/($|((api/)?stocks|ws)/chat(/|$))" {'
TRIVIAL = {
    "fastcgi": '''$HTTP["url"] =~ "^/trivial" {
    fastcgi.server = ( "" => ((
        "socket" => env.OUTCRY_RUN + "/trivial.sock",
        "bin-path" => env.OUTCRY_BUILD + "/trivial.fcgi",
        "max-procs" => 2, "listen-backlog" => 4096, "check-local" => "disable"
    )) )
} else ''',
    "cgi": '''$HTTP["url"] =~ "^/trivial" {
    cgi.assign = ( ".cgi" => "" )
    alias.url = ( "/trivial/" => env.OUTCRY_BUILD + "/" )
} else ''',
}


@contextlib.contextmanager
def with_trivial(gateway):
    """A site whose lighttpd serves the trivial programs too."""
    with edited(("lighttpd.conf", ANCHOR, TRIVIAL[gateway] + ANCHOR), gateway=gateway) as site:
        site.fill(10000)
        yield site


def get(bench, site, path, *headers, expect=200, connections=CONNECTIONS):
    args = [word for header in headers for word in ("--header", header)]

    def run(_):
        return load("http", "--to", site.address, "--path", path, "--expect", expect, "--connections",
                    connections, "--seconds", bench.request_seconds, *args)
    return run


def fastcgi(bench, section):
    with with_trivial("fastcgi") as site:
        token = site.token(1, "trader1", ttl=86400)
        bearer = f"Authorization: Bearer {token}"
        first = site.get("messages/", token=token)
        page = site.http("GET", PAGE, token=token)
        sizes = len(first.body), len(page.body)
        results = rounds(bench.rounds, {
            "ok": get(bench, site, "/trivial"),
            "list floor": get(bench, site, f"/trivial?{sizes[0]}"),
            "list": get(bench, site, MESSAGES, bearer),
            "page floor": get(bench, site, f"/trivial?{sizes[1]}"),
            "page": get(bench, site, PAGE, bearer)})
        # Two that cost nearly the same: more rounds, or what is seen is chance.
        alike = rounds(3 * bench.rounds, {
            "least": get(bench, site, "/trivial"),
            "unchanged": get(bench, site, MESSAGES, bearer,
                             f"If-None-Match: {first.headers['ETag']}", expect=304)})
        rate = {name: values(result, "per_s") for name, result in {**results, **alike}.items()}
        section.row(f"messages/, last 50 ({sizes[0]:,} bytes)", rate["list"], RATE,
                    rate["list floor"], "trivial FastCGI, same bytes", least=0.9)
        section.row("messages/, last 50", rate["list"], RATE, rate["ok"], "trivial FastCGI, 2 bytes")
        section.row(f"the page ({sizes[1]:,} bytes)", rate["page"], RATE, rate["page floor"],
                    "trivial FastCGI, same bytes", least=0.5)
        section.row("the page", rate["page"], RATE, rate["ok"], "trivial FastCGI, 2 bytes")
        section.row("messages/, not changed (304)", rate["unchanged"], RATE, rate["least"],
                    "trivial FastCGI, 2 bytes", least=0.95)


def cgi(bench, section):
    with with_trivial("cgi") as site:
        bearer = "Authorization: Bearer " + site.token(1, "trader1", ttl=86400)
        results = rounds(bench.rounds, {
            name: get(bench, site, path, bearer, connections=2)
            for name, path in (("ours", MESSAGES), ("linked", "/trivial/linked.cgi"),
                               ("bare", "/trivial/trivial.cgi"))})
        ms = {name: [1000 / result["per_s"] for result in of_name]
              for name, of_name in results.items()}
        section.row("messages/ as plain CGI", ms["ours"], "ms a request", ms["linked"],
                    "the same libraries, unused", most=3)
        section.row("messages/ as plain CGI", ms["ours"], "ms a request", ms["bare"],
                    "libc alone")


def measure(bench, section):
    fastcgi(bench, section)
    cgi(bench, section)
