"""The sidecar alone on its Unix socket, without a web server, and a TestCase that has one."""
import socket
import sqlite3
import unittest

import websocket

from stack import Stack

ORIGIN = "http://chat.example"
HOST = "chat.example"


class Alone(Stack):
    """A Stack without its web server: sockets go straight to the sidecar."""

    def start(self):
        self.make_files()
        try:
            self.outcry("init")
            self.start_sidecar()
        except BaseException:
            self.stop()
            raise
        return self

    def raw(self):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(30)
        s.connect(self.path("var/run/ws.sock"))
        return s

    def dial(self):
        return self.raw()

    def ws_connection(self, token=None, origin=None, cookies=None, subprotocols=None, headers=None,
                      address=None, sndbuf=None):
        headers = list(headers or [])
        if token:
            headers.append("Authorization: Bearer " + token)
        if address:
            headers.append("X-Forwarded-For: " + address)
        s = self.raw()
        try:
            return websocket.create_connection(
                f"ws://{HOST}/ws/chat/", socket=s, timeout=30, header=headers,
                suppress_origin=origin is None, origin=origin, subprotocols=subprotocols,
                cookie="; ".join(f"{k}={v}" for k, v in (cookies or {}).items()) or None,
                enable_multithread=True)
        except BaseException:
            s.close()
            raise

    def request(self, text):
        """Sends bytes, returns (status, headers and body) of the answer."""
        with self.raw() as s:
            s.sendall(text.encode() if isinstance(text, str) else text)
            answer = b""
            while True:
                try:
                    piece = s.recv(65536)
                except ConnectionError:
                    break
                if not piece:
                    break
                answer += piece
                if answer.startswith(b"HTTP/1.1 101") and b"\r\n\r\n" in answer:
                    break
        return int(answer.split()[1]), answer.decode()

    def user_id(self, token):
        with_token = self.hello(hello_token=token)
        try:
            return with_token.welcome["user"]["id"]
        finally:
            with_token.close()

    def rss_kb(self):
        with open(f"/proc/{self.sidecar.pid}/status", encoding="ascii") as f:
            return next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))

    def is_sanitized(self):
        with open(f"/proc/{self.sidecar.pid}/maps", encoding="ascii") as f:
            return "libasan" in f.read()

    def rows(self, sql, *args):
        with self.database() as db:
            return db.execute(sql, args).fetchall()

    def state_rows(self, sql, *args):
        with sqlite3.connect(f"file:{self.path('var/state.db')}?mode=ro", uri=True) as db:
            return db.execute(sql, args).fetchall()


class SidecarCase(unittest.TestCase):
    conf = {}

    @classmethod
    def setUpClass(cls):
        cls.stack = Alone(conf=dict({"allowed_origins": ORIGIN}, **cls.conf)).start()
        cls.users = 100

    @classmethod
    def tearDownClass(cls):
        cls.stack.stop()

    def new_token(self, name=None, **kwargs):
        """A token of a user nobody has been yet."""
        type(self).users += 1
        return self.stack.token(self.users, name or f"user{self.users}", **kwargs)

    def seed(self, **kwargs):
        sock = self.stack.ws(**kwargs)
        self.addCleanup(sock.close)
        return sock

    def chat(self, name=None, **kwargs):
        if "token" not in kwargs and "hello_token" not in kwargs:
            kwargs["hello_token"] = self.new_token(name)
        sock = self.stack.hello(**kwargs)
        self.addCleanup(sock.close)
        return sock
