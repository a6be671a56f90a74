"""Score free answers with a grading function of the suite's own: `score: ./grade.py:grade`.

The function is imported when it is first called, so that a task can be read without running its code. It gets the text
after a model's thoughts, with blanks at both ends removed. It is not called for a failed request, which is not correct.
"""

from __future__ import annotations

import copy
import hashlib
import json
import math
import reprlib
import traceback
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np

from wattbench.callables import GRADES, NamedCallable, check_source, file_of_callable, modules_of_this_process
from wattbench.config import TaskChoice
from wattbench.config.file_task import GRADED
from wattbench.errors import UserError
from wattbench.records import ScoreRow
from wattbench.records.files.regular_file import read_regular
from wattbench.tasks.file_task.scores import FREE

_METRIC = f"{GRADED},{FREE}"
"""The metric of what a function returns, as lm-eval writes it: with the filter of free answers."""

_SHOWN = reprlib.Repr()
_SHOWN.maxstring = _SHOWN.maxother = 120


class Grader:
    """A grading function, which takes an item and an answer, and returns a score from 0 to 1."""

    def __init__(self, where: str, name: str, names: Mapping[str, str] | None = None) -> None:
        """Look for the function; nothing is imported.

        Args:
            where: its task, for messages.
            name: as the suite has it, with an absolute path.
            names: column of a file to its key in a document. None: a document is given as it is.

        Raises:
            UserError: there is no such file or function, or it cannot be called with an item and an answer.
        """
        self._where, self._name, self._names = f"{where}: score", name, names
        with modules_of_this_process():
            self._file = file_of_callable(self._where, name)
        module, _, function = name.rpartition(":")
        self._said = f"{Path(module).name}:{function}" if module.endswith(".py") else name
        if self._file is not None and module.endswith(".py"):
            check_source(f"{self._where}: {self._said}", self._file, function, GRADES)

    @property
    def identity(self) -> str:
        """Return the name of the function and a hash of its file as JSON text, to compare the scoring of two tasks."""
        code = None if self._file is None else hashlib.sha256(read_regular(self._file)).hexdigest()
        return json.dumps({"function": self._name.rpartition(":")[2], "sha256": code})

    @cached_property
    def _function(self) -> NamedCallable:
        return NamedCallable(self._where, self._name, None)

    def try_on(self, doc_id: int, document: Mapping[str, Any]) -> None:
        """Score an empty answer to a document, so that a function which fails is found before systems are asked.

        Raises:
            UserError: it failed.
        """
        self.score(doc_id, document, "")

    def score(self, doc_id: int, document: Mapping[str, Any], answer: str) -> float:
        """Return the score of an answer.

        Args:
            doc_id: of the document, for messages.
            document: the function gets a copy of it.
            answer: the text of it.

        Raises:
            UserError: the function failed, or returned something other than a number from 0 to 1.
        """
        item = copy.deepcopy(dict(document))
        if self._names is not None:
            item = {column: item[name] for column, name in self._names.items()}
        of_what = f"for document {doc_id} and the answer {_SHOWN.repr(answer)}"
        with modules_of_this_process():
            try:
                given = self._function.call(item, answer)
            except UserError:
                raise
            except (Exception, SystemExit) as error:  # of the suite's own code
                raise UserError(
                    f"{self._where}: {self._said} failed {of_what}: {type(error).__name__}: {error!s:.300}"
                    f"{_line_of(error, self._file)}. It has to return a number from 0 to 1 for any answer"
                ) from error
        number = _number(given)
        if not 0.0 <= number <= 1.0:
            raise UserError(
                f"{self._where}: {self._said} returned {_SHOWN.repr(given)} ({type(given).__name__}) {of_what}; a "
                "score is a number from 0 to 1, or True or False"
            )
        return number


def _number(given: object) -> float:
    """Return what a function returned as a number; NaN for anything else."""
    try:
        return float(given) if isinstance(given, Real | np.bool_) else math.nan
    except OverflowError:
        return math.nan


def _line_of(error: BaseException, file: Path | None) -> str:
    """Return where in the function's file an error was raised, as a clause."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
    return f" (line {lines[-1]} of {file})" if lines else ""


def free_metrics(choice: TaskChoice) -> tuple[str, ...]:
    """Return the metrics of a task that a judge or a function scores. A judge gives none."""
    return (_METRIC,) if choice.graded is not None else ()


def free_rows(
    samples: Sequence[Mapping[str, Any]], repeat: int, grader: Grader | None, failed: Collection[int] = ()
) -> list[ScoreRow]:
    """Return one row per document whose answer a grading function or a judge scores.

    Args:
        samples: lm-eval's, with whole answers.
        repeat: how often it was asked before.
        grader: the function; None: a judge scores the answers when all are recorded, and the rows have no score.
        failed: documents without an answer, which are not correct.

    Raises:
        UserError: the function failed, or returned something other than a number from 0 to 1.
    """
    rows = []
    for sample in samples:
        doc_id, answer = int(sample["doc_id"]), str(sample["filtered_resps"][0])
        score = None
        if grader is not None:
            score = 0.0 if doc_id in failed else grader.score(doc_id, sample["doc"], answer)
        rows.append(
            ScoreRow(
                doc_id=doc_id,
                repeat=repeat,
                doc_hash=str(sample["doc_hash"]),
                target=str(sample["target"]),
                filtered=answer,
                correct=score,
                metrics={} if score is None else {_METRIC: score},
            )
        )
    return rows
