"""Trades, one file each: a class with a `rank` and `__call__(builder)`, registered by `@trades.part("name")`."""
