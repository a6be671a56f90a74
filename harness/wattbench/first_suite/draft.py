"""Draft a suite of one file and some systems: what was said, what is guessed, and the YAML of both."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, get_args

import yaml

from wattbench.config import FileTask, Resolved, suite_from_text
from wattbench.config.file_task import ScoreName, name_after
from wattbench.config.written_paths import written_path
from wattbench.errors import UserError, nearest
from wattbench.first_suite.columns import Guess, GuessedScore, check_rows, guess_columns, guess_score
from wattbench.first_suite.free_score import FreeScore, draft_free_score, is_free
from wattbench.first_suite.systems import FORMS, DraftedSystem, draft_system
from wattbench.first_suite.table import Table, read_table
from wattbench.first_suite.wishes import UndecidedError, Wishes, check_texts, existing_file, place_of
from wattbench.tasks.file_task.accepted import RIGHT, judged_examples
from wattbench.tasks.file_task.build import build_once
from wattbench.tasks.file_task.scores import plain
from wattbench.terminal import printable, wrapped

_SHOWN_LABELS = 12
_SHOWN_REPLY = 60
_WORDS_IN_COMMON = (
    "f1 counts words in common with the right answer, which says little of texts that can be right in many words. A "
    "judge can read both instead: --judge SYSTEM --target COLUMN"
)
QUICK = "measure: {effort: quick, energy: off}"
"""What shortens a first try."""


@dataclass(frozen=True)
class Draft:
    """A suite that is not written yet."""

    path: Path
    """Where it is to be: absolute."""
    shown_path: Path
    """The same, as the user would write it."""
    text: str
    resolved: Resolved
    """What the text means."""
    lines: tuple[str, ...]
    """What was read, said and guessed, for people."""
    notes: tuple[str, ...]
    """What they should look at."""
    rubric: tuple[Path, str] | None = None
    """A rubric that is to be written with it, and its text."""

    @property
    def right_answers(self) -> list[str]:
        """Say which replies to the first item are right, with examples that its score has judged."""
        [choice] = self.resolved.tasks
        assert isinstance(choice, FileTask)
        built = build_once(choice)
        if choice.is_free:
            return wrapped(f"right answers: {built.accepts}")
        document = built.splits["test"][0]
        judged = judged_examples(built.score, document)
        lines = wrapped(f"right answers: {built.accepts}")
        for text, shown in (("right", 1.0), ("wrong", 0.0)):
            replies = [repr(reply[:_SHOWN_REPLY]) for reply, score in judged if score == shown]
            lines += wrapped(", ".join(replies), f"  {text}, for the first item: ", "    ") if replies else []
        return lines


def draft(wishes: Wishes) -> Draft:
    """Draft a suite from a file and the user's wishes, and guess the rest. Nothing is written.

    Raises:
        UndecidedError: something has to be said that cannot be guessed.
        UserError: what is said, or the file, is wrong.
    """
    if wishes.file is None:
        raise UndecidedError(
            "file",
            "name a file with questions and right answers, and systems that could answer: wattbench init FILE.csv "
            "--input COLUMN --target COLUMN --system rules.py:answer --system http://localhost:8000/v1",
        )
    check_texts(wishes)
    file = existing_file(wishes.file)
    name = wishes.name if wishes.name is not None else name_after(file.stem)
    shown_path, path = place_of(wishes.output, name, force=wishes.force)
    wanted = [each for each in (wishes.input, wishes.target) if each is not None]
    table = read_table(file, wanted, wishes.encoding)
    given, target = guess_columns(table, wishes.input, wishes.target, free=is_free(wishes))
    answers = None if target is None else target.name
    notes = check_rows(table, given.name, answers, duplicates=wishes.keep_duplicates, free=is_free(wishes))
    domain = wishes.domain if wishes.domain is not None else name
    systems = _systems(wishes, path.parent, domain)
    if answers is None or is_free(wishes):
        free: FreeScore | None = draft_free_score(wishes, name, path.parent, domain, systems, given.name)
        score = GuessedScore("free", "", _settings_of_score(wishes))
    else:
        free, score = None, _score(wishes, table, answers)
        systems = [_fitting(system, score) for system in systems]
        notes += [_WORDS_IN_COMMON] if score.score == "f1" and score.why else []
    task, comments = _task(wishes, table, path.parent, given, target, score, domain, free)
    text = _text(name, file, table, Section(task, comments, _more(wishes, answers)), systems, free)
    resolved = suite_from_text(path, text, tasks_exist=free is None)  # a rubric is not written yet
    lines = (
        _read(table, wishes.encoding),
        *_guessed(given, target, score, free),
        *(_known(table, answers, score) if answers is not None else []),
    )
    judges = [free.judge] if free is not None and free.judge is not None else []
    notes += [system.note for system in (*systems, *judges) if system.note]
    rubric = None if free is None else free.rubric
    return Draft(path, shown_path, text, resolved, lines, tuple(notes), rubric)


def _settings_of_score(wishes: Wishes) -> dict[str, Any]:
    said: dict[str, Any] = {"choices": wishes.choices, "pattern": wishes.pattern}
    return {key: value for key, value in said.items() if value is not None}


def _score(wishes: Wishes, table: Table, target: str) -> GuessedScore:
    settings = _settings_of_score(wishes)
    name = wishes.score or ("regex" if wishes.pattern is not None else "choice" if wishes.choices is not None else None)
    if name is None:
        return guess_score(table, target)
    if name not in get_args(ScoreName):
        raise UserError(f"--score {name}: no such score{nearest(name, get_args(ScoreName))}")
    if name == "regex" and wishes.pattern is None:
        raise UserError("--score regex needs --pattern 'answer: (.+)'")
    if name == "choice" and wishes.choices is None:
        guess = guess_score(table, target)
        if guess.score != "choice":
            raise UserError("--score choice needs --choices COLUMN")
        settings |= guess.settings
    return GuessedScore(name, "", settings)


def _systems(wishes: Wishes, folder: Path, domain: str) -> list[DraftedSystem]:
    if not wishes.systems:
        raise UndecidedError("systems", f"name one system or more with --system: {FORMS}")
    systems: list[DraftedSystem] = []
    for given in wishes.systems:
        system = draft_system(given, folder, domain, wishes.api_key_env)
        taken = [each.name for each in systems]
        if any(each.settings == system.settings for each in systems):
            raise UserError(f"--system {given}: it is there twice")
        name, number = system.name, 2
        while name in taken:
            name, number = f"{system.name[:76]}-{number}", number + 1
        systems.append(replace(system, name=name))
    return systems


def _fitting(system: DraftedSystem, score: GuessedScore) -> DraftedSystem:
    """Return a system that is called with the whole prompt, if it has to choose between choices."""
    if score.score != "choice" or system.settings.get("sees") != "input":
        return system
    settings = {**system.settings, "sees": "prompt"}
    return replace(system, settings=settings, comment="a function, called with the whole prompt, which has the choices")


def _task(
    wishes: Wishes,
    table: Table,
    folder: Path,
    given: Guess,
    target: Guess | None,
    score: GuessedScore,
    domain: str,
    free: FreeScore | None,
) -> tuple[dict[str, Any], dict[str, str]]:
    task: dict[str, Any] = {
        "file": written_path(table.data.path, folder),
        "input": given.name,
        **({} if target is None else {"target": target.name}),
        "score": score.score if free is None else free.value,
        **score.settings,
        "domain": domain,
    }
    if table.encoding != "utf-8":
        task["encoding"] = table.encoding
    if wishes.fewshot is not None:
        number = wishes.fewshot.isascii() and wishes.fewshot.isdigit()
        task["fewshot"] = int(wishes.fewshot) if number else written_path(existing_file(Path(wishes.fewshot)), folder)
    if wishes.split is not None:
        task["split"] = {"test": wishes.split, "seed": 1}
    comments = {
        "file": f"{table.rows:,} rows",
        "input": "the column that is asked",
        "target": "the column with the right answers" if free is None else "the column with an answer to compare with",
        "score": f"right: {RIGHT[score.score] if free is None else free.said}",
        "domain": "groups tasks in the report",
        "fewshot": "worked examples, the same for every item",
        "split": "this share of the rows is asked; the others are for training",
    }
    return task, comments


def _more(wishes: Wishes, answers: str | None) -> list[str]:
    """Return keys that could be added to the task, as comments."""
    fewshot = "fewshot: 5                      # worked examples: a number of rows, or a file"
    split = "split: {test: 0.5, seed: 1}     # asks half of the rows; the others are for training"
    return [
        *([fewshot] if wishes.fewshot is None and answers is not None else []),
        *([split] if wishes.split is None else []),
        "limit: 100                      # asks the first rows only",
    ]


def _text(
    name: str,
    file: Path,
    table: Table,
    task: Section,
    systems: Sequence[DraftedSystem],
    free: FreeScore | None,
) -> str:
    head = [
        f"{name}: {table.rows:,} rows of {file.name}, by wattbench init. All keys: wattbench dev schema",
        "wattbench suites plan shows what will be asked, wattbench run asks it and measures.",
    ]
    judges = [free.judge] if free is not None and free.judge is not None else []
    top = Section(
        {
            "name": name,
            "tasks": Section({"select": [task]}),
            "systems": Section({"define": _by_name(systems)}),
            **({"judges": _by_name(judges)} if judges else {}),
        },
        {
            "systems": "kind: specialist, generalist, moe, distilled or hybrid, the system's role in the comparison.",
            "judges": "A judge scores answers and is not compared. Best is a strong model of no system's family.",
        },
        (
            "",
            "For a first try, accuracy and latency alone:",
            QUICK,
            "What you need, so that the advice is yours:",
            "decide: {min_accuracy: 0.9, max_p95_s: 1.0}",
        ),
    )
    return suite_text(head, top)


def _by_name(systems: Sequence[DraftedSystem]) -> Section:
    return Section(
        {system.name: Section(system.settings, after=system.after) for system in systems},
        {system.name: system.comment for system in systems},
    )


def _read(table: Table, given: str | None) -> str:
    how = f", separated by {table.separator}" if table.separator is not None else ""
    if table.encoding != "utf-8":
        how += f", in {table.encoding}" + ("" if given else " (guessed: it is not UTF-8; else --encoding)")
    return f"{table.data.path.name}: {table.rows:,} rows of {len(table.columns)} columns{how}"


def _guessed(given: Guess, target: Guess | None, score: GuessedScore, free: FreeScore | None) -> list[str]:
    said = [
        ("input", given.name, given.why),
        *([] if target is None else [("target", target.name, target.why)]),
        ("score", score.score if free is None else free.said, score.why),
    ]
    return [f"{what}: {value}" + (f" (guessed: {why}; else --{what})" if why else "") for what, value, why in said]


def _known(table: Table, target: str, score: GuessedScore) -> list[str]:
    """Return lines with the labels and the number of rows of each, the commonest first."""
    if score.score != "label":
        return []
    spelled: dict[str, Counter[str]] = {}
    for text in table.columns[target].values:
        spelled.setdefault(plain(text), Counter())[text] += 1
    sizes = [(texts.most_common(1)[0][0], texts.total()) for texts in spelled.values()]
    sizes.sort(key=lambda each: -each[1])
    shown = ", ".join(f"{label} ({rows:,})" for label, rows in sizes[:_SHOWN_LABELS])
    more = f" and {len(sizes) - _SHOWN_LABELS:,} more" if len(sizes) > _SHOWN_LABELS else ""
    share = sizes[0][1] / table.rows
    most = f"a system that always says {sizes[0][0]} is right on {share:.0%}"
    return wrapped(f"labels: {shown}{more}; {most}", rest="  ")


_PLAIN = re.compile(r"(?:(?:\.{1,2}/)+[A-Za-z0-9_]|[A-Za-z_])[A-Za-z0-9_./ -]*(?<! )")
"""Texts that need no quotes, if YAML reads them as texts: none that could be a number, however long."""
_COMMENT_AT = 40
"""The column at which comments behind a key begin."""
_LONGEST_BEHIND = 60
"""Characters of a comment behind a key; a longer one is above it."""
_LONGEST_COMMENT = 200


@dataclass(frozen=True)
class Section:
    """A mapping in YAML, with comments on its keys."""

    values: Mapping[str, Any]
    """Key to a plain value, a `Section`, or a list of sections."""
    comments: Mapping[str, str] = field(default_factory=dict)
    """Key to what is said behind it; above it, of a section."""
    after: Sequence[str] = ()
    """Comments at its end: keys that could be added."""


def suite_text(head: Sequence[str], section: Section) -> str:
    """Return a suite as commented YAML.

    Args:
        head: comments at its beginning.
        section: its top level.
    """
    lines = [*(_comment(line) for line in head), *_lines(section, 0, apart=True)]
    return "\n".join(lines) + "\n"


def scalar(value: Any) -> str:
    """Return a value on one line, as YAML reads it back: texts in quotes but for simple ones."""
    if isinstance(value, str):
        if _PLAIN.fullmatch(value) and yaml.safe_load(value) == value:
            return value
        return _dumped(value, default_style='"')
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {scalar(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(scalar, value)) + "]"
    return _dumped(value)


def _dumped(value: Any, **style: Any) -> str:
    text: str = yaml.safe_dump(value, width=math.inf, allow_unicode=True, **style)
    return text.removesuffix("\n").removesuffix("\n...").removesuffix("\n")


def _lines(section: Section, indent: int, *, apart: bool = False) -> Iterator[str]:
    blank = " " * indent
    for key, value in section.values.items():
        comment = section.comments.get(key, "")
        if apart and isinstance(value, Section):
            yield ""
        if isinstance(value, Section):
            yield from [f"{blank}{_comment(comment)}"] if comment else []
            yield f"{blank}{scalar(key)}:"
            yield from _lines(value, indent + 2)
        elif isinstance(value, list) and value and isinstance(value[0], Section):
            yield f"{blank}{scalar(key)}:"
            for each in value:
                first, *others = _lines(each, indent + 4)
                yield f"{blank}  - {first[indent + 4 :]}"
                yield from others
        else:
            line = f"{blank}{scalar(key)}: {scalar(value)}"
            behind = len(comment) <= _LONGEST_BEHIND
            yield from [] if behind else [f"{blank}{_comment(comment)}"]
            yield f"{line:{_COMMENT_AT - 1}} {_comment(comment)}" if comment and behind else line
    yield from (f"{blank}{_comment(line)}" if line else "" for line in section.after)


def _comment(text: str) -> str:
    line = printable(text)
    return f"# {line if len(line) <= _LONGEST_COMMENT else line[:_LONGEST_COMMENT] + '...'}".rstrip()
