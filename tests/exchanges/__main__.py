"""`python -m tests.exchanges --port 0 --seed 7 --log FILE`: serve until SIGTERM."""

import argparse
import signal
import sys
import threading
from pathlib import Path

from tests.exchanges.exchange import Exchange
from tests.exchanges.record import Record
from tests.exchanges.server import HOST, Server


def main() -> int:
    """The first line says where it listens."""
    chosen = _arguments()
    record = Record(chosen.log)
    exchange = Exchange(record=record, seed=chosen.seed)
    server = Server(exchange, port=chosen.port)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: exchange.stopping.set())
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    sys.stdout.write(f"listening on {HOST}:{server.server_port}\n")
    sys.stdout.flush()
    exchange.stopping.wait()
    server.shutdown()
    record.close()
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.exchanges", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--seed", type=int, default=7, help="of the faults' chances")
    parser.add_argument("--log", type=Path, help="the file that events are appended to")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
