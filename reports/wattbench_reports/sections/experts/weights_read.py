"""Weights that a mixture reads: active parameters, and bytes per token."""

from __future__ import annotations

from collections.abc import Sequence

from wattbench_reports.analyses.experts import Choices, Touched
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.formatting import units
from wattbench_reports.presenter.model import Cell, Column, Passage, Table, numbers

_WEIGHTS_ONLY = (
    "Bytes count weights only, each needed weight read once per forward pass, for one request at a time: no "
    "key-value cache, no activations. Caches may reduce this, and a kernel may read more."
)


def touched_passage(measured: Measured, mixtures: Sequence[tuple[Choices, Touched]]) -> Passage:
    """Make the passage on active and total parameters and memory bandwidth of all mixtures."""
    sentences = [sentence for choices, each in mixtures for sentence in _sentences(choices, each)]
    not_recorded = [choices.row.system for choices, each in mixtures if each.prompt_bytes is None]
    if not_recorded:
        sentences.append(
            f"Bytes per token were not recorded for {units.named(not_recorded)}: the run is older than that record, "
            "or its rows lack it."
        )
    if len(not_recorded) < len(mixtures):
        sentences.append(_WEIGHTS_ONLY)
    tables = [_parameter_table(measured, mixtures)]
    if len(not_recorded) < len(mixtures):
        tables.append(_byte_table(measured, [pair for pair in mixtures if pair[1].prompt_bytes is not None]))
    return Passage("Weights read", tuple(sentences), tuple(tables))


def _sentences(choices: Choices, each: Touched) -> list[str]:
    name = choices.row.system
    sentences = []
    if each.active_share is not None:
        sentences.append(
            f"Of {name}'s {units.count(each.parameters_total)} parameters a token uses "
            f"{units.count(each.parameters_active)} ({units.percent(each.active_share)})."
        )
    if each.decode_bytes is not None and each.all_bytes:
        speed = f", {units.quantity(each.bytes_per_s, 'B/s')} at the measured speed"
        sentences.append(
            f"Per output token it reads {units.size(each.decode_bytes)} of {units.size(each.all_bytes)} "
            f"({units.percent(each.decode_bytes / each.all_bytes)}){speed if each.bytes_per_s is not None else ''}."
        )
    if each.prompt_bytes is not None and each.all_bytes and each.prompt_token_bytes is not None:
        sentences.append(
            f"A prompt of {units.count(each.prompt_tokens or 0)} tokens on average is processed in one pass that "
            f"selects {units.digits(each.prompt_experts or 0)} of {choices.number} experts in a layer: "
            f"{units.size(each.prompt_bytes)}, or {units.size(each.prompt_token_bytes)} per prompt token."
        )
    return sentences


def _system(measured: Measured, choices: Choices) -> Cell:
    return Cell(choices.row.system, series=measured.frames.systems.index(choices.row.system))


def _parameter_table(measured: Measured, mixtures: Sequence[tuple[Choices, Touched]]) -> Table:
    rows = []
    for choices, each in mixtures:
        rows.append(
            (
                _system(measured, choices),
                Cell(str(choices.number)),
                Cell(units.count(choices.row.experts_per_token)),
                Cell(units.count(len(choices.row.expert_layers))),
                Cell(units.count(each.parameters_total)),
                Cell(units.count(each.parameters_active)),
                Cell(units.percent(each.active_share)),
            )
        )
    return Table(
        caption="Total and active parameters",
        columns=(
            Column("System"),
            *numbers(
                "Experts",
                "Experts per token",
                "Layers with experts",
                "Total parameters",
                "Active parameters",
                "Active share",
            ),
        ),
        rows=tuple(rows),
    )


def _byte_table(measured: Measured, mixtures: Sequence[tuple[Choices, Touched]]) -> Table:
    return Table(
        caption="Bytes of weights read",
        columns=(
            Column("System"),
            *numbers(
                "One expert, one layer",
                "Shared by all tokens",
                "With all experts",
                "Per output token",
                "Prompt tokens",
                "Experts per layer in a prompt",
                "Per prompt",
                "Per prompt token",
                "Seconds per output token",
                "Bandwidth",
            ),
        ),
        rows=tuple(
            (
                _system(measured, choices),
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
            for choices, each in mixtures
        ),
        note=(
            "Seconds per output token: of the timed requests, from the first token to the end, divided by the tokens "
            "after it; – if token times were not recorded, or requests were batched. Bandwidth: bytes per output "
            "token divided by those seconds."
        ),
    )
