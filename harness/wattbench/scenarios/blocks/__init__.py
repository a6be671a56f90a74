"""Run a suite in blocks: items dealt at random from all tasks, asked of all systems in a random order.

What the machine does in a block then hits all systems alike, and figures that are clustered by block hold items and
time (randomised complete blocks; A. Abedi and T. Brecht, "Conducting Repeatable Experiments in Highly Variable Cloud
Computing Environments", ICPE 2017; T. Kalibera and R. Jones, "Rigorous Benchmarking in Reasonable Time", ISMM 2013).
"""

from wattbench.scenarios.blocks.run import run_blocks

__all__ = ["run_blocks"]
