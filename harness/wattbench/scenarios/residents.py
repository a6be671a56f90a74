"""Keep systems loaded, all of them or one at a time, with the requests of all tasks prepared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Self

from wattbench.config import AskingSystem, EndpointSystem, SystemBase
from wattbench.errors import UserError
from wattbench.measure.ask_items import ItemRequests, items_of
from wattbench.measure.item_rows import system_row, training_costs
from wattbench.measure.measuring_context import MeasuringContext
from wattbench.measure.resume import check_same_prompts, check_same_system
from wattbench.measure.task_requests import task_context
from wattbench.records import Purpose, SystemRow
from wattbench.systems import (
    Engine,
    TaskContext,
    base_key,
    held_base_bytes,
    import_libraries,
    open_engine,
    release_base,
    servers_kept,
)
from wattbench.systems.memory import device_allocated_bytes, reset_peak, resident_bytes

ItemKey = tuple[str, int]
"""Task and document."""


@dataclass
class Resident:
    """A loaded system."""

    name: str
    config: SystemBase
    engine: Engine
    load_s: float
    asks: Mapping[ItemKey, ItemRequests]
    """Every item of every task."""
    others_bytes: int | None
    """Resident memory of the process that was there for other systems when this one was loaded; None if unknown."""
    others_device_bytes: int
    warm: bool = False
    """Whether it has been asked something since it was loaded."""

    @property
    def peak_memory_bytes(self) -> int | None:
        """Return the peak memory of the system so far, without that of other systems in this process."""
        peak = self.engine.peak_memory_bytes()
        answers = self.config.server if isinstance(self.config, AskingSystem) else self.config
        if peak is None or isinstance(answers, EndpointSystem):  # a server's own
            return peak
        return None if self.others_bytes is None else max(peak - self.others_bytes, 0)

    @property
    def peak_device_memory_bytes(self) -> int | None:
        """Return the system's peak memory on the accelerator so far, without that of other systems."""
        peak = self.engine.peak_device_memory_bytes()
        return None if peak is None else max(peak - self.others_device_bytes, 0)


@dataclass
class Residents:
    """The loaded systems of a run. A context manager, which releases them."""

    context: MeasuringContext
    configs: Mapping[str, SystemBase]
    one_at_a_time: bool
    change: Callable[[str, Engine], Engine] | None = None
    """Called with the name and engine of each system that was loaded; returns what is asked in its place."""
    idle_w: dict[str, Mapping[str, float]] = field(default_factory=dict)
    """System to its idle watts per component with what was then loaded, once they were measured."""
    _loaded: dict[str, Resident] = field(default_factory=dict)
    _contexts: list[TaskContext] = field(default_factory=list)
    _bare_bytes: int | None = None
    """Resident memory of the process before any system was loaded."""
    _checked: set[str] = field(default_factory=set)
    """The systems whose prompts were compared with those on record."""
    _base: object | None = None
    """The key of the base that the last system had."""

    def __post_init__(self) -> None:
        """Note the memory of the process without any system."""
        self._bare_bytes = resident_bytes()
        self._contexts = [
            task_context(self.context.resolved, choice, allow_unsafe_code=self.context.allow_unsafe_code)
            for choice in self.context.resolved.tasks
        ]

    def get(self, name: str) -> Resident:
        """Return a loaded system.

        If needed the system is loaded now, after releasing the others where only one stays loaded.
        """
        if name not in self._loaded:
            with servers_kept(self.configs[name]) if self.one_at_a_time else nullcontext():
                if self.one_at_a_time:
                    self._release(keeping_base_of=name)
                self._loaded[name] = self._load(name)
        resident = self._loaded[name]
        resident.engine.activate()
        return resident

    def release_all(self) -> None:
        """Release every system, and the base that they shared."""
        self._release()

    def move_to(self, context: MeasuringContext, known: Mapping[str, SystemRow]) -> None:
        """Continue in another record of the same suite, with all systems kept loaded.

        The window of its loading is in the record before, so that its joules are in one record alone.

        Args:
            context: of the other record.
            known: what the record before has of each system.
        """
        self.context = context
        for name, resident in self._loaded.items():
            context.attach(resident.engine)
            self._record(replace(known[name], load_window=None))

    def record_peak(self, resident: Resident) -> None:
        """Record the peak memory of a system if it is higher than the recorded peak."""
        row = self.context.records.systems()[resident.name]
        peaks = (
            _higher(row.peak_memory_bytes, resident.peak_memory_bytes),
            _higher(row.peak_device_memory_bytes, resident.peak_device_memory_bytes),
        )
        if peaks != (row.peak_memory_bytes, row.peak_device_memory_bytes):
            self.context.writer.append_system(
                replace(row, peak_memory_bytes=peaks[0], peak_device_memory_bytes=peaks[1])
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.metering.trace_to(None)
        self._release()

    def _release(self, keeping_base_of: str | None = None) -> None:
        while self._loaded:  # the last one first, as they set what the process shares
            self._loaded.popitem()[1].engine.close()  # no name keeps it: what it holds must be gone before the next
        kept = None if keeping_base_of is None else base_key(self.configs[keeping_base_of])
        if kept is None or kept != self._base:
            release_base()

    def _load(self, name: str) -> Resident:
        context, config, measure = self.context, self.configs[name], self.context.measure
        context.progress.note(f"loading {name} ...")
        context.trace_to(name, None)
        self._import_libraries(config)
        shared_bytes, before, device_before = held_base_bytes(config), resident_bytes(), device_allocated_bytes()
        reset_peak()
        window = context.open_window(name, None, Purpose.LOAD)
        engine = open_engine(name, config, batch=measure.batch, seed=measure.seed)
        try:
            context.attach(engine)
            load = window.close()
            context.writer.append_window(load)
            self._base = base_key(config)
            row = system_row(
                name, config, engine.facts(), load, mixture=engine.mixture(), training=training_costs(name, config)
            )
            self._record(row)
            if self.change is not None:
                engine = self.change(name, engine)
            asks = self._prepared(name, config, engine)
            if name not in self._checked:
                check_same_prompts(context.records, name, asks)
                self._checked.add(name)
        except BaseException:
            engine.close()
            raise
        known = before is not None and self._bare_bytes is not None
        others_bytes = max((before or 0) - (self._bare_bytes or 0) - shared_bytes, 0) if known else None
        on_device = engine.peak_device_memory_bytes() is not None
        others_device_bytes = max(device_before - (shared_bytes if on_device else 0), 0)
        return Resident(name, config, engine, load.duration_s, asks, others_bytes, others_device_bytes)

    def _import_libraries(self, config: SystemBase) -> None:
        """Import the libraries of a system, and count their memory as that of the bare process."""
        before = resident_bytes()
        import_libraries(config)
        after = resident_bytes()
        if None not in (self._bare_bytes, before, after):
            self._bare_bytes = (self._bare_bytes or 0) + max((after or 0) - (before or 0), 0)

    def _record(self, row: SystemRow) -> None:
        """Record the facts of a system, the first time that it is loaded in this run."""
        records = self.context.records
        check_same_system(records, row)
        if row.system not in records.systems():
            self.context.writer.append_system(row)

    def _prepared(self, name: str, config: SystemBase, engine: Engine) -> dict[ItemKey, ItemRequests]:
        """Begin every task, and return lm-eval's requests for all documents."""
        asks: dict[ItemKey, ItemRequests] = {}
        for task in self._contexts:
            engine.begin_task(task)
            for doc_id, requests in task.requests(config.prompt, engine.lm).items():
                kinds = {request.request_type for request in requests}
                if len(kinds) > 1:
                    raise UserError(
                        f"system {name!r}: the task {task.task!r} asks for both {' and '.join(sorted(kinds))}; an item "
                        "is timed as one kind of request. Choose another task"
                    )
                (asks[task.task, doc_id],) = items_of(requests[0].request_type, requests, config=config, task=task.task)
        return asks


def _higher(first: int | None, second: int | None) -> int | None:
    return max((each for each in (first, second) if each is not None), default=None)


def items_in(resident: Resident, keys: Sequence[tuple[ItemKey, int]]) -> list[ItemRequests]:
    """Return the requests of items, each with the number of times that the item was asked before."""
    return [resident.asks[key].as_repeat(repeat) for key, repeat in keys]
