"""Watts and throughput of MLPerf Inference 5.1's results with power, from the logs that were submitted.

Source: mlcommons/inference_results_v5.1: `summary_results.json` has the published figures, `spl.txt` the readings of
the meter at the wall, `mlperf_log_detail.txt` what LoadGen counted. No licence allows to ship them: they are fetched.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.ground_truth.line import Line, NotHereError, Sources
from tests.wattbench.importers.fetch_others import MLPERF_RESULTS
from wattbench.errors import UserError
from wattbench.importers import read_sources

SUMMARY = "summary_results.json"
TOKENS = "tokens/s"


def lines(sources: Sources) -> Iterator[Line]:
    """Yield the watts of each result, and its throughput.

    Raises:
        NotHereError: the files were not fetched.
    """
    folder = _folder(sources)
    published = {row["Location"]: row for row in json.loads((folder / SUMMARY).read_text(encoding="utf-8"))}
    for location in MLPERF_RESULTS:
        yield from _of_result(folder / location, published[location])


def _folder(sources: Sources) -> Path:
    folder = None if sources.others is None else sources.others / "mlperf"
    if folder is None or not all((folder / path).exists() for path in (SUMMARY, *MLPERF_RESULTS)):
        raise NotHereError(
            "MLPerf's logs are not here; fetch them with `python tests/wattbench/importers/fetch_others.py others`, "
            "and name the folder with `--others others`"
        )
    return folder


def _of_result(folder: Path, row: Mapping[str, Any]) -> Iterator[Line]:
    hardware = f"{row['a#']} x {row['Accelerator']}" if row["Accelerator"] else row["Processor"]
    of = f"{row['UsedModel']} {row['Scenario']}, {hardware}, {row['Submitter']}"
    name = f"{row['UsedModel']}-{row['Scenario']}".lower()
    try:
        imported = read_sources([folder])
    except UserError as error:
        why = str(error).replace(f"{folder}/", "")
        yield Line(f"{name}-power", f"{of}: power", "W", row["Power_Result"], None, note=f"wattbench refuses it: {why}")
        return
    found = {(each.figure, each.statistic): each.value for each in imported.summaries}
    yield Line(f"{name}-power", f"{of}: power", "W", row["Power_Result"], found.get(("power", "mean")))
    (ran,) = imported.scenario.values()
    if ran["scenario"] != row["Scenario"]:  # MLPerf infers some results from a run of another scenario
        return
    tokens_per_s = found.get(("output_tokens_per_s", "mean"))
    unit, note = row["Performance_Units"].lower(), ""
    if tokens_per_s is not None and unit != TOKENS:
        note = f"published as {unit}; LoadGen's log has it as tokens per second"
    per_s = found.get(("requests_per_s", "mean")) if tokens_per_s is None else tokens_per_s
    yield Line(f"{name}-throughput", f"{of}: throughput", unit, row["Performance_Result"], per_s, note=note)
