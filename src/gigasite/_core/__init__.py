"""The cellar: what every room stands on. It knows nothing of campuses.

In: nothing. Out: units (`quantity`), findings (`finding`), the error family (`errors`), the registry of parts
(`registry`), table schemas (`table`), seeded random streams (`streams`), the engine for many tasks (`engine`),
progress (`progress`), safe files (`files`), origins of numbers (`origin`), compiled kernels (`kernel`).
Open `finding.py` first, then `registry.py`.
"""
