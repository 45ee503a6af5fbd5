"""Requests and frames of a WebSocket, byte by byte, for clients that a library would not let be."""
import os
import struct

from alone import HOST

KEY = "dGhlIHNhbXBsZSBub25jZQ=="


def upgrade(path="/ws/chat/", **headers):
    fields = {"Host": HOST, "Upgrade": "websocket", "Connection": "Upgrade",
              "Sec-WebSocket-Key": KEY, "Sec-WebSocket-Version": "13"}
    fields.update({k.replace("_", "-"): v for k, v in headers.items()})
    lines = "".join(f"{k}: {v}\r\n" for k, v in fields.items() if v is not None)
    return f"GET {path} HTTP/1.1\r\n{lines}\r\n"


def frame(payload, opcode=1, fin=True, masked=True, rsv=0):
    if isinstance(payload, str):
        payload = payload.encode()
    first = (0x80 if fin else 0) | rsv | opcode
    bit = 0x80 if masked else 0
    if len(payload) < 126:
        head = struct.pack("!BB", first, bit | len(payload))
    elif len(payload) < 65536:
        head = struct.pack("!BBH", first, bit | 126, len(payload))
    else:
        head = struct.pack("!BBQ", first, bit | 127, len(payload))
    if not masked:
        return head + payload
    mask = os.urandom(4)
    return head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload))
