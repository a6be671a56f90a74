"""The blocks of a run's header other than its suite: machine, meters, cells, import, gate, night, and scoring anew."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BeforeValidator, Field, StrictBool, ValidationInfo

from wattbench.records.answer_forms import Forms
from wattbench.records.rows.rounds import SIDES
from wattbench.records.schema.gate import GatePolicy
from wattbench.records.schema.recorded import (
    AsText,
    Described,
    DescribedWhole,
    Number,
    Text,
    Texts,
    ThoseValid,
    Whole,
)

_HASH = re.compile(r"[0-9a-f]{7,64}")
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d+)?(?:/[A-Za-z0-9._~-]+)+")
_Objects = ThoseValid[dict[str, dict[str, Any]]]
_TextOf = ThoseValid[dict[str, Text]]


def commit_hash(text: str | None) -> str | None:
    """Return the hash of a commit; None for any other text."""
    return text if text is not None and _HASH.fullmatch(text) else None


def _hash(text: str) -> str:
    if commit_hash(text) is None:
        raise ValueError("no hash of a commit")
    return text


def _address(text: str) -> str:
    if not _ADDRESS.fullmatch(text) or ".." in text:
        raise ValueError("no address of host and path alone")
    return text


def _at_least_those(number: int, info: ValidationInfo) -> int:
    return max(number, len(info.data[str(info.field_name).removesuffix("_in_all")]))


_InAll = Annotated[Whole, AfterValidator(_at_least_those)]
"""How many there are of which the first ones are on record."""


class SamplingRecord(Described):
    """How a system samples its answers, whatever its tasks say."""

    temperatures: Annotated[tuple[Number, ...], Field(min_length=1)]
    seeds: ThoseValid[tuple[Whole, ...]] = ()
    """Sent with each repeat; empty where none is sent, or where it goes up with each request."""


class PlannedCell(DescribedWhole):
    """One system on one task, as planned. All of it also has the task's version and digests."""

    system: Text
    task: Text
    domain: Text | None = None
    items: Whole | None = None
    repeats: Whole | None = None
    """How often each item is asked; None in older records, where the suite says it for all."""
    sampling: SamplingRecord | None = None
    """How the system samples by its own settings; None: it does not."""
    task_temperature: Number | None = None
    """The temperature above 0 at which the task's own settings ask for answers; None: they do not."""


class RepositoryRecord(Described):
    """The repository of a suite when a run began."""

    remote: Annotated[Text, AfterValidator(_address)] | None = None
    """Its address, of host and path alone; None where it is not recorded or is no such address."""
    uncommitted: Texts = ()
    """The first files that were not committed."""
    uncommitted_in_all: _InAll = Field(default=0, alias="uncommitted_files", validate_default=True)


class GpuRecord(Described):
    """One GPU of a machine."""

    name: Text = "unnamed"


class MachineRecord(DescribedWhole):
    """The machine and its software."""

    os: Text | None = None
    python: Text | None = None
    cpu: Text | None = None
    logical_cpus: Whole | None = Field(default=None, alias="cpus_logical")
    memory_bytes: Number | None = None
    gpus: ThoseValid[tuple[GpuRecord, ...]] = ()
    packages: dict[str, Any] | None = None
    """Name to version; None where they are not recorded."""
    commit: Text | None = None
    repository: RepositoryRecord = RepositoryRecord()

    @property
    def codecarbon(self) -> str | None:
        """Return the version of codecarbon, whose constants are in modelled joules."""
        version = (self.packages or {}).get("codecarbon")
        return version if isinstance(version, str) and version else None


class MeterRecord(Described):
    """The meter of one component."""

    meter: Text = ""
    """Empty where it is not recorded. So `reads`."""
    reads: Text = ""
    """What the meter reads, in words."""
    step_s: Number | None = None
    """How often its figure advances."""


class ImportedFile(Described):
    """A file of an imported run."""

    name: AsText = "None"


class ImportedZeros(Described):
    """Zeros of a source that were taken as not recorded."""

    system: AsText = "None"
    column: AsText = "None"
    answers: Whole
    """How many."""


class ImportedColumn(Described):
    """What a column of an imported table was read as."""

    file: AsText = ""
    column: AsText
    read_as: AsText = ""
    """In words; empty: it was not read."""
    unread: AsText = ""
    """Why it was not read."""


class ImportRecord(DescribedWhole):
    """The source of an imported run."""

    source: Text | None = Field(default=None, alias="from")
    files: ThoseValid[tuple[ImportedFile, ...]] = ()
    left_out: dict[str, Any] = {}
    """Reason to how many."""
    scenarios: _Objects = Field(default={}, alias="scenario")
    """System to the load that the tool put on it."""
    machines: _Objects = {}
    """System to what the tool recorded of the machine that answered, in the form of a run's environment."""
    currency: Text | None = None
    """Of its costs; None where it was not named."""
    remarks: _TextOf = {}
    """What else a reader should know of it: a stable name to a sentence without its full stop."""
    zeros: ThoseValid[tuple[ImportedZeros, ...]] = ()
    joules_of: _TextOf = {}
    """System to whose joules were declared for it: ``model``, of the machine that runs it, or ``client``."""
    columns: ThoseValid[tuple[ImportedColumn, ...]] = ()
    """Of a table: the columns that have other names than what they were read as, and those that were not read."""
    repeats: Whole = 0
    """How many names of items were taken for repeats of one item; 0: none."""


class RescoredScore(Described):
    """What scoring anew changed for one system: sums over the answers of the tasks that were scored anew."""

    answers: Annotated[Number, Field(gt=0)]
    before: Number
    after: Number
    newly_right: Whole
    newly_wrong: Whole


class RescoredRecord(Described):
    """The block ``rescored``: the run holds the answers of another one, scored anew."""

    source: Text = Field(alias="from")
    """The run whose answers these are."""
    forms: ThoseValid[Forms] = ()
    regex: Text | None = None
    metrics: dict[str, AsText] = {}
    """Task to metric."""
    tasks: Texts = ()
    """Those that were scored anew; empty: all."""
    tasks_from: Text | None = None
    """The folder of the task files."""
    judges: dict[str, AsText] = {}
    """Task to the judge that its answers were put to anew. The other fields are then empty, but for the tasks."""
    scores: ThoseValid[dict[str, RescoredScore]] = {}
    """By system."""


class GateSide(Described):
    """One of the two systems of a gate."""

    name: Text
    """What it is called in the record."""
    system: Text | None = None
    """What it is called in the suite."""


class GateBase(Described):
    """The base of a gate that compares a system with itself."""

    notes: Texts = ()
    """What differs between the two sides, one sentence each."""


class GateRecord(Described):
    """The block ``gate`` of a gate that asked two systems in turns."""

    needed: ClassVar[frozenset[str]] = frozenset({"planted", "base"})

    baseline: GateSide
    candidate: GateSide
    policy: GatePolicy
    planted: dict[str, Number] | None = None
    """Of a drill: what was planted in the candidate."""
    base: GateBase | None = None
    """Of a gate against a base."""
    long_rounds: StrictBool = True
    """Whether it asked rounds that are long enough for joules."""

    @property
    def sides(self) -> Mapping[str, GateSide]:
        """Return the two systems by `wattbench.records.SIDES`."""
        return dict(zip(SIDES, (self.baseline, self.candidate), strict=True))


class CommitRecord(Described):
    """One commit."""

    commit: Annotated[Text, AfterValidator(_hash)]
    subject: Text = ""


class CommitsSinceRecord(Described):
    """The commits and files between an earlier night and a run."""

    run: Text
    """The earlier night's. So `commit`."""
    commit: Text | None = None
    commits: ThoseValid[tuple[CommitRecord, ...]] = ()
    """The first, newest first."""
    commits_in_all: _InAll = Field(default=0, validate_default=True)
    files: Texts = ()
    """The first that differ."""
    files_in_all: _InAll = Field(default=0, validate_default=True)


class NightRecord(Described):
    """The block ``night`` of a run of `wattbench nightly`."""

    needed: ClassVar[frozenset[str]] = frozenset({"date"})

    date: Text | None = None
    """ISO 8601."""
    commit: Text | None = None
    backfilled: Annotated[bool, BeforeValidator(bool)] = False
    since: CommitsSinceRecord | None = None
    """What was committed since the night before; None where that is not known."""
