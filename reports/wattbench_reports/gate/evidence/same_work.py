"""Decide whether the two systems of a gate that asked them in turns did the same work: machine, documents, prompts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from wattbench.records import BASELINE, CANDIDATE, SIDES
from wattbench_reports.comparability.far_servers import hosts_elsewhere
from wattbench_reports.comparability.rules import FORBIDS
from wattbench_reports.formatting.units import listed, plural
from wattbench_reports.gate.evidence.paired_items import HASHES
from wattbench_reports.gate.evidence.prompts import AskedSystem, compare_prompts
from wattbench_reports.gate.evidence.recorded_rounds import Item, ItemFigures
from wattbench_reports.gate.metrics import METRICS
from wattbench_reports.tables.header_record import HeaderRecord
from wattbench_reports.tables.suite_record import SystemSettings

_UNKNOWN = SystemSettings()
PROMPTS_MAY_DIFFER = "If that is the intended change: may_differ: [prompts] in the policy."

Figures = Mapping[str, Mapping[Item, ItemFigures]]
"""By side: of every item that both sides were asked."""


def other_machines(record: HeaderRecord, names: Mapping[str, str]) -> dict[str, str]:
    """Return, by metric, why two systems are not comparable if one runs on another machine, behind a server.

    Args:
        record: the gate's run.
        names: side to what its system is called in the record.
    """
    hosts = {side: hosts_elsewhere(settings) for side, settings in _settings(record).items()}
    if hosts[BASELINE] == hosts[CANDIDATE]:
        return {}
    sides = [
        f"{names[side]} {f'asks {listed(hosts[side])}' if hosts[side] else 'runs on this machine'}" for side in SIDES
    ]
    said = f"The systems do not run on the same device: {'; '.join(sides)}."
    return {name: said for name, metric in METRICS.items() if metric.figure in FORBIDS["device"]}


def other_documents(names: Mapping[str, str], figures: Figures) -> dict[str, str]:
    """Return, by metric, why two systems are not comparable if a document of one number differs between them."""
    differ = [item for item, one, other in _both(figures) if one.doc_hash != other.doc_hash]
    if not differ:
        return {}
    task, doc_id = differ[0]
    does = "does" if len(differ) == 2 else "do"
    more = "" if len(differ) == 1 else f", as {does} {plural(len(differ) - 1, 'other item')}"
    said = (
        f"The systems were not asked the same documents: document {doc_id} of {task} differs between "
        f"{listed([names[side] for side in SIDES])}{more}."
    )
    return dict.fromkeys(METRICS, said)


def other_prompts(
    record: HeaderRecord, names: Mapping[str, str], figures: Figures, *, may_differ: bool
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Compare the prompts of two systems, item by item, worked examples included.

    Returns:
        Metric to why they are not comparable, and notes.
    """
    if all(one.prompt_hash == other.prompt_hash for _, one, other in _both(figures)):
        return {}, ()
    import pandas as pd

    rows = [
        (*item, one.prompt_hash, one.messages_hash, other.prompt_hash, other.messages_hash)
        for item, one, other in _both(figures)
    ]
    columns = ["task", "doc_id", *HASHES, *(f"{name}_2" for name in HASHES)]
    settings = _settings(record)
    first, second = (AskedSystem(names[side], names[side], settings[side].prompt) for side in SIDES)
    compared = compare_prompts(
        pd.DataFrame(rows, columns=columns), first, second, may_differ=may_differ, advice=PROMPTS_MAY_DIFFER
    )
    apart = {} if compared.apart is None else dict.fromkeys(METRICS, compared.apart)
    return apart, () if compared.note is None else (compared.note,)


def _both(figures: Figures) -> Iterable[tuple[Item, ItemFigures, ItemFigures]]:
    for item, of_baseline in figures[BASELINE].items():
        yield item, of_baseline, figures[CANDIDATE][item]


def _settings(record: HeaderRecord) -> dict[str, SystemSettings]:
    assert record.gate is not None  # the run is a gate's
    return {side: record.suite.systems.get(each.system or "", _UNKNOWN) for side, each in record.gate.sides.items()}
