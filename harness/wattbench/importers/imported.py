"""Define what an import reads of any format: answers, and what is known of the source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wattbench.errors import UserError, nearest
from wattbench.importers.answer import UNIT_RANGE, Answer, ScoreRange, check_name
from wattbench.importers.call_spool import CallSpool
from wattbench.importers.spool import Spool
from wattbench.importers.stated import Stated
from wattbench.importers.telemetry import Telemetry
from wattbench.records import SummaryRow
from wattbench.records.rows.judgements import Drawn, JudgeRow

RATE, AT_ONCE = "requests per second", "at most at once"
"""Keys of a load, as `Imported.scenario` has it."""
MOST_DEVICES = 1024


@dataclass(frozen=True)
class ImportedLabel:
    """How a person scored an answer."""

    row: int
    """Of the answer, in the order of reading."""
    score: float
    """0 to 1, on the scale of the judge."""
    person: str
    drawn: Drawn


@dataclass(frozen=True)
class Imported:
    """All that was read from some sources of one format."""

    format: str
    """The name that ``--from`` takes."""
    version: str | None
    """The version of the tool that made it, if stated."""
    files: tuple[Path, ...]
    """Every file that was read."""
    answers: Spool
    """In the order of the source. Empty (``Spool.of(())``) if it has `summaries` alone."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """What was left out, with its count: ``{"requests that were cut off": 3}``."""
    scenario: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """System to its load, if the source states it."""
    configs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """System to what is known of its settings: engine, model, server. Never a credential."""
    facts: Mapping[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)
    """(System, task) to what is known of the task: its version."""
    machines: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """System to what is known of the machine that answered, in the form of `RunHeader.environment`: ``{"gpus":
    [{"name": "NVIDIA H100 80GB HBM3", "uuid": "GPU-...", "power_limit_w": 700.0}]}``. What is not there is not
    recorded."""
    telemetry: Mapping[str, Telemetry] = field(default_factory=dict)
    """System to the readings of power that the source holds. They are judged, and divided among the answers."""
    columns: Sequence[Mapping[str, str]] = ()
    """Of a table: which column (``file``, ``column``) was ``read_as`` what, or is ``unread`` and why."""
    remarks: Mapping[str, str] = field(default_factory=dict)
    """What a reader has to know of the source: by a code a sentence, without a full stop."""
    summaries: Sequence[SummaryRow] = ()
    """What the source states over requests that it does not list: shown, and never tested. A system may have answers
    and summaries, or summaries alone."""
    calls: CallSpool = field(default_factory=CallSpool)
    """The model calls of agents, by the sessions that their answers name."""
    judges: Mapping[str, JudgeRow] = field(default_factory=dict)
    """Task to what scores it. Answers to it have verdicts, and no scores."""
    labels: Sequence[ImportedLabel] = ()


@dataclass
class ImportDraft:
    """What is known so far of an import whose sources are being read: the fields of `Imported`."""

    metric: str | None = None
    """Which score is correctness; None: the format's first."""
    scores: ScoreRange = UNIT_RANGE
    files: list[Path] = field(default_factory=list)
    versions: dict[str, None] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    scenario: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    configs: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    facts: dict[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)
    machines: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    telemetry: dict[str, Telemetry] = field(default_factory=dict)
    columns: list[Mapping[str, str]] = field(default_factory=list)
    remarks: dict[str, str] = field(default_factory=dict)
    stated: Stated = field(default_factory=Stated)
    calls: CallSpool = field(default_factory=CallSpool)
    judges: dict[str, JudgeRow] = field(default_factory=dict)
    labels: list[ImportedLabel] = field(default_factory=list)

    def add_system(self, name: str, load: Mapping[str, Any] | None, /, **config: Any) -> str:
        """Record a system and return its name.

        Args:
            name: of it.
            load: None: the format has none.
            config: its settings; None and empty ones are not known.
        """
        if load is not None:
            self.scenario[name] = load
        self.configs[name] = {key: value for key, value in config.items() if value is not None and value != ""}
        return name

    def add_judge(self, task: str, judge: str, where: str, *, scale: str = "pass", rubric: str = "") -> None:
        """Record what scores the answers to a task.

        Raises:
            UserError: another judge does.
        """
        check_name(judge, "judge", where)
        row = JudgeRow(judge=judge, task=task, scale=scale, rubric=rubric, prompt_version="imported")
        known = self.judges.setdefault(task, row)
        if known.judge != judge:
            raise UserError(
                f"{where}: {judge!r:.60} judged this answer to {task}, and {known.judge!r:.60} others; a task has one "
                "judge: import the verdicts of each by itself"
            )

    def add_version(self, version: Any) -> None:
        """Record the version of the tool, if it is a text."""
        if isinstance(version, str) and version:
            self.versions[version] = None

    def add_gpus(self, system: str, name: Any, number: Any, **of_each: Any) -> None:
        """Record the GPUs of a system's machine, if their name and number are known.

        Args:
            system: whose they are.
            name: of the model of all.
            number: how many.
            of_each: what else is known; None is not.
        """
        if isinstance(name, str) and isinstance(number, int) and 0 < number <= MOST_DEVICES:
            known = {key: value for key, value in of_each.items() if value is not None}
            self.machines[system] = {"gpus": [{"name": name} | known] * number}

    def share(self, score: Any, what: str, where: str, others: str) -> float | None:
        """Return a score as a share of its range; None if the source has none.

        Args:
            score: as the source has it.
            what: its name.
            where: ``file:line``.
            others: what may be named in its place, for the message.

        Raises:
            UserError: it is no number, or outside of the range.
        """
        try:
            return self.scores.share(score, what, where)
        except UserError as error:
            raise UserError(f"{error} to count as correctness. Name {others}") from error

    def check_metric(self, known: Mapping[str, None], of: str) -> None:
        """Check that a task has the chosen metric.

        Args:
            known: the names of all metrics.
            of: what has them, for the message.

        Raises:
            UserError: none has it.
        """
        if self.metric is not None and self.metric not in known:
            raise UserError(f"--metric {self.metric}: no {of} has it{nearest(self.metric, known)}")

    def unique(self, name: str) -> str:
        """Return a name that no other system has: ``a (2)`` where ``a`` is taken."""
        new, position = name, 2
        while new in self.configs:
            new, position = f"{name} ({position})", position + 1
        return new

    def system_name(self, model: str, load: Mapping[str, Any]) -> str:
        """Name a system after its model and load, such as ``org/model 10/s``, unlike all others."""
        rate, most = load.get(RATE), load.get(AT_ONCE)
        words = []
        if isinstance(rate, int | float):
            words.append(f"{rate:g}/s")
        elif rate is not None and (rate != "inf" or most is None):
            words.append("all at once" if rate == "inf" else str(rate))
        if most is not None:
            words.append(f"{most:g} at once" if isinstance(most, int | float) else f"{most} at once")
        return self.unique(" ".join([model, *words]).strip())

    def imported(self, form: str, answers: Spool) -> Imported:
        """Return the import, after every answer was read."""
        return Imported(
            format=form,
            version=", ".join(self.versions) or None,
            files=tuple(dict.fromkeys(self.files)),
            answers=answers,
            left_out=+self.left_out,
            scenario=self.scenario,
            configs=self.configs,
            facts=self.facts,
            machines=self.machines,
            telemetry=self.telemetry,
            columns=tuple(self.columns),
            remarks=self.remarks,
            summaries=self.stated.rows,
            calls=self.calls,
            judges=self.judges,
            labels=tuple(self.labels),
        )


@dataclass(frozen=True)
class Format:
    """A format that `import` reads."""

    name: str
    """As ``--from`` takes it."""
    looks_like: Callable[[Path], bool]
    """Returns whether a file or folder is of it."""
    read: Callable[[Sequence[Path], ImportDraft], Iterator[Answer]]
    """Yields the answers of some sources, and records in the draft what else is known."""
    needs: str = ""
    """What a file or folder of it is recognised by, for the message on one that is not."""
    scored: bool = False
    """Whether an answer has several scores, of which ``--metric`` chooses one."""
