"""Everything live: battery loop, cable collectors, telemetry, progress.

In: plans, and devices on the network. Out: set points, observations, progress. The only room that opens
sockets to devices and reads the wall clock. Open `collect.py` first: many devices asked over ssh at once, and
`platforms.py`, which says what; then `watch.py`: a folder of dumps, looked at whenever it changes.
"""
