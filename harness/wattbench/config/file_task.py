"""A task of a suite: an lm-eval task by its name, or a file of one's own with its columns and its score."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self, cast

from pydantic import (
    AfterValidator,
    AliasChoices,
    Discriminator,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    Tag,
    field_validator,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema

from wattbench.config.code_files import CommandLine
from wattbench.config.judged import FUNCTION, NAMED, PAIR, GradingFunction, JudgedBy, form_of_score
from wattbench.records.schema.base import Items, Name, RelativePath, Seed, Strict

SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")
"""The files that can be a task."""

ScoreName = Literal["label", "exact", "number", "contains", "regex", "choice", "f1"]

_Judge = Annotated[JudgedBy, Tag(JudgedBy.__name__)]
_Function = Annotated[GradingFunction, Tag(FUNCTION)]
FreeScore = Annotated[_Judge | _Function, Discriminator(form_of_score)]
"""How free answers are scored: by a judge or by a function."""
AnyScore = Annotated[_Judge | _Function | Annotated[ScoreName, Tag(NAMED)], Discriminator(form_of_score)]
"""How answers to a file of one's own are scored."""

GRADED = "graded"
"""The metric of what a grading function returns."""

CHECKED = "checked"
"""The metric of what a check says: 1 for solved."""

_SETTINGS: Mapping[str, tuple[str, ...]] = {
    "labels": ("label",), "choices": ("choice",), "pattern": ("regex",), "tolerance": ("number",),
}  # fmt: skip
"""Keys that belong to some scores only."""

_NEEDED = {"choice": "choices", "regex": "pattern"}


def _each_once(documents: list[int]) -> list[int]:
    twice = [number for number, times in Counter(documents).items() if times > 1]
    if twice:
        raise ValueError(f"document {twice[0]} is named twice")
    return sorted(documents)


class TaskChoice(Strict):
    """One lm-eval task, and its role in this suite."""

    task: str
    """lm-eval's name of the task."""
    domain: str
    """The label that groups tasks: arithmetic, text, ..."""
    source: Literal["include", "lm_eval"] = "include"
    """`include`: a YAML file in one of the folders above. `lm_eval`: a task that lm-eval ships."""
    limit: Items | None = None
    """Use the first `limit` documents; None uses all."""
    documents: Annotated[list[NonNegativeInt], Field(min_length=1), AfterValidator(_each_once)] | None = None
    """Use only these documents, by their `doc_id` (from 0); with `limit` the first `limit` of them. None uses all."""
    metric: str | None = None
    """The task's metric that counts as correctness, from 0 to 1: `exact_match`, or `exact_match,strict-match` to name
    the filter too. None takes the task's first."""
    score: FreeScore | None = None
    """Score free answers by a judge, or by a grading function such as `./grade.py:grade`, in place of the task's own
    metrics. None: as the task has it."""

    @field_validator("score", mode="before")
    @classmethod
    def _no_score_by_name(cls, given: Any) -> Any:
        if given is not None and form_of_score(given) == NAMED:
            raise ValueError(
                f"{given!r:.80}: this task is scored by its own metrics (see metric:), by a judge (a mapping with "
                "judge: and rubric:), or by a function such as ./grade.py:grade"
            )
        return given

    @model_validator(mode="after")
    def _metric_of_its_own(self) -> Self:
        if self.is_free and self.metric is not None:
            raise ValueError("metric: a judge or a grading function scores the answers; remove one of them")
        return self

    @property
    def is_free(self) -> bool:
        """Return whether a judge or a grading function scores the answers, and not the task itself."""
        return self.judged is not None or self.graded is not None

    @property
    def judged(self) -> JudgedBy | None:
        """Return how a judge scores the answers; None where none does."""
        return self.score if isinstance(self.score, JudgedBy) else None

    @property
    def graded(self) -> str | None:
        """Return the grading function; None without one."""
        return self.score if isinstance(self.score, str) and form_of_score(self.score) == FUNCTION else None

    def doc_ids(self, items: int) -> Sequence[int]:
        """Return the documents that are asked, by their `doc_id`, ascending.

        Args:
            items: how many are asked.
        """
        return range(items) if self.documents is None else self.documents[:items]

    def files(self) -> dict[str, Path]:
        """Return the files that the choice names, by key."""
        if self.judged is not None:
            return {"score.rubric": self.judged.rubric}
        file = "" if self.graded is None else self.graded.rpartition(":")[0]
        return {"score": Path(file)} if file.endswith(".py") else {}

    def as_included(self) -> TaskChoice:
        """Return the same choice of a task that is a YAML file in a folder."""
        return TaskChoice(
            task=self.task, domain=self.domain, limit=self.limit, documents=self.documents, metric=self.metric,
            score=self.score if self.is_free else None,
        )  # fmt: skip


class FileSplit(Strict):
    """How the rows of one file are divided into those that are asked and those that are not. Rows with the same input
    are on the same side."""

    test: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """The share of the rows that is asked. The others are for training, and for worked examples."""
    seed: Seed = 1
    """The same seed gives the same division of the same rows."""


class FileTask(TaskChoice):
    """A CSV, TSV, JSONL or Parquet file of one's own: each row is an item. It runs no code, but for a `check` or a
    grading function."""

    task: Name = Field(default="", validation_alias=AliasChoices("name", "task"))
    """The task's name; default: from the file's."""
    domain: str = ""
    """The label that groups tasks; default: the task's name."""
    source: SkipJsonSchema[Literal["include", "lm_eval"]] = Field(default="include", exclude=True)
    file: RelativePath
    """The file, relative to this one. A CSV's first line names the columns; it is UTF-8."""
    input: str
    """The column that is asked."""
    target: str | None = None
    """The column with the right answer. Required, unless a judge, a grading function or a `check` scores answers."""
    score: AnyScore | None = None
    """How an answer is compared with the target: docs/suite-file.md has a table of what each forgives. Or a judge, or a
    grading function such as `./grade.py:grade`. Required, unless a `check` says what is solved."""
    check: CommandLine | None = None
    """A command line that runs in the working folder of an agent after its attempt: exit code 0 means solved. It counts
    instead of the score, for agents alone. `{suite}` in it is the folder of this file, `{folder}` the working folder;
    the variable WATTBENCH_ANSWER_FILE names a file with the answer."""
    workspace: str | None = None
    """The column with the folder, relative to the file of the task, of which each attempt of an agent gets a copy as
    its working folder. Where it is empty, that is an empty folder."""
    check_files: str | None = None
    """The column with the folder that is copied over the working folder just before the check, so that an agent cannot
    change the tests that it is judged by."""
    prompt: str | None = None
    """A Jinja template over the columns of a row, such as `{{message}}`. None: an instruction by the score, the labels
    or choices, the input, and `Answer:`."""
    labels: Annotated[list[str], Field(min_length=2, max_length=1000)] | None = None
    """For `label`: all labels. None: the distinct targets of the file and of the worked examples."""
    choices: str | Annotated[list[str], Field(min_length=2, max_length=26)] | None = None
    """For `choice`: the column with each row's choices (a JSON list, or texts separated by `|`), or a list for all."""
    pattern: str | None = None
    """For `regex`: what it finds first in an answer is compared with the target; of a pattern with groups, the first
    of them that took part."""
    tolerance: NonNegativeFloat = 0.0
    """For `number`: how far a number may be from the target."""
    fewshot: Annotated[int, Field(ge=1, le=1000)] | RelativePath | None = None
    """Worked examples, the same for every item: a file with the same columns, all of its rows in their order; or a
    number of rows, which are then not asked."""
    split: FileSplit | None = None
    """Divides the rows of the file. None: all are asked, but those taken as worked examples."""
    leakage: Literal["error", "drop"] = "error"
    """What follows where a worked example has the same input as a row that is asked: `drop` leaves that row out."""
    encoding: str = "utf-8"
    """Of a CSV or TSV."""
    until: list[str] | None = None
    """Texts that end an answer. None: those with which the prompt of a next item would begin."""
    max_tokens: Annotated[int, Field(gt=0, le=100_000)] | None = None
    """Of an answer, thoughts included, of systems without `max_output_tokens`. None: 1,024 in chat, 256 without."""

    @model_validator(mode="before")
    @classmethod
    def _named_after_its_file(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        named = {**given}
        if "name" not in named and "task" not in named:
            named["name"] = name_after(Path(str(named.get("file", ""))).stem)
        named.setdefault("domain", named.get("name", named.get("task")))
        return named

    @field_validator("score", mode="before")
    @classmethod
    def _no_score_by_name(cls, given: Any) -> Any:
        return given  # unlike a task of lm-eval

    @field_validator("file", "fewshot")
    @classmethod
    def _known_format(cls, path: Any) -> Any:
        if isinstance(path, Path):
            check_format(path)
        return path

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, encoding: str) -> str:
        check_encoding(encoding)
        return encoding

    @field_validator("pattern")
    @classmethod
    def _is_a_pattern(cls, pattern: str | None) -> str | None:
        try:
            re.compile(pattern or "")
        except (re.error, RecursionError, OverflowError) as error:
            raise ValueError(f"{pattern!r:.80}: this is not a regular expression ({error})") from error
        return pattern

    @model_validator(mode="after")
    def _says_what_is_right(self) -> Self:
        if self.is_free:
            if self.check_files is not None:
                raise ValueError("check_files: belongs to check")
            if self.check is not None:
                raise ValueError("check: a judge or a grading function scores the answers; remove one of them")
            if self.fewshot is not None and self.target is None:
                raise ValueError("fewshot: a worked example shows an answer: name its column with target:")
            if self.judged is not None and self.judged.scale == PAIR and self.judged.against is self.target is None:
                raise ValueError("score: pair needs target: (the column to compare with) or against: (a system)")
            return self
        for key in ("target", "score"):
            other = "score" if key == "target" else "target"
            if getattr(self, key) is None and (self.check is None or getattr(self, other) is not None):
                raise ValueError(f"{key}: missing")
        if self.check_files is not None and self.check is None:
            raise ValueError("check_files: belongs to check")
        return self

    @model_validator(mode="after")
    def _settings_of_its_score(self) -> Self:
        for key, scores in _SETTINGS.items():
            if getattr(self, key) and self.compared not in scores:
                here = self.compared or ("a function" if self.graded else "a judge")
                raise ValueError(f"{key}: belongs to score: {scores[0]} (here: {here})")
        needed = _NEEDED.get(self.compared or "")
        if needed is not None and not getattr(self, needed):
            raise ValueError(f"score: {self.score} needs {needed}:")
        if self.input == self.target:
            raise ValueError(f"input and target are the same column, {self.input!r}: the prompt would hold the answer")
        if self.metric is not None and self.metric.partition(",")[0] not in self.metrics:
            named = self.compared or "a check"
            raise ValueError(f"metric: score: {named} has {' and '.join(self.metrics)}, not {self.metric!r}")
        return self

    @property
    def compared(self) -> ScoreName | None:
        """Return how answers are compared with the target; None where they are not."""
        named = isinstance(self.score, str) and form_of_score(self.score) != FUNCTION
        return cast("ScoreName", self.score) if named else None

    @property
    def metrics(self) -> tuple[str, ...]:
        """Return the names of the score's metrics, the metric of correctness first. A judge gives none."""
        if self.graded is not None:
            return (GRADED,)
        if self.judged is not None:
            return ()
        if self.compared is None:
            return (CHECKED,)
        return ("f1", "exact_match") if self.compared == "f1" else ("exact_match",)

    @property
    def columns(self) -> dict[str, str]:
        """Return the columns that the task reads of its file, by key."""
        keys = ("input", "target", "choices", "workspace", "check_files")
        return {key: column for key in keys if isinstance(column := getattr(self, key), str)}

    @property
    def has_folders(self) -> bool:
        """Return whether its rows name folders."""
        return self.workspace is not None or self.check_files is not None

    def files(self) -> dict[str, Path]:
        """Return the files of the task, by key."""
        both = {"file": self.file, "fewshot": self.fewshot}
        return super().files() | {key: path for key, path in both.items() if isinstance(path, Path)}


def check_format(path: Path) -> None:
    """Check that a file can be a task, by its suffix.

    Raises:
        ValueError: it cannot.
    """
    if path.suffix.lower() not in SUFFIXES:
        hint = "save the sheet as CSV" if path.suffix.lower() in (".xlsx", ".xls", ".ods") else "convert it"
        raise ValueError(f"{path.name}: a task is one of {', '.join(SUFFIXES)}; {hint}")


def check_encoding(encoding: str) -> None:
    """Check that a name is that of an encoding of texts.

    Raises:
        ValueError: it is not.
    """
    try:
        "a".encode(codecs.lookup(encoding).name).decode(encoding)
    except (LookupError, ValueError, TypeError) as error:
        raise ValueError(f"{encoding!r} is no encoding of texts that Python knows") from error


def name_after(stem: str) -> str:
    """Make a task's name from a file's, without the characters that a name may not have."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._")[:80] or "file"
