"""Many at once: writers on every way in, and readers who arrive in mid-conversation."""
import html
import json
import multiprocessing
import os
import re
import selectors
import socket
import threading
import time
import unittest

from stack import API, PAGE, Stack, new_client_id, wait_for

LONG = os.environ.get("OUTCRY_LONG") == "1"
# Limits are switched off by configuration: these tests are not about them.
GENEROUS = {"rate_user_burst": "1000000", "rate_user_per_minute": "1000000",
            "rate_address_burst": "1000000", "rate_address_per_minute": "1000000",
            "ws_max_per_address": "10000", "ws_max_per_user": "10000"}


def post_over_http(stack, token, count, acked):
    """One process with one kept-alive connection. Acked: (client id, seq)."""
    connection = stack.connection(60)
    for n in range(count):
        client_id = new_client_id()
        connection.request("POST", API + "messages/create/",
                           json.dumps({"message": f"http {n}", "client_id": client_id}),
                           {"Content-Type": "application/json", "Authorization": "Bearer " + token})
        response = connection.getresponse()
        body = json.loads(response.read())
        if response.status == 201:
            acked.append((client_id, body["message"]["seq"]))
    connection.close()


def post_over_websocket(stack, token, count, acked):
    """One process with one socket and at most 50 messages under way."""
    sock = stack.hello(rooms=[], token=token)
    under_way = 0
    for n in range(count):
        sock.send(type="message", room="general", message=f"ws {n}", client_id=new_client_id())
        under_way += 1
        while under_way >= 50 or (n == count - 1 and under_way):
            ack = sock.until("ack", seconds=60)
            acked.append((ack["client_id"], ack["seq"]))
            under_way -= 1
    sock.close()


def writer(kind, stack, token, count, results):
    acked = []
    try:
        kind(stack, token, count, acked)
    finally:
        results.put(acked)


class ManyWriters(unittest.TestCase):
    def write(self, server, total):
        with Stack(server, conf=GENEROUS) as stack:
            kinds = [post_over_http] * 8 + [post_over_websocket] * 4
            shares = [total // 12 + (i < total % 12) for i in range(12)]
            results = multiprocessing.Queue()
            workers = [multiprocessing.Process(target=writer, args=(
                kind, stack, stack.token(i + 1, f"writer-{i}"), share, results))
                for i, (kind, share) in enumerate(zip(kinds, shares))]
            began = time.monotonic()
            for worker in workers:
                worker.start()
            acked = [pair for _ in workers for pair in results.get(timeout=300)]
            for worker in workers:
                worker.join(60)
            seconds = time.monotonic() - began
            print(f"# {server}: {total} messages by 12 processes in {seconds:.1f} s")
            self.check(stack, total, acked)

    def check(self, stack, total, acked):
        database = stack.database()
        room, = database.execute("SELECT id FROM room WHERE slug = 'general'").fetchone()
        seqs = [row[0] for row in database.execute(
            "SELECT seq FROM event WHERE room_id = ? ORDER BY seq", (room,))]
        # The room's own creation is its first event.
        self.assertTrue(seqs == list(range(1, total + 2)), f"{len(seqs)} seqs end with {seqs[-3:]}")
        stored = database.execute("SELECT client_id, seq FROM message").fetchall()
        self.assertEqual(len(acked), total)
        self.assertTrue(sorted(acked) == sorted(stored), "acks and rows differ")
        self.assertEqual(len({client_id for client_id, _ in stored}), total)

    def test_ten_thousand_messages_get_gapless_numbers_and_each_ack_is_stored_once(self):
        self.write("lighttpd", 10_000)

    def test_the_same_through_apache(self):
        self.write("apache", 10_000 if LONG else 2_000)


class Arrival:
    """One who loads the page, then connects with what the page said, and keeps reading."""

    def __init__(self, stack, page):
        # What a browser takes from the page: its rows and the cursor in data-config.
        page = re.sub("<template.*?</template>", "", page, flags=re.DOTALL)
        self.rows = [int(seq) for seq in re.findall(r'data-seq="(\d+)"', page)]
        config = json.loads(html.unescape(re.search(r'data-config="([^"]*)"', page).group(1)))
        self.since, self.epoch = config["seq"], config["epoch"]
        connection = stack.ws_connection(subprotocols=["chat.v1"])
        connection.send(json.dumps({"type": "hello", "proto": "chat.v1", "epoch": self.epoch,
                                    "rooms": {"general": self.since}}))
        self.connection = connection
        self.socket = connection.sock
        self.socket.setblocking(False)
        self.bytes = bytearray()

    def frames(self):
        """All frames so far; what the server sends is not masked."""
        at, out, text = 0, [], b""
        while len(self.bytes) - at >= 2:
            first, size, head = self.bytes[at], self.bytes[at + 1] & 127, 2
            if size == 126:
                size, head = int.from_bytes(self.bytes[at + 2:at + 4], "big"), 4
            elif size == 127:
                size, head = int.from_bytes(self.bytes[at + 2:at + 10], "big"), 10
            if len(self.bytes) - at < head + size:
                break
            data = bytes(self.bytes[at + head:at + head + size])
            at += head + size
            if first & 15 in (0, 1):
                text += data
                if first & 128:
                    out.append(json.loads(text))
                    text = b""
            elif first & 15 == 8:
                out.append({"type": "close", "code": int.from_bytes(data[:2], "big")})
        return out

    def events(self):
        """The seqs of the durable events of the room, as they were pushed."""
        seqs = []
        for frame in self.frames():
            for event in frame["events"] if frame["type"] == "batch" else [frame]:
                if event.get("room") == "general" and "seq" in event and event["type"] != "resync":
                    seqs.append(event["seq"])
                assert event["type"] not in ("resync", "close", "error"), event
        return seqs


class Crowd(threading.Thread):
    """Reads all their sockets, and keeps the bytes."""

    def __init__(self):
        super().__init__(daemon=True)
        self.selector = selectors.DefaultSelector()
        self.done = False

    def add(self, arrival):
        self.selector.register(arrival.socket, selectors.EVENT_READ, arrival)

    def run(self):
        while not self.done:
            for key, _ in self.selector.select(0.1):
                try:
                    data = key.fileobj.recv(65536)
                except (BlockingIOError, ConnectionError):
                    continue
                if data:
                    key.data.bytes += data
                else:
                    self.selector.unregister(key.fileobj)


def tick(stack, token, stop, count, results):
    """A process that posts 50 messages a second; results: (status, seq) of each."""
    connection = stack.connection()
    began, sent = time.monotonic(), []
    while not stop.is_set():
        connection.request("POST", API + "messages/create/",
                           json.dumps({"message": f"tick {len(sent)}",
                                       "client_id": new_client_id()}),
                           {"Content-Type": "application/json", "Authorization": "Bearer " + token})
        response = connection.getresponse()
        sent.append((response.status, json.loads(response.read())["message"]["seq"]))
        count.value = len(sent)
        stop.wait(max(0, began + len(sent) / 50 - time.monotonic()))
    connection.close()
    results.put((sent, len(sent) / (time.monotonic() - began)))


class Arrivals(unittest.TestCase):
    """200 pages are loaded while somebody posts 50 messages a second."""

    def arrive(self, server, loads):
        with Stack(server, conf=GENEROUS) as stack:
            stop, count = multiprocessing.Event(), multiprocessing.Value("i", 0)
            results = multiprocessing.Queue()
            ticker = multiprocessing.Process(
                target=tick, args=(stack, stack.token(1, "ticker"), stop, count, results))
            ticker.start()
            crowd = Crowd()
            crowd.start()
            arrivals = []
            try:
                wait_for(lambda: count.value > 60, "history to page through", 30)
                for _ in range(loads):
                    reply = stack.http("GET", PAGE)
                    self.assertEqual(reply.status, 200)
                    arrivals.append(Arrival(stack, reply.text))
                    crowd.add(arrivals[-1])
            finally:
                stop.set()
            sent, rate = results.get(timeout=30)
            ticker.join(20)
            self.assertEqual({status for status, _ in sent}, {201})
            self.judge(arrivals, sent[-1][1], crowd)
            print(f"# {server}: {loads} arrivals among {len(sent)} messages at {rate:.0f} a second")

    def judge(self, arrivals, last, crowd):
        def behind():
            return [a for a in arrivals
                    if a.since < last and f'"seq":{last}'.encode() not in a.bytes.replace(b" ", b"")]
        wait_for(lambda: not behind(), "everybody saw the last message", 30)
        crowd.done = True
        crowd.join(5)
        for arrival in arrivals:
            rows, pushed = arrival.rows, arrival.events()
            self.assertEqual(len(rows), 50)
            self.assertEqual(rows, list(range(arrival.since - 49, arrival.since + 1)))
            self.assertTrue(pushed == list(range(arrival.since + 1, last + 1)),
                            f"after {arrival.since} came {pushed[:9]} … {pushed[-3:]} of {last}")
            arrival.connection.sock.close()

    def test_rows_and_pushes_make_the_log_under_lighttpd(self):
        self.arrive("lighttpd", 200)

    def test_rows_and_pushes_make_the_log_under_apache(self):
        self.arrive("apache", 200)


if __name__ == "__main__":
    socket.setdefaulttimeout(60)
    unittest.main()
