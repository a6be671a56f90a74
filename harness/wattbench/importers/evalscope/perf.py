"""Read the results of ``evalscope perf``: times and tokens of every request, and its totals; no scores, no joules.

A run's folder (``parallel_4_number_100``) has ``benchmark_args.json``, ``benchmark_summary.json`` (totals),
``benchmark_percentile.json`` and ``benchmark_data.db``, an SQLite table with a row per request in the order in which
they ended. Answers' texts are in it as pickles, which can run code: they are not read. Start times are of a clock
without a date: requests are placed after the first one's start. The same prompt may be asked several times.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from wattbench.errors import UserError
from wattbench.importers.answer import Answer, number
from wattbench.importers.fields import MS, REQUESTS, chunk_ends, count, figure, gaps, read_fields
from wattbench.importers.files import digest, mapping, prompt_of, read_array, read_object, text, without_credentials
from wattbench.importers.imported import AT_ONCE, RATE, ImportDraft
from wattbench.importers.stated import Total, Totals, is_figure, statistic
from wattbench.records.files.regular_file import MOST_LINE_BYTES, open_regular
from wattbench.records.rows.schema import LARGEST_NUMBER

SUMMARY, PERCENTILES, ARGUMENTS = "benchmark_summary.json", "benchmark_percentile.json", "benchmark_args.json"
DATABASE, TABLE = "benchmark_data.db", "result"
MAGIC = b"SQLite format 3\0"
HEADER_BYTES = 100
MOST_BYTES = 16_000_000_000

ROW = {
    "seconds": figure("latency"),
    "first_token_seconds": figure("first_chunk_latency"),
    "prompt_tokens": count("prompt_tokens"),
    "output_tokens": count("completion_tokens"),
}
"""Field of an answer to the column that has it."""
COLUMNS = (
    "request", "start_time", "inter_token_latencies", "success", "latency", "first_chunk_latency", "prompt_tokens",
    "completion_tokens", "is_stream",
)  # fmt: skip
"""Those that are read; an older evalscope lacks some."""
TOTALS = Totals(
    {
        "Test Duration (s)": Total("duration"),
        "Success Requests": Total("requests"),
        "Failed Requests": Total("failed_requests"),
        "Req Throughput (req/s)": Total("requests_per_s", "mean"),
        "Avg Latency (s)": Total("latency", "mean"),
        "Avg Input Tokens": Total("prompt_tokens", "mean"),
        "Avg Output Tokens": Total("output_tokens", "mean"),
        "Output Throughput (tok/s)": Total("output_tokens_per_s", "mean"),
        "Total Throughput (tok/s)": Total("tokens_per_s", "mean"),
        "Avg TTFT (ms)": Total("first_token", "mean", MS),
        "Avg TPOT (ms)": Total("token", "mean", MS),
        "Avg ITL (ms)": Total("token_gap", "mean", MS),
    }
)
SETTINGS = ("Concurrency", "Request Rate (req/s)")
"""Of the summary: the load, which is in the arguments."""
OF_REQUESTS = {
    "Latency (s)": Total("latency"),
    "TTFT (ms)": Total("first_token", scale=MS),
    "TPOT (ms)": Total("token", scale=MS),
    "ITL (ms)": Total("token_gap", scale=MS),
    "Input tokens": Total("prompt_tokens"),
    "Output tokens": Total("output_tokens"),
}
"""A column of the percentiles, and what it is. Others are shown under their own name."""


def run_folders(source: Path) -> list[Path]:
    """Return the run folders of ``evalscope perf``: this one, or those up to three levels down."""
    if (source / SUMMARY).is_file():
        return [source]
    parents = (path.parent for depth in range(1, 4) for path in source.glob("*/" * depth + SUMMARY))
    return sorted(folder for folder in parents if (folder / ARGUMENTS).is_file() or (folder / DATABASE).is_file())


def read(folders: Sequence[Path], draft: ImportDraft) -> Iterator[Answer]:
    """Read some runs. Each is a system, because each has its load.

    Raises:
        UserError: a file is damaged.
    """
    for folder in folders:
        arguments = read_object(folder / ARGUMENTS) if (folder / ARGUMENTS).is_file() else {}
        load = _load(arguments)
        model, url = arguments.get("model_id") or arguments.get("model"), arguments.get("url")
        model = model if isinstance(model, str) and model else folder.resolve().name
        base_url = without_credentials(url) if isinstance(url, str) else None
        name = draft.system_name(model, load)
        system = draft.add_system(name, load, engine="evalscope perf", model=model, base_url=base_url)
        names = (ARGUMENTS, SUMMARY, PERCENTILES, DATABASE)
        draft.files += [folder / name for name in names if (folder / name).is_file()]
        _add_figures(draft, system, folder)
        if (folder / DATABASE).is_file():
            yield from _answers(system, folder / DATABASE)


def _load(arguments: Mapping[str, Any]) -> dict[str, Any]:
    rate, most = arguments.get("rate"), arguments.get("parallel")
    load: dict[str, Any] = {}
    if isinstance(rate, int | float) and 0 < rate <= LARGEST_NUMBER:
        load[RATE] = rate
    if isinstance(most, int | float) and 0 < most <= LARGEST_NUMBER and arguments.get("open_loop") is not True:
        load[AT_ONCE] = most
    return load


def _add_figures(draft: ImportDraft, system: str, folder: Path) -> None:
    path, totals = folder / SUMMARY, read_object(folder / SUMMARY)
    requests = totals.get("Success Requests")
    figures = {name: value for name, value in totals.items() if is_figure(value) and name not in SETTINGS}
    for name, value in figures.items():
        total = TOTALS.named((name,))
        draft.stated.add(system, total, value, source=name, where=path, unit=_unit(name), requests=requests)
    path = folder / PERCENTILES
    for position, each in enumerate(read_array(path) if path.is_file() else ()):
        row, where = mapping(each), f"{path}: [{position}]"
        which = statistic(text(row.get("Percentiles")))
        if which is None:
            raise UserError(f"{where}: Percentiles is {row.get('Percentiles')!r:.60}: it must be min, 50% or max")
        for name, value in row.items():
            if is_figure(value):
                known = OF_REQUESTS.get(name, Total(name))
                draft.stated.add(
                    system, Total(known.figure, which, known.scale), value, source=f"{which} {name}", where=where,
                    unit=_unit(name), requests=requests,
                )  # fmt: skip


def _unit(name: str) -> str:
    """Return the unit at the end of a name of evalscope, such as ``Decode (tok/s)``."""
    return name[name.rindex("(") + 1 : -1] if name.endswith(")") and "(" in name else ""


def _answers(system: str, database: Path) -> Iterator[Answer]:
    repeats: Counter[str] = Counter()
    first_s: float | None = None
    for where, row in _rows(database):
        start = number(row.get("start_time"), "start_time", where)
        if first_s is None:
            first_s = start  # rows come in the order of their starts
        prompt = prompt_of(row.get("request"))
        item = digest(prompt)[:16]
        if row["success"]:
            fields = read_fields(ROW, row, where)
            streamed = row.get("is_stream") is None or bool(row["is_stream"])
            gaps_s, first = _gaps(row, where), fields["first_token_seconds"]
            if not streamed:
                fields["first_token_seconds"] = None
            elif first is not None and gaps_s:
                fields["token_seconds"] = chunk_ends(first, gaps_s, fields["seconds"])
        else:
            fields = {"failure": "failed; evalscope does not store why"}
        yield Answer(
            where=where,
            system=system,
            task=REQUESTS,
            item=item,
            repeat=repeats[item],
            started_s=None if start is None or first_s is None else start - first_s,
            doc_hash=digest(prompt),
            prompt=prompt,
            **fields,
        )
        repeats[item] += 1


def _gaps(row: Mapping[str, Any], where: str) -> list[float]:
    name, value = "inter_token_latencies", row.get("inter_token_latencies")
    try:
        parsed = json.loads(value) if isinstance(value, str) and value else []
    except (ValueError, RecursionError) as error:
        raise UserError(f"{where}: {name} is not valid JSON ({error})") from error
    return gaps(parsed, name, where)


def _rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the rows in the order in which the requests were sent, each with its position."""
    with open_regular(path) as file:
        header, size = file.read(HEADER_BYTES), file.seek(0, 2)
    if header[: len(MAGIC)] != MAGIC:
        raise UserError(f"{path}: it is not an SQLite file")
    if size > MOST_BYTES:
        raise UserError(f"{path}: the file has {size:,} bytes; {MOST_BYTES:,} are read")
    if (whole := _stated_bytes(header)) > size:
        raise UserError(f"{path}: the file is torn: it has {size:,} bytes of {whole:,}")
    try:
        database = sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1", uri=True)
        try:
            yield from _plain_rows(database, path)
        finally:
            database.close()
    except (sqlite3.Error, OverflowError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: it cannot be read as a table of evalscope ({error!s:.200})") from error


def _stated_bytes(header: bytes) -> int:
    """Return the size that the file's header states (sqlite.org/fileformat2.html); 0 if it states none."""
    page, pages = int.from_bytes(header[16:18], "big"), int.from_bytes(header[28:32], "big")
    return (65_536 if page == 1 else page) * pages if header[24:28] == header[92:96] else 0


def _plain_rows(database: sqlite3.Connection, path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MOST_LINE_BYTES)
    database.text_factory = lambda data: data.decode("utf-8", "replace")
    database.execute("PRAGMA trusted_schema = OFF")
    # A view or a virtual table could compute without end, and so could a generated column: none is read.
    plain = database.execute(
        "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ? AND rootpage > 0", (TABLE,)
    ).fetchone()
    if not plain[0]:
        raise UserError(f"{path}: it has no table `{TABLE}`; this is no file of evalscope")
    stored = {str(column[1]) for column in database.execute(f"PRAGMA table_xinfo({TABLE})") if column[6] == 0}
    names = [name for name in COLUMNS if name in stored]
    if "latency" not in names or "success" not in names:
        raise UserError(f"{path}: its table `{TABLE}` has no latency and success; this is no file of evalscope")
    ordered = "ORDER BY start_time, rowid" if "start_time" in names else "ORDER BY rowid"
    query = f"SELECT rowid, {', '.join(names)} FROM {TABLE} {ordered}"  # noqa: S608 - of our own names alone
    for values in database.execute(query):
        yield f"{path}: row {values[0]}", dict(zip(names, values[1:], strict=True))
