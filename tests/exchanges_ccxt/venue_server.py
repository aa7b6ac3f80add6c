"""A venue on this machine that says what a test tells it to, and remembers what it was asked."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Says:
    """One answer: a JSON value, or bytes as they are. `cut` promises more bytes than it sends."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int = 0

    @property
    def sent(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


class HangsUp:
    """The request is read, and the connection closed in place of an answer."""


@dataclass(frozen=True)
class Asked:
    """A request. `path` ends with what the body asks for where all go to one address."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    text: str

    @property
    def fields(self) -> Mapping[str, Any]:
        """Those of the query and of the body together."""
        return {**self.query, **self.body}

    @property
    def body(self) -> Mapping[str, Any]:
        """The fields of a form or of a JSON object."""
        if self.text.startswith("{"):
            told: dict[str, Any] = json.loads(self.text)
            return told
        return dict(parse_qsl(self.text))


Answer = Says | HangsUp
Answering = Answer | Callable[[Asked], Answer]


@dataclass
class VenueServer:
    """`answers` are by patterns of method and path; the one told last counts."""

    url: str = ""
    answers: list[tuple[str, Answering]] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)

    def say(self, where: str, answer: Any, **more: Any) -> None:
        """`where` is such as `POST */order`. A plain value is JSON with status 200.

        What can be called makes an answer of the request.
        """
        ready = isinstance(answer, Says | HangsUp) or callable(answer)
        self.answers.insert(0, (where, answer if ready else Says(answer, **more)))

    def requests(self, where: str) -> list[Asked]:
        return [each for each in self.asked if fnmatchcase(f"{each.method} {each.path}", where)]

    def answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        wanted = f"{asked.method} {asked.path}"
        fitting = (said for where, said in self.answers if fnmatchcase(wanted, where))
        found = next(fitting, Says(b"nothing here", status=404))
        return found(asked) if callable(found) else found


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    venue: VenueServer

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def do_DELETE(self) -> None:
        self._handle()

    def log_message(self, *_: object) -> None:
        """Tests look at `asked` instead."""

    def _handle(self) -> None:
        answer = self.venue.answer(self._asked())
        if isinstance(answer, HangsUp):
            self.close_connection = True
            return
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer.sent) + answer.cut))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.sent)
        self.close_connection = bool(answer.cut)

    def _asked(self) -> Asked:
        url = urlsplit(self.path)
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        topic = _topic(text) if url.path in ("/info", "/exchange") else ""
        return Asked(
            self.command, url.path + topic, dict(parse_qsl(url.query)), dict(self.headers), text
        )


def _topic(text: str) -> str:
    body = json.loads(text)
    return f"/{body.get('type') or body['action']['type']}"


@contextmanager
def venue_server() -> Iterator[VenueServer]:
    venue = VenueServer()
    handler = type("VenueHandler", (Handler,), {"venue": venue})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    venue.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield venue
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
