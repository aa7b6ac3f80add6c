"""Doorbells: tell a worker that a row is waiting, after the commit that wrote it.

A wake-up may be lost; the sweepers find the row. So sending never blocks a commit, an emergency
stop or a page: `ring` only puts a name into a queue in memory, and one thread sends with short
timeouts, without retry, counting what it dropped.
"""

import logging
import os
import queue
import threading
from dataclasses import dataclass
from typing import Any

from celery import current_app
from django.db.transaction import on_commit
from kombu import Connection
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS = 0.2
WAITING = 10_000
# Kombu tries again for four seconds, and takes no retries at all for as many as it likes.
ONE_QUICK_TRY = {
    "socket_timeout": TIMEOUT_SECONDS,
    "socket_connect_timeout": TIMEOUT_SECONDS,
    "connect_retries_timeout": TIMEOUT_SECONDS,
    "max_retries": 1,
    "interval_start": 0,
}


@dataclass(frozen=True)
class Doorbell:
    task: str
    row_id: str


class Ringer:
    """Sends doorbells from one background thread."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """With nothing waiting and no thread, as also a process that was forked has none."""
        self.dropped = 0
        self._waiting: queue.Queue[Doorbell] = queue.Queue(maxsize=WAITING)
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def put(self, doorbell: Doorbell) -> None:
        self._start()
        try:
            self._waiting.put_nowait(doorbell)
        except queue.Full:
            self.dropped += 1

    def _start(self) -> None:
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="wake", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        connection = _connection()
        while True:
            doorbell = self._waiting.get()
            try:
                current_app.send_task(
                    doorbell.task,
                    kwargs={"row_id": doorbell.row_id},
                    connection=connection,
                    retry=False,
                    ignore_result=True,
                )
            except (OperationalError, OSError) as error:
                self.dropped += 1
                logger.warning("%s for %s was not sent: %s", doorbell.task, doorbell.row_id, error)
                connection.release()
                connection = _connection()


def _connection() -> Connection:
    options: dict[str, Any] = dict(current_app.conf.broker_transport_options or {})
    options |= ONE_QUICK_TRY
    return current_app.connection_for_write(transport_options=options)


ringer = Ringer()
# Else a child would wait for ever for a lock that a thread of its parent held at that moment.
os.register_at_fork(after_in_child=ringer.begin)


def ring(task: str, *, row_id: object) -> None:
    """Wake whoever runs `task` for the row, once the open transaction has committed."""
    on_commit(lambda: ringer.put(Doorbell(task, str(row_id))), robust=True)
