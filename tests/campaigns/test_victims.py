"""What stands still in a campaign goes on when the campaign says so, and not before."""

import os
import signal

from tests.campaigns.victims import Victim


def test_what_is_stopped_stays_so_when_the_shell_of_the_campaign_ends() -> None:
    victim = Victim(lambda: os.kill(os.getpid(), signal.SIGSTOP))
    try:
        assert victim.freezes(seconds=10)
        # Of a group that its shell has left the kernel wakes every member that stands still.
        assert os.getpgid(victim.pid) == victim.pid != os.getpgrp()
    finally:
        assert victim.stop() == -signal.SIGTERM
