"""Every address of a socket."""

from django.urls import path

from tradingfarm.consumers import EventsConsumer, PageConsumer

sockets = [
    path("ws/live", PageConsumer.as_asgi(), name="ws-live"),
    path("ws/events", EventsConsumer.as_asgi(), name="ws-events"),
]
