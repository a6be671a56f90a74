"""Write a model card's front matter and section, as the Hugging Face hub reads them.

Source: hub documentation, "Displaying carbon emissions for your model" (`co2_eq_emissions`: emissions in grams, source,
training_type, geographical_location, hardware_used) and the specification of model cards (`model-index`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from wattbench.errors import UserError
from wattbench.terminal import TextColumn
from wattbench_reports.analyses.training_cost import Training, trainings
from wattbench_reports.comparison.comparison import Comparison
from wattbench_reports.comparison.emitted import Emitted
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.paid import Paid
from wattbench_reports.comparison.system_figures import SystemFigures
from wattbench_reports.formatting import units
from wattbench_reports.formatting.markdown import escaped, front_matter, in_code, markdown_table
from wattbench_reports.metrics.carbon import Carbon
from wattbench_reports.metrics.tail_latency import MEDIAN, above_median
from wattbench_reports.stats import Interval, accuracy_interval
from wattbench_reports.stats.percentiles import label
from wattbench_reports.tables.item_matrix import item_table
from wattbench_reports.tables.provenance import qualified
from wattbench_reports.tables.streamed import StreamedFrames
from wattbench_reports.wording import comparison as wording
from wattbench_reports.wording import impacts, throughput

FINE_TUNING = ("adapter", "mixture", "distil", "reasoning", "classifier", "threshold", "fine-tuning")
PRE_TRAINING = ("pretraining", "pre-training")
"""The ledger's `method` for each training type of the hub. For any other the card has no training type."""

TASK_TYPE = "text-generation"


def model_card(measured: Measured, paid: Paid, emitted: Emitted, comparison: Comparison, system: str) -> str:
    """Return the card of one system: YAML between lines of ``---``, then the cost of its answers in Markdown.

    The emissions of the front matter are those of its training, and are left out if that is not recorded.

    Raises:
        UserError: no carbon intensity is set, or it varies by hour and the system was trained at an unknown time.
    """
    carbon = emitted.carbon
    if carbon is None:
        raise UserError(
            "a model card states grams of CO2, and no grid is named. Name the grid where the model was trained and run "
            "with --region, such as --region DEU, or set its carbon intensity with --intensity"
        )
    figures = next(each for each in comparison.systems if each.system == system)
    trained = next((each for each in trainings(measured, emitted) if each.system == system), None)
    data: dict[str, Any] = {}
    if trained is not None and trained.energy_j is not None:
        data["co2_eq_emissions"] = _emissions(trained, carbon)
    data["model-index"] = [{"name": system, "results": list(_results(measured, system))}]
    return f"{front_matter(data)}\n" + "\n".join(_section(measured, paid, comparison, figures, trained, carbon)) + "\n"


def _emissions(trained: Training, carbon: Carbon) -> dict[str, Any]:
    if trained.grams_co2e is None:
        raise UserError(
            f"the carbon intensity varies by hour, and the hours in which {trained.system} was trained are not "
            "recorded. Set --region or --intensity"
        )
    emissions: dict[str, Any] = {
        "emissions": float(f"{trained.grams_co2e:.6g}"),
        "source": f"{_maker(trained)}: {units.quantity(trained.energy_j, 'J')} ({qualified(trained.provenance)}); "
        f"{carbon.describe_energy()}",
    }
    methods = {step.recorded.method for step in trained.steps}
    if methods <= set(FINE_TUNING):
        emissions["training_type"] = "fine-tuning"
    elif methods & set(PRE_TRAINING):
        emissions["training_type"] = "pre-training"
    if carbon.grid is not None:
        emissions["geographical_location"] = str(carbon.grid)
    hardware = list(dict.fromkeys(step.recorded.cpu for step in trained.steps if step.recorded.cpu))
    if hardware:
        emissions["hardware_used"] = ", ".join(hardware)
    return emissions


def _maker(trained: Training) -> str:
    return "Code Carbon, by wattbench" if trained.provenance == "modelled" else "wattbench"


def _results(measured: Measured, system: str) -> Iterator[Mapping[str, Any]]:
    """Yield an entry of the model index for each task that was scored.

    The hub has no key for the number of items or an interval: both are in the metric's name, which it shows.
    """
    for each in _accuracies(measured, system):
        low, high = (units.percent(bound) for bound in (each.interval.low, each.interval.high))
        details = (f"95% CI {low} to {high}", units.plural(each.items, "item"), each.corrected_by)
        name = f"Accuracy ({', '.join(filter(None, details))})"
        yield {
            "task": {"type": TASK_TYPE, "name": each.domain},
            "dataset": {"type": each.task, "name": each.task},
            "metrics": [{"type": "accuracy", "value": float(each.interval.estimate), "name": name}],
        }


@dataclass(frozen=True)
class _Accuracy:
    """The accuracy of a system on a task."""

    task: str
    domain: str
    items: int
    """How many it was asked."""
    interval: Interval
    labels: int
    """Of people, which correct a judge's verdicts; 0: the task is scored."""

    @property
    def corrected_by(self) -> str:
        """Say what corrects the judge of the task; empty where it is scored."""
        return f"judged, corrected by {units.plural(self.labels, 'label')}" if self.labels else ""


def _accuracies(measured: Measured, system: str) -> Iterator[_Accuracy]:
    frames = measured.frames
    table = item_table(frames.pooled_by("task")) if isinstance(frames, StreamedFrames) else measured.table
    column = table.column(system)
    judged = () if frames.judged_tasks is None else frames.judged_tasks.cells.values()
    labels = {cell.task: cell.labels for cell in judged if cell.system == system}
    for task in dict.fromkeys(measured.frames.categories("task")):
        of_task = table.where(table.tasks.are(task))
        trials = of_task.trials[:, column]
        accuracy = accuracy_interval(of_task.correct[:, column], trials)
        if accuracy is not None:
            yield _Accuracy(task, of_task.domains[:1].present[0], of_task.items(column), accuracy, labels.get(task, 0))


def _money(comparison: Comparison, figures: SystemFigures) -> Iterator[tuple[str, str]]:
    """Yield the names and texts of a system's costs, where they are known."""
    if figures.cost_per_request is None:
        return
    yield "cost", wording.cost_per_request(figures, comparison)
    yield wording.cost_heading(comparison), wording.cost_per_correct(figures, comparison)


def _throughput(figures: SystemFigures) -> Iterator[tuple[str, str]]:
    """Yield the names and texts of a system's throughput with its load, where they are known."""
    of = figures.requests_in_flight
    load = "" if of is None else f", {throughput.in_flight(of)} in flight"
    if figures.requests_per_s is not None:
        yield "request throughput", throughput.requests(figures, " requests/s") + load
    if figures.output_tokens_per_s is not None:
        yield "output token throughput", throughput.output_tokens(figures, " tokens/s") + load


def _in(seconds: float | None) -> str:
    return "" if seconds is None else f" in {units.duration(seconds)}"


def _section(
    measured: Measured,
    paid: Paid,
    comparison: Comparison,
    figures: SystemFigures,
    trained: Training | None,
    carbon: Carbon,
) -> Iterator[str]:
    yield "## Energy and emissions"
    yield ""
    if trained is None:
        yield "The energy of its training is not recorded."
    elif trained.energy_j is None:
        yield "The energy of its training is not available."
    else:
        steps = units.listed([f"{escaped(step.name)} ({escaped(step.recorded.method)})" for step in trained.steps])
        yield (
            f"Training used {units.quantity(trained.energy_j, 'J')} ({qualified(trained.provenance)})"
            f"{_in(trained.seconds)} and emitted {units.quantity(trained.grams_co2e, 'g')} of CO2 equivalent: "
            f"{steps}. The training of its base model is not included."
        )
    yield ""
    yield "Inference, over the requests of the run:"
    yield ""
    tail = above_median(figures.tail_share)
    shares = (MEDIAN,) if tail is None else (MEDIAN, tail)
    figures_in_use = (
        ("accuracy", wording.accuracy(figures)),
        ("joules per request", units.quantity(figures.energy_j_per_request, "J")),
        ("joules per correct answer", wording.j_per_correct(figures)),
        ("CO2e of 1,000 requests", units.quantity(figures.co2_g_per_1000, "g")),
        *(
            (f"{impacts.HEADS[each.quantity]} of 1,000 requests", impacts.of_requests(each))
            for each in comparison.impacts_of.get(figures.system, ())
        ),
        *_money(comparison, figures),
        *((f"latency {label(share)}", wording.latency(figures, share)) for share in shares),
        *_throughput(figures),
        ("items", units.count(figures.items)),
        ("energy", f"{wording.energy(figures)}, {wording.valid(figures)}"),
    )
    yield from markdown_table(
        (TextColumn("metric"), TextColumn("value", right=True)),
        [(name, escaped(value)) for name, value in figures_in_use],
    )
    yield ""
    yield from markdown_table(
        (TextColumn("task"), TextColumn("items", right=True), TextColumn("accuracy", right=True)),
        [
            (
                escaped(f"{each.task} ({each.corrected_by})" if each.labels else each.task),
                units.count(each.items),
                units.percent_interval(each.interval),
            )
            for each in _accuracies(measured, figures.system)
        ],
    )
    yield ""
    yield f"Brackets: 95% confidence intervals for other items of the same tasks. CO2: {escaped(carbon.describe())}."
    yield from (escaped(line) for line in impacts.lines(comparison))
    money = None if paid.money is None else paid.money.systems[figures.system]
    if money is not None and money.per_request is not None and money.source:
        yield f"Prices: {escaped(money.source)}{f', {escaped(money.date)}' if money.date else ''}."
    caveats = [each for each in comparison.caveats if figures.system in each.systems]
    if caveats:
        yield ""
        yield from (f"- {escaped(each.text)}" for each in caveats)
    yield ""
    yield f"{'Imported' if figures.imported else 'Measured'} by wattbench, run {in_code(comparison.run)}."
