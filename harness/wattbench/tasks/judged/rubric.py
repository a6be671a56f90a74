"""Read a rubric, and identify how a task is judged, for the hash of its scoring."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from wattbench.config import Resolved, TaskChoice
from wattbench.config.judged import JudgedBy
from wattbench.config.loader import systems_as_measured
from wattbench.errors import UserError
from wattbench.records.files.byte_order_marks import unmarked
from wattbench.records.files.regular_file import MissingFileError, read_regular
from wattbench.redaction import hide_settings
from wattbench.tasks.judged.prompt import PROMPT_VERSION

MOST_BYTES = 40_000
"""Of a rubric: about 10,000 tokens, which every request of the judge holds."""

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)

_IDENTIFY = ("engine", "service", "model", "model_args", "weights", "call", "prompt", "request", "omit",
             "max_output_tokens", "dtype", "generation", "router", "members", "serve")  # fmt: skip
"""Settings of a judge that decide what it says; what it is loaded from is compared by its digests, too."""


def rubric_text(judged: JudgedBy) -> str:
    """Return the text of a rubric, without comments (`<!-- ... -->`), which are for who writes it.

    Raises:
        UserError: it cannot be read, is empty, is too long, or is no UTF-8.
    """
    path = judged.rubric
    try:
        text = unmarked(read_regular(path, MOST_BYTES)).decode()
    except MissingFileError as error:
        raise UserError(f"{path}: no such rubric; write what a good answer is into it") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: the rubric is no UTF-8 text ({error.reason} at byte {error.start:,})") from error
    text = _COMMENT.sub("", text).strip()
    if not text:
        raise UserError(f"{path}: the rubric is empty; write what a good answer is into it")
    return text


def judging_identity(resolved: Resolved, choice: TaskChoice) -> dict[str, Any] | None:
    """Return what identifies the judging of a task: rubric, scale, prompt, and the settings of the judge.

    Paths count by their last part, so that a suite means the same in another folder. The weights, or the code, behind
    the judge are in its record.

    Raises:
        UserError: the rubric cannot be read.
    """
    judged = choice.judged
    if judged is None:
        return None
    settings = systems_as_measured({judged.judge: resolved.judges[judged.judge].model_dump(mode="json")})
    judge = hide_settings(settings)[judged.judge]
    return {
        "judge": _without_folders({key: judge[key] for key in _IDENTIFY if key in judge}),
        "rubric": rubric_text(judged),
        "scale": judged.scale,
        "against": judged.against,
        "prompt": PROMPT_VERSION,
    }


def _without_folders(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_folders(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_without_folders(each) for each in value]
    return Path(value).name if isinstance(value, str) and Path(value).is_absolute() else value
