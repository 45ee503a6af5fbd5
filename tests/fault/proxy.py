"""A TCP proxy in front of the web server, for faults of the network between a browser and it."""
import select
import socket
import threading


class Proxy(threading.Thread):
    """Forwards until told otherwise. freeze(): nothing passes any more and nothing is closed, as with a
    cable pulled; `rate`: so many bytes a second towards the client."""

    def __init__(self, port, rate=None):
        super().__init__(daemon=True)
        self.target, self.rate = port, rate
        self.frozen, self.stopped = threading.Event(), threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.origin = f"http://127.0.0.1:{self.port}"
        self.held = []  # frozen connections stay open
        self.start()

    def run(self):
        while not self.stopped.is_set():
            if not select.select([self.listener], [], [], 0.1)[0]:
                continue
            client, _ = self.listener.accept()
            if self.frozen.is_set():
                self.held.append(client)
                continue
            server = socket.create_connection(("127.0.0.1", self.target))
            if self.rate:
                for s in (client, server):  # nothing may hide in buffers
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            self.held += [client, server]
            threading.Thread(target=self.pump, args=(client, server, None), daemon=True).start()
            threading.Thread(target=self.pump, args=(server, client, self.rate), daemon=True).start()

    def pump(self, source, sink, rate):
        try:
            while not self.stopped.is_set() and not self.frozen.is_set():
                if not select.select([source], [], [], 0.1)[0]:
                    continue
                data = source.recv(1 if rate else 65536)
                if self.frozen.is_set():
                    return
                if not data:
                    sink.shutdown(socket.SHUT_WR)
                    return
                sink.sendall(data)
                if rate:
                    self.stopped.wait(len(data) / rate)
        except OSError:
            pass

    def freeze(self):
        self.frozen.set()

    def stop(self):
        self.stopped.set()
        self.join(5)
        for s in [self.listener, *self.held]:
            s.close()
