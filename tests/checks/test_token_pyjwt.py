#!/usr/bin/python3
"""Tokens of Django SimpleJWT and of PyJWT, as hosts really make them, against our verification."""
import base64
import hashlib
import hmac
import json
import os
import subprocess
import tempfile
import time
import unittest

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from simplejwt import log_in

BUILD = os.environ.get("BUILD", "build")
CHECK = os.path.join(BUILD, "tests", "helpers", "token_check")
SECRET = "django-like-secret-key-of-fifty-characters-#1$2%3"


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def by_hand(header, claims, key):
    """HS256 over any header: PyJWT refuses to make some of these itself."""
    text = b64(json.dumps(header).encode()) + "." + b64(json.dumps(claims).encode())
    return text + "." + b64(hmac.new(key, text.encode(), hashlib.sha256).digest())


def claims(**changes):
    now = int(time.time())
    made = {"token_type": "access", "exp": now + 300, "iat": now, "user_id": 7}
    made.update(changes)
    return {name: value for name, value in made.items() if value is not None}


class Tokens(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="outcry-jwt-")
        cls.rsa, cls.rsa_public = cls.pair(rsa.generate_private_key(65537, 2048))
        cls.ec, cls.ec_public = cls.pair(ec.generate_private_key(ec.SECP256R1()))
        for name, pem in (("rsa.pem", cls.rsa_public), ("ec.pem", cls.ec_public)):
            with open(os.path.join(cls.folder.name, name), "w", encoding="ascii") as file:
                file.write(pem)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @staticmethod
    def pair(key):
        private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                    serialization.NoEncryption())
        public = key.public_key().public_bytes(serialization.Encoding.PEM,
                                               serialization.PublicFormat.SubjectPublicKeyInfo)
        return private.decode(), public.decode()

    def judge_all(self, tokens, *lines):
        """What the program answers to each, its configuration being our secret and `lines`."""
        path = os.path.join(self.folder.name, "outcry.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(("secret = " + "0" * 32,) + lines) + "\n")
        done = subprocess.run([CHECK, path], input="".join(token + "\n" for token in tokens),
                              text=True, capture_output=True, timeout=20, check=False)
        self.assertEqual(done.stderr, "")
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        for token in tokens:
            if len(token) > 8:
                self.assertNotIn(token[:8], done.stdout)
        return answers

    def judge(self, token, *lines):
        (answer,) = self.judge_all([token], *lines)
        return answer

    def hs256(self, token, *lines):
        return self.judge(token, "jwt_alg = HS256", "jwt_secret = " + SECRET, *lines)

    def rs256(self, token, *lines):
        return self.judge(token, "jwt_alg = RS256", "jwt_key_file = rsa.pem", *lines)

    def assert_taken(self, answer, user_id="7"):
        self.assertEqual(answer["code"], "ok", answer)
        self.assertEqual(answer["user_id"], user_id)

    def assert_refused(self, answer, code="token_invalid"):
        self.assertEqual(answer["code"], code, answer)
        self.assertTrue(answer["message"].endswith("."), answer)

    # ---- Django SimpleJWT ----

    def test_simplejwt_tokens_work_with_a_shared_secret(self):
        for alg in ("HS256", "HS384", "HS512"):
            with self.subTest(alg):
                got = log_in({"ALGORITHM": alg, "SIGNING_KEY": SECRET})
                lines = ("jwt_alg = " + alg, "jwt_secret = " + SECRET)
                self.assert_taken(self.judge(got["access"], *lines))
                self.assert_refused(self.judge(got["refresh"], *lines))

    def test_simplejwt_tokens_work_with_key_pairs(self):
        for alg, private, public, file in (("RS256", self.rsa, self.rsa_public, "rsa.pem"),
                                           ("ES256", self.ec, self.ec_public, "ec.pem")):
            with self.subTest(alg):
                got = log_in({"ALGORITHM": alg, "SIGNING_KEY": private, "VERIFYING_KEY": public})
                lines = ("jwt_alg = " + alg, "jwt_key_file = " + file)
                self.assert_taken(self.judge(got["access"], *lines))
                self.assert_refused(self.judge(got["refresh"], *lines))

    def test_simplejwt_with_issuer_audience_and_sub(self):
        got = log_in({"SIGNING_KEY": SECRET, "ISSUER": "https://app.example", "AUDIENCE": "chat",
                      "USER_ID_CLAIM": "sub"}, user_id=9007199254740993)
        lines = ("jwt_issuer = https://app.example", "jwt_audience = chat", "jwt_user_claim = sub")
        self.assert_taken(self.hs256(got["access"], *lines), "9007199254740993")
        self.assert_refused(self.hs256(got["access"], lines[0], "jwt_audience = other", lines[2]))
        self.assert_refused(self.hs256(got["access"], "jwt_issuer = https://app", *lines[1:]))
        self.assert_refused(self.hs256(got["access"], *lines[:2]))

    # ---- PyJWT ----

    def test_pyjwt_tokens_of_each_algorithm(self):
        lines = {"HS256": ("jwt_secret = " + SECRET, SECRET),
                 "HS384": ("jwt_secret = " + SECRET, SECRET),
                 "HS512": ("jwt_secret = " + SECRET, SECRET),
                 "RS256": ("jwt_key_file = rsa.pem", self.rsa),
                 "ES256": ("jwt_key_file = ec.pem", self.ec)}
        made = {alg: jwt.encode(claims(), key, alg) for alg, (_, key) in lines.items()}
        for alg, (line, _) in lines.items():
            answers = self.judge_all(made.values(), "jwt_alg = " + alg, line)
            for other, answer in zip(made, answers, strict=True):
                with self.subTest(configured=alg, token=other):
                    if alg == other:
                        self.assert_taken(answer)
                    else:
                        self.assert_refused(answer)

    def test_a_user_id_as_string_is_the_same_user(self):
        self.assert_taken(self.hs256(jwt.encode(claims(user_id="7"), SECRET)))

    def test_name_and_role_come_from_the_claims(self):
        token = jwt.encode(claims(username="Ana Lí", role="admin"), SECRET)
        answer = self.hs256(token)
        self.assertEqual((answer["name"], answer["role"]), ("Ana Lí", "admin"))
        token = jwt.encode(claims(nick="bo", level="moderator"), SECRET)
        answer = self.hs256(token, "jwt_name_claim = nick", "jwt_role_claim = level")
        self.assertEqual((answer["name"], answer["role"]), ("bo", "moderator"))

    def test_a_key_id_chooses_between_new_and_old(self):
        lines = ("jwt_kid = new", "jwt_old_secret = " + SECRET[::-1], "jwt_old_kid = old")
        for kid, key, taken in (("new", SECRET, True), ("old", SECRET[::-1], True),
                                ("old", SECRET, False), ("other", SECRET, False)):
            with self.subTest(kid=kid, key=key):
                answer = self.hs256(jwt.encode(claims(), key, headers={"kid": kid}), *lines)
                if taken:
                    self.assert_taken(answer)
                else:
                    self.assert_refused(answer)

    # ---- hostile ----

    def test_an_expired_token_is_refused_as_expired(self):
        now = int(time.time())
        self.assert_refused(self.hs256(jwt.encode(claims(exp=now - 31), SECRET)), "token_expired")
        self.assert_taken(self.hs256(jwt.encode(claims(exp=now - 20), SECRET)))

    def test_hostile_claims_are_refused(self):
        now = int(time.time())
        rows = {"nbf in the future": {"nbf": now + 300}, "no exp": {"exp": None},
                "exp as string": {"exp": str(now + 300)}, "exp as float": {"exp": now + 300.5},
                "refresh": {"token_type": "refresh"}, "sliding": {"token_type": "sliding"},
                "user id abc": {"user_id": "abc"}, "user id -1": {"user_id": -1},
                "user id 7.0": {"user_id": 7.0}, "user id true": {"user_id": True},
                "user id 2^63": {"user_id": 2 ** 63}, "user id 2^64+7": {"user_id": 2 ** 64 + 7},
                "no user id": {"user_id": None}}
        # By hand: PyJWT would not write an exp that is no number.
        tokens = [by_hand({"alg": "HS256", "typ": "JWT"}, claims(**changes), SECRET.encode())
                  for changes in rows.values()]
        answers = self.judge_all(tokens, "jwt_alg = HS256", "jwt_secret = " + SECRET)
        for name, answer in zip(rows, answers, strict=True):
            with self.subTest(name):
                self.assert_refused(answer)

    def test_wrong_issuer_or_audience_is_refused(self):
        good = {"iss": "host", "aud": "chat"}
        rows = [({}, True), ({"aud": ["x", "chat"]}, True), ({"iss": "guest"}, False),
                ({"iss": None}, False), ({"aud": "chats"}, False), ({"aud": None}, False),
                ({"aud": ["x"]}, False), ({"aud": []}, False)]
        tokens = [jwt.encode(claims(**{**good, **changes}), SECRET) for changes, _ in rows]
        answers = self.judge_all(tokens, "jwt_alg = HS256", "jwt_secret = " + SECRET,
                                 "jwt_issuer = host", "jwt_audience = chat")
        for (changes, taken), answer in zip(rows, answers, strict=True):
            with self.subTest(changes):
                (self.assert_taken if taken else self.assert_refused)(answer)

    def test_the_public_key_as_hmac_secret_is_refused(self):
        for header in ({"alg": "HS256", "typ": "JWT"}, {"alg": "RS256", "typ": "JWT"}):
            with self.subTest(header):
                token = by_hand(header, claims(), self.rsa_public.encode())
                self.assert_refused(self.rs256(token))

    def test_alg_none_is_refused(self):
        unsigned = jwt.encode(claims(), None, "none")
        for ask in (self.hs256, self.rs256):
            self.assert_refused(ask(unsigned))
            self.assert_refused(ask(unsigned.rstrip(".")))

    def test_wrong_keys_and_no_token_are_refused(self):
        other, _ = self.pair(rsa.generate_private_key(65537, 2048))
        self.assert_refused(self.hs256(jwt.encode(claims(), "another secret, long enough too")))
        self.assert_refused(self.rs256(jwt.encode(claims(), other, "RS256")))
        self.assert_refused(self.hs256(""))
        self.assert_refused(self.hs256("Bearer"))

    # ---- configuration ----

    def test_a_short_secret_stops_the_program(self):
        answer = self.judge("x", "jwt_alg = HS256", "jwt_secret = short")
        self.assertEqual(answer["code"], "bad_request")
        self.assertIn("openssl rand", answer["message"])

    def test_an_empty_secret_stops_the_program(self):
        with open(os.path.join(self.folder.name, "empty"), "w", encoding="ascii") as file:
            os.fchmod(file.fileno(), 0o600)
        for line in ("jwt_secret =", "jwt_old_secret = ", "jwt_key_file = empty"):
            with self.subTest(line):
                answer = self.judge("x", "jwt_alg = HS256", line)
                self.assertEqual(answer["code"], "bad_request")
                self.assertIn("empty", answer["message"])

    def test_a_p384_key_stops_the_program(self):
        _, public = self.pair(ec.generate_private_key(ec.SECP384R1()))
        with open(os.path.join(self.folder.name, "p384.pem"), "w", encoding="ascii") as file:
            file.write(public)
        answer = self.judge("x", "jwt_alg = ES256", "jwt_key_file = p384.pem")
        self.assertEqual(answer["code"], "bad_request")
        self.assertIn("P-256", answer["message"])


if __name__ == "__main__":
    unittest.main()
