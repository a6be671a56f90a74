"""Analyse the experts of a mixture: their use by domain, their co-activation, and the bytes of weights they read.

All of it is from the observation pass, which no timing shares, without incomplete lines.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench.records import ExpertRow, RunRecords, SystemRow
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.stats import Dependence, dependence, entropy_bits, together_by_chance
from wattbench_reports.stats.budgets import SEED
from wattbench_reports.tables.token_timings import token_times


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


def recorded_choices(measured: Measured) -> tuple[Choices, ...]:
    """Read the choices of every mixture that recorded them, in the order they ran; empty without any."""
    tasks = measured.frames.items.drop_duplicates("task")
    domain_of = {str(task): str(domain) for task, domain in zip(tasks["task"], tasks["domain"], strict=True)}
    run = measured.frames.run
    rows = run.systems()
    of_systems = [_of_system(run, rows[name], domain_of) for name in measured.frames.systems if name in rows]
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


@dataclass(frozen=True)
class ExpertUse:
    """The use of the experts of one mixture."""

    system: str
    experts: tuple[str, ...]
    layers: tuple[int, ...]
    """Those that have experts, counted from 0."""
    per_token: int
    domains: tuple[str, ...]
    items: tuple[int, ...]
    """Per domain."""
    shares: NDArray[np.float64]
    """Shape (layers, domains, experts): the mean over the domain's items of an expert's share of the choices in the
    layer. Sums to 1 over experts."""
    load: NDArray[np.float64]
    """Shape (layers, experts): an expert's share of all choices in the layer, each token counting the same."""
    evenness: tuple[float, ...]
    """Per layer: the entropy of the load over the experts, over that of an even load; 1 is even."""
    dependence: Dependence | None
    """On the domain; None with fewer than two domains."""
    at_most_bits: float
    """The maximum of the mutual information: the lesser of the entropy of the domain and of the information in choosing
    `per_token` different experts for each token."""

    @property
    def busiest(self) -> NDArray[np.float64]:
        """Return the load of the most used expert over that of the mean expert, shape (layers,); 1 is even."""
        return np.asarray(self.load.max(axis=1) * len(self.experts))


def expert_use(choices: Choices) -> ExpertUse:
    """Compute how a mixture's choices depend on the domain, and how its load is balanced."""
    row, counts, codes = choices.row, choices.counts, choices.domain
    shares_of_item = counts / counts.sum(axis=2, keepdims=True)
    shares = np.stack([shares_of_item[codes == code].mean(axis=0) for code in range(len(choices.domains))], axis=1)
    load = counts.sum(axis=0) / counts.sum(axis=(0, 2))[:, None]
    per_token, number = row.experts_per_token or 1, choices.number
    items = np.bincount(codes)
    return ExpertUse(
        system=row.system,
        experts=tuple(row.experts),
        layers=tuple(row.expert_layers),
        per_token=per_token,
        domains=choices.domains,
        items=tuple(int(count) for count in items),
        shares=shares,
        load=load,
        evenness=tuple(float(bits) / math.log2(number) if number > 1 else 1.0 for bits in entropy_bits(load)),
        dependence=dependence(counts, codes, seed=SEED) if len(choices.domains) > 1 else None,
        at_most_bits=min(float(entropy_bits(items / items.sum())), math.log2(number / per_token)),
    )


@dataclass(frozen=True)
class Together:
    """The co-activation of one mixture. Pairs are in the order (0, 1), (0, 2), ... (1, 2), ..."""

    pairs: tuple[tuple[int, int], ...]
    """Indices of the two experts."""
    tokens: int
    """In each layer."""
    observed: NDArray[np.float64]
    """Shape (layers, pairs): for how many tokens both were asked."""
    expected: NDArray[np.float64]
    """The same if the experts of a token were independent, given how often each is asked in the layer
    and the domain."""

    def ratio(self, layers: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return observed over expected co-activations in some layers, shape (pairs,); NaN where none are expected."""
        observed, expected = self.observed[layers].sum(axis=0), self.expected[layers].sum(axis=0)
        ratios = np.divide(observed, expected, out=np.full(len(observed), math.nan), where=expected > 0)
        return np.asarray(ratios)

    def share(self, layers: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the share of tokens in some layers that activate both experts of a pair, shape (pairs,)."""
        return np.asarray(self.observed[layers].sum(axis=0) / (self.tokens * len(layers)))


def together(choices: Choices) -> Together | None:
    """Compute the co-activation of all pairs of experts. None if not recorded, or if tokens activate one expert or all.

    What is expected is taken domain by domain: experts that are asked in the same domains would otherwise look drawn
    to each other.
    """
    per_token = choices.row.experts_per_token or 1
    if choices.pairs is None or not 1 < per_token < choices.number:
        return None
    first, second = np.triu_indices(choices.number, k=1)
    expected = np.zeros(choices.pairs.shape[1:])
    all_tokens = 0.0
    for index in range(len(choices.domains)):
        counts = choices.counts[choices.domain == index].sum(axis=0)
        tokens = float(counts[0].sum()) / per_token
        all_tokens += tokens
        for layer, counts_of_layer in enumerate(counts):
            chances = np.clip(counts_of_layer * per_token / counts_of_layer.sum(), 0.0, 1.0)
            expected[layer] += tokens * together_by_chance(chances, per_token)[first, second]
    return Together(
        pairs=tuple(zip(first.tolist(), second.tolist(), strict=True)),
        tokens=round(all_tokens),
        observed=choices.pairs.sum(axis=0),
        expected=expected,
    )


@dataclass(frozen=True)
class Touched:
    """The weights that one mixture reads, with one text at a time. Weights only: no key-value cache, no activations.

    Bytes are None where the record lacks the size of an expert, or does not count the prompt separately.
    """

    parameters_total: int | None
    parameters_active: int | None
    all_bytes: int | None
    """Of all weights, those of every expert among them, less an embedding that is only looked up."""
    decode_bytes: float | None
    """Per output token: one pass, and the experts it asks."""
    prompt_tokens: float | None
    """Mean per text."""
    prompt_experts: float | None
    """How many different experts of a layer the pass over a prompt asks: mean over texts and layers."""
    prompt_bytes: float | None
    """Per pass over a prompt: mean over texts."""
    prompt_token_bytes: float | None
    """Of all such passes, over all prompt tokens."""
    decode_s: float | None
    """Seconds per output token after the first, of the timed requests; None where tokens were not seen to arrive, or
    were generated for several requests at once."""

    @property
    def active_share(self) -> float | None:
        """Return the share of the parameters that a token uses; None where it is not known."""
        if not self.parameters_total or self.parameters_active is None:
            return None
        return self.parameters_active / self.parameters_total

    @property
    def bytes_per_s(self) -> float | None:
        """Return the bytes that decoding reads per second."""
        return None if self.decode_bytes is None or not self.decode_s else self.decode_bytes / self.decode_s


def touched(measured: Measured, choices: Choices) -> Touched:
    """Compute the bytes of weights that each token of a mixture reads."""
    row = choices.row
    experts = choices.prompt_touched
    known = row.expert_bytes is not None and row.shared_bytes is not None
    each, shared = row.expert_bytes or 0, row.shared_bytes or 0
    passes = shared + each * experts.sum(axis=1)
    countable = known and len(passes) > 0
    answered = float(choices.answer_tokens.sum())
    return Touched(
        parameters_total=row.parameters_total,
        parameters_active=row.parameters_active,
        all_bytes=shared + each * len(row.expert_layers) * choices.number if known else None,
        decode_bytes=shared + each * float(choices.answer_asked.sum()) / answered if countable and answered else None,
        prompt_tokens=float(choices.prompt_tokens.mean()) if len(experts) else None,
        prompt_experts=float(experts.mean()) if len(experts) else None,
        prompt_bytes=float(passes.mean()) if countable else None,
        prompt_token_bytes=float(passes.sum() / choices.prompt_tokens.sum()) if countable else None,
        decode_s=_decode_s(measured, row.system),
    )


def _decode_s(measured: Measured, system: str) -> float | None:
    items = measured.frames.items
    batch_size = measured.frames.more_columns("batch_size")["batch_size"]
    if bool((batch_size[items["system"] == system] > 1).any()):
        return None
    return token_times(measured.frames)[system].decode_s
