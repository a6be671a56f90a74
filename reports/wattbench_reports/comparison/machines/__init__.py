"""Compare the machines that measured a run, and what they mean for its systems."""

from wattbench_reports.comparison.machines.caveats import machine_caveats
from wattbench_reports.comparison.machines.model import (
    FIGURES,
    DifferenceBetweenMachines,
    Machine,
    Machines,
)
from wattbench_reports.comparison.machines.of_run import machines_of, of_compared_class, on_another_machine

__all__ = [
    "FIGURES",
    "DifferenceBetweenMachines",
    "Machine",
    "Machines",
    "machine_caveats",
    "machines_of",
    "of_compared_class",
    "on_another_machine",
]
