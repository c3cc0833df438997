"""The battery loop: a controller of `power`, unchanged, running against real devices, safely.

In: a frozen `Image` of what every unit and the meter say, with age and quality. Out: a `Decision`, one set point per
unit with its reason. The pure part is `decide.py` (open it first): controller -> arbiter (`request.py`) -> allocator
(`allocate.py`) -> guard (`guard.py`), with the state machine of `states.py`; the same function decides live, in
simulation and in replay. Around it: `loop.py` (cycle, clock), `rig.py` and `connect.py` (sockets), `devices/` (makes of
units, one file each), `policies/` (what bounds the controller), `log.py` and `replay.py`, `supervisor.py`, `sign.py`.
"""
