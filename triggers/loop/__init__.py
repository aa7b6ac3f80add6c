"""The market loop: takes ticks, wakes who waits for them, goes on when all has come to rest."""
