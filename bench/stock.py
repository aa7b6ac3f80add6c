"""Fan-out as Channels' own guide builds it: every socket joins the group and sends for itself.

`uvicorn bench.stock:application`; a page at /, sockets at /ws.
"""

import os
from typing import Any

import django
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.urls import path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradingfarm.settings")
django.setup()

GROUP = "stock"
PAGE = b"""<!doctype html><title>stock</title><div id="talk-rows"></div><script>
const socket = new WebSocket(`ws://${location.host}/ws`);
socket.onopen = () => { document.title = "open"; };
socket.onmessage = (event) => {
  document.getElementById("talk-rows").insertAdjacentHTML("beforeend", event.data);
};
</script>"""


class StockConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]  # channels has no types
    async def connect(self) -> None:
        await self.channel_layer.group_add(GROUP, self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(GROUP, self.channel_name)

    async def said(self, event: dict[str, Any]) -> None:
        await self.send(text_data=event["text"])


async def page(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - as ASGI has it
    head = {"type": "http.response.start", "status": 200}
    await send(head | {"headers": [(b"content-type", b"text/html")]})
    await send({"type": "http.response.body", "body": PAGE})


application = ProtocolTypeRouter(
    {"http": page, "websocket": URLRouter([path("ws", StockConsumer.as_asgi())])}
)
