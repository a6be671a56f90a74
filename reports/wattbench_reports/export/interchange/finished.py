"""When a run ended, for the formats that state it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from wattbench.errors import UserError
from wattbench.records import RunRecords
from wattbench.records.files.regular_file import read_record


def finished_utc(run: RunRecords) -> str:
    """Return when the run ended, as it is recorded, in ISO 8601; for an old record when it began."""
    try:
        ended = json.loads(read_record(run.layout.finished)).get("finished_utc")
    except (UserError, ValueError, AttributeError, RecursionError):
        ended = None
    return str(ended or run.header.created_utc)


def finished_s(run: RunRecords) -> float | None:
    """Return the same in seconds since the Unix epoch; None where it is not a time."""
    try:
        moment = datetime.fromisoformat(finished_utc(run))
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
