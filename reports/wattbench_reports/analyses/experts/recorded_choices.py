"""Read the recorded choices of a mixture's routers as arrays, without incomplete lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench.records import ExpertRow, RunRecords, SystemRow
from wattbench_reports.comparison.analysis import Analysis


@dataclass(frozen=True)
class Choices:
    """The recorded choices of one mixture."""

    row: SystemRow
    domains: tuple[str, ...]
    """Those that were asked, in the order of the suite."""
    domain: NDArray[np.int64]
    """Shape (items,): the index of each item's domain."""
    counts: NDArray[np.float64]
    """Shape (items, layers, experts): how often each expert was asked, the repeats of an item summed."""
    pairs: NDArray[np.float64] | None
    """Shape (domains, layers, pairs): for how many tokens two experts were both asked, pairs in the order (0, 1),
    (0, 2), ... (1, 2), ...; None where some line lacks it, as older ones do."""
    prompt_tokens: NDArray[np.int64]
    """Shape (texts,): one for each line that counts the prompt separately. So the next three."""
    answer_tokens: NDArray[np.int64]
    answer_asked: NDArray[np.int64]
    """How often any expert was asked for the answer, over all layers: each token asks different ones."""
    prompt_touched: NDArray[np.int64]
    """Shape (texts, layers): how many different experts the pass over the prompt asked."""

    @property
    def number(self) -> int:
        """Return the number of experts per layer."""
        return len(self.row.experts)


def recorded_choices(analysis: Analysis) -> tuple[Choices, ...]:
    """Read the choices of every mixture that recorded them, in the order they ran; empty without any."""
    tasks = analysis.frames.items.drop_duplicates("task")
    domain_of = {str(task): str(domain) for task, domain in zip(tasks["task"], tasks["domain"], strict=True)}
    run = analysis.frames.run
    rows = run.systems()
    of_systems = [_of_system(run, rows[name], domain_of) for name in analysis.frames.systems if name in rows]
    return tuple(choices for choices in of_systems if choices is not None)


def _of_system(run: RunRecords, row: SystemRow, domain_of: Mapping[str, str]) -> Choices | None:
    shape = (len(row.expert_layers), len(row.experts))
    order = {domain: index for index, domain in enumerate(dict.fromkeys(domain_of.values()))}
    of_item: dict[tuple[str, int], NDArray[np.float64]] = {}
    pairs = np.zeros((len(order), shape[0], shape[1] * (shape[1] - 1) // 2))
    complete = True
    texts: list[tuple[int, int, int, NDArray[np.int64]]] = []
    for task, line, counts in _lines(run, row, domain_of, shape):
        key = task, line.doc_id
        of_item[key] = of_item[key] + counts if key in of_item else counts
        both = _array(line.pairs, pairs.shape[1:])
        complete = complete and both is not None
        if both is not None:
            pairs[order[domain_of[task]]] += both
        prompt = _array(line.prompt_counts, shape)
        if prompt is not None and isinstance(line.prompt_tokens, int) and line.prompt_tokens > 0:
            answer = max(0, line.tokens - line.prompt_tokens)
            texts.append((line.prompt_tokens, answer, int((counts - prompt).sum()), (prompt > 0).sum(axis=1)))
    if not of_item:
        return None
    labels = [domain_of[task] for task, _ in of_item]
    present = [domain for domain in order if domain in labels]
    return Choices(
        row=row,
        domains=tuple(present),
        domain=np.array([present.index(label) for label in labels], dtype=np.int64),
        counts=np.stack(list(of_item.values())),
        pairs=pairs[[order[domain] for domain in present]] if complete else None,
        prompt_tokens=np.array([text[0] for text in texts], dtype=np.int64),
        answer_tokens=np.array([text[1] for text in texts], dtype=np.int64),
        answer_asked=np.array([text[2] for text in texts], dtype=np.int64),
        prompt_touched=np.array([text[3] for text in texts], dtype=np.int64).reshape(-1, shape[0]),
    )


def _lines(
    run: RunRecords, row: SystemRow, domain_of: Mapping[str, str], shape: tuple[int, int]
) -> Iterator[tuple[str, ExpertRow, NDArray[np.float64]]]:
    """Yield the task, the line and the counts of each plausible line."""
    if 0 in shape:
        return
    for task in domain_of:
        for line in run.experts(row.system, task):
            counts = _array(line.counts, shape)
            if counts is not None and _plausible(counts, row.experts_per_token or 1):
                yield task, line, counts


def _plausible(counts: NDArray[np.float64], per_token: int) -> bool:
    """Return whether every layer has choices, and none of its experts has more choices than there are tokens."""
    choices_per_layer = counts.sum(axis=1)
    return bool(np.all(choices_per_layer > 0) and np.all(counts.max(axis=1) <= choices_per_layer / per_token))


def _array(counts: object, shape: tuple[int, ...]) -> NDArray[np.float64] | None:
    """Return recorded counts as an array. None if they have another shape or are not counts."""
    try:
        array = np.array(counts, dtype=np.float64)
    except (ValueError, TypeError):  # rows of different lengths, or no numbers
        return None
    return array if array.shape == shape and bool(np.all(np.isfinite(array) & (array >= 0))) else None
