#!/usr/bin/python3
"""What stands between a socket and the sidecar must not cut it off."""
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from stack import Stack  # noqa: E402


class LongConversation(unittest.TestCase):
    """Web servers limit a request's body, and may take what a socket says for one."""

    def talk(self, server):
        with Stack(server=server, conf={"rate_user_burst": "1000"}) as stack:
            sock = stack.hello(hello_token=stack.token(1, "talkative"))
            for n in range(100):
                sock.send(type="message", message=f"{n} " + "y" * 1900)
                sock.until("ack")
            sock.close()
            self.assertEqual(len(stack.history()), 100)

    def test_a_socket_may_say_more_than_a_request_under_lighttpd(self):
        self.talk("lighttpd")

    def test_a_socket_may_say_more_than_a_request_under_apache(self):
        self.talk("apache")


if __name__ == "__main__":
    unittest.main()
