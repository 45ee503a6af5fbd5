"""Tokens of a real Django SimpleJWT project, and every hostile relative of theirs, over HTTP and WebSocket."""
import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
import uuid

import jwt

import simplejwt
from stack import API, Socket, Stack, new_client_id

HOUR = 3600


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


class HostSite:
    """Keys and tokens of the host app, for one algorithm."""

    def __init__(self, algorithm):
        self.algorithm = algorithm
        self.folder = tempfile.mkdtemp(prefix="outcry-host-")
        self.key_file = os.path.join(self.folder, "key")
        if algorithm.startswith("HS"):
            with open(self.key_file, "w", encoding="utf-8") as f:
                f.write(uuid.uuid4().hex + uuid.uuid4().hex)
        else:
            kind = ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"] if algorithm == "RS256" else \
                ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
            run("openssl", "genpkey", "-algorithm", *kind, "-out", self.key_file)
            run("openssl", "pkey", "-in", self.key_file, "-pubout", "-out", self.key_file + ".pub")
        with open(self.key_file, encoding="utf-8") as f:
            self.signing_key = f.read()
        settings = {"ALGORITHM": algorithm, "SIGNING_KEY": self.signing_key}
        if not algorithm.startswith("HS"):
            settings["VERIFYING_KEY"] = self.public_key()
        self.user_id = 2
        self.issued = simplejwt.log_in(settings, self.user_id, "trader")

    def public_key(self):
        with open(self.key_file + ".pub", encoding="utf-8") as f:
            return f.read()

    def conf(self):
        """The three lines of configuration."""
        if self.algorithm.startswith("HS"):
            return {"jwt_alg": self.algorithm, "jwt_secret": self.signing_key}
        return {"jwt_alg": self.algorithm, "jwt_secret": None, "jwt_key_file": self.key_file + ".pub"}

    def claims(self, **changes):
        """What SimpleJWT puts into an access token; None leaves a claim out."""
        now = int(time.time())
        claims = {"token_type": "access", "exp": now + HOUR, "iat": now, "jti": uuid.uuid4().hex,
                  "user_id": 2, **changes}
        return {key: value for key, value in claims.items() if value is not None}

    def sign(self, key=None, algorithm=None, headers=None, **changes):
        return jwt.encode(self.claims(**changes), key or self.signing_key,
                          algorithm or self.algorithm, headers=headers)

    def close(self):
        shutil.rmtree(self.folder)


def b64(data):
    if isinstance(data, dict):
        data = json.dumps(data).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def hs256_with_public_key(site):
    """The classic confusion: the public PEM used as an HMAC secret. PyJWT refuses to make one."""
    import hashlib
    import hmac
    head = b64({"alg": "HS256", "typ": "JWT"}) + "." + b64(site.claims())
    mac = hmac.new(site.public_key().encode(), head.encode(), hashlib.sha256).digest()
    return head + "." + b64(mac)


class Accepted(unittest.TestCase):
    def test_stock_simplejwt_tokens_post_and_connect(self):
        for algorithm in ("HS256", "HS512", "RS256", "ES256"):
            with self.subTest(algorithm=algorithm):
                site = HostSite(algorithm)
                self.addCleanup(site.close)
                os.chmod(site.folder, 0o755)
                if os.path.exists(site.key_file + ".pub"):
                    os.chmod(site.key_file + ".pub", 0o644)
                with Stack(conf={**site.conf(), "guests": "off"}) as stack:
                    self.talk(stack, site)

    def talk(self, stack, site):
        token = stack.remember(site.issued["access"])
        reply = stack.post("with Django's token", token=token)
        self.assertEqual(reply.status, 201, reply.text)
        # Stock SimpleJWT has no name claim.
        self.assertEqual(reply.json["message"]["username"], f"user-{site.user_id}")
        sock = stack.hello(token=token)
        sock.send(type="message", room="general", message="and by socket", client_id=new_client_id())
        sock.until("ack")
        sock.close()
        by_frame = stack.hello(hello_token=token)
        self.assertEqual(by_frame.welcome["user"]["username"], f"user-{site.user_id}")
        by_frame.close()
        self.assertEqual(stack.post("x", token=stack.remember(site.issued["refresh"])).error,
                         "token_invalid")

    def test_a_user_id_may_be_a_decimal_string_and_the_claim_is_a_key(self):
        site = HostSite("HS256")
        self.addCleanup(site.close)
        with Stack(conf={**site.conf(), "jwt_user_claim": "sub", "jwt_name_claim": "nick",
                         "jwt_role_claim": "grp"}) as stack:
            token = stack.remember(site.sign(user_id=None, sub="12", nick="Zoë", grp="moderator"))
            me = stack.get("me/", token=token).json["user"]
            self.assertEqual((me["username"], me["role"]), ("Zoë", "moderator"))


class Refused(unittest.TestCase):
    """One running site with RS256, issuer and audience; every bad token, everywhere."""

    @classmethod
    def setUpClass(cls):
        cls.site = HostSite("RS256")
        os.chmod(cls.site.folder, 0o755)
        os.chmod(cls.site.key_file + ".pub", 0o644)
        cls.stack = Stack(conf={**cls.site.conf(), "guests": "off", "jwt_issuer": "trading-app",
                                "jwt_audience": "chat"}).start()
        cls.good = {"iss": "trading-app", "aud": "chat"}

    @classmethod
    def tearDownClass(cls):
        cls.stack.stop()
        cls.site.close()

    def tokens(self):
        site, good, now = self.site, self.good, int(time.time())
        other = HostSiteKeys.rsa()
        signed = site.sign(**good)
        head, body, mac = signed.split(".")
        flipped = ("A" if mac[10] != "A" else "B")
        return {
            "expired": (site.sign(**good, **{"exp": now - 60}), "token_expired"),
            "not before, in the future": (site.sign(nbf=now + HOUR, **good), "token_invalid"),
            "issued in the future": (site.sign(**{**good, "iat": now + HOUR}), "token_invalid"),
            "refresh token": (site.sign(token_type="refresh", **good), "token_invalid"),
            "alg none": (b64({"alg": "none", "typ": "JWT"}) + "." + b64(site.claims(**good)) + ".",
                         "token_invalid"),
            "alg None, signature kept": (b64({"alg": "None", "typ": "JWT"}) + "." + body + "." + mac,
                                         "token_invalid"),
            "HS256 with the public key": (hs256_with_public_key(site), "token_invalid"),
            "another key": (site.sign(key=other, **good), "token_invalid"),
            "wrong audience": (site.sign(**{**good, "aud": "mail"}), "token_invalid"),
            "no audience": (site.sign(iss="trading-app"), "token_invalid"),
            "wrong issuer": (site.sign(**{**good, "iss": "somebody"}), "token_invalid"),
            "no issuer": (site.sign(aud="chat"), "token_invalid"),
            "no exp": (site.sign(exp=None, **good), "token_invalid"),
            "exp is a string": (self.raw(exp=str(now + HOUR)), "token_invalid"),
            "user id abc": (site.sign(user_id="abc", **good), "token_invalid"),
            "user id missing": (site.sign(user_id=None, **good), "token_invalid"),
            "user id is a float": (site.sign(user_id=7.5, **good), "token_invalid"),
            "user id is an object": (site.sign(user_id={"a": 1}, **good), "token_invalid"),
            "tampered claims": (head + "." + b64({**site.claims(**good), "user_id": 1}) + "." + mac,
                                "token_invalid"),
            "tampered signature": (f"{head}.{body}.{mac[:10]}{flipped}{mac[11:]}", "token_invalid"),
            "signature cut short": (signed[:-20], "token_invalid"),
            "no signature": (head + "." + body + ".", "token_invalid"),
            "two parts": (head + "." + body, "token_invalid"),
            "four parts": (signed + ".x", "token_invalid"),
            "a critical header": (site.sign(headers={"crit": ["b64"]}, **good), "token_invalid"),
            "junk": ("junk", "token_invalid"),
            "bigger than any": (site.sign(pad="x" * 9000, **good), "token_invalid"),
        }

    def raw(self, **changes):
        """Signs claims that PyJWT would refuse to encode."""
        from jwt.algorithms import RSAAlgorithm
        algorithm = RSAAlgorithm(RSAAlgorithm.SHA256)
        text = b64({"alg": "RS256", "typ": "JWT"}) + "." + \
            b64({**self.site.claims(**self.good), **changes})
        key = algorithm.prepare_key(self.site.signing_key)
        return text + "." + b64(algorithm.sign(text.encode(), key))

    def test_a_good_token_is_accepted(self):
        token = self.stack.remember(self.site.sign(**self.good))
        self.assertEqual(self.stack.post("good", token=token).status, 201)
        self.stack.hello(token=token).close()

    def test_no_token_is_auth_required_over_http(self):
        for reply in (self.stack.post("who?"), self.stack.get("messages/"), self.stack.get("me/"),
                      self.stack.http("POST", API + "ws-ticket/", {})):
            self.assertEqual((reply.status, reply.error), (401, "auth_required"))

    def test_no_token_is_auth_required_over_websocket(self):
        sock = Socket(self.stack.ws_connection(subprotocols=["chat.v1"]))
        sock.send(type="hello", proto="chat.v1", rooms=["general"])
        self.assertEqual(sock.until("error")["code"], "auth_required")
        self.assertEqual(sock.until_closed(), 4500)

    def test_every_bad_token_is_refused_over_http(self):
        count = self.count()
        for what, (token, code) in self.tokens().items():
            with self.subTest(what=what):
                self.stack.remember(token)
                for reply in (self.stack.post("bad", token=token),
                              self.stack.get("messages/", token=token)):
                    self.assertEqual((reply.status, reply.error), (401, code))
                    self.assertNotIn(token, reply.text)
        self.assertEqual(self.count(), count)

    def test_every_bad_token_is_refused_at_the_upgrade(self):
        for what, (token, code) in self.tokens().items():
            with self.subTest(what=what):
                self.stack.remember(token)
                self.refused(code, self.stack.ws(token=token))
                sock = Socket(self.stack.ws_connection(token=token, subprotocols=["chat.v1"]))
                sock.send(type="hello", proto="chat.v1", rooms=["general"])
                self.refused(code, sock)

    def test_every_bad_token_is_refused_in_hello(self):
        for what, (token, code) in self.tokens().items():
            with self.subTest(what=what):
                sock = Socket(self.stack.ws_connection(subprotocols=["chat.v1"]))
                sock.send(type="hello", proto="chat.v1", rooms=["general"],
                          token=self.stack.remember(token))
                self.refused(code, sock)

    def refused(self, code, sock):
        frame = sock.until("error")
        self.assertEqual(frame["code"], code)
        self.assertEqual(sock.until_closed(), 4001 if code == "token_expired" else 4500)
        sock.close()

    def count(self):
        return self.stack.database().execute("SELECT count(*) FROM message").fetchone()[0]


class HostSiteKeys:
    @staticmethod
    def rsa():
        return run("openssl", "genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt",
                   "rsa_keygen_bits:2048")


class Expiry(unittest.TestCase):
    def test_a_socket_ends_with_its_token_unless_renewed(self):
        with Stack(conf={"jwt_leeway_s": "0"}) as stack:
            ends = stack.hello(token=stack.token(1, "ana", ttl=4))
            stays = stack.hello(token=stack.token(2, "ben", ttl=4))
            stays.until("auth_required")
            stays.send(type="auth", token=stack.token(2, "ben", ttl=600))
            stays.until("auth_ok")
            self.assertEqual(ends.until_closed(10), 4001)
            self.assertEqual(stack.post("later", token=stack.token(3, "cleo")).status, 201)
            stays.until("message", message="later")
            other = stack.hello(token=stack.token(4, "dan", ttl=600))
            other.send(type="auth", token=stack.token(5, "eve", ttl=600))
            other.until("error")
            self.assertEqual(other.until_closed(), 4500)


class Configuration(unittest.TestCase):
    def test_programs_refuse_to_start_without_a_usable_secret(self):
        for key, value in (("jwt_secret", "short"), ("secret", "short"), ("secret", "")):
            with self.subTest(key=key, value=value):
                stack = Stack(conf={key: value}, sidecar=False)
                try:
                    stack.make_files()
                    done = stack.outcry("init", check=False)
                    self.assertEqual(done.returncode, 1)
                    self.assertRegex(done.stderr, "at least 32")
                    sidecar = subprocess.run(
                        stack.as_user(stack.path("bin/outcry-sidecar"), "--config", stack.conf),
                        capture_output=True, text=True, timeout=20, check=False)
                    self.assertEqual(sidecar.returncode, 1)
                    self.assertRegex(sidecar.stderr, "at least 32")
                finally:
                    stack.stop()


if __name__ == "__main__":
    sys.exit(unittest.main())
