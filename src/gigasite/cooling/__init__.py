"""Heat from the chip to the air: flow in every pipe, what happens when something stops, the plant over a year.

In: a `Campus`, its `Design`, IT power, a year of weather (EPW, TMY3 or made from a climate summary), any network of
pipes. Out: a `FacilityLoop` (laid, sized, balanced), a `Trip` (seconds until GPUs throttle), a `Cooling` (PUE, water).
Open `plant_network.py` for the loop, `hydraulics.py` for the solver, `transient.py` for events, `year.py` for the
year; `events/` and `schemes/` take a further event or way of rejecting heat, one file each.
"""

from gigasite.cooling.types import Cooling, Weather
from gigasite.cooling.weather import read_weather, synthetic, weather_of
from gigasite.cooling.year import simulate

__all__ = ["Cooling", "Weather", "read_weather", "simulate", "synthetic", "weather_of"]
