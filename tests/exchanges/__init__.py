"""An exchange that fails on purpose: Binance's spot protocol at the network's edge.

It runs as a process of its own (`python -m tests.exchanges`) with its own append-only log, which
is what a judge believes. `serving.py` starts one for a test or a campaign, `faults.py` names what
it can do wrong, `log.py` reads what really happened.
"""
