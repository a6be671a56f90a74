"""Read the results of ``evalscope perf``: times and tokens of every request, and its totals; no scores, no joules.

A run's folder (``parallel_4_number_100``) has ``benchmark_args.json``, ``benchmark_summary.json`` (totals),
``benchmark_percentile.json`` and ``benchmark_data.db``, an SQLite table with a row per request in the order in which
they ended. Answers' texts are in it as pickles, which can run code: they are not read. Start times are of a clock
without a date: requests are placed after the first one's start. The same prompt may be asked several times.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from wattbench.errors import UserError
from wattbench.importers.answer import Answer, number, whole_number
from wattbench.importers.chunk_times import chunk_ends, chunk_gaps
from wattbench.importers.evalscope.requests_table import StoredRequest, rows
from wattbench.importers.files import digest, mapping, read_array, read_object, text, without_credentials
from wattbench.importers.imported import Imported
from wattbench.importers.request_bodies import prompt_of
from wattbench.importers.spool import Spool
from wattbench.importers.stated import Stated, is_figure, statistic
from wattbench.importers.system_names import AT_ONCE, RATE, system_name
from wattbench.records.rows.field_checks import LARGEST_NUMBER

SUMMARY, PERCENTILES, ARGUMENTS = "benchmark_summary.json", "benchmark_percentile.json", "benchmark_args.json"
REQUESTS = "benchmark_data.db"
TASK = "requests"
MS = 1e-3
TOTALS = {
    "Test Duration (s)": ("duration", "total", 1.0),
    "Success Requests": ("requests", "total", 1.0),
    "Failed Requests": ("failed_requests", "total", 1.0),
    "Req Throughput (req/s)": ("requests_per_s", "mean", 1.0),
    "Avg Latency (s)": ("latency", "mean", 1.0),
    "Avg Input Tokens": ("prompt_tokens", "mean", 1.0),
    "Avg Output Tokens": ("output_tokens", "mean", 1.0),
    "Output Throughput (tok/s)": ("output_tokens_per_s", "mean", 1.0),
    "Total Throughput (tok/s)": ("tokens_per_s", "mean", 1.0),
    "Avg TTFT (ms)": ("first_token", "mean", MS),
    "Avg TPOT (ms)": ("token", "mean", MS),
    "Avg ITL (ms)": ("token_gap", "mean", MS),
}
SETTINGS = ("Concurrency", "Request Rate (req/s)")
"""Of the summary: the load, which is in the arguments."""
OF_REQUESTS = {
    "Latency (s)": ("latency", 1.0),
    "TTFT (ms)": ("first_token", MS),
    "TPOT (ms)": ("token", MS),
    "ITL (ms)": ("token_gap", MS),
    "Input tokens": ("prompt_tokens", 1.0),
    "Output tokens": ("output_tokens", 1.0),
}
"""A column of the percentiles, and what it is. Others are shown under their own name."""


def run_folders(source: Path) -> list[Path]:
    """Return the folder itself, or those in it up to three levels down, that are of a run of ``evalscope perf``."""
    if (source / SUMMARY).is_file():
        return [source]
    parents = (path.parent for depth in range(1, 4) for path in source.glob("*/" * depth + SUMMARY))
    return sorted(folder for folder in parents if (folder / ARGUMENTS).is_file() or (folder / REQUESTS).is_file())


def read_perf(folders: Sequence[Path], scratch: Path | None = None) -> Imported:
    """Read some runs. Each is a system, as each has a load of its own.

    Args:
        folders: of runs.
        scratch: where the answers are kept meanwhile, as `Spool` takes it.

    Raises:
        UserError: a file is damaged.
    """
    stated = Stated()
    scenario: dict[str, Mapping[str, Any]] = {}
    configs: dict[str, Mapping[str, Any]] = {}
    files: list[Path] = []

    def answers() -> Iterator[Answer]:
        for folder in folders:
            arguments = read_object(folder / ARGUMENTS) if (folder / ARGUMENTS).is_file() else {}
            load = _load(arguments)
            model = arguments.get("model_id") or arguments.get("model")
            model = model if isinstance(model, str) and model else folder.resolve().name
            system = system_name(model, load, scenario)
            scenario[system] = load
            url = arguments.get("url")
            base_url = without_credentials(url) if isinstance(url, str) else None
            configs[system] = {"engine": "evalscope perf", "model": model} | (
                {"base_url": base_url} if base_url else {}
            )
            _add_figures(stated, system, folder)
            if (folder / REQUESTS).is_file():
                yield from _answers(system, folder / REQUESTS)
            files.extend(folder / name for name in (ARGUMENTS, SUMMARY, PERCENTILES, REQUESTS))

    spool = Spool.of(answers(), scratch)
    return Imported(
        format="evalscope",
        version=None,
        files=tuple(path for path in files if path.is_file()),
        answers=spool,
        scenario=scenario,
        configs=configs,
        summaries=stated.rows,
    )


def _load(arguments: Mapping[str, Any]) -> dict[str, Any]:
    rate, most = arguments.get("rate"), arguments.get("parallel")
    load: dict[str, Any] = {}
    if isinstance(rate, int | float) and 0 < rate <= LARGEST_NUMBER:
        load[RATE] = rate
    if isinstance(most, int | float) and 0 < most <= LARGEST_NUMBER and arguments.get("open_loop") is not True:
        load[AT_ONCE] = most
    return load


def _add_figures(stated: Stated, system: str, folder: Path) -> None:
    totals = read_object(folder / SUMMARY)
    requests = totals.get("Success Requests")
    requests = requests if isinstance(requests, int) and not isinstance(requests, bool) else None
    for name, value in totals.items():
        if not is_figure(value) or name in SETTINGS:
            continue
        figure, which, scale = TOTALS.get(name, (name, "total", 1.0))
        stated.add(
            system, figure, which, value, source=name, where=folder / SUMMARY, scale=scale, unit=_unit(name),
            requests=requests,
        )  # fmt: skip
    if not (folder / PERCENTILES).is_file():
        return
    for position, row in enumerate(read_array(folder / PERCENTILES)):
        where = f"{folder / PERCENTILES}: [{position}]"
        which_share = statistic(text(mapping(row).get("Percentiles")))
        if which_share is None:
            raise UserError(
                f"{where}: Percentiles is {mapping(row).get('Percentiles')!r:.60}: it must be min, 50% or max"
            )
        for name, value in mapping(row).items():
            if is_figure(value):
                figure, scale = OF_REQUESTS.get(name, (name, 1.0))
                stated.add(
                    system, figure, which_share, value, source=f"{which_share} {name}", where=where, scale=scale,
                    unit=_unit(name), requests=requests,
                )  # fmt: skip


def _unit(name: str) -> str:
    """Return the unit that a name of evalscope ends in: ``Decode (tok/s)``."""
    return name[name.rindex("(") + 1 : -1] if name.endswith(")") and "(" in name else ""


def _answers(system: str, database: Path) -> Iterator[Answer]:
    repeats: Counter[str] = Counter()
    first_s: float | None = None
    for where, row in rows(database):
        start = number(row.start_time, "start_time", where)
        if first_s is None:
            first_s = start  # rows come in the order of their starts
        started_s = None if start is None or first_s is None else start - first_s
        prompt = prompt_of(row.request)
        item = digest(prompt)[:16]
        yield _answer(system, where, row, started_s, prompt, item, repeats[item])
        repeats[item] += 1


def _answer(
    system: str, where: str, row: StoredRequest, started_s: float | None, prompt: str, item: str, repeat: int
) -> Answer:
    if not row.success:
        return Answer(
            where=where, system=system, task=TASK, item=item, repeat=repeat, started_s=started_s, prompt=prompt,
            doc_hash=digest(prompt), failure="failed; evalscope does not store why",
        )  # fmt: skip
    seconds = number(row.latency, "latency", where)
    first = number(row.first_chunk_latency, "first_chunk_latency", where)
    streamed = row.is_stream is None or bool(row.is_stream)
    gaps = _gaps(row.inter_token_latencies, where)
    return Answer(
        where=where,
        system=system,
        task=TASK,
        item=item,
        repeat=repeat,
        started_s=started_s,
        seconds=seconds,
        first_token_seconds=first if streamed else None,
        token_seconds=chunk_ends(first, gaps, seconds) if streamed and first is not None and gaps else (),
        prompt_tokens=whole_number(row.prompt_tokens, "prompt_tokens", where),
        output_tokens=whole_number(row.completion_tokens, "completion_tokens", where),
        doc_hash=digest(prompt),
        prompt=prompt,
    )


def _gaps(value: Any, where: str) -> list[float]:
    try:
        gaps = json.loads(value) if isinstance(value, str) and value else []
    except (ValueError, RecursionError) as error:
        raise UserError(f"{where}: inter_token_latencies is not valid JSON ({error})") from error
    return chunk_gaps(gaps, "inter_token_latencies", where)
