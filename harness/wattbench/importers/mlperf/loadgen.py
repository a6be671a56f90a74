"""Read LoadGen's ``mlperf_log_detail.txt``, or its ``mlperf_log_summary.txt`` in its place, and name its results.

Each line is ``:::MLLOG {"key": ..., "value": ...}``. Latencies are in nanoseconds. Of a run of several samples per
query the throughput is per sample. `result_token_throughput` is a rate per nanosecond of another count and is kept
under its own name; the tokens per second that MLCommons publishes are `result_tokens_per_second` (Offline) and
`result_completed_tokens_per_second` (Server).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wattbench.errors import UserError
from wattbench.importers.answer import number
from wattbench.importers.files import read_lines
from wattbench.importers.stated import Total, Totals

MARK = ":::MLLOG"
NS = 1e-9
TOTALS = Totals(
    {
        "result_tokens_per_second": Total("output_tokens_per_s", "mean"),
        "result_completed_tokens_per_second": Total("output_tokens_per_s", "mean"),
        "result_samples_per_second": Total("requests_per_s", "mean"),
        "result_completed_samples_per_sec": Total("requests_per_s", "mean"),
        "result_*_latency_ns": Total("latency", scale=NS),
        "result_first_token_*_latency_ns": Total("first_token", scale=NS),
        "result_time_to_output_token_*": Total("token", scale=NS),
        "result_#_percentile_latency_ns": Total("latency", scale=NS),
        "result_first_token_#_percentile_latency_ns": Total("first_token", scale=NS),
        "result_time_per_output_token_#_percentile_ns": Total("token", scale=NS),
    },
    units={
        "_ns": "ns", "_per_sec": "samples/s", "_per_second": "samples/s", "_overhead": "queries/s",
        "_count": "queries", "_duration": "ns",
    },
)  # fmt: skip
"""A key that begins with ``result_`` to the figure that it is."""
OTHERS = ("num_errors", "num_warnings")
"""Keys of other figures that are kept."""
VALIDITY = "result_validity"
"""The first key of the results, which are at the end of a detail log."""
_SUMMARY = (
    (re.compile(r"Scenario *: (\w+)"), "effective_scenario"),
    (re.compile(r"Result is *: (\w+)"), VALIDITY),
    (re.compile(r"Samples per second *: ([\d.e+]+)"), "result_samples_per_second"),
    (re.compile(r"Tokens per second *: ([\d.e+]+)"), "result_tokens_per_second"),
    (re.compile(r"Completed samples per second *: ([\d.e+]+)"), "result_completed_samples_per_sec"),
    (re.compile(r"Completed tokens per second *: ([\d.e+]+)"), "result_completed_tokens_per_second"),
    (re.compile(r"(Min|Max|Mean) latency \(ns\) *: (\d+)"), "result_{}_latency_ns"),
    (re.compile(r"(Min|Max|Mean) First Token latency \(ns\) *: (\d+)"), "result_first_token_{}_latency_ns"),
    (re.compile(r"(Min|Max|Mean) Time per Output Token \(ns\) *: (\d+)"), "result_time_to_output_token_{}"),
    (re.compile(r"(\d+\.\d+) percentile latency \(ns\) *: (\d+)"), "result_{}_percentile_latency_ns"),
    (re.compile(r"(\d+\.\d+) percentile first token latency \(ns\) *: (\d+)"),
     "result_first_token_{}_percentile_latency_ns"),
    (re.compile(r"(\d+\.\d+) percentile time to output token \(ns\) *: (\d+)"),
     "result_time_per_output_token_{}_percentile_ns"),
)  # fmt: skip
"""A line of the summary to the key of the detail log that has the same figure, with more digits."""


def read_detail(path: Path) -> dict[str, Any]:
    """Read a detail log: map its keys to values. The last line of a key counts; a torn last line is left out.

    Raises:
        UserError: the file is damaged.
    """
    values: dict[str, Any] = {}
    torn: UserError | None = None
    for where, line in read_lines(path):
        if torn is not None:
            raise torn
        if not line.startswith(MARK):
            continue
        try:
            entry = json.loads(line[len(MARK) :])
        except (ValueError, RecursionError) as error:
            torn = UserError(f"{where}: not valid JSON ({error})")
            continue
        if not isinstance(entry, dict) or not isinstance(entry.get("key"), str):
            raise UserError(f"{where}: it has no key; this is no line of LoadGen")
        values[entry["key"]] = entry.get("value")
    return values


def read_summary(path: Path) -> dict[str, Any]:
    """Return the figures of a summary under the keys of the detail log.

    Raises:
        UserError: the file is damaged.
    """
    values: dict[str, Any] = {}
    for where, line in read_lines(path):
        for pattern, key in _SUMMARY:
            if (matched := pattern.fullmatch(line.strip())) is not None:
                *named, value = matched.groups()
                known = key.format(*(name.lower() for name in named))
                values[known] = number(value, known, where) if key not in ("effective_scenario", VALIDITY) else value
    return values


def samples(values: Mapping[str, Any]) -> int | None:
    """Return the number of samples of a run: its queries times the samples per query."""
    queries, each = values.get("generated_query_count"), values.get("generated_samples_per_query")
    if isinstance(queries, int) and isinstance(each, int) and 0 <= queries * each < 2**63:
        return queries * each
    return None


def results(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return LoadGen's results that are numbers."""
    return {
        key: value
        for key, value in values.items()
        if (key.startswith("result_") or key in OTHERS) and not isinstance(value, str | bool | list | dict)
    }
