import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tradingfarm.processes.children import farm_children
from tradingfarm.processes.ports import (
    PortIsUnusable,
    answers_healthy,
    parse_port,
    require_free_port,
)


class Healthy(BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status if self.path == "/healthz" else 404)
        self.end_headers()

    def log_message(self, *arguments) -> None:
        pass


class Ailing(Healthy):
    status = 503


@pytest.fixture
def taken_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def children_by_name(heartbeat=lambda name, pid: True):
    children = farm_children(
        python="/venv/bin/python",
        root=Path("/checkout"),
        port=8123,
        env={"DATABASE_URL": "postgresql://x/y"},
        heartbeat=heartbeat,
        worker_threads=7,
    )
    return {child.name: child for child in children}


def test_a_farm_is_web_worker_beat_engine_and_sender():
    children = children_by_name()

    assert list(children) == ["web", "worker", "beat", "engine", "sender"]
    assert len({child.colour for child in children.values()}) == 5
    assert all(child.env["DATABASE_URL"] == "postgresql://x/y" for child in children.values())
    assert all(child.cwd == Path("/checkout") for child in children.values())


def test_the_pages_are_served_to_this_machine_alone_on_the_port_asked_for():
    command = " ".join(children_by_name()["web"].argv)

    assert "tradingfarm.asgi:application --host 127.0.0.1 --port 8123" in command


def test_beat_writes_no_pid_file_that_would_forbid_the_next_start():
    assert "--pidfile=" in children_by_name()["beat"].argv


def test_the_worker_has_the_threads_asked_for():
    command = " ".join(children_by_name()["worker"].argv)

    assert "--pool threads -c 7" in command


def test_the_others_are_ready_by_the_heartbeat_of_their_own_process():
    asked: list[tuple[str, int]] = []

    def heartbeat(name: str, pid: int) -> bool:
        asked.append((name, pid))
        return False

    children = children_by_name(heartbeat)

    for name in ("worker", "beat", "engine", "sender"):
        assert children[name].ready(42) is False

    assert asked == [("worker", 42), ("beat", 42), ("engine", 42), ("sender", 42)]


def test_a_port_that_somebody_listens_on_is_taken(taken_port):
    with pytest.raises(PortIsUnusable, match=f"port {taken_port} is taken; set PORT="):
        require_free_port(port=taken_port)


def test_a_port_that_nobody_listens_on_is_free(taken_port):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    require_free_port(port=port)
    require_free_port(port=port)


@pytest.mark.parametrize("text", ["", "0", "65536", "-1", "80a", "8000.0", "²", " 8000"])
def test_what_is_no_port_is_refused(text):
    with pytest.raises(PortIsUnusable, match="1 to 65535"):
        parse_port(text=text)


@pytest.mark.parametrize(("text", "port"), [("1", 1), ("8000", 8000), ("65535", 65535)])
def test_a_port_is_a_whole_number(text, port):
    assert parse_port(text=text) == port


@pytest.mark.parametrize(("handler", "healthy"), [(Healthy, True), (Ailing, False)])
def test_only_an_answer_of_200_is_healthy(handler, healthy):
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        answer = answers_healthy(port=server.server_port)
        server.shutdown()
        thread.join()

    assert answer is healthy


def test_nobody_there_is_not_healthy_and_no_error():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    assert not answers_healthy(port=port)
