"""Divide what a record says of a machine and a system into parts that can be compared.

A resumed run and a comparison of several runs ask the same question: is this still the same machine, the same
system? Both ask it here, of the same facts.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from wattbench.records.rows.systems import SystemRow

NOT_RECORDED = "not recorded"

CONDITIONS = ("tasks", "device", "driver", "power_limit", "scenario", "co_runners", "meter")
"""Parts that must be equal for two systems to be ranked, on at least one metric."""

IdentityPart = Literal["engine", "weights", "dtype", "settings", "prompts"]
"""A part that says what a system is."""

IDENTITY: tuple[IdentityPart, ...] = get_args(IdentityPart)
"""Parts that say what a system is: those of two systems may differ, those of one system in two runs must not."""

CIRCUMSTANCES = ("software", "card", "machine", "seed")
"""Parts that do not prevent a comparison, and whose differences a reader should know."""

LABELS = {
    "tasks": "documents and tasks",
    "device": "device",
    "driver": "driver",
    "power_limit": "power limit",
    "scenario": "scenario",
    "co_runners": "number of other device slots at once",
    "meter": "meter",
    "engine": "engine",
    "weights": "weights",
    "dtype": "number type",
    "settings": "settings",
    "prompts": "prompts",
    "software": "software",
    "card": "graphics card",
    "machine": "machine",
    "seed": "seed and repeats",
}
"""Part to its name in words."""

ABSENT = object()
"""A fact that the record does not hold. None is a fact: it was looked for, and there is nothing."""


@dataclass(frozen=True)
class Part:
    """One part of a fingerprint. Equal parts are the same."""

    facts: tuple[tuple[str, str], ...] = ()
    """(Name, value in words), in a fixed order."""
    owner: str = ""
    """The run or system that it is of, if a fact is not recorded: such a part equals no part of another owner, as
    absence proves nothing."""

    def differing(self, other: Part) -> tuple[str, ...]:
        """Return the names of the facts that differ. Unrecorded facts of two different owners count as different."""
        left, right = dict(self.facts), dict(other.facts)
        same_owner = self.owner == other.owner
        return tuple(
            name
            for name in sorted({*left, *right})
            if left.get(name) != right.get(name) or (left.get(name) == NOT_RECORDED and not same_owner)
        )

    def fact(self, name: str) -> str:
        """Return the fact with a name; a dash if this part has no such fact."""
        return dict(self.facts).get(name, "–")


def part(facts: Mapping[str, Any], owner: str) -> Part:
    """Make a part from facts of any type that JSON has; `ABSENT` ones are not recorded.

    Args:
        facts: name to value; None says that there is none.
        owner: the run, or system of a run, that the facts are of.
    """
    texts = tuple((name, in_words(value)) for name, value in facts.items())
    return Part(texts, owner if any(value == NOT_RECORDED for _, value in texts) else "")


def in_words(value: Any) -> str:
    """Return a recorded value of any type as text."""
    if value is ABSENT:
        return NOT_RECORDED
    if value is None:
        return "none"
    if isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)


def fields_in_words(fields: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Return the fields of a request's body by name in words, those within each other by dotted names.

    Two that differ, if only in type, differ in words: a text that could be read as another JSON value is in quotation
    marks.
    """
    words: dict[str, str] = {}
    for name, value in sorted(fields.items()):
        key = prefix + (json.dumps(name, ensure_ascii=False) if "." in name or not name else name)
        if isinstance(value, Mapping) and value:
            words |= fields_in_words(value, f"{key}.")
        elif isinstance(value, str) and not _is_json(value):
            words[key] = value
        else:
            words[key] = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return words


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def machine_parts(environment: Mapping[str, Any], run: str) -> dict[str, Part]:
    """Return the parts ``device``, ``driver``, ``power_limit``, ``software`` and ``card`` of the machine of a run.

    Args:
        environment: as `RunHeader.environment` has it, however old.
        run: the owner of facts that it does not record.
    """
    gpus = _gpus(environment)
    return {
        "device": part(
            {
                "GPU": _counted(gpus),
                "CPU": environment.get("cpu", ABSENT),
                "usable cores": environment.get("cpus_usable", ABSENT),
                "CPU quota": environment.get("cpus_quota", ABSENT),
            },
            run,
        ),
        "driver": part({"GPU driver": _of_all(gpus, "driver")}, run),
        "power_limit": part({"GPU power limit": _limits(gpus), **_cpu_power(environment)}, run),
        "software": part(_software(environment), run),
        "card": part({"GPU id": _of_all(gpus, "uuid")}, run),
    }


def system_parts(row: SystemRow | None, owner: str) -> dict[str, Part]:
    """Return the parts ``engine``, ``weights`` and ``dtype`` of a system.

    Args:
        row: None if the record has none.
        owner: of facts that it does not record.
    """
    if row is None:
        return {name: part({name: ABSENT}, owner) for name in ("engine", "weights", "dtype")}
    code = row.engine == "python"  # it has no weights to be of a type
    weights: dict[str, Any] = {"SHA-256": _or_absent(row.weights_sha256)}
    if row.served_model is not None and row.weights_sha256 is None:
        weights["name on the server"] = row.served_model
    return {
        "engine": part(
            {"engine": row.engine, "version": _or_absent(row.engine_version), "runs on": _or_absent(row.device)}, owner
        ),
        "weights": part(weights, owner),
        "dtype": part({"type": None if code and row.dtype is None else _or_absent(row.dtype)}, owner),
    }


def _or_absent(value: Any) -> Any:
    return ABSENT if value is None else value


def _gpus(environment: Mapping[str, Any]) -> Sequence[Mapping[str, Any]] | None:
    """Return the GPUs that could be used; None if the record does not list GPUs."""
    recorded = environment.get("gpus")
    if not isinstance(recorded, list):
        return None
    gpus = [gpu if isinstance(gpu, Mapping) else {} for gpu in recorded]
    return [gpu for gpu in gpus if gpu.get("visible") is not False]


def _counted(gpus: Sequence[Mapping[str, Any]] | None) -> Any:
    if gpus is None:
        return ABSENT
    names = Counter(in_words(gpu.get("name", ABSENT)) for gpu in gpus)
    if NOT_RECORDED in names:
        return ABSENT
    return ", ".join(f"{number} × {name}" for name, number in sorted(names.items())) or None


def _of_all(gpus: Sequence[Mapping[str, Any]] | None, key: str) -> Any:
    """Return the distinct values of a key over all GPUs, as text; None without a GPU."""
    if gpus is None or any(key not in gpu for gpu in gpus):
        return ABSENT
    return ", ".join(sorted({in_words(gpu[key]) for gpu in gpus})) or None


def _limits(gpus: Sequence[Mapping[str, Any]] | None) -> Any:
    if gpus is None or any("power_limit_w" not in gpu for gpu in gpus):
        return ABSENT
    limits = Counter(f"{in_words(gpu['power_limit_w'])} W" for gpu in gpus)
    return (
        ", ".join(limit if number == 1 else f"{number} × {limit}" for limit, number in sorted(limits.items())) or None
    )


def _cpu_power(environment: Mapping[str, Any]) -> dict[str, Any]:
    recorded = environment.get("cpu_power")
    power = recorded if isinstance(recorded, Mapping) else {}
    limit_w = power.get("package_limit_w", ABSENT)
    return {
        "CPU power limit": f"{in_words(limit_w)} W" if limit_w not in (None, ABSENT) else limit_w,
        "CPU governor": power.get("governor", ABSENT),
        "CPU boost": power.get("boost", ABSENT),
    }


def _software(environment: Mapping[str, Any]) -> dict[str, Any]:
    packages = environment.get("packages")
    facts = {
        "python": environment.get("python", ABSENT),
        "container": environment.get("container", ABSENT),
    }
    if not isinstance(packages, Mapping):
        return facts | {"packages": ABSENT}
    return facts | {str(name): version for name, version in sorted(packages.items(), key=lambda pair: str(pair[0]))}
