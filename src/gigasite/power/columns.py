"""Columns of the network level's arrays: states and settings of machines and of the grid."""

from __future__ import annotations

from gigasite.power.governor import STATES

BASE_W = 100e6
"""Base of the network's per unit."""
# a machine's states; its governor's follow, the set point is last
DELTA, DW, E1Q, E1D, E2D, E2Q, LEAD, EFD, GOV = range(9)
REF = GOV + STATES
WIDTH = REF + 1
# a machine's settings: admittance of winding and transformer, transformer alone, then GENROU and SEXS
# fmt: off
(Y_RE, Y_IM, ZT_RE, ZT_IM, PER_2H, DAMPING, XD_XD1, XQ_XQ1, GD1, GQ1, GD2, GQ2, XD1_XL, XQ1_XL, GQD,
 PER_TD1, PER_TQ1, PER_TD2, PER_TQ2, SAT_A, SAT_B, LEAD_SHARE, PER_TB, GAIN, PER_TE, EMIN, EMAX, VREF) = range(28)
# fmt: on
MACHINE = 28
# rows behind the machines'
GRID_ROW, INVERTER_ROW, LOAD_ROW = range(3)
EXTRA_ROWS = 3
# the grid's states beside DELTA and DW, and its settings
GRID_POWER = 2
G_ON, G_Y_RE, G_Y_IM, G_EMF, G_PER_2H, G_PM, G_PER_DROOP, G_PER_T, G_SIZE = range(9)
GRID = 9
# settings of the load: susceptance of the constant reactive part, lag, trip voltage, hold-up
L_B, L_FILTER, L_TRIP, L_HOLD = range(4)
LOAD = 4
