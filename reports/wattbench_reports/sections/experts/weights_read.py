"""What a mixture reads of its weights, in words: parameters in use, and bytes per token."""

from __future__ import annotations

from collections.abc import Sequence

from wattbench_reports.analyses.experts import Choices, Touched
from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.formatting import units
from wattbench_reports.sections.model import Passage
from wattbench_reports.sections.table import Cell, Column, Table

_WEIGHTS_ONLY = (
    "Bytes are of weights alone, each that is needed read once per pass over the model, for one request at a time: no "
    "key-value cache, no activations. Caches may save some of it, and a kernel may read more."
)


def touched_passage(analysis: Analysis, found: Sequence[tuple[Choices, Touched]]) -> Passage:
    """Active against total parameters, and memory bandwidth, of all mixtures."""
    sentences = [sentence for choices, each in found for sentence in _sentences(choices, each)]
    lacking = [choices.row.system for choices, each in found if each.prompt_bytes is None]
    if lacking:
        sentences.append(
            f"The bytes behind a token were not recorded for {units.listed(lacking)}: the run is older than that "
            "record, or its lines lack it."
        )
    if len(lacking) < len(found):
        sentences.append(_WEIGHTS_ONLY)
    tables = [_parameter_table(analysis, found)]
    if len(lacking) < len(found):
        tables.append(_byte_table(analysis, [(each, own) for each, own in found if own.prompt_bytes is not None]))
    return Passage("Weights that are read", tuple(sentences), tuple(tables))


def _sentences(choices: Choices, each: Touched) -> list[str]:
    name = choices.row.system
    said = []
    if each.active_share is not None:
        said.append(
            f"Of {name}'s {units.count(each.parameters_total)} parameters a token uses "
            f"{units.count(each.parameters_active)} ({units.percent(each.active_share)})."
        )
    if each.decode_bytes is not None and each.all_bytes:
        speed = f", {units.quantity(each.bytes_per_s, 'B/s')} at the pace at which it was timed"
        said.append(
            f"For an output token it reads {units.size(each.decode_bytes)} of {units.size(each.all_bytes)} "
            f"({units.percent(each.decode_bytes / each.all_bytes)}){speed if each.bytes_per_s is not None else ''}."
        )
    if each.prompt_bytes is not None and each.all_bytes and each.prompt_token_bytes is not None:
        said.append(
            f"A prompt of {units.count(each.prompt_tokens or 0)} tokens on average is read in one pass that asks "
            f"{units.digits(each.prompt_experts or 0)} of {choices.number} experts in a layer: "
            f"{units.size(each.prompt_bytes)}, which is {units.size(each.prompt_token_bytes)} for each of its tokens."
        )
    return said


def _system(analysis: Analysis, choices: Choices) -> Cell:
    return Cell(choices.row.system, series=analysis.frames.systems.index(choices.row.system))


def _parameter_table(analysis: Analysis, found: Sequence[tuple[Choices, Touched]]) -> Table:
    rows = []
    for choices, each in found:
        rows.append(
            (
                _system(analysis, choices),
                Cell(str(choices.number)),
                Cell(units.count(choices.row.experts_per_token)),
                Cell(units.count(len(choices.row.expert_layers))),
                Cell(units.count(each.parameters_total)),
                Cell(units.count(each.parameters_active)),
                Cell(units.percent(each.active_share)),
            )
        )
    return Table(
        caption="Parameters in all, and those that a token uses",
        columns=(
            Column("System"),
            Column("Experts", numeric=True),
            Column("Per token", numeric=True),
            Column("Layers with experts", numeric=True),
            Column("Parameters", numeric=True),
            Column("Active", numeric=True),
            Column("Share", numeric=True),
        ),
        rows=tuple(rows),
    )


def _byte_table(analysis: Analysis, found: Sequence[tuple[Choices, Touched]]) -> Table:
    return Table(
        caption="Bytes of weights that are read",
        columns=(
            Column("System"),
            Column("One expert, one layer", numeric=True),
            Column("Whatever is asked", numeric=True),
            Column("With all experts", numeric=True),
            Column("Per output token", numeric=True),
            Column("Prompt tokens", numeric=True),
            Column("Experts per layer in a prompt", numeric=True),
            Column("Per prompt", numeric=True),
            Column("Per prompt token", numeric=True),
            Column("Seconds per output token", numeric=True),
            Column("Read per second", numeric=True),
        ),
        rows=tuple(
            (
                _system(analysis, choices),
                Cell(units.size(choices.row.expert_bytes)),
                Cell(units.size(choices.row.shared_bytes)),
                Cell(units.size(each.all_bytes)),
                Cell(units.size(each.decode_bytes)),
                Cell(units.count(each.prompt_tokens)),
                Cell(units.NONE if each.prompt_experts is None else units.digits(each.prompt_experts)),
                Cell(units.size(each.prompt_bytes)),
                Cell(units.size(each.prompt_token_bytes)),
                Cell(units.quantity(each.decode_s, "s")),
                Cell(units.quantity(each.bytes_per_s, "B/s")),
            )
            for choices, each in found
        ),
        note=(
            "Seconds per output token: of the timed requests, from the first token to the end, over the tokens after "
            "it; – where tokens were not seen to arrive, or requests were answered several at once. Read per "
            "second: the bytes of an output token over those seconds."
        ),
    )
