"""Compute the fingerprint of a system in a run: the named parts that its figures were made with."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from wattbench.records import ABSENT, LABELS, Part, machine_parts, part, system_parts
from wattbench.records.fingerprint_parts import fields_in_words
from wattbench.records.rows.components import within_slot
from wattbench.records.rows.judgements import JudgeRow
from wattbench.records.tables.table_columns import Coded
from wattbench_reports.comparability.asked_items import AskedTask, answered_by_cell, asked_tasks
from wattbench_reports.comparability.co_running import ALONE, co_runners_part, shared_ways
from wattbench_reports.comparability.joules import JouleOwner, hosts_elsewhere, joule_owners
from wattbench_reports.tables.header_record import HeaderRecord
from wattbench_reports.tables.item_rows import as_slice, rows_by_code
from wattbench_reports.tables.judged_tasks import JudgedTasks
from wattbench_reports.tables.run_tables import Frames, object_of_text
from wattbench_reports.tables.streamed import StreamedFrames
from wattbench_reports.tables.streamed.text_numbers import text_numbers
from wattbench_reports.tables.suite_record import SystemSettings

HARMLESS = {"repeats", "seed", "idle_s", "min_window_s", "window_s"}
"""Settings of how a cell is measured that change how sure a figure is, not what it is."""
ANSWERED = " answered"
"""How the name of the fact ends that says which documents of a task were answered."""
PLANNED = " documents"
"""The same of the fact that says which documents of a task were planned."""
_WHICH = (ANSWERED, PLANNED)
_DEFINING = (" version", " scoring", " trace of arrivals", " metric")
"""How the names of the other facts of a task end."""
UNTELLING = {"description", "kind", "domain", "canary", "training", "teacher", "parameters", "price"}
"""Settings of a system that don't change how it answers."""
REQUEST = "request"
"""The setting of an endpoint that holds fields of the body: each of them counts, whatever it is called."""
_LINES = 200_000
"""Lines that are made at a time, of a streamed run."""
_MOST, _ROUNDING = 10**15, 1e-12
"""Numbers of documents up to this have their number of digits by a logarithm."""


@dataclass(frozen=True)
class Fingerprint:
    """The parts of one system in one run. Figures may be compared as far as these are equal."""

    run: str
    system: str
    parts: Mapping[str, Part]
    """By name, each of `wattbench.records.LABELS`; without ``machine`` where the record does not name it."""
    by_task: Mapping[str, AskedTask] = field(default_factory=dict, compare=False)
    """Task to what was answered of it; empty where that is not known, and the part ``tasks`` alone says it."""

    @cached_property
    def short(self) -> str:
        """Return twelve digits of a SHA-256 over the parts: equal where every part is."""
        recorded = {name: [each.facts, each.owner] for name, each in self.parts.items()}
        return hashlib.sha256(json.dumps(recorded, sort_keys=True).encode()).hexdigest()[:12]

    def of_all_items(self) -> Fingerprint:
        """Return the fingerprint for a comparison that needs the same items of both systems."""
        return replace(self, by_task={})

    def without_tasks(self, tasks: Iterable[str]) -> Fingerprint:
        """Return the fingerprint without the facts of some tasks in the part ``tasks``."""
        named = {f"{task}{ending}" for task in tasks for ending in (*_WHICH, *_DEFINING)}
        facts = tuple((fact, value) for fact, value in self.parts["tasks"].facts if fact not in named)
        return replace(self, parts={**self.parts, "tasks": Part(facts, self.parts["tasks"].owner)})

    def without(self, name: str, ending: str) -> Fingerprint:
        """Return the fingerprint without the facts of one part whose names have an ending."""
        facts = tuple((fact, value) for fact, value in self.parts[name].facts if not fact.endswith(ending))
        return replace(self, parts={**self.parts, name: Part(facts, self.parts[name].owner)})


def fingerprints(frames: Frames) -> dict[str, Fingerprint]:
    """Return each system's fingerprint, in the order of `frames.systems`.

    Raises:
        UserError: a table of the run is damaged.
    """
    record, rows = frames.record, frames.run.systems()
    imported = record.imported is not None
    # Absence proves nothing of a machine that wattbench described. No other tool describes one: what is missing in two
    # imports is said once (`wattbench_reports.comparability.explain.not_recorded`), and is no difference.
    run = "" if imported else frames.run.header.run
    machine = machine_parts(record.machine.as_recorded, run)
    machines = {} if record.imported is None else record.imported.machines
    measure = record.suite.measure.compared
    documents, prompts = _documents(frames), _prompts(frames)
    answered, owners = answered_by_cell(frames), joule_owners(frames)
    meters, co_runners = _meters(frames)
    if record.imported is not None:
        meters = _declared(frames) | meters
    fingerprints_of = {}
    for name in frames.systems:
        owner = "" if imported else f"{name} in {run}"
        config = record.suite.systems.get(name, SystemSettings())
        own_machine = machine_parts(machines[name], run) if name in machines else machine
        tasks = _tasks(record, name, documents, frames.judged_tasks)
        parts = own_machine | system_parts(rows.get(name), owner) | {
            "tasks": part({fact: value for facts in tasks.values() for fact, value in facts.items()}, run),
            "scenario": part(_imported_scenario(record, name) if imported else _scenario(measure), run),
            "seed": part({"seed": measure.get("seed", ABSENT), "repeats": _repeats(record, name)}, run),
            "meter": meters.get(name, Part()),
            "co_runners": co_runners.get(name, ALONE),
            "settings": part(dict(_settings(config.as_recorded)) or {"settings": ABSENT}, owner),
            "prompts": part(prompts.get(name, {}) or {"prompts": ABSENT}, owner),
        }  # fmt: skip
        if frames.nodes and not imported and not hosts_elsewhere(config):
            parts["machine"] = part({"node": ", ".join(frames.nodes)}, "")
        parts |= _server(config, parts["device"]) if imported else _elsewhere(config, run)
        parts["meter"] = _counted(parts["meter"], owners[name], name, imported=imported)
        definitions = {
            task: part({fact: value for fact, value in facts.items() if not fact.endswith(_WHICH)}, run)
            for task, facts in tasks.items()
        }
        fingerprints_of[name] = Fingerprint(
            frames.run.header.run,
            name,
            {each: parts[each] for each in LABELS if each in parts},
            asked_tasks(answered, name, definitions, frames.run.header.run if imported else ""),
        )
    return fingerprints_of


def _tasks(
    record: HeaderRecord, system: str, documents: Mapping[tuple[str, str], str], judged: JudgedTasks | None
) -> dict[str, dict[str, Any]]:
    """Return, for each task, the facts of a system's plan and of the documents that it answered.

    The scores of a judged task are those of people, whatever judge they correct: it is the rubric and the scale that
    two runs must share. A task of which there is an opinion only is left out with its answers.
    """
    judges, left_out = ({}, frozenset[str]()) if judged is None else (judged.judges, judged.left_out)
    known_cells = (cell for cell in record.cells if cell.system == system and cell.task not in left_out)
    cells = {cell.task: cell.as_recorded for cell in known_cells}
    answered = {task: digest for (name, task), digest in documents.items() if name == system}
    facts: dict[str, dict[str, Any]] = {}
    for task in sorted({*cells, *answered}):
        cell = cells.get(task, {})
        known = {
            f"{task} version": cell.get("task_version", ABSENT),
            f"{task}{PLANNED}": cell.get("docs_sha256", ABSENT),
            f"{task}{ANSWERED}": answered.get(task),
            f"{task} scoring": _of_people(judges[task]) if task in judges else cell.get("task_sha256") or ABSENT,
            **({f"{task} trace of arrivals": cell["trace_sha256"]} if "trace_sha256" in cell else {}),
            f"{task} metric": record.suite.metrics.get(task, "the task's first"),
        }
        # Another tool has its own ways to name a task: which documents were answered is the evidence.
        facts[task] = {name: value for name, value in known.items() if record.imported is None or value is not ABSENT}
    return facts


def _of_people(judge: JudgeRow) -> str:
    """Say on which scale people label the answers to a task."""
    against = "" if judge.against is None else f" against {judge.against}"
    return f"{judge.scale}{against} by people, rubric {hashlib.sha256(judge.rubric.encode()).hexdigest()[:12]}"


def _documents(frames: Frames) -> dict[tuple[str, str], str]:
    """Return the number and a SHA-256 of the documents that were in fact answered, by system and task."""
    recorded = _contents(frames, "doc_hash")
    return {cell: f"{each.documents} documents, {each.sha256}" for cell, each in recorded.items()}


def _contents(frames: Frames, column: str) -> dict[tuple[str, str], Contents]:
    if isinstance(frames, StreamedFrames):
        return streamed_contents(frames, column)
    return contents(frames.items, frames.document_of_answer if column == "doc_hash" else frames.coded(column))


def _prompts(frames: Frames) -> dict[str, dict[str, str]]:
    """Return a SHA-256 of the prompts by system and task."""
    parts: dict[str, dict[str, str]] = {}
    for (system, task), each in _contents(frames, "prompt_hash").items():
        parts.setdefault(system, {})[f"of {task}"] = each.sha256
    return parts


def _meters(frames: Frames) -> tuple[dict[str, Part], dict[str, Part]]:
    """Return two parts of each system: the counted components with how each was read, and the number of other slots.

    From its measured windows: the valid ones, where there are any. A system without joules has no part, and none
    to differ in.
    """
    valid = frames.windows["valid"].astype(bool).tolist()
    parts: dict[str, Part] = {}
    co_runners: dict[str, Part] = {}
    for system, rows in frames.all_measured_rows.items():
        used = frames.metering.iloc[[row for row in rows if valid[row]] or rows]
        read: dict[str, set[str]] = {}
        for said, energy_j in zip(used["provenance"], used["energy_j"], strict=True):
            how = object_of_text(frames.run.layout.windows_table, said)
            counted = object_of_text(frames.run.layout.windows_table, energy_j)
            for component, name in within_slot(counted).items():
                read.setdefault(name, set()).add(str(how.get(component)))
        plain = {component: "+".join(sorted(ways)) for component, ways in sorted(read.items())}
        facts: dict[str, Any] = dict(shared_ways(plain, used))
        if frames.record.imported is not None:
            programs = {each.meter for component, each in frames.record.meters.items() if component in plain}
            facts["read by"] = ", ".join(sorted(programs)) or ABSENT
        if "modelled" in plain.values():  # the formula is codecarbon's, and its constants change with it
            machine = frames.record.machine
            facts["model"] = ABSENT if machine.packages is None else f"codecarbon {machine.codecarbon}"
        parts[system] = part(facts, frames.run.header.run)
        co_runners[system] = co_runners_part(used)
    return parts, co_runners


def _declared(frames: Frames) -> dict[str, Part]:
    """Return the meter of each imported system with joules: not recorded, so that no other run is comparable."""
    recorded = part({"joules": "imported", "read by": ABSENT}, frames.run.header.run)
    return {
        name: recorded
        for name, rows in zip(frames.systems, frames.answers_by_system, strict=True)
        if not np.isnan(frames.figures("energy_j", rows)).all()
    }


def _imported_scenario(record: HeaderRecord, system: str) -> dict[str, Any]:
    """Return the load that another tool put on a system, where it says so."""
    load = {} if record.imported is None else dict(record.imported.scenarios.get(system, {}))
    return load or {"scenario": ABSENT}


def _repeats(record: HeaderRecord, system: str) -> Any:
    """Return how often a system was asked each item; older records say it once for all."""
    known = next((cell.repeats for cell in record.cells if cell.system == system and cell.repeats is not None), None)
    return record.suite.measure.as_recorded.get("repeats", ABSENT) if known is None else known


def _scenario(measure: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings by which items were put to the system, except those known to be harmless."""
    facts = {name: value for name, value in sorted(measure.items()) if name not in HARMLESS and value is not None}
    return {"scenario": ABSENT, "batch": ABSENT} | facts


def _settings(config: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield a system's settings, flattened. Of a path only the last name counts: checkouts have different paths."""
    for name, value in sorted(config.items(), key=lambda pair: str(pair[0])):
        key = f"{prefix}{name}"
        if name in UNTELLING or value is None:
            continue
        if name == REQUEST and isinstance(value, Mapping):
            yield from fields_in_words(value, f"{key}.").items()
        elif isinstance(value, Mapping):
            yield from _settings(value, f"{key}.")
        else:
            yield key, value.rpartition("/")[2] if isinstance(value, str) and value.startswith("/") else value


def _elsewhere(config: SystemSettings, run: str) -> dict[str, Part]:
    """Return the parts of a system that uses another machine's server: the hardware there is not known."""
    hosts = hosts_elsewhere(config)
    if not hosts:
        return {}
    named = ", ".join(hosts)
    owner = f"{named} in {run}"
    parts = {"device": part({"server": named, "GPU": ABSENT, "CPU": ABSENT}, owner)}
    return parts | {name: part({LABELS[name]: ABSENT}, owner) for name in ("driver", "power_limit", "card")}


def _counted(meter: Part, owner: JouleOwner, system: str, *, imported: bool) -> Part:
    """Add to a system's meter on which machine its joules were counted: a client's are ranked with no others."""
    if owner == JouleOwner.CLIENT:
        return Part(
            (*meter.facts, ("counted", f"on the client of {system}, not on the machine of its model")), meter.owner
        )
    if not imported or not meter.facts:
        return meter
    where = "on the machine of the model" if owner == JouleOwner.MODEL else "not said"
    return Part((*meter.facts, ("counted", where)), meter.owner)


def _server(config: SystemSettings, device: Part) -> dict[str, Part]:
    """Return the device of an imported system with its servers on other machines. Empty without such a server."""
    hosts = hosts_elsewhere(config)
    return {"device": Part((("server", ", ".join(hosts)), *device.facts), device.owner)} if hosts else {}


@dataclass(frozen=True)
class Contents:
    """The documents and prompts of one system and task."""

    documents: int
    """Distinct ones, by their number in the task."""
    sha256: str
    """Of the distinct lines ``<doc_id> <hash>``, sorted and joined by newlines."""


def contents(items: pd.DataFrame, hashes: Coded) -> dict[tuple[str, str], Contents]:
    """Digest the documents and prompts of each system and task.

    Systems that had the same lines share one digest, and lines are made of a cell at a time.

    Args:
        items: as `wattbench_reports.tables.run_tables.Frames.items`: `system`, `task` and `doc_id`.
        hashes: of each answer's document, or of its prompt; row by row those of `items`.
    """
    systems, tasks = (items[name].cat for name in ("system", "task"))
    doc_id, task = items["doc_id"].to_numpy(), tasks.codes.to_numpy()
    contents_of: dict[tuple[str, str], Contents] = {}
    known: dict[bytes, Contents] = {}
    as_asked: dict[bytes, Contents] = {}
    for system, of_system in zip(
        systems.categories, rows_by_code(systems.codes.to_numpy(), len(systems.categories)), strict=True
    ):
        for code, in_system in zip(tasks.categories, rows_by_code(task[of_system], len(tasks.categories)), strict=True):
            documents, texts = doc_id[of_system][in_system], hashes.codes[of_system][in_system]
            if not len(documents):
                continue
            in_order = hashlib.sha256(documents.tobytes() + texts.tobytes()).digest()
            if in_order not in as_asked:  # in another order they are sorted before they are compared
                pairs = _distinct(documents.astype(np.int64), texts.astype(np.int64), len(hashes.texts) + 1)
                key = hashlib.sha256(pairs.tobytes()).digest()
                if key not in known:
                    known[key] = _digest(pairs, hashes)
                as_asked[in_order] = known[key]
            contents_of[str(system), str(code)] = as_asked[in_order]
    return contents_of


def streamed_contents(frames: StreamedFrames, column: str) -> dict[tuple[str, str], Contents]:
    """Digest the documents or prompts of a streamed run as `contents` does, one system and task in memory at a time.

    Args:
        frames: the run.
        column: of hashes: ``doc_hash`` or ``prompt_hash``.
    """
    contents_of: dict[tuple[str, str], Contents] = {}
    known: dict[bytes, Contents] = {}
    tasks = frames.categories("task")
    for system in frames.systems:
        rows = frames.answers_of(system)
        numbers = np.concatenate([text_numbers(part) for part in frames.texts_of(column, rows)])
        documents = frames.documents_of(rows)
        for task, in_system in zip(tasks, rows_by_code(frames.codes("task", rows), len(tasks)), strict=True):
            if not len(documents[in_system]):
                continue
            key = hashlib.sha256(documents[in_system].tobytes() + numbers[in_system].tobytes()).digest()
            if key not in known:
                known[key] = _streamed_digest(frames, column, frames.positions(rows)[in_system], documents[in_system])
            contents_of[system, task] = known[key]
    return contents_of


def _streamed_digest(
    frames: StreamedFrames, column: str, rows: NDArray[np.integer[Any]], documents: NDArray[np.int64]
) -> Contents:
    """Digest the lines of a cell. Where no document is repeated, lines are sorted by document number alone."""
    parts = frames.texts_of(column, as_slice(rows))
    texts = pa.concat_arrays(
        [pc.cast(part.dictionary_decode() if pa.types.is_dictionary(part.type) else part, pa.large_string())
         for part in parts]
    )  # fmt: skip
    if documents.min() < 0 or documents.max() >= _MOST or len(np.unique(documents)) < len(documents):
        encoded = texts.dictionary_encode()
        codes = pc.fill_null(encoded.indices, -1).to_numpy().astype(np.int64)
        pairs = _distinct(documents, codes, len(encoded.dictionary) + 1)
        return _digest(pairs, Coded(codes, encoded.dictionary))
    digits = np.floor(np.log10(np.maximum(documents, 1)) + _ROUNDING).astype(np.int64) + 1
    # A blank comes before every digit: as texts 1 is before 10, and 10 before 2.
    order = np.lexsort((digits, documents * 10 ** (digits.max() - digits)))
    sha256 = hashlib.sha256()
    blank, end = (pa.scalar(text, pa.large_string()) for text in (" ", "\n"))
    for start in range(0, len(order), _LINES):
        chosen = order[start : start + _LINES]
        hashes = pc.fill_null(texts.take(pa.array(chosen)), "none")
        numbers = pa.array(documents[chosen]).cast(pa.large_string())
        lines = pc.binary_join_element_wise(numbers, hashes, blank)
        lines = pc.binary_join_element_wise(lines, pa.scalar("", pa.large_string()), end)
        last = start + len(chosen) == len(order)
        sha256.update(memoryview(lines.buffers()[2])[: pc.sum(pc.binary_length(lines)).as_py() - int(last)])
    return Contents(len(documents), sha256.hexdigest())


def _distinct(documents: NDArray[np.int64], codes: NDArray[np.int64], number: int) -> NDArray[np.int64]:
    """Return the distinct pairs of a document and a code, shape (pairs, 2). Codes are from -1 to `number` - 2."""
    if np.abs(documents).max() < np.iinfo(np.int64).max // number - 1:
        return np.column_stack(np.divmod(np.unique(documents * number + codes + 1), number)) - [0, 1]
    return np.unique(np.column_stack([documents, codes]), axis=0)


def _digest(pairs: NDArray[np.int64], hashes: Coded) -> Contents:
    """Digest distinct pairs of a document and its hash, one line each."""
    documents, codes = pairs.T
    # A record without a hash is damaged. It is kept apart from those with one, and is no reason to fail.
    texts = pc.fill_null(hashes.texts.take(pa.array(codes, mask=codes < 0)), "none")
    blank, end = (pa.scalar(text, pa.large_string()) for text in (" ", "\n"))
    lines = pc.binary_join_element_wise(pa.array(documents).cast(pa.large_string()), texts, blank)
    lines = pc.unique(lines)
    ended = pc.binary_join_element_wise(lines.take(pc.array_sort_indices(lines)), pa.scalar("", pa.large_string()), end)
    length = pc.sum(pc.binary_length(ended)).as_py()
    sha256 = hashlib.sha256(memoryview(ended.buffers()[2])[: length - 1]).hexdigest()
    return Contents(len(np.unique(documents)), sha256)
