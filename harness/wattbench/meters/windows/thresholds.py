"""Define every threshold by which a window is judged, each with its reason or source."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

MIN_STEPS = 10.0
"""A window must be this many sensor steps long: 1 s at a 100 ms step.

A counter's edge is placed inside one step: along instantaneous power where the part tells it, else taking power as
even across the step. Whatever the true course, the latter is wrong by at most a quarter of a step's worth of the
change in power, at each end: two quarters of a step in ten steps are 5%. Step of about 100 ms: NVML on Volta and
newer (Yang, Adamek, Armour, "Part-time Power Measurements", arXiv 2312.02741).
"""

EDGE_STEPS = 0.5
"""These two quarters: two ways to place a window's edges may differ by this many steps' worth of joules."""

MIN_STEPS_UNPLACED = 40.0
"""The same 5% where the edges could not be placed (a window closed from its trace): up to a whole step
at each end, so two steps in forty."""

HELD_UP_S = 0.03
"""A reading is of one moment. Where its figures came later than this (a busy machine kept the thread waiting), it is a
gap, and at a window's edge it is read again: unnoticed, 30 ms at both ends of 1 s would be 6%."""

MAX_SLIP = 0.05
"""How far apart a window's edges and the readings used for them may be, as a share of the window. The joules are scaled
to the window; what is left is this share of the difference between the power at its edges and its mean."""

MAX_INTEGRAL_ERROR = 0.05
"""Where power moves faster than it is read, its integral is a sample of it, whose error (two standard errors, estimated
from the readings themselves) may be this large. The same 5% as everywhere for the shortest valid window."""

REMARKED_INTEGRAL_ERROR = 0.01
"""An error above this is remarked on: the 1% that the documentation gives for longer windows."""

MIN_SAMPLES_INTEGRATED = 10
"""Power readings that an integral needs: with ten intervals or so, one that is misread is at most 10% of it."""

MAX_GAP_INTEGRATED_S = 0.5
"""Longest time without a reading in an integral of power: five periods of 0.1 s. What was drawn meanwhile
is a guess; NVIDIA's own power readings average over at most 1 s (arXiv 2312.02741)."""

MAX_GAP_COUNTED_S = 5.0
"""Longest time without a reading of a counter. It loses no joule, but throttling and other processes went
unnoticed; five periods of the slowest meter that is read at 1 Hz."""

DISAGREEMENT = 0.10
"""Relative difference between two figures of one component that is remarked on: each sensor is good to 5% (arXiv
2312.02741). Between counter and integral it is no fault yet: A100 and H100 sample power only a quarter of the time."""

CONTRADICTION = 0.30
"""Relative difference between them that cannot be the sensors' errors, beyond steps and what the integral misses. A
choice between 1%, seen of working parts (ml-energy/zeus issue 12), and 43%, of one that contradicted itself (187 and
327 J in 5 s, issue 181); half and twice are 50%. What it finds and what not: docs/why/joules-of-a-window.md."""
CONTRADICTION_STEPS = 5.0
"""At least how many steps of the counter a piece lasts in which the two are compared: the shortest valid window has two
pieces."""
CONTRADICTION_PIECES = 10
"""Into at most how many pieces a window is cut. Two in a row are a fault: a fifth of a window, in which a counter at
half misses 10%."""

IN_USE = 0.5
"""From which share of the time on a GPU is in use, and from how many cores on a processor is."""
UNUSED = 0.05
"""Up to which share of the time a GPU is not in use: what a desktop draws on its screen."""
LEAST_IN_USE = 0.01
"""The least that a component in use draws, as a share of its driver's limit. A choice: kilowatts taken for watts, which
it is to find, are off by a thousand, and parts at rest draw several times this."""
LEAST_IN_USE_W = 1.0
"""The same in any case: of the smallest parts with NVML or RAPL."""

PLAUSIBLE_W = 3000.0
"""No single device draws more: NVIDIA's largest module (GB200, two GPUs and a CPU) is rated 2,700 W. A counter that
advances faster was reset, and one that seems to fall by less than a step of this was only read at its edge."""

MOST_W: Mapping[str, float] = MappingProxyType({"gpu": PLAUSIBLE_W, "cpu": 8000.0, "dram": 4000.0})
"""More than any component of a kind draws. `cpu` is all packages together: eight sockets (the most that x86 servers
have) of 500 W (AMD EPYC 9965, Intel Xeon 6980P), twice. `dram` is half of that."""

MOST_W_OF_ANY = 200_000.0
"""More than anything else draws, a meter at the wall included: a rack of 72 GPUs (NVIDIA GB200 NVL72) takes 132 kW."""

OVER_LIMIT = 2.0
"""How far above its driver's limit a component may be read. A limit is kept on average (RAPL's over seconds, a GPU's
by a control loop), and power of a moment lies above it. A choice: what it is to find, a register of ones or a counter
of another base, is off by orders of magnitude."""

LEAST_W: Mapping[str, float] = MappingProxyType({"gpu": 0.1, "cpu": 0.1, "wall": 0.1})
"""Less than anything draws that is switched on and answers: a laptop's package at rest takes about 0.5 W. Memory's own
counters round smaller figures, and one of two power supplies may rest at 0 W: these have no least."""


LESS_THAN_CONTAINED = 0.10
"""How far a meter at the wall may be below the sum of the components behind it, as a share of that sum: a GPU's own
figures are good to 5% (arXiv 2312.02741), as are those of a cheap meter at the wall. A power supply loses more than it
could ever gain."""

CLOCK_WITHIN_S = 60.0
"""How far apart two clocks are looked for: further, and no row comes within its lag."""
CLOCK_POINTS = 400
"""Into at most how many intervals a window is cut to compare clocks: a bound on time, in a long one."""
CLOCK_LEAST_POINTS = 15
"""At least how many of them two courses of power need: fewer fit one another by chance."""
CLOCK_STEPS = 2
"""How many intervals (of the coarsest sensor's step) are a difference: one is the age of a reading."""
CLOCK_CORRELATION = 0.9
"""How well the two have to fit where they fit best."""
CLOCK_BETTER = 4.0
"""How many times more of the variance has to be left unexplained as they are stamped than where they fit best: power
that repeats fits at many shifts, and phases that last longer than the shift fit at any."""
CLOCK_SLOPE = (0.7, 2.5)
"""Watts at the wall per watt of the parts. A power supply takes 1.05 to 1.4; what is not measured may rise along."""
CLOCK_LEAST_CHANGE = 0.05
"""How much the parts' power has to vary, as its standard deviation over its mean. These are choices; with all of them,
0 of 300 windows of one clock were named and 299 of 300 of two (tests, simulated)."""

MAX_GAP_STEPS = 1.5
"""A sensor slower than that may go unread for one of its steps, and half of one for its clock: not for two, which
would be a figure missed."""

MAX_STANDSTILL_STEPS = 3.0
"""A counter advances at every step, as nothing draws 0 W. One that does not advance for three is stuck, or too
coarse for its step (a kWh meter that shows whole Wh); what it missed by then is three steps in the ten of the
shortest window."""
MIN_STANDSTILL_S = 0.1
"""Shorter standstills are no fault: two readings may follow one another closely."""

MAX_DRIFT_C = 10.0
"""Most by which a device's temperature may change from a measured window's start to its end. What a chip leaks grows
with its temperature, and faster than in proportion (Price et al., "Optimizing performance per watt on GPUs in HPC",
arXiv 1407.8116): while it warms up the same work costs fewer joules than it will. The limit is a choice: a chip at load
is 30 to 50 degrees above one at rest, and the last few are approached slowly."""


def max_gap_s(counted: bool, step_s: float) -> float:
    """Return the longest allowed time between two readings of a component, in seconds.

    Args:
        counted: whether its joules are counts; else they are integrated from power.
        step_s: how coarsely in time its figures advance.
    """
    return max(MAX_GAP_COUNTED_S if counted else MAX_GAP_INTEGRATED_S, MAX_GAP_STEPS * step_s)
