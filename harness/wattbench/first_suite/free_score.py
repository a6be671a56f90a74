"""Draft how free answers are scored: by a judge with a rubric, or by a grading function."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from wattbench.callables import GRADES, check_source, look_for_callable
from wattbench.config.file_task import name_after
from wattbench.config.judged import FUNCTION, PAIR, PASS, check_scale, form_of_score
from wattbench.config.written_paths import written_path
from wattbench.errors import UserError
from wattbench.first_suite.systems import DraftedSystem, draft_system
from wattbench.first_suite.wishes import Wishes, existing_file
from wattbench.records.schema.base import expanded

_SUFFIX = "-judge"


@dataclass(frozen=True)
class FreeScore:
    """How free answers are scored."""

    value: str | dict[str, str]
    """Of the key `score`."""
    said: str
    """In words."""
    judge: DraftedSystem | None = None
    """A judge that is not one of the suite's systems."""
    rubric: tuple[Path, str] | None = None
    """A rubric that is to be written, and its text."""


def is_free(wishes: Wishes) -> bool:
    """Return whether a judge or a grading function scores the answers.

    Raises:
        UserError: two options contradict each other.
    """
    function = wishes.score is not None and form_of_score(wishes.score) == FUNCTION
    if wishes.judge is None:
        for option in ("rubric", "scale"):
            if getattr(wishes, option) is not None:
                raise UserError(f"--{option}: it belongs to --judge SYSTEM")
    elif wishes.score is not None:
        raise UserError(f"--judge and --score {wishes.score}: one of them scores the answers; remove the other")
    if wishes.scale is not None:
        try:
            check_scale(wishes.scale)
        except ValueError as error:
            raise UserError(f"--scale {error}") from None
        if wishes.scale == PAIR and wishes.target is None:
            raise UserError("--scale pair: name the column with the text to compare answers with: --target COLUMN")
    return function or wishes.judge is not None


def draft_free_score(
    wishes: Wishes, name: str, folder: Path, domain: str, systems: Sequence[DraftedSystem], given: str
) -> FreeScore:
    """Draft how free answers are scored. Nothing is written, and no code is run.

    Args:
        wishes: the user's, of which `is_free` is true.
        name: of the suite.
        folder: of the suite.
        domain: of its task.
        systems: of the suite.
        given: the column that is asked.

    Raises:
        UserError: there is no such judge, rubric or function.
    """
    if wishes.judge is None:
        call = _function(str(wishes.score), folder)
        return FreeScore(call, f"what {call.rpartition('/')[2]} returns, from 0 to 1")
    judge, known = _judge(wishes, folder, domain, systems)
    scale = wishes.scale or PASS
    rubric = None
    if wishes.rubric is not None and expanded(wishes.rubric).exists():
        path = existing_file(wishes.rubric)
    else:
        shown = wishes.rubric if wishes.rubric is not None else folder / f"{name_after(name)}-rubric.md"
        path = expanded(shown).parent.resolve() / shown.name
        if wishes.rubric is not None or not path.exists():
            rubric = path, rubric_text(scale, given, wishes.target)
    value = {"judge": judge.name, "rubric": written_path(path, folder), "scale": scale}
    return FreeScore(value, f"what the judge {judge.name} says", None if known else judge, rubric)


def check_free_score(wishes: Wishes) -> None:
    """Check what the user said of a judge or a grading function, before there are systems.

    Raises:
        UserError: there is no such judge or function, or two options contradict each other.
    """
    if not is_free(wishes):
        raise UserError(f"{wishes.score}: name a function as grade.py:grade")
    if wishes.judge is None:
        _function(str(wishes.score), Path.cwd())
    else:
        _judge(wishes, Path.cwd(), "any", [])


def _function(given: str, folder: Path) -> str:
    """Return a grading function as a suite in a folder names it."""
    module, _, name = given.rpartition(":")
    if not module.endswith(".py"):
        look_for_callable("--score", given, None)
        return given
    path = existing_file(Path(module))
    check_source(f"--score {given}", path, name, GRADES)
    return f"{written_path(path, folder)}:{name}"


def _judge(wishes: Wishes, folder: Path, domain: str, systems: Sequence[DraftedSystem]) -> tuple[DraftedSystem, bool]:
    """Return the judge, and whether it is one of the suite's systems."""
    given = str(wishes.judge)
    for system in systems:
        if system.name == given:
            if system.settings.get("sees") == "input":
                raise UserError(
                    f"--judge {given}: this system is a function that gets the input alone, and a judge has to read an "
                    "answer, too. Name the judge as a function of its own: --judge rules.py:judge"
                )
            return system, True
    try:
        judge = draft_system(given, folder, domain, wishes.api_key_env)
    except UserError as error:
        raise UserError(str(error).replace("--system", "--judge")) from error
    settings: dict[str, Any] = dict(judge.settings)
    if settings["engine"] == "sklearn":
        raise UserError(f"--judge {given}: a pipeline reads the input alone, and a judge has to read an answer, too")
    if settings["engine"] == "python":
        settings["sees"], judge = "prompt", replace(judge, comment="a function, called with the judge's whole prompt")
    for system in systems:
        if system.settings == settings:
            return system, True
    name = judge.name
    if name in [system.name for system in systems]:
        name = f"{name[: 80 - len(_SUFFIX)]}{_SUFFIX}"
    return replace(judge, name=name, settings=settings), False


def rubric_text(scale: str, given: str, reference: str | None) -> str:
    """Return a first rubric, to be edited.

    Args:
        scale: of the judge.
        given: the column that is asked.
        reference: the column with an answer to compare with; None without one.
    """
    compared = f" The column {reference} has an answer to compare with." if reference is not None else ""
    good = """A good answer
- does what the text asks for, all of it, and nothing else;
- says nothing that is wrong, and nothing that the text does not support;
- can be used as it is: it is clear, polite and no longer than needed."""
    lines = [
        f"The answers are to texts of the column {given}.{compared}",
        "",
        good,
        "",
        *_of_scale(scale),
        "",
        "Edit this: the judge reads it with each answer, and so do the people who label answers. Replace what is",
        "general by what counts for you, name what makes an answer useless, and remove these two lines.",
    ]
    return "\n".join(lines) + "\n"


def _of_scale(scale: str) -> list[str]:
    if scale == PASS:
        return ["An answer passes if all of this is true. It fails if one point is not."]
    if scale == PAIR:
        return ["The better answer is the one that you would send. If you would send either, it is a tie."]
    low, _, high = scale.partition("..")
    return [f"{high}: all of this is true. {low}: the answer is of no use. In between: the lower, the more is missing."]
