"""HTTP/1.1 with connections that stay open, one thread for each."""

import json
import select
import socket
import struct
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from os import close
from urllib.parse import parse_qsl, urlsplit

from tests.exchanges.answers import Answer, Manner, failure
from tests.exchanges.control import CONTROL, Problem, act
from tests.exchanges.exchange import Exchange, Request
from tests.exchanges.record import plain

HOST = "127.0.0.1"
RESET_AT_ONCE = struct.pack("ii", 1, 0)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, exchange: Exchange, *, port: int) -> None:
        self.exchange = exchange
        super().__init__((HOST, port), Handler)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # one packet for headers and body
    timeout = 120  # seconds that a connection may be idle
    server: Server

    def log_message(self, format: str, *args: object) -> None:
        """The exchange has a log of its own."""

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def do_DELETE(self) -> None:
        self._handle()

    def _handle(self) -> None:
        try:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            self._send(self._answer(body))
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def _answer(self, body: str) -> Answer:
        path, query = urlsplit(self.path).path, urlsplit(self.path).query
        try:
            if path == CONTROL:
                return self._control(body)
            parameters = dict(parse_qsl(body, keep_blank_values=True))
            parameters.update(parse_qsl(query, keep_blank_values=True))
            key = self.headers.get("X-MBX-APIKEY", "")
            request = Request(self.command, path, query, body, key, parameters)
            return self.server.exchange.answer(request)
        except Exception:  # noqa: BLE001 - a judge must learn of every mistake in here
            self.server.exchange.record.write("broken", traceback=traceback.format_exc())
            return failure(500, -1000, "The exchange itself is broken; see its log.")

    def _control(self, body: str) -> Answer:
        try:
            result, status = act(self.server.exchange, json.loads(body or "{}")), 200
        except Problem as problem:
            result, status = {"problem": str(problem)}, 400
        return Answer(status, json.dumps(result, default=plain).encode())

    # ------------------------------------------------------------------------------- sending

    def _send(self, answer: Answer) -> None:
        if answer.manner is Manner.RESET:
            return self._reset()
        if answer.manner is Manner.WITHHELD:
            return self._withhold(answer.seconds)
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.type)
        self.send_header("Content-Length", str(len(answer.body)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        is_cut = answer.manner is Manner.CUT
        self.wfile.write(answer.body[: len(answer.body) // 2] if is_cut else answer.body)
        self.wfile.flush()
        self.close_connection = self.close_connection or is_cut

    def _withhold(self, seconds: float) -> None:
        """Wait until the time is over or the client has had enough, then close in silence."""
        self.close_connection = True
        waiting = select.poll()
        waiting.register(self.connection, select.POLLIN)
        waiting.poll(seconds * 1000)

    def _reset(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_ONCE)
        close(self.connection.detach())
