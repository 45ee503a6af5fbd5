"""Sections 1, 2, 3 and 8: what it costs to hand a message to many."""
import contextlib

from report import TROUBLE, median, rounds, short, values
from servers import PEER_SERVERS, Floored, Readers, Site, Straight, Wrong, apache, floor, load

READERS, MANY_READERS, PEOPLE = 1000, 10000, 1000
CPU = "µs CPU per delivery"
# Django Channels needs a second for two messages to a thousand readers: fewer on their way, so that a round
# ends. It joins nothing, so this costs it nothing. One at a time it is measured in the long form alone.
IN_FLIGHT = {"Django Channels": 2}
IN_THE_LONG_FORM = {("Django Channels", 1)}


def options(bench, where, over, clients, **more):
    more = dict({"seconds": bench.seconds, "clients": clients}, **more)
    return ["--to", where, "--over", over,
            *(word for key, value in more.items() for word in (f"--{key}", value))]


def readers(bench, where, server, over, clients=READERS, **more):
    """Readers that stay, to be measured round by round."""
    return Readers(*options(bench, where, over, clients, **more), server=server)


def size_of(result):
    """Bytes that a message took on the wire: what the floors and the peers send as well."""
    return round(result["bytes"] / result["deliveries"])


def join_of(result):
    """Messages in a frame."""
    return result["deliveries"] / result["frames"]


def ours(bench, site, clients=READERS, over="hello", where=None, server=None):
    """Straight to the sidecar over TCP, as the floors and the peers are reached."""
    return readers(bench, where or site.straight, server or site.sidecar_pids(), over, clients,
                   tokens=site.people(min(clients, PEOPLE)))


def a_floor(bench, site, mode, inflight, clients=READERS):
    """Started anew each round: it joins what Outcry joined in that round."""
    def run(this_round):
        measured = this_round["Outcry"]
        join = join_of(measured) if mode != "single" else 0
        with floor(site, mode, join) as (where, pids):
            return load("fanout", *options(bench, where, "plain", clients, inflight=inflight,
                                           size=size_of(measured)), server=pids)
    return run


def peers(bench, site, stack, section, inflight, size):
    """The peers that are installed, with their readers, for as long as `stack` lasts."""
    found = {}
    for name, server in PEER_SERVERS.items():
        if (name, inflight) in IN_THE_LONG_FORM and not bench.full:
            continue
        missing = bench.missing(name)
        if missing:
            section.note(f"{name} was not measured: {missing}")
            continue
        try:
            where, pids = stack.enter_context(server(site))
            crowd = stack.enter_context(readers(bench, where, pids, "plain", size=size))
        except (Wrong, *TROUBLE) as error:
            section.troubles.append(f"{name}: {short(error)}")
            continue
        mine = min(inflight, IN_FLIGHT.get(name, inflight))
        found[name] = lambda _, crowd=crowd, mine=mine: crowd.go(mine)
    return found


def describe(section, results):
    """What stands behind the ratios."""
    for name, of_name in results.items():
        deliveries, p50, p99, own = (median(values(of_name, key)) for key in
                                     ("deliveries_per_s", "p50_us", "p99_us", "own_cpu_us"))
        section.note(f"{name}: {deliveries:,.0f} deliveries/s, p50 {p50 / 1000:.1f} ms, p99 "
                     f"{p99 / 1000:.1f} ms, {join_of(of_name[-1]):.1f} messages a frame, "
                     f"{size_of(of_name[-1])} bytes each; the generator's own CPU "
                     f"{own:.2f} µs a delivery, {median(values(of_name, 'own_busy')):.0%} of its core")


def saturated(bench, section):
    with contextlib.ExitStack() as stack:
        site = stack.enter_context(Straight())
        crowd = stack.enter_context(ours(bench, site))
        size = size_of(crowd.go(32))
        results = rounds(bench.rounds, {
            "Outcry": lambda _: crowd.go(32),
            "joined floor": a_floor(bench, site, "joined", 32),
            "joined floor, a frame a message": a_floor(bench, site, "frames", 32),
            **peers(bench, site, stack, section, 32, size)})
        mine = values(results["Outcry"], "cpu_us")
        what = "1,000 readers, 32 in flight"
        section.row(what, mine, CPU, values(results["joined floor"], "cpu_us"),
                    "joined floor, same bytes, same frames", most=1.3)
        section.row(what, mine, CPU, values(results["joined floor, a frame a message"], "cpu_us"),
                    "joined floor, a frame a message")
        against_peers(section, what, results, {"nchan": 15, "Node ws": 15})
        describe(section, results)
    many(bench, section)


def against_peers(section, what, results, asked):
    for name in PEER_SERVERS:
        if name in results:
            section.row(f"{what}: {name} costs more", values(results[name], "cpu_us"), CPU,
                        values(results["Outcry"], "cpu_us"), "Outcry", least=asked.get(name))


def many(bench, section):
    with Straight() as site, ours(bench, site, MANY_READERS) as crowd:
        results = rounds(bench.rounds, {
            "Outcry": lambda _: crowd.go(32),
            "joined floor": a_floor(bench, site, "joined", 32, MANY_READERS)})
        section.row("10,000 readers, 32 in flight", values(results["Outcry"], "cpu_us"), CPU,
                    values(results["joined floor"], "cpu_us"),
                    "joined floor, same bytes, same frames", most=1.4)
        describe(section, {f"10,000 readers, {name}": r for name, r in results.items()})
        section.note("the 10,000 readers are 1,000 people with ten sockets each; what more people "
                     "cost, section 4 says")


def one_at_a_time(bench, section):
    with contextlib.ExitStack() as stack:
        site = stack.enter_context(Straight())
        crowd = stack.enter_context(ours(bench, site))
        size = size_of(crowd.go(1))
        results = rounds(bench.rounds, {"Outcry": lambda _: crowd.go(1),
                                        "one-send floor": a_floor(bench, site, "single", 1),
                                        **peers(bench, site, stack, section, 1, size)})
        what = "1,000 readers, one in flight"
        mine, theirs = results["Outcry"], results["one-send floor"]
        section.row(what, values(mine, "cpu_us"), CPU, values(theirs, "cpu_us"), "one-send floor",
                    most=1.15)
        section.row(f"{what}, p99", values(mine, "p99_us"), "µs", values(theirs, "p99_us"),
                    "one-send floor", most=1.15)
        against_peers(section, what, results, {})
        describe(section, results)


def sender_and_proxy(site):
    return {**site.sidecar_pids(), **site.web_pids()}


def floors_behind(bench, stack, size):
    """The floor's readers: straight, and through each proxy."""
    alone = stack.enter_context(Floored())
    found = {"floor": readers(bench, alone.ws_socket, alone.sidecar_pids(), "plain", size=size)}
    for name, proxied in (("lighttpd", Floored()), ("Apache", apache(Floored))):
        site = stack.enter_context(proxied)
        found[f"floor, {name}"] = readers(bench, site.address, sender_and_proxy(site), "plain",
                                          size=size)
    return {name: stack.enter_context(crowd) for name, crowd in found.items()}


def through_proxies(bench, section):
    with contextlib.ExitStack() as stack:
        alone = stack.enter_context(Site())
        # Over a Unix socket, as the proxies reach theirs.
        crowds = {"Outcry": stack.enter_context(ours(bench, alone, where=alone.ws_socket))}
        for name, proxied in (("lighttpd", Site()), ("Apache", apache())):
            site = stack.enter_context(proxied)
            crowds[name] = stack.enter_context(
                ours(bench, site, where=site.address, server=sender_and_proxy(site)))
        crowds.update(floors_behind(bench, stack, size_of(crowds["Outcry"].go(32))))
        for inflight in (32, 1):
            results = rounds(bench.rounds, {
                name: lambda _, crowd=crowd: crowd.go(inflight) for name, crowd in crowds.items()})
            straight = values(results["Outcry"], "cpu_us_sidecar")
            for name in ("lighttpd", "Apache"):
                what = f"through {name}, 1,000 readers, {inflight} in flight"
                through = results[name]
                section.row(f"{what}: the sidecar's share", values(through, "cpu_us_sidecar"), CPU,
                            straight, "straight", most=1.1)
                section.row(f"{what}: the floor's share",
                            values(results[f"floor, {name}"], "cpu_us_sidecar"), CPU,
                            values(results["floor"], "cpu_us_sidecar"), "floor, straight")
                section.row(f"{what}: with the proxy", values(through, "cpu_us"), CPU, straight,
                            "straight")
            describe(section, {f"{name}, {inflight} in flight": r for name, r in results.items()})
        section.note("\"unchanged\" is read as within 1.1; the floor's share is the control: what the same "
                     "proxy does to a sender that does nothing but send")


def streams(bench, section):
    with contextlib.ExitStack() as stack:
        site = stack.enter_context(Straight())
        if not bench.serves_streams(site):
            section.note("this sidecar serves neither SSE nor long-poll")
            return
        results = rounds(bench.rounds, {
            name: lambda _, over=over: one_crowd(bench, site, over)
            for name, over in (("Outcry", "hello"), ("SSE", "sse"), ("long-poll", "poll"),
                               ("seed socket", "seed"))})
        base = values(results["Outcry"], "cpu_us")
        for name, most in (("SSE", 1.5), ("long-poll", 4), ("seed socket", None)):
            section.row(f"{name}, 1,000 readers, 32 in flight", values(results[name], "cpu_us"),
                        CPU, base, "WebSocket", most=most)
        describe(section, results)


def one_crowd(bench, site, over):
    """Connected for this round alone: the kinds read the same room."""
    with ours(bench, site, over=over) as crowd:
        return crowd.go(32)
