"""After how many inferences the energy of training has been spent again: Power Hungry Processing's cost parity.

Source: Luccioni, Jernite, Strubell, "Power Hungry Processing: Watts Driving the Cost of AI Deployment?", FAccT 2024,
arXiv 2311.16863, table 5. Parity is wattbench's break-even against a system whose answers cost nothing: the training's
joules over the joules of an answer.
"""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.ground_truth.known_run import KnownSystem, known_run
from benchmarks.ground_truth.line import Line, Sources
from tests.made_up.records import call_on
from wattbench_reports.analyses.break_even import break_evens
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.metrics.carbon import JOULES_PER_KWH

TABLE_5 = {
    "BLOOMz-7B": (51_686, 7_571, 1.0e-4, 592_570_000, ""),
    "BLOOMz-3B": (25_634, 3_242, 7.3e-5, 395_602_740, "the printed parity needs 3 kWh more than the rows of the table"),
    "BLOOMz-1B": (17_052, 1_081, 6.2e-5, 292_467_741, "printed as a whole number, cut"),
    "BLOOMz-560M": (10_505, 543, 5.4e-5, 204_592_592, "printed as a whole number, cut"),
}
"""Model to kWh of training, of fine-tuning, of an inference, the inferences of parity, and why they differ."""
TRAINED, OTHER = "trained", "other"


def lines(sources: Sources) -> Iterator[Line]:
    """Yield the parity of each model."""
    for model, (training_kwh, tuning_kwh, answer_kwh, parity, note) in TABLE_5.items():
        run = known_run(
            sources.folder / model,
            KnownSystem(OTHER, energy_j=answer_kwh * JOULES_PER_KWH),
            KnownSystem(TRAINED, energy_j=0.0, training_j=(training_kwh + tuning_kwh) * JOULES_PER_KWH),
        )
        (pair,) = [each for each in call_on(break_evens, analyse(run)) if each.against == OTHER]
        found = None if pair.payback is None else pair.payback.answers.estimate
        what = f"{model}: inferences that use as much as its training"
        yield Line(model, what, "inferences", parity, found, note=note)
