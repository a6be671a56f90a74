"""Upgrade the limits of output tokens in a header of schema 1, where they meant something else.

There, `max_output_tokens` of a system was 256 if the suite named none, and counted only for tasks without a limit; a
file's `max_tokens`, if it named none, was a number that followed from its score. Since schema 2 a system's limit comes
first, and what is not named is None.
"""

from __future__ import annotations

from typing import Any

_OF_A_SYSTEM = 256
_OF_A_SCORE = {"label": 32, "choice": 32, "exact": 64, "f1": 64}
_OF_OTHER_SCORES = 256


def with_limits_named(raw: dict[str, Any]) -> dict[str, Any]:
    """Convert the limits of output tokens in a header of schema 1 to those of schema 2.

    What is not as a header has it stays as it is: it is for others to refuse.

    Args:
        raw: the parsed `run.json`, which is not changed. Its `schema_version` stays: such a run can be read, and cannot
            be resumed (`wattbench.measure.resume`).
    """
    suite = raw.get("suite")
    if not isinstance(suite, dict):
        return raw
    upgraded = {**suite}
    if isinstance(suite.get("systems"), dict):
        upgraded["systems"] = {name: _system(each) for name, each in suite["systems"].items()}
    tasks = suite["suite"].get("tasks") if isinstance(suite.get("suite"), dict) else None
    if isinstance(tasks, dict) and isinstance(tasks.get("select"), list):
        select = [_task(each) for each in tasks["select"]]
        upgraded["suite"] = {**suite["suite"], "tasks": {**tasks, "select": select}}
    return {**raw, "suite": upgraded}


def _system(settings: Any) -> Any:
    """Upgrade the limits of a system; of a hybrid, those of its members."""
    if not isinstance(settings, dict):
        return settings
    upgraded = _without_default(settings)
    if isinstance(settings.get("pool"), dict):
        upgraded["pool"] = {
            name: _without_default(each) if isinstance(each, dict) else each for name, each in settings["pool"].items()
        }
    return upgraded


def _without_default(settings: dict[str, Any]) -> dict[str, Any]:
    default = settings.get("max_output_tokens") == _OF_A_SYSTEM
    return {**settings, "max_output_tokens": None} if default else {**settings}


def _task(choice: Any) -> Any:
    if not isinstance(choice, dict) or "file" not in choice or choice.get("max_tokens") is not None:
        return choice
    score = choice.get("score")
    limit = _OF_A_SCORE.get(score, _OF_OTHER_SCORES) if isinstance(score, str) else _OF_OTHER_SCORES
    return {**choice, "max_tokens": limit}
