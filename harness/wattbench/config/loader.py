"""Read a suite by name or path, with its catalogues, and select its systems."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from wattbench.config.arms import WithoutGrids, without_grids
from wattbench.config.file_task import TaskChoice
from wattbench.config.meters.meter_base import without_unset
from wattbench.config.power_limits import why_no_power_limit
from wattbench.config.router import CascadeRouter
from wattbench.config.sampling import any_samples
from wattbench.config.suite import Catalogue, Suite
from wattbench.config.systems.agent import AskingSystem
from wattbench.config.systems.endpoint import EndpointSystem
from wattbench.config.systems.system import HybridSystem, System
from wattbench.config.systems.system_base import Arm, SystemBase
from wattbench.config.third_party import RECORDED_SUITE, checked_meters, checked_system
from wattbench.config.yamlfile import YamlFile, read_yaml, texts_in, yaml_file
from wattbench.errors import UserError, nearest
from wattbench.records.schema.base import expanded
from wattbench.records.schema.decide import OVERALL, ChosenBy, Stop
from wattbench.records.schema.explain import first_error, validate
from wattbench.redaction import HIDDEN, hide_settings, keep_environment, keep_secrets_of


@dataclass(frozen=True)
class Resolved:
    """A suite, with the systems that take part in it."""

    suite: Suite
    systems: Mapping[str, SystemBase]
    """Name to system, in the order they run."""
    path: Path
    """The suite file, for messages."""
    judges: Mapping[str, SystemBase] = field(default_factory=dict)
    """Name to system of all judges that a task names, of those under `judges` and of the systems."""
    stops_by_default: bool = False
    """Whether `measure.stop` is not written in the file, but follows from a grid."""

    @property
    def grids(self) -> dict[str, list[str]]:
        """Return the systems of each grid that takes part."""
        return _grids({name: system.arm for name, system in self.systems.items()})

    def no_system(self, name: str) -> str:
        """Return what is wrong with a name that is not that of one system, as a clause."""
        if name in self.grids:
            return _is_a_grid(name, self.grids[name])
        return f"no system {name!r} in this suite{nearest(name, self.systems)}"

    @property
    def tasks(self) -> list[TaskChoice]:
        """Return the tasks, in the order in which they run."""
        return [*self.suite.tasks.select]

    def as_record(self) -> dict[str, Any]:
        """Return all settings, with absolute paths: `run.json` has them without secrets; a resumed run reads them."""
        return {
            "path": str(self.path),
            "suite": self.suite.model_dump(mode="json"),
            "systems": _settings_of(self.systems),
            **({"judges": _settings_of(self.judges)} if self.judges else {}),
        }

    @property
    def sha256(self) -> str:
        """Return a hash of the settings that change a measurement: runs with the same hash did the same work.

        What is used only when a run is read is not in it: carbon, the workload, what is required, prices, predictions.
        """
        record = hide_settings(self.as_record())  # a hash would tell whether a guessed password is right
        suite = {name: value for name, value in record["suite"].items() if name not in _READ_ONLY}
        # Without what is newer where it is not set: suites from before it keep their hash.
        select = [without_unset(choice, *_NEWER_OF_TASKS) for choice in suite["tasks"]["select"]]
        suite["tasks"] = {**suite["tasks"], "select": select}
        suite["measure"] = without_unset(suite["measure"], "stop")
        if not suite["judges"]:
            del suite["judges"]
        if suite["measure"]["repeats"] == "auto" and not any_samples(self.systems.values()):
            suite["measure"]["repeats"] = 1  # as suites from before `auto` have it
        suite["systems"] = {**suite["systems"], "define": systems_as_measured(suite["systems"]["define"])}
        measured = {**record, "suite": suite, "systems": systems_as_measured(record["systems"])}
        return hashlib.sha256(json.dumps(measured, sort_keys=True).encode()).hexdigest()

    @property
    def with_judges(self) -> dict[str, SystemBase]:
        """Return all systems that a run loads: those that answer, and the judges."""
        return {**self.systems, **self.judges}

    def narrowed(self, *, systems: Sequence[str] = (), tasks: Sequence[str] = (), limit: int | None = None) -> Resolved:
        """Return the same suite with fewer systems, tasks or items.

        Args:
            systems: names of systems, or of grids for all of their systems.
            tasks: names of tasks.
            limit: the most items of a task.

        Raises:
            UserError: a name is not in the suite.
        """
        grids = self.grids
        for name in systems:
            if name not in self.systems and name not in grids:
                known = [*self.systems, *grids]
                raise UserError(f"{self.path}: no system {name!r} in this suite{nearest(name, known)}")
        known = [choice.task for choice in self.tasks]
        for name in tasks:
            if name not in known:
                raise UserError(f"{self.path}: no task {name!r} in this suite{nearest(name, known)}")
        chosen = [
            choice.model_copy(update={"limit": min(limit, choice.limit or limit)}) if limit else choice
            for choice in self.tasks
            if not tasks or choice.task in tasks
        ]
        suite = self.suite.model_copy(update={"tasks": self.suite.tasks.model_copy(update={"select": chosen})})
        named = {each for name in systems for each in grids.get(name, [name])}
        kept = {name: system for name, system in self.systems.items() if not systems or name in named}
        stops_by_default = self.stops_by_default and any(system.arm is not None for system in kept.values())
        if self.stops_by_default and not stops_by_default:
            suite = suite.model_copy(update={"measure": suite.measure.model_copy(update={"stop": None})})
        named_judges = {choice.judged.judge for choice in chosen if choice.judged is not None}
        judges = {name: judge for name, judge in self.judges.items() if name in named_judges}
        return replace(self, suite=suite, systems=kept, judges=judges, stops_by_default=stops_by_default)


def _grids(arms: Mapping[str, Arm | None]) -> dict[str, list[str]]:
    """Return the systems of each grid, from the place of each system in its grid."""
    grids: dict[str, list[str]] = {}
    for name, arm in arms.items():
        if arm is not None:
            grids.setdefault(arm.grid, []).append(name)
    return grids


def _is_a_grid(name: str, systems: Sequence[str]) -> str:
    shown = ", ".join(systems[:12]) + (", ..." if len(systems) > 12 else "")
    return f"{name!r} is a grid of {len(systems)} systems; name one of them: {shown}"


_READ_ONLY = ("carbon", "impacts", "workload", "decide", "max_cost")
"""Parts of a suite that are used only when a run is read, or say how much of it is asked."""

_NOT_MEASURED = ("arm", "price", "predicted", "limit", "retries", "max_wait_s", "estimate")
"""Settings of a system that change no answer, and nothing that is measured of one."""

_NEWER = ("service", "omit", "max_output_tokens", "power_limit_w", "request")
"""Settings of a system that do, where they are set: suites from before them keep their hash."""


_NEWER_OF_TASKS = ("documents", "check", "workspace", "check_files", "score")


def _settings_of(systems: Mapping[str, SystemBase]) -> dict[str, Any]:
    return {name: system.model_dump(mode="json") for name, system in systems.items()}


def systems_as_measured(systems: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of each system that affect measurements, those of a hybrid's pool included.

    What a callable or a router sees is left out where it is the prompt, and a cascade's threshold as a probability
    where there is none: suites from before those settings keep their hash.
    """
    kept = {}
    for name, settings in systems.items():
        kept[name] = {
            key: value for key, value in settings.items() if key not in _NOT_MEASURED and (value or key not in _NEWER)
        }
        if kept[name].get("sees") == "prompt":
            del kept[name]["sees"]
        if isinstance(kept[name].get("router"), Mapping):
            unset = {"min_probability": None, "sees": "prompt"}
            router = kept[name]["router"].items()
            kept[name]["router"] = {key: value for key, value in router if key not in unset or value != unset[key]}
        if isinstance(kept[name].get("pool"), Mapping):
            kept[name]["pool"] = systems_as_measured(kept[name]["pool"])
        if isinstance(kept[name].get("server"), Mapping):
            kept[name] |= systems_as_measured({"server": kept[name]["server"]})
    return kept


def benchmarks_folder() -> Path:
    """Find the folder of the shipped suites, tasks and systems: in the installed wheel, or in a checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "_benchmarks"
    return installed if installed.is_dir() else package.parents[1] / "benchmarks"


def shipped_suites() -> dict[str, Path]:
    """Map the name of each shipped suite to its path."""
    return {path.stem: path for path in sorted((benchmarks_folder() / "suites").glob("*.yaml"))}


def load_suite(name: str, *, tasks_exist: bool = True, judge: str | None = None) -> Resolved:
    """Read a suite by its path, or by the name of a suite that wattbench ships.

    Args:
        name: path or name.
        tasks_exist: check that its folders and files of tasks exist; False where only its systems are needed.
        judge: one of its judges or systems, which scores all judged tasks in place of those that they name.

    Raises:
        UserError: anything in it, or in a catalogue it includes, is wrong.
    """
    path = _find(name)
    return _resolved(_settings(read_yaml(path)), tasks_exist=tasks_exist, judge=judge)


def suite_from_text(path: Path, text: str, *, tasks_exist: bool = True) -> Resolved:
    """Read a suite from its text, before the file is written.

    Args:
        path: where it will be: an absolute path.
        text: what will be in it.
        tasks_exist: as of `load_suite`.

    Raises:
        UserError: as `load_suite`.
    """
    return _resolved(_settings(yaml_file(path, text.encode())), tasks_exist=tasks_exist)


def _resolved(written: YamlFile, *, tasks_exist: bool, judge: str | None = None) -> Resolved:
    file = without_grids(written, ("systems", "define"))
    suite = validate(Suite, file, file.data)
    if judge is not None:
        suite = _all_judged_by(suite, judge)
    for index, folder in enumerate(suite.tasks.include):
        if tasks_exist and not folder.is_dir():
            raise UserError(f"{file.where(('tasks', 'include', index))}: tasks.include: {folder} is not a folder")
    if tasks_exist:
        _check_files(suite, file)
    _check_domains(suite, file)
    meters = checked_meters(suite.meters, file)
    known = _catalogues(suite, file) | _definitions(suite.systems.define, file, ("systems", "define"))
    grids = _grids({name: definition.arm for name, definition in known.items()})
    for name, arms in grids.items():
        if name in known or len({known[arm].file.path for arm in arms}) > 1:
            raise UserError(f"{file.path}: {name!r} is a grid, and also in another of its files; choose another name")
    systems = {name: _complete(name, known, grids, file) for name in _chosen(suite, known, grids, file)}
    for name, system in systems.items():
        if system.teacher in grids:
            where = known[name].file.where((*known[name].keys, "teacher"))
            raise UserError(f"{where}: teacher: {_is_a_grid(system.teacher, grids[system.teacher])}")
    define = {name: known[name].checked for name in suite.systems.define}
    stop = _stop(suite, systems, file)
    stops_by_default = stop is not None and suite.measure.stop is None
    suite = suite.model_copy(
        update={
            "meters": meters,
            "systems": suite.systems.model_copy(update={"define": define}),
            "measure": suite.measure.model_copy(update={"stop": stop}),
        }
    )
    judges = _judges(suite, known, grids, file)
    suite = suite.model_copy(update={"judges": {name: judges[name] for name in suite.judges if name in judges}})
    return Resolved(suite, systems, file.path, judges, stops_by_default)


def _all_judged_by(suite: Suite, judge: str) -> Suite:
    select = [
        choice
        if choice.judged is None
        else choice.model_copy(update={"score": choice.judged.model_copy(update={"judge": judge})})
        for choice in suite.tasks.select
    ]
    return suite.model_copy(update={"tasks": suite.tasks.model_copy(update={"select": select})})


def _judges(
    suite: Suite, systems: Mapping[str, _Definition], grids: Mapping[str, Sequence[str]], file: YamlFile
) -> dict[str, SystemBase]:
    """Return the judges that tasks name.

    Raises:
        UserError: there is no such system, it has a grid, or one name means a judge and a system.
    """
    judges: dict[str, SystemBase] = {}
    judging = {name: _Definition(system, file, ("judges", name), None) for name, system in suite.judges.items()}
    for name, definition in judging.items():
        if name in systems or name in grids:
            raise UserError(f"{file.where(('judges', name))}: judges: {name!r} is also a system; choose another name")
        if getattr(definition.system, "grid", None):
            raise UserError(f"{file.where(('judges', name, 'grid'))}: judges: a judge is one system: remove grid")
    for index, choice in enumerate(suite.tasks.select):
        judged = choice.judged
        if judged is None:
            continue
        known = {**systems, **judging}
        where = f"{file.where(('tasks', 'select', index, 'score', 'judge'))}: score.judge"
        if judged.judge in grids:
            raise UserError(f"{where}: {_is_a_grid(judged.judge, grids[judged.judge])}")
        if judged.judge not in known:
            raise UserError(f"{where}: no judge and no system {judged.judge!r}{nearest(judged.judge, known)}")
        judges[judged.judge] = _complete(judged.judge, known, grids, file)
        against = judged.against
        if against is not None and against not in systems:
            where = f"{file.where(('tasks', 'select', index, 'score', 'against'))}: score.against"
            raise UserError(f"{where}: no system {against!r}{nearest(against, systems)}")
    return judges


def _stop(suite: Suite, systems: Mapping[str, SystemBase], file: YamlFile) -> Stop | None:
    """Return when the run stops asking a system, with what systems are chosen by; None: never.

    Raises:
        UserError: the suite demands it where there are no blocks, or where a judge scores a task.
    """
    measure = suite.measure
    written = measure.stop
    if written is False or (written is None and not any(system.arm is not None for system in systems.values())):
        return None
    judged = next((choice.task for choice in suite.tasks.select if choice.judged is not None), None)
    if not measure.in_blocks or judged is not None:
        if written is None:
            return None
        where = f"{file.where(('measure', 'stop'))}: measure.stop"
        if judged is not None:
            why = f"answers to {judged} have no scores before people label some of them"
            raise UserError(f"{where}: {why}, and systems are left out by their scores: remove stop")
        why = "scenario: load has no blocks" if measure.load is not None else "there is one block"
        raise UserError(f"{where}: {why}, and systems are only left out after a block: remove stop")
    stop = written if isinstance(written, Stop) else Stop()
    if stop.names_objective:
        return stop
    chosen_by = suite.decide.model_dump(exclude={"risk"}, exclude_none=True)
    return Stop.model_validate({**chosen_by, "error": stop.error})


def _check_files(suite: Suite, file: YamlFile) -> None:
    for index, choice in enumerate(suite.tasks.select):
        for key, path in choice.files().items():
            if not path.exists():
                where = file.where(("tasks", "select", index, *key.split(".")))
                raise UserError(f"{where}: tasks.select.{index}.{key}: no such file: {path}")
    trace = None if suite.measure.load is None else suite.measure.load.trace
    if trace is not None and not trace.is_file():
        raise UserError(f"{file.where(('measure', 'load', 'trace'))}: measure.load.trace: no such file: {trace}")


def _check_domains(suite: Suite, file: YamlFile) -> None:
    """Check the names of domains in a suite's mix and requirements.

    Only a complete suite is checked: the record of a narrowed run keeps the settings of its suite, and uses those of
    the domains that it has.
    """
    domains = [choice.domain for choice in suite.tasks.select]
    named: dict[tuple[str, ...], Iterable[str]] = {("workload", "mix"): suite.workload.mix or ()}
    for section, chosen_by in ((("decide",), suite.decide), (("measure", "stop"), suite.measure.stop)):
        if isinstance(chosen_by, ChosenBy):
            named[*section, "min_accuracy"] = chosen_by.accuracy_by_domain
    for keys, names in named.items():
        for name in names:
            if name not in domains and (name != OVERALL or keys == ("workload", "mix")):
                where = f"{file.where((*keys, name))}: {'.'.join(keys)}"
                raise UserError(f"{where}: no task has the domain {name!r}{nearest(name, domains)}")


def resolved_from_record(record: Mapping[str, Any]) -> Resolved:
    """Read the suite of a run from its record.

    Raises:
        UserError: this version of wattbench cannot read it, or a distribution that it names is not installed.
    """
    try:
        suite = Suite.model_validate(record["suite"])
        systems: dict[str, System] = TypeAdapter(dict[str, System]).validate_python(record["systems"])
        judges: dict[str, System] = TypeAdapter(dict[str, System]).validate_python(record.get("judges", {}))
        systems = {name: _with_read_server(system) for name, system in systems.items()}
        path = Path(record["path"])
    except (KeyError, TypeError, ValidationError) as error:
        raise UserError(f"the suite in this run's record cannot be read: {_reason(error)}") from error
    suite = suite.model_copy(update={"meters": checked_meters(suite.meters, RECORDED_SUITE)})
    return Resolved(
        suite,
        {name: _recorded(system, ("systems", name)) for name, system in systems.items()},
        path,
        {name: _recorded(_with_read_server(judge), ("judges", name)) for name, judge in judges.items()},
    )


def tasks_from_record(record: Mapping[str, Any]) -> Resolved:
    """Read the tasks of a suite and their judges from the record of a run, without its systems.

    Raises:
        UserError: this version of wattbench cannot read it.
    """
    try:
        judges: dict[str, System] = TypeAdapter(dict[str, System]).validate_python(record.get("judges", {}))
        return Resolved(Suite.model_validate(record["suite"]), {}, Path(record["path"]), judges)
    except (KeyError, TypeError, ValidationError) as error:
        raise UserError(f"the suite in this run's record cannot be read: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    return first_error(error) if isinstance(error, ValidationError) else str(error)


def _recorded(system: SystemBase, at: Sequence[str]) -> SystemBase:
    """Return a system of a record, after checking its settings and those of the systems that it asks."""
    checked = checked_system(system, RECORDED_SUITE, at)
    if isinstance(checked, AskingSystem) and checked.server is not None:
        server = checked_system(checked.server, RECORDED_SUITE, (*at, "server"))
        return checked.model_copy(update={"server": server})
    if not isinstance(checked, HybridSystem):
        return checked
    pool = {name: checked_system(one, RECORDED_SUITE, (*at, "pool", name)) for name, one in checked.pool.items()}
    return checked.model_copy(update={"pool": pool})


def _with_read_server(system: System) -> System:
    """Return a system of a record with the settings of its server, if it is an agent, as a system."""
    if not isinstance(system, AskingSystem) or system.server is None:
        return system
    server: System = TypeAdapter[Any](System).validate_python(system.server)
    return system.model_copy(update={"server": server})


def _find(name: str) -> Path:
    try:
        path = expanded(Path(name))
        if path.is_file():
            return path.resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise UserError(f"{name[:200]}: no suite file can have this path ({error})") from error
    shipped = shipped_suites()
    if name in shipped:
        return shipped[name]
    if path.suffix or len(path.parts) > 1:
        raise UserError(f"{name}: no such suite file")
    raise UserError(f"{name}: no such suite file, and no shipped suite of this name{nearest(name, shipped)}")


@dataclass(frozen=True)
class _Definition:
    """A system as a file defines it."""

    system: System
    file: YamlFile
    keys: tuple[str, ...]
    arm: Arm | None

    @cached_property
    def checked(self) -> SystemBase:
        """Return the system; the settings of another distribution's engine are checked by its model."""
        checked = checked_system(self.system, self.file, self.keys)
        return checked if self.arm is None else checked.model_copy(update={"arm": self.arm})


def _definitions(systems: Mapping[str, System], file: WithoutGrids, at: tuple[str, ...]) -> dict[str, _Definition]:
    """Return the systems that a file defines under some keys."""
    return {
        name: _Definition(system, file, (*at, name), file.arms[name].arm if name in file.arms else None)
        for name, system in systems.items()
    }


def _chosen(
    suite: Suite, known: Mapping[str, _Definition], grids: Mapping[str, Sequence[str]], file: YamlFile
) -> list[str]:
    """List the systems that take part: those selected from the catalogues, then those defined in the suite."""
    defined = suite.systems.define
    catalogue = [name for name in known if name not in defined]
    selected = suite.systems.select if suite.systems.select is not None else catalogue
    named = [*catalogue, *(grid for grid, arms in grids.items() if arms[0] not in defined)]
    chosen: list[str] = []
    for index, name in enumerate(selected):
        where = file.where(("systems", "select", index))
        for each in grids.get(name, [name]):
            if each in defined:
                continue  # takes part anyway
            if each not in known:
                raise UserError(f"{where}: systems.select: unknown system {name!r}{nearest(name, named)}")
            if each in chosen:
                raise UserError(f"{where}: systems.select: {each!r} is selected twice")
            chosen.append(each)
    chosen += defined
    if not chosen:
        raise UserError(f"{file.where(('systems',))}: systems: no system is selected")
    return chosen


def _complete(
    name: str, known: Mapping[str, _Definition], grids: Mapping[str, Sequence[str]], file: YamlFile
) -> SystemBase:
    """Return a hybrid or an agent with the systems that it names, selected or not; any other system unchanged."""
    system = known[name].checked
    if isinstance(system, AskingSystem):
        return _with_server(name, system, known, grids)
    if not isinstance(system, HybridSystem):
        return _limitable(name, system, known[name])
    for member in system.resident:
        if member in grids:
            raise UserError(f"{file.path}: system {name!r}: members: {_is_a_grid(member, grids[member])}")
        if member not in known:
            raise UserError(f"{file.path}: system {name!r}: members: unknown system {member!r}{nearest(member, known)}")
        if isinstance(known[member].system, HybridSystem):
            raise UserError(f"{file.path}: system {name!r}: members: {member!r} is a hybrid itself; name its members")
        if isinstance(known[member].system, AskingSystem):
            raise UserError(f"{file.path}: system {name!r}: members: {member!r} is an agent, which no hybrid may ask")
    _check_logprobs(name, system, known)
    pool = {member: known[member].checked for member in system.resident}
    return _limitable(name, system.model_copy(update={"pool": pool}), known[name])


def _with_server(
    name: str, system: AskingSystem, known: Mapping[str, _Definition], grids: Mapping[str, Sequence[str]]
) -> SystemBase:
    """Return an agent with the system whose server it asks, at that system's price if it has none of its own."""
    definition = known[name]
    asks = system.asks
    if asks is not None:
        where = f"{definition.file.where((*definition.keys, 'asks'))}: system {name!r}: asks"
        if asks in grids:
            raise UserError(f"{where}: {_is_a_grid(asks, grids[asks])}")
        if asks not in known:
            raise UserError(f"{where}: unknown system {asks!r}{nearest(asks, known)}")
        server = known[asks].checked
        if isinstance(server, HybridSystem | AskingSystem):
            what = "a hybrid" if isinstance(server, HybridSystem) else "an agent"
            raise UserError(f"{where}: {asks!r} is {what}; name an endpoint, or a model in this process")
        _limitable(asks, server, known[asks])
        system = system.model_copy(update={"server": server, "price": system.price or server.price})
    if system.max_cost is not None and (system.price is None or not system.price.by_use):
        raise UserError(
            f"{definition.file.where((*definition.keys, 'max_cost'))}: system {name!r}: max_cost: it has no price of "
            "tokens or requests, so that what an attempt costs cannot be counted. Give it a price:"
        )
    return system


def _limitable(name: str, system: SystemBase, defined: _Definition) -> SystemBase:
    """Return a system whose power limit, if it has one, can be set here.

    Raises:
        UserError: it runs where no GPU of this machine is used, or its members have unlike limits.
    """
    if (why := why_no_power_limit(system)) is not None:
        raise UserError(f"{defined.file.where(defined.keys)}: system {name!r}: power_limit_w: {why}")
    return system


def _check_logprobs(name: str, system: HybridSystem, known: Mapping[str, _Definition]) -> None:
    """Check that no member which a cascade judges has fields of log-probabilities: wattbench sets them then."""
    judged = system.router.order[:-1] if isinstance(system.router, CascadeRouter) else []
    for member in (system.members[label] for label in judged):
        definition = known[member]
        fields = definition.system.request if isinstance(definition.system, EndpointSystem) else {}
        for name_of_field in ("logprobs", "top_logprobs"):
            if name_of_field in fields:
                keys = (*definition.keys, "request", name_of_field)
                raise UserError(
                    f"{definition.file.where(keys)}: {'.'.join(keys)}: wattbench sets this field itself, as the "
                    f"cascade {name!r} judges the answers by it: remove it"
                )


def _catalogues(suite: Suite, file: YamlFile) -> dict[str, _Definition]:
    """Read the systems of all catalogues that the suite includes.

    Raises:
        UserError: a catalogue is missing or wrong, or a name is in two of them or in the suite as well.
    """
    systems: dict[str, _Definition] = {}
    for index, path in enumerate(suite.systems.include):
        if not path.is_file():
            raise UserError(f"{file.where(('systems', 'include', index))}: systems.include: no such file: {path}")
        for name, definition in _catalogue(path).items():
            if name in systems:
                raise UserError(f"{path}: system {name!r} is also in another catalogue of {file.path}")
            if name in suite.systems.define:
                where = file.where(("systems", "define", name))
                raise UserError(f"{where}: systems.define: {name!r} is already in a catalogue; choose another name")
            systems[name] = definition
    return systems


def _settings(file: YamlFile) -> YamlFile:
    """Return the settings of a file; from now on its secrets are hidden in all output.

    Raises:
        UserError: it was written from a record, which holds no secrets.
    """
    keep_environment()
    try:
        keep_secrets_of(file.data)
        keys = next((keys for keys, text in texts_in(file.data) if HIDDEN in text), None)
    except RecursionError:
        raise UserError(f"{file.path}: an alias in it is a part of itself; write out what it means") from None
    if keys is not None:
        raise UserError(
            f"{file.where(keys)}: {'.'.join(map(str, keys))}: {HIDDEN} is where a secret was left out of a record; "
            "write the secret in its place"
        )
    return file


def _catalogue(path: Path) -> dict[str, _Definition]:
    file = without_grids(_settings(read_yaml(path)), ("systems",))
    data = {key: value for key, value in file.data.items() if not str(key).startswith("x-")}
    return _definitions(validate(Catalogue, file, data).systems, file, ("systems",))
