"""Define the rows of a run, as frozen dataclasses. Times are seconds since the Unix epoch, energies joules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, Self

from wattbench.records.rows import components
from wattbench.records.rows.field_checks import FieldError, check_choice, check_fields, check_order

SCHEMA_VERSION = 1
"""Increases when a field changes its meaning or is removed; a reader upgrades older runs and refuses newer ones."""


REQUEST_TYPES = (
    "generate_until",
    "loglikelihood",
    "loglikelihood_rolling",
    "multiple_choice",
    "generate_until_multi_round",
)
"""lm-eval's."""


class RecordRow:
    """The base of every row: it can be built from a parsed JSON object."""

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Build the row, ignoring fields that a newer minor writer may have added.

        Raises:
            FieldError: a field without a default is missing, or a value has another type or is out of range.
        """
        check_fields(cls, raw)
        cls.check(raw)
        return cls.unchecked(raw)

    @classmethod
    def unchecked(cls, raw: Mapping[str, Any]) -> Self:
        """Build the row as it is, for a reader that leaves out what cannot be true.

        Raises:
            TypeError: a field without a default is missing.
        """
        known = {f.name for f in fields(cls)}  # type: ignore[arg-type]  # every subclass is a dataclass
        return cls(**{key: value for key, value in raw.items() if key in known})

    @classmethod
    def check(cls, raw: Mapping[str, Any]) -> None:
        """Check what the types of the fields do not say.

        Raises:
            FieldError: it is not so.
        """


@dataclass(frozen=True, kw_only=True)
class RunHeader(RecordRow):
    """`run.json`: what was to be run, on what machine, and the hashes that make two runs comparable."""

    schema_version: int
    run: str
    """The run's identity: `<UTC>-<suite>-<id>`, the name of its directory."""
    suite: dict[str, Any]
    """The suite as resolved: every default filled in, every path absolute."""
    suite_sha256: str
    created_utc: str
    """ISO 8601."""
    command: list[str]
    environment: dict[str, Any]
    meters: dict[str, str]
    """Component to provenance, as found when the run began: ``{"gpu0": "counter", "cpu": "modelled"}``."""
    meter_details: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Component to ``{"meter", "reads", "step_s"}``: which meter, what it reads in words, how coarsely in time."""
    cells: list[dict[str, Any]]
    """The plan: ``{"system", "kind", "task", "domain", "items", "task_version", "docs_sha256", "task_sha256"}`` per
    cell. The last is missing in older records."""
    imported: dict[str, Any] | None = None
    """For a run that another tool made: ``{"from", "version", "files": [{"name", "sha256"}], "left_out": {reason:
    number}, "scenario": {system: {what: value}}}``. It has no windows, and lacks what its source lacks. None: wattbench
    measured it."""
    gate: dict[str, Any] | None = None
    """For a gate that asks two systems in turns: ``{"baseline": {"name", "system"}, "candidate": {"name", "system"},
    "policy": {...}, "policy_source": str, "planted": {"delay": share, "drop@task": share} or None, "seed": int,
    "long_rounds": bool}``. `name` is what it is called in this record, `system` in the suite. Its cells say what could
    be asked, `rounds.jsonl` what was."""
    night: dict[str, Any] | None = None
    """For a run of `wattbench nightly`: ``{"date": "2026-11-25", "commit": str | None, "backfilled": bool, "since":
    {"run", "commit", "commits": [{"commit", "subject"}], "commits_in_all", "files", "files_in_all"} | None}``: what was
    committed since the night before."""
    rescored: dict[str, Any] | None = None
    """For a run of `wattbench rescore`: ``{"from": the run whose answers these are, "command": [...], "created_utc",
    "forms": [...], "regex": str | None, "tasks": [...], "metrics": {task: metric}, "tasks_from": str | None, "scores":
    {system: {"answers", "before", "after", "newly_right", "newly_wrong"}}}``: how they were scored anew, and the sums
    of scores of the tasks that were. All else in the record is of the run that it is from."""
    retried_from: str | None = None
    """For a copy of a finished run in which its failed requests were asked again: the run that it is from."""
    node: str = ""
    """The machine that measured, as `wattbench.machine.node` names it. Empty in older records, in imported ones and in
    a run that several machines measured."""
    shard: dict[str, Any] | None = None
    """For a run of some blocks of a suite: ``{"blocks": [numbers from 0], "of": number of blocks, "seed": of the
    deal}``. Shards of one suite and plan, number of blocks and seed can be merged. With ``"handed_out": true`` it
    is a run on a cluster that is not finished: its blocks are asked in shards below `shards/`, which its end merges."""
    machines: dict[str, dict[str, Any]] = field(default_factory=dict)
    """For a run that several machines measured: node to its ``{"environment", "meters", "meter_details"}``. The fields
    of these names above are then of the first one. Empty: one machine measured all."""
    merged: list[dict[str, Any]] | None = None
    """For a run that was merged of shards: ``{"run", "node", "blocks", "created_utc", "sha256"}`` of each, the last
    being the digest of its `finished.json`."""

    @classmethod
    def check(cls, raw: Mapping[str, Any]) -> None:
        """Check that each cell names its system and its task."""
        super().check(raw)
        for number, cell in enumerate(raw["cells"]):
            for key in ("system", "task"):
                if not isinstance(cell.get(key), str):
                    raise FieldError(f"{key} of cell {number} is {cell.get(key)!r:.60}: it must be text")
        _check_shard(raw.get("shard"))
        for number, shard in enumerate(raw.get("merged") or []):
            _check_blocks(f"blocks of shard {number}", shard.get("blocks"))


def _check_shard(shard: Mapping[str, Any] | None) -> None:
    """Check that a shard names some of its blocks, in order, each once.

    Raises:
        FieldError: it does not.
    """
    if shard is None:
        return
    of, seed, blocks = (shard.get(key) for key in ("of", "seed", "blocks"))
    if not all(isinstance(each, int) and not isinstance(each, bool) for each in (of, seed)):
        raise FieldError(f"shard is {dict(shard)!r:.100}: of and seed must be whole numbers")
    _check_blocks("shard.blocks", blocks, of)


def _check_blocks(name: str, blocks: Any, of: int | None = None) -> None:
    """Check that a field holds numbers of blocks, in order, each once.

    Raises:
        FieldError: it does not.
    """
    numbers = blocks if isinstance(blocks, list) else []
    whole = all(isinstance(each, int) and not isinstance(each, bool) for each in numbers)
    below = f" below {of}" if of is not None else ""
    if not numbers or not whole or numbers != sorted(set(numbers)) or numbers[0] < 0:
        raise FieldError(f"{name} is {blocks!r:.60}: it must be numbers of blocks{below}, in order")
    if of is not None and numbers[-1] >= of:
        raise FieldError(f"{name} is {blocks!r:.60}: it must be numbers of blocks{below}, in order")


@dataclass(frozen=True, kw_only=True)
class AnswerRow(RecordRow):
    """A line of `items/<system>/<task>.jsonl`: what a system answered, and when. Written as it happens."""

    doc_id: int
    repeat: int
    """0 for the first time an item is asked; counts up where the suite asks each item again."""
    request_type: str
    """lm-eval's: ``generate_until``, ``loglikelihood`` or ``loglikelihood_rolling``."""
    prompt: str
    prompt_hash: str
    messages_hash: str = ""
    """Of the messages behind the prompt, few-shot examples included, as they were before the model's chat template.
    Empty without a chat template, and in older records."""
    replies: list[Any]
    """lm-eval's replies in request order: a text, or ``[log-likelihood, is greedy]`` per choice."""
    prompt_tokens: int | None
    """None if the engine cannot count them. `output_tokens` likewise."""
    output_tokens: int | None
    cached_tokens: int | None = None
    """Of `prompt_tokens`, those that a server had in its cache, as it reports. None in older records and if it does not
    report it."""
    reasoning_tokens: int | None = None
    """Of `output_tokens`, those of thoughts before the answer, as a server reports them; None as above."""
    cache_write_tokens: int | None = None
    """Of `prompt_tokens`, those that a server wrote to its cache and bills as such; None as above."""
    scheduled_s: float
    """When the request was due. In a closed loop that is when it was sent."""
    started_s: float
    first_token_s: float | None
    """None if the engine does not stream, or nothing was generated."""
    finished_s: float
    token_s: list[float] = field(default_factory=list)
    """When each output token arrived, the first included; empty if the engine does not report it."""
    batch: int
    """Which call of the system this was part of; items that share it were in flight together."""
    batch_size: int
    window: str
    """The id of the window in which it was asked."""
    route: str | None = None
    """For a hybrid: which member answered."""
    route_score: float | None = None
    """The router's confidence, on its own scale."""
    router_s: float | None = None
    """Seconds that choosing took, within the item's own: for a batch, the item's share of them. A cascade chooses by
    asking, so every answer that it rejected counts."""
    route_asked: list[str] = field(default_factory=list)
    """Every member that was asked, in order: more than one where a cascade escalated."""
    usage: list[dict[str, Any]] = field(default_factory=list)
    """For a hybrid: what each system that was asked used, rejected answers and what the router asked included:
    ``{"system", "prompt_tokens", "cached_tokens", "output_tokens", "seconds", "reasoning_tokens",
    "cache_write_tokens"}``; seconds are the item's share of the call's. Empty in older records."""
    offered_per_s: float | None = None
    """In the scenario `load`: the rate at which requests arrived. Such answers count if a `LoadRow` names their
    window; `repeat` counts up within a rate."""
    arrivals: str | None = None
    """As in `LoadRow`: how they arrived."""
    arrival: dict[str, Any] = field(default_factory=dict)
    """Of a trace: `row` of its file, `session`, `input_tokens` and `output_tokens` as the trace has them, and
    `released_s`, when the answers came that it had to wait for. What is not known is left out."""
    failure: str | None = None
    """Why the request has no answer: `replies` then holds empty ones, and it has no tokens. It is not correct; its
    seconds are until it failed, and it keeps its joules."""
    waited_s: float = 0.0
    """Seconds before it was sent, for the last time: it waited for its turn under a limit, or was refused and sent
    again. They come before `started_s`, and no latency counts them. 0 in older records."""
    resent: int = 0
    """How often its requests were sent again after a refusal."""
    block: int | None = None
    """In which block it was asked, from 0. None: the run has no blocks."""
    attempt: int = 0
    """Which attempt of the block it belongs to: 0 as first asked. Only the last complete attempt counts."""

    @classmethod
    def check(cls, raw: Mapping[str, Any]) -> None:
        """Check that it has a reply, a known type, and an end after its start."""
        check_choice(raw, "request_type", REQUEST_TYPES)
        check_order(raw)
        if not raw["replies"]:
            raise FieldError("replies is []: it must have a reply")


@dataclass(frozen=True, kw_only=True)
class ScoreRow(RecordRow):
    """A line of `scores/<system>/<task>.jsonl`: lm-eval's own score of one item."""

    doc_id: int
    repeat: int
    doc_hash: str
    """lm-eval's hash of the document: the same for every system, or the systems did not do the same work."""
    target: str
    filtered: str
    """The answer after lm-eval's filter: what was compared with the target."""
    correct: float
    """0 to 1: the metric that the suite calls correctness."""
    metrics: dict[str, Any]
    """Every metric of the item, keyed as lm-eval keys it: ``exact_match,none``."""
    offered_per_s: float | None = None
    """As in `AnswerRow`. So for the next one."""
    arrivals: str | None = None

    @classmethod
    def check(cls, raw: Mapping[str, Any]) -> None:
        """Check that the score is a share."""
        if raw["correct"] > 1:
            raise FieldError(f"correct is {raw['correct']!r:.60}: it must be between 0 and 1")


@dataclass(frozen=True, kw_only=True)
class SystemRow(RecordRow):
    """A line of `systems.jsonl`: what a system is made of and what loading it cost. The last line per system counts."""

    system: str
    kind: str
    engine: str
    domain: str | None = None
    engine_version: str | None = None
    parameters_total: int | None = None
    """None if not known (an endpoint that does not report it)."""
    parameters_active: int | None = None
    """Parameters used per token: below the total for a mixture of experts."""
    weight_bytes: int | None = None
    """Bytes of the weights as stored, adapter included."""
    weights_sha256: str | None = None
    served_model: str | None = None
    """For a server that wattbench did not start: the name it gives the model. It cannot be verified."""
    dtype: str | None = None
    device: str | None = None
    peak_memory_bytes: int | None = None
    """Highest resident memory of the process that ran the system (of a served one: of the server)."""
    peak_device_memory_bytes: int | None = None
    """Highest memory allocated on the accelerator, where there is one."""
    load_s: float | None = None
    load_window: str | None = None
    """The window that metered the loading; its joules are in `windows.jsonl`."""
    experts: list[str] = field(default_factory=list)
    """For a mixture: its experts' names, in the order of its routers."""
    expert_layers: list[int] = field(default_factory=list)
    """For a mixture: the layers that have experts, counted from 0."""
    experts_per_token: int | None = None
    expert_bytes: int | None = None
    """For a mixture: bytes of one expert in one layer, as loaded. None in older records, and if not known."""
    shared_bytes: int | None = None
    """For a mixture: bytes, as loaded, of all weights that every token reads, whichever experts it uses. An embedding
    that is not also the output's matrix is not among them: a token reads one row of it. None as above."""
    members: list[str] = field(default_factory=list)
    """For a hybrid: every system that it keeps loaded."""
    teacher: str | None = None
    """For a distilled system: its teacher."""
    training: dict[str, dict[str, Any]] | None = None
    """The cost of everything that was trained for it, by name: tokens, seconds, joules and how they were measured."""
    shares_base_with: str | None = None
    """The system that had already loaded this one's base: the load figures here are then of the adapter alone."""
    node: str = ""
    """The machine on which it was loaded; empty in older records."""


class Purpose(StrEnum):
    """What a window was opened for."""

    LOAD = "load"
    """Loading the system, or starting its server."""
    WARM_UP = "warm-up"
    IDLE = "idle"
    """The system loaded and nothing asked of it."""
    MEASURED = "measured"
    ABANDONED = "abandoned"
    """Measured under load and interrupted: its requests are repeated, and nothing of it counts."""
    SUPERSEDED = "superseded"
    """Measured in an attempt of a block that was asked again: nothing of it counts."""
    ROUTER = "router"
    TRAINING = "training"


@dataclass(frozen=True, kw_only=True)
class WindowLabel(RecordRow):
    """What a window is of; also a line of `open-windows.jsonl`, with `started_s` filled in."""

    window: str
    """Unique within the run: ``w0007``."""
    run: str
    system: str
    task: str | None
    purpose: str
    """A `Purpose`."""
    started_s: float | None = None
    block: int | None = None
    """As in `WindowRow`."""
    attempt: int = 0
    node: str = ""
    co_runners: int = 0
    """As in `WindowRow`, when it opened."""
    shared: list[str] = field(default_factory=list)

    @classmethod
    def check(cls, raw: Mapping[str, Any]) -> None:
        """Check that the purpose is known."""
        check_choice(raw, "purpose", tuple(Purpose))


@dataclass(frozen=True, kw_only=True)
class WindowRow(RecordRow):
    """A line of `windows.jsonl`: joules between two moments, and whether they can be trusted."""

    window: str
    run: str
    system: str
    task: str | None
    """None: the window is of no single task. In a run with blocks it holds items of several tasks."""
    purpose: str
    started_s: float
    finished_s: float
    energy_j: dict[str, float]
    """Joules per component: ``gpu0``, ``cpu``, ``dram``, ``wall``. A component that failed is absent, never 0. One may
    contain another: add them with `wattbench.records.rows.components` only."""
    provenance: dict[str, str]
    """How each figure of `energy_j` came about: ``counter``, ``integrated``, ``rapl``, ``modelled``, ``replayed``."""
    check_energy_j: dict[str, float] = field(default_factory=dict)
    """The same joules by a second method, where one exists (the integral of sampled power next to a counter)."""
    idle_w: dict[str, float] = field(default_factory=dict)
    """Watts per component with the system loaded and nothing asked of it; empty before that was measured."""
    samples: int = 0
    largest_gap_s: float | None = None
    temperature_c: dict[str, float] = field(default_factory=dict)
    """The highest temperature per component that has a sensor."""
    passes: int = 1
    """How often the window's items were asked to fill it; an item's energy is its share divided by this."""
    own_cpu_s: float | None = None
    """CPU seconds that the harness and everything it started (servers included) used in the window. None in older
    records, of a window that was closed from its trace, and where the kernel hides it."""
    contention: dict[str, float] = field(default_factory=dict)
    """What else the machine did meanwhile: signal to share, 0.05 for 5%. ``run_queue_wait``, ``foreign_cpu``,
    ``steal``, ``throttled``, ``canary``, ``later_passes``. A signal that the kernel hides is absent; empty means that
    nothing is known, as in older records."""
    contended: bool = False
    """Whether a signal is above its limit. Joules of such a window are not valid unless all are a GPU's, and its
    latencies are those of a busy machine."""
    valid: bool = True
    reasons: list[str] = field(default_factory=list)
    """Why the window is not valid, or what a reader should know of a valid one."""
    block: int | None = None
    """The block that it belongs to, from 0. None: the run has no blocks, or the window is of loading or idle."""
    attempt: int = 0
    """Which attempt of the block: 0 as first asked; 1 and 2: asked again."""
    node: str = ""
    """The machine that measured it, as `wattbench.machine.node` names it; empty in older records."""
    co_runners: int = 0
    """How many other device slots of the machine measured at the same time, at most; 0: it was alone."""
    shared: list[str] = field(default_factory=list)
    """The components whose joules are this slot's part of what all slots of the machine used together: ``cpu``,
    ``dram``, ``wall``. Empty: all are its own."""

    @classmethod
    def check(cls, raw: Mapping[str, Any]) -> None:
        """Check that the purpose is known, that it ends after its start, and that all joules have a provenance."""
        check_choice(raw, "purpose", tuple(Purpose))
        check_order(raw)
        unlabelled = [name for name in raw["energy_j"] if name not in raw["provenance"]]
        if unlabelled:
            raise FieldError(f"provenance lacks {unlabelled[0]!r:.60}, which has joules")
        if raw.get("passes") == 0:
            raise FieldError("passes is 0: it must be 1 or more")
        for name in ("energy_j", "idle_w") if raw.get("valid", True) else ():
            negative = [each for each in raw.get(name, {}).values() if each < 0]
            if negative:
                raise FieldError(f"{name} holds {negative[0]!r:.60}: it must not be below 0 in a valid window")

    @property
    def duration_s(self) -> float:
        """Seconds from start to finish."""
        return self.finished_s - self.started_s

    @property
    def total_j(self) -> float | None:
        """Return the joules of all components together, no joule twice, or None if none was read.

        Label it with `provenance_label`.
        """
        return components.total_j(self.energy_j)

    @property
    def above_idle_j(self) -> float | None:
        """Return the joules beyond what the loaded system draws when idle; None if its idle draw is not known."""
        counted = components.added(self.energy_j)
        if not counted or any(component not in self.idle_w for component in counted):
            return None
        return sum(self.energy_j[c] - self.idle_w[c] * self.duration_s for c in counted)

    @property
    def provenance_label(self) -> str:
        """Return every provenance in the total, joined: ``counter+modelled``. Empty if nothing was read."""
        return "+".join(sorted({self.provenance[c] for c in components.added(self.energy_j)}))


@dataclass(frozen=True, kw_only=True)
class ItemRow(RecordRow):
    """A row of `items.parquet`: one item, answered, scored, timed and with its energy."""

    run: str
    system: str
    kind: str
    task: str
    domain: str
    doc_id: int
    doc_hash: str
    prompt_hash: str
    messages_hash: str = ""
    """As in `AnswerRow`."""
    repeat: int
    correct: float | None
    """0 to 1; None only in an imported run without scores. Of a system all answers are scored, or none."""
    metrics: str
    """A JSON object: every metric, keyed as lm-eval keys it."""
    prompt_tokens: int | None
    output_tokens: int | None
    cached_tokens: int | None = None
    """As in `AnswerRow`. So for the next two."""
    reasoning_tokens: int | None = None
    cache_write_tokens: int | None = None
    scheduled_s: float | None
    """None only in an imported run without times, as the next one and `finished_s`. If only the duration is known it
    starts at 0."""
    started_s: float | None
    first_token_s: float | None
    finished_s: float | None
    token_s: list[float]
    batch: int
    batch_size: int
    window: str
    energy_j: float | None
    """The item's share of its window's joules, or None if the window is not valid."""
    energy_above_idle_j: float | None
    energy_provenance: str
    own_cpu_s: float | None = None
    """The item's share of its window's own CPU seconds, divided as its joules are; also of a window that is not valid.
    None if they are not known."""
    route: str | None = None
    """For a hybrid: which member answered. The next four are also for hybrids, as in `AnswerRow`."""
    route_score: float | None = None
    router_s: float | None = None
    router_energy_j: float | None = None
    """The router's part of `energy_j`, by its part of the seconds attributed to the item."""
    route_asked: list[str] = field(default_factory=list)
    usage: list[dict[str, Any]] = field(default_factory=list)
    """As in `AnswerRow`."""
    offered_per_s: float | None = None
    """Under load, the rate at which requests arrived; `scheduled_s` is then when it was due, and latency counts from
    there."""
    arrivals: str | None = None
    """As in `AnswerRow`."""
    failure: str | None = None
    """As in `AnswerRow`: a failed request is not correct."""
    waited_s: float = 0.0
    """As in `AnswerRow`. So for the next one."""
    resent: int = 0
    cost: float | None = None
    """Money, in an imported run whose source gives it, in the currency of the source."""
    block: int | None = None
    """In which block it was asked, from 0; None if the run has no blocks. `attempt` as in `AnswerRow`."""
    attempt: int = 0
    node: str = ""
    """The machine that asked it, as in `WindowRow`. So for the next one."""
    co_runners: int = 0
    passes: int = 1
    """`energy_j` and the other shares are means over this many passes of its window. The times are of the first
    pass."""
    prompt: str
    output: str
    filtered: str
    target: str
