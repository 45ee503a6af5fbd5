"""What tests of streams and polls that go straight to the sidecar have in common."""
from alone import SidecarCase
from stack import new_client_id
from streams import Line, Poller, Stream

BOTH = ("stream", "poll")


class StreamCase(SidecarCase):
    def setUp(self):
        self.say = self.chat(rooms=[])  # whoever posts

    def post(self, text, room="general"):
        cid = new_client_id()
        self.say.send(type="message", message=text, room=room, client_id=cid)
        return self.say.until("ack", client_id=cid)["seq"]

    def line(self):
        line = Line(self.stack.dial())
        self.addCleanup(line.close)
        return line

    def stream(self, *args, **kwargs):
        stream = Stream(self.stack.dial(), *args, **kwargs)
        self.addCleanup(stream.close)
        return stream

    def poller(self, *args, **kwargs):
        poller = Poller(self.stack.dial(), *args, **kwargs)
        self.addCleanup(poller.close)
        return poller

    def head_of(self, room="general"):
        return self.stack.rows("SELECT head FROM room WHERE slug = ?", room)[0][0]
