"""A sender's lease, kept while it waits for a venue."""

import logging
import threading

from django.db import DatabaseError, connection

from trading.services.leases import RENEW_EVERY, renew_lease

logger = logging.getLogger(__name__)


class LeaseKeeper:
    """Renews a sender's lease from a thread of its own, however long a call to a venue takes.

    A process that stands still as a whole renews nothing, and loses its accounts as it should.
    """

    def __init__(self, *, name: str) -> None:
        self._name = name
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lease", daemon=True)

    def start(self) -> None:
        renew_lease(name=self._name)
        self._thread.start()

    def stop(self) -> None:
        """Let the lease run out, and wait for the thread."""
        self._done.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._done.wait(RENEW_EVERY.total_seconds()):
            try:
                renew_lease(name=self._name)
            except DatabaseError as error:
                logger.warning("The lease was not renewed (%s); trying again.", error)
                connection.close()
        connection.close()
