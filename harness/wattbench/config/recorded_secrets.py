"""Restore the secrets that a record lacks from its suite file, to resume a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wattbench.config.loader import load_suite
from wattbench.config.yamlfile import Keys, texts_in, values_in, with_texts
from wattbench.errors import UserError
from wattbench.redaction import HIDDEN, hide_settings


def with_secrets(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a record with the secrets that its suite file holds now.

    Args:
        record: as `Resolved.as_record` makes it, and a run's record keeps it.

    Raises:
        UserError: a secret was left out of the record, and the suite file is gone, or no longer has a setting that is
            the same but for its secret.
    """
    missing = [keys for keys, text in texts_in(record) if HIDDEN in text]
    if not missing:
        return dict(record)
    path = str(record.get("path"))
    try:
        if not Path(path).is_file():
            raise UserError(f"{path}: no such suite file")
        settings = load_suite(path, tasks_exist=False).as_record()
    except UserError as error:
        raise UserError(f"a record holds no secrets, so they are read from the suite again: {error}") from error
    now = dict(values_in(settings))
    hidden = dict(texts_in(hide_settings(settings)))
    by_form: dict[str, set[Any]] = {}
    for keys, form in hidden.items():
        if keys in now:  # a name that holds a secret is hidden, too
            by_form.setdefault(form, set()).add(now[keys])
    values: dict[Keys, Any] = {}
    recorded = dict(texts_in(record))
    for keys in missing:
        form = recorded[keys]
        alike = {now[keys]} if hidden.get(keys) == form else by_form.get(form, set())
        if len(alike) != 1 or (form == HIDDEN and hidden.get(keys) != form):
            raise UserError(
                f"{path}: {'.'.join(map(str, keys))} was {form} when the run began, and a record holds no secrets. "
                "Write the suite as it was, with its secrets, and resume again"
            )
        values[keys] = next(iter(alike))
    filled: dict[str, Any] = with_texts(record, values.get)
    return filled
