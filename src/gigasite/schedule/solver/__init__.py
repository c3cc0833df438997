"""The solver: any project with crews, modes and links, as short as the time allows, with a proved lower bound.

In: a `Problem` (made by a reader or by the campus's network). Out: a `Solution` that `feasible` has checked. Open
`solve.py` for the order of things, `search_kernels.py` for the search, `bounds.py` and `cpsat.py` for what is proved.
"""

from gigasite.schedule.solver.check import feasible
from gigasite.schedule.solver.problem import Problem, plain_problem
from gigasite.schedule.solver.reader import read_instance
from gigasite.schedule.solver.solve import Solution, solve

__all__ = ["Problem", "Solution", "feasible", "plain_problem", "read_instance", "solve"]
