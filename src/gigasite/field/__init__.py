"""Everything live: battery loop, cable collectors, telemetry, progress.

In: plans, and devices on the network. Out: set points, observations, progress. The only room that opens
sockets to devices and reads the wall clock. Empty until the battery loop is built.
"""
