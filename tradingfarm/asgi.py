"""The web process: pages through Django, sockets through the consumers."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradingfarm.settings")
pages = get_asgi_application()  # before what follows: it loads the models

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402 - after the models
from channels.sessions import CookieMiddleware  # noqa: E402 - after the models
from django.conf import settings  # noqa: E402 - after the models

from tradingfarm.consumers import SameOrigin  # noqa: E402 - after the models
from tradingfarm.routing import sockets  # noqa: E402 - after the models

application = ProtocolTypeRouter(
    {
        "http": pages,
        "websocket": SameOrigin(
            CookieMiddleware(URLRouter(sockets)), trusted=settings.CSRF_TRUSTED_ORIGINS
        ),
    }
)
