"""Command line, report and web page: formats, never computes.

In: a `Plan` or the result of one room. Out: text on a terminal, one JSON object, a folder with `report.html`.
Open `cli.py` for the verbs, `result.py` for the JSON, `report.py` and `assets/` for the page.
"""
