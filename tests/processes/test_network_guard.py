import socket

import pytest


def test_another_machine_cannot_be_reached_by_address():
    with socket.socket() as client, pytest.raises(pytest.fail.Exception, match="connect"):
        client.connect(("192.0.2.1", 80))


def test_another_machine_cannot_be_looked_up():
    with pytest.raises(pytest.fail.Exception, match="look up"):
        socket.getaddrinfo("example.com", 443)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_this_machine_can_be_reached(host):
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection((host, server.getsockname()[1])).close()
