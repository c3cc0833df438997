"""Battery units that are not there: physics, registers, watchdogs and faults behind real Modbus ports.

In: settings of a fleet, a script of faults. Out: ports that any Modbus client can talk to, and the power that the units
make of what it writes, in real time or in lock-step with a simulation. Open `fleet.py` first: `unit.py` is the battery
as a pure step, `watchdog.py` what happens when nobody writes, `registers.py` its SunSpec image, `faults/` what goes
wrong.
"""
