"""Compare the machines of a run with each other, and its systems over them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.comparability.co_running import in_words, machine_classes, parts_of
from wattbench_reports.comparison.another_run import of_another_run
from wattbench_reports.comparison.machines.block_figures import BlockFigures, block_figures
from wattbench_reports.comparison.machines.model import FIGURES, DifferenceBetweenMachines, Machine, Machines
from wattbench_reports.metrics.system_metrics import Measures
from wattbench_reports.metrics.throughput import (
    CLIENT_SHARE,
    OUTPUT_TOKENS_PER_S,
    REQUESTS_PER_S,
    Throughput,
    throughput_of_shares,
)
from wattbench_reports.stats import (
    BlockRatio,
    Interval,
    NodeEffect,
    PairOverNodes,
    holm,
    node_effects,
    pair_over_nodes,
    variance_on_another_node,
)
from wattbench_reports.stats.node_effects import LEAST
from wattbench_reports.tables.node_record import NodeRecord, node_records
from wattbench_reports.tables.run_tables import NODE, Frames, object_of_text
from wattbench_reports.tables.streamed import StreamedFrames

_LEVEL = 0.05


def machines_of(frames: Frames) -> Machines:
    """Compare the machines of a run; empty for a run that another tool measured.

    Args:
        frames: with the seconds and joules of all machines.

    Raises:
        UserError: the record is damaged.
    """
    frames = frames.recorded or frames
    nodes = node_records(frames)
    hottest = _hottest(frames) if nodes else {}
    served = _served(frames, nodes)
    machines: list[Machine] = []
    differences: tuple[DifferenceBetweenMachines, ...] = ()
    tested = 0
    for number, members in enumerate(machine_classes(nodes), start=1):
        figures = block_figures(frames, [block for node in members for block in node.blocks])
        owner = _owners(figures, members)
        effects = _effects(figures, owner, len(members)) if len(members) > 1 else {}
        for position, node in enumerate(members):
            others = [hottest[each.node] for each in members if each is not node and each.node in hottest]
            temperature_c = hottest.get(node.node)
            machines.append(
                replace(
                    _described(node, number),
                    answers=int(figures.answers[owner == position].sum()) if len(nodes) > 1 else _answers(frames),
                    effects={figure: of_class[position] for figure, of_class in effects.items()},
                    temperature_c=temperature_c,
                    hotter_c=temperature_c - float(np.median(others)) if temperature_c is not None and others else None,
                    requests_per_s=served[node.node].get(REQUESTS_PER_S),
                    output_tokens_per_s=served[node.node].get(OUTPUT_TOKENS_PER_S),
                    client_share=served[node.node].get(CLIENT_SHARE),
                )
            )
        if number == 1 and len(members) > 1:
            differences, tested = _differences(figures, owner, members, frames.systems)
    return Machines(tuple(machines), differences, tested)


def of_compared_class(frames: Frames) -> Frames:
    """Return the frames with the seconds and joules of one class of machines: the class with the most blocks.

    Seconds and joules of unlike machines are never pooled. Scores are those of all machines.
    """
    classes = machine_classes(node_records(frames)) if frames.several_nodes else ()
    if len(classes) < 2:
        return frames
    apart = [block for members in classes[1:] for node in members for block in node.blocks]
    if isinstance(frames, StreamedFrames):
        return replace(frames, unlike_blocks=tuple(apart), recorded=frames)
    masked = np.isin(frames.figures("block"), apart)
    columns = {name: frames.items[name].mask(masked) for name in ("energy_j", "energy_above_idle_j", "finished_s")}
    return replace(frames, items=frames.items.assign(**columns), recorded=frames)


def on_another_machine(
    frames: Frames, measured: Mapping[str, Measures], uncertain: Mapping[str, BlockRatio]
) -> dict[str, Interval]:
    """Return each system's joules per correct answer on another machine of the class, where it is known.

    How far a machine is from the others is taken from joules per request, as answers are as often correct on any.

    Args:
        frames: the run.
        measured: each system's figures.
        uncertain: its joules per correct answer with the variance of its log.
    """
    members = next(iter(machine_classes(node_records(frames))), ())
    if len(members) < 2:
        return {}
    figures = block_figures(frames.recorded or frames, [block for node in members for block in node.blocks])
    owner = _owners(figures, members)
    known = {}
    for column, name in enumerate(frames.systems):
        sums, counts = (
            np.bincount(owner, weights=each["joules"][:, column], minlength=len(members))
            for each in (figures.sums, figures.counts)
        )
        per_request = np.divide(sums, counts, out=np.zeros(len(members)), where=counts > 0)
        logs = np.log(per_request, out=np.full(len(members), np.nan), where=per_request > 0)
        interval = of_another_run(uncertain.get(name), measured[name].j_per_correct, variance_on_another_node(logs))
        if interval is not None:
            known[name] = interval
    return known


def _served(frames: Frames, nodes: Sequence[NodeRecord]) -> dict[str, dict[str, float]]:
    """Return the throughput of each machine, by the name of the figure, where known."""
    shares = [node.blocks if len(nodes) > 1 else None for node in nodes]
    return {
        node.node: {} if known is None else _rates(known)
        for node, known in zip(nodes, throughput_of_shares(frames, shares) if nodes else (), strict=True)
    }


def _rates(known: Throughput) -> dict[str, float]:
    rates = {REQUESTS_PER_S: known.requests, OUTPUT_TOKENS_PER_S: known.output_tokens}
    share = {} if known.client_share is None else {CLIENT_SHARE: known.client_share}
    return {name: rate.per_s for name, rate in rates.items() if rate is not None} | share


def _answers(frames: Frames) -> int:
    """Count the answers of a run."""
    return sum(len(frames.figures("block", frames.answers_of(name))) for name in frames.systems)


def _described(node: NodeRecord, of_class: int) -> Machine:
    parts = parts_of(node)
    return Machine(
        node=node.node,
        device=in_words(parts["device"], "GPU", "CPU"),
        driver=in_words(parts["driver"]),
        power_limit=in_words(parts["power_limit"], "GPU power limit", "CPU power limit"),
        meter=", ".join(f"{component}: {how}" for component, how in parts["meter"].facts),
        of_class=of_class,
        blocks=len(node.blocks),
        answers=0,
    )


def _owners(figures: BlockFigures, members: Sequence[NodeRecord]) -> NDArray[np.int64]:
    """Return, for each block, the position of its machine among the members of the class."""
    position = {block: number for number, node in enumerate(members) for block in node.blocks}
    return np.array([position[block] for block in figures.blocks.tolist()], dtype=np.int64)


def _effects(figures: BlockFigures, owner: NDArray[np.int64], members: int) -> dict[str, list[NodeEffect]]:
    """Compare the machines of a class by each figure, over all systems. A figure that some lack is left out."""
    effects = {}
    for figure in FIGURES:
        logs = figures.logs(figure)
        logs = logs[:, np.isfinite(logs).any(axis=0)]
        known = np.isfinite(logs).any(axis=1) if logs.size else np.zeros(len(logs), dtype=np.bool_)
        if len(np.unique(owner[known])) < members:
            continue
        # A system's level is taken off, so that one that lacks a block does not look like a fast machine.
        left = logs[known] - np.nanmean(logs[known], axis=0)
        effects[figure] = node_effects(np.nanmean(left, axis=1), owner[known])
    return effects


def _differences(
    figures: BlockFigures, owner: NDArray[np.int64], members: Sequence[NodeRecord], systems: Sequence[str]
) -> tuple[tuple[DifferenceBetweenMachines, ...], int]:
    """Test every pair of systems. Return the pairs whose difference varies by machine, and the number of tests."""
    pairs = [each for figure in FIGURES for each in _pairs(figures.logs(figure), owner, figure, systems)]
    adjusted = holm([pair.p_value for *_, pair in pairs])
    shown = [
        DifferenceBetweenMachines(
            figure, first, second, tuple(members[position].node for position in positions), pair, p_value
        )
        for (figure, first, second, positions, pair), p_value in zip(pairs, adjusted, strict=True)
        if p_value is not None and p_value <= _LEVEL and pair.spread >= 1 + LEAST
    ]
    tested = sum(p_value is not None for p_value in adjusted)
    return tuple(sorted(shown, key=lambda each: (each.p_value, -each.pair.spread))), tested


def _pairs(
    logs: NDArray[np.float64], owner: NDArray[np.int64], figure: str, systems: Sequence[str]
) -> Iterator[tuple[str, str, str, list[int], PairOverNodes]]:
    """Yield every pair of systems that two or more machines measured, with the positions of these machines."""
    for first, second in combinations(range(len(systems)), 2):
        apart = logs[:, first] - logs[:, second]
        known = np.isfinite(apart)
        positions, number = np.unique(owner[known], return_inverse=True)
        if len(positions) > 1:
            pair = pair_over_nodes(apart[known], number)
            yield figure, systems[first], systems[second], positions.tolist(), pair


def _hottest(frames: Frames) -> dict[str, float]:
    """Return the hottest reading of each machine in its measured windows, of any component."""
    hottest: dict[str, float] = {}
    measured = frames.windows["purpose"] == "measured"
    texts = frames.window_columns("temperature_c")["temperature_c"]
    for node, text in zip(frames.windows[NODE][measured], texts[measured], strict=True):
        readings = object_of_text(frames.run.layout.windows_table, text)
        known = [float(each) for each in readings.values() if isinstance(each, int | float) and math.isfinite(each)]
        if known:
            hottest[str(node)] = max(hottest.get(str(node), -math.inf), *known)
    return hottest
