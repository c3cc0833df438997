"""Trades that need code: a class with a `rank` and `__call__(builder)`, registered by `@trades.part("name")`.

`orders.py` brings what is ordered, `templates.py` reads the trades that are data (`catalogue/activities/*.yaml`),
`ends.py` ties all to one start and one end.
"""
