"""Heat from the chip to the air, hour by hour over a year.

In: a `Campus`, its `Design`, a mean IT power, a year of weather (EPW, TMY3 or made from a climate summary).
Out: a `Cooling` with fan, pump and chiller power, water, PUE and WUE. Open `year.py` for the balance,
`weather.py` for readers, `schemes/` to add a way of rejecting heat.
"""

from gigasite.cooling.types import Cooling, Weather
from gigasite.cooling.weather import read_weather, synthetic, weather_of
from gigasite.cooling.year import simulate

__all__ = ["Cooling", "Weather", "read_weather", "simulate", "synthetic", "weather_of"]
