"""The TCP port of the pages."""

import errno
import http.client
import socket

from tradingfarm.kernel.errors import FarmError

HOST = "127.0.0.1"


class PortIsUnusable(FarmError):
    """The port cannot be had, or is none."""


def parse_port(*, text: str) -> int:
    """A port number. Raises PortIsUnusable for anything but a whole number from 1 to 65535."""
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 65_535:
        return int(text)
    raise PortIsUnusable(
        f"PORT={text!r} is no port; use a whole number from 1 to 65535.", permanent=True
    )


def require_free_port(*, port: int, host: str = HOST) -> None:
    """Raise PortIsUnusable unless we can listen on `port` now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortIsUnusable(_reason(port, error)) from error


def answers_healthy(*, port: int, host: str = HOST, timeout_seconds: float = 2) -> bool:
    """Whether GET /healthz answers 200."""
    connection = http.client.HTTPConnection(host, port, timeout=timeout_seconds)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _reason(port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} is taken; set PORT=… to a free one, for example PORT={_another(port)}."
        )
    if error.errno == errno.EACCES:
        return f"port {port} needs more rights than we have; set PORT=… to one above 1023."
    return f"port {port} cannot be used ({error.strerror}); set PORT=… to another."


def _another(port: int) -> int:
    return port + 1 if port < 65_535 else 8000
