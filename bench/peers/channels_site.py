"""A chat room on Django Channels, as its tutorial builds it, and each message stored through the ORM before
it is handed out. Runs under Daphne, or `channels_site.py migrate` makes the table. CHANNELS_DB names the
database."""
import json
import os
import sys

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="x" * 50, DEBUG=False, ALLOWED_HOSTS=["*"], USE_TZ=True, INSTALLED_APPS=["channels"],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField", LOGGING_CONFIG=None,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["CHANNELS_DB"]}},
    # In the one process: faster than Redis, which a second process would need.
    CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer",
                                "CONFIG": {"capacity": 100000, "expiry": 600}}})
django.setup()

from channels.db import database_sync_to_async  # noqa: E402
from channels.generic.websocket import AsyncWebsocketConsumer  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.core.asgi import get_asgi_application  # noqa: E402
from django.db import connection, models  # noqa: E402
from django.db.backends.signals import connection_created  # noqa: E402
from django.urls import path  # noqa: E402

ROOM = "general"


def set_pragmas(connection, **_):
    """As durable and as concurrent as Outcry's own database."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")


connection_created.connect(set_pragmas)


class Message(models.Model):
    room = models.CharField(max_length=64, db_index=True)
    body = models.TextField()
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "chat"


class Chat(AsyncWebsocketConsumer):
    async def connect(self):
        await self.channel_layer.group_add(ROOM, self.channel_name)
        await self.accept()

    async def disconnect(self, code):
        await self.channel_layer.group_discard(ROOM, self.channel_name)

    async def receive(self, text_data=None, bytes_data=None):
        message = json.loads(text_data)
        await database_sync_to_async(Message.objects.create)(room=ROOM, body=message["message"])
        await self.channel_layer.group_send(ROOM, {"type": "chat.message", "text": json.dumps(
            message, separators=(",", ":"))})

    async def chat_message(self, event):
        await self.send(text_data=event["text"])


application = ProtocolTypeRouter({
    "http": get_asgi_application(),
    "websocket": URLRouter([path("ws/chat/", Chat.as_asgi())]),
})

if __name__ == "__main__" and sys.argv[1:] == ["migrate"]:
    with connection.schema_editor() as editor:
        editor.create_model(Message)
