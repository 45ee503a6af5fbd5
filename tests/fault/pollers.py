"""Many browsers that only poll: each keeps its connection, asks when it is told to, follows one room by
the protocol's rules and now and then says something. All in one thread."""
import asyncio
import json
import os
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from stack import API, new_client_id  # noqa: E402

ACTIVE_S = 2.0  # a browser's pace while something happens (static/js/poller.js)


class Poller:
    def __init__(self, crowd, name, token):
        self.crowd, self.name, self.token = crowd, name, token
        self.reader = self.writer = self.epoch = None
        self.last, self.answers = 0, 0

    async def exchange(self, method, path, body=b""):
        head = (f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.crowd.port}\r\n"
                f"Authorization: Bearer {self.token}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n")
        self.writer.write(head.encode() + body)
        status, headers = None, {}
        for line in (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n"):
            if status is None:
                status = int(line.split()[1])
            elif line:
                name, _, value = line.partition(":")
                headers[name.lower()] = value.strip()
        answer = await self.reader.readexactly(int(headers["content-length"]))
        if headers.get("connection") == "close":
            self.close()
        return status, answer

    async def ask(self, method, path, body=b""):
        """A kept connection may have been closed meanwhile: then, as a browser does, once more."""
        for again in (True, False):
            kept = self.writer is not None
            if not kept:
                self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.crowd.port)
            try:
                return await self.exchange(method, path, body)
            except (OSError, asyncio.IncompleteReadError):
                self.close()
                if not (kept and again):
                    raise

    def close(self):
        if self.writer:
            self.writer.close()
        self.writer = None

    # ---- what a page does ----

    async def run(self):
        await asyncio.sleep(self.crowd.rng.random() * ACTIVE_S)
        try:
            while not self.crowd.done.is_set():
                if self.crowd.talks():
                    await self.post()
                await asyncio.sleep(await self.poll() * (0.9 + self.crowd.rng.random() / 5))
        except (OSError, asyncio.IncompleteReadError, ValueError, KeyError) as e:
            self.crowd.wrong.append(f"{self.name}: {e!r}")
        finally:
            self.close()

    async def poll(self):
        """Seconds until the next."""
        epoch = f"epoch={self.epoch}&" if self.epoch else ""
        status, text = await self.ask("GET", f"{API}events/?{epoch}rooms=general:{self.last}"
                                             f"&conn={self.name}-conn&state=active")
        self.crowd.count(status)
        if status != 200:
            return ACTIVE_S
        now, answer = time.monotonic(), json.loads(text)
        self.answers += 1
        self.epoch = answer["epoch"]
        for event in answer["events"]:
            self.take(event, now)
        return 0 if answer["more"] else max(answer["poll_after_ms"] / 1000, ACTIVE_S)

    def take(self, event, now):
        if event["seq"] != self.last + 1:
            self.crowd.wrong.append(f"{self.name}: {event['seq']} came after {self.last}")
        self.last = event["seq"]
        if event["type"] == "message" and event["client_id"] in self.crowd.said:
            self.crowd.delays.append(now - self.crowd.said[event["client_id"]])

    async def post(self):
        client_id = new_client_id()
        self.crowd.said[client_id] = time.monotonic()
        body = json.dumps({"message": f"{self.name} says so", "client_id": client_id}).encode()
        status, _ = await self.ask("POST", API + "messages/create/", body)
        self.crowd.count(status)
        if status == 201:
            self.crowd.acked.add(client_id)


class Pollers(threading.Thread):
    """`posts_per_s`: of all together."""

    def __init__(self, stack, count, rng, posts_per_s=2.0):
        super().__init__(daemon=True)
        self.port, self.rng = stack.port, rng
        self.pollers = [Poller(self, f"poller{n}", stack.token(4000 + n, f"poller{n}", ttl=7200))
                        for n in range(count)]
        self.chance = posts_per_s * ACTIVE_S / count
        self.statuses, self.said, self.acked = {}, {}, set()
        self.delays, self.wrong = [], []
        self.enough, self.done = threading.Event(), threading.Event()
        self.start()

    def run(self):
        asyncio.run(self.together())

    async def together(self):
        await asyncio.gather(*(poller.run() for poller in self.pollers))

    def talks(self):
        return not self.enough.is_set() and self.rng.random() < self.chance

    def count(self, status):
        self.statuses[status] = self.statuses.get(status, 0) + 1

    def behind(self, head):
        return [p.name for p in self.pollers if p.last != head]

    def stop(self):
        self.done.set()
        self.join(30)
