"""A ledger entry: what it took to make a member, before it answered anything."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from wattbench.config.base import Name
from wattbench.errors import UserError
from wattbench.records.atomic_write import write_atomically
from wattbench.records.components import total_j

LEDGER_VERSION = 1
FILE = "ledger.json"


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """`ledger.json`, beside what was built. Of this member alone: what it was made from has entries of its own."""

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid", allow_inf_nan=False)

    version: int = LEDGER_VERSION
    name: str
    method: str
    recipe_sha256: str
    """Of what decides what the member becomes; an entry with another one is out of date."""
    documents_sha256: str
    """Of the documents it learned from."""
    seed: int
    needs: list[Name]
    """The members that were there before it: their cost comes before this one's."""
    started_utc: str
    finished_utc: str
    sessions: int
    """1, or more if it was interrupted and went on."""
    documents: int
    tokens: int
    """Worked through forwards and backwards, prompts included and padding not."""
    teacher_tokens: int
    """Worked through by a teacher."""
    seconds: float
    """Of the metered windows: training, checkpoints included; loading the base not."""
    energy_j: dict[str, float]
    """Joules per component."""
    provenance: dict[str, str]
    """How each figure of `energy_j` came about."""
    windows: int
    windows_invalid: list[str]
    """The reasons of windows that were judged invalid: their joules are in the sum all the same."""
    grams_co2e: float | None
    """At the time of building, with the recipe's region; reports restate it from the joules."""
    grams_basis: str
    loss: list[tuple[int, float]]
    """Step, and mean loss since the point before."""
    hardware: dict[str, Any]
    packages: dict[str, str]
    results: dict[str, float] = field(default_factory=dict)
    """What the method found out on the way, such as a router's accuracy on documents it did not learn from."""
    files: dict[str, str]
    """What was built: file name to SHA-256."""
    bytes: int

    @property
    def total_j(self) -> float:
        """Joules of all components together, no joule twice; label it with `provenance`."""
        return total_j(self.energy_j) or 0.0

    def summary(self) -> dict[str, Any]:
        """What a run's record keeps of it."""
        keys = ("method", "documents", "tokens", "teacher_tokens", "seconds", "energy_j", "provenance")
        return {key: getattr(self, key) for key in keys} | {"cpu": self.hardware.get("cpu")}


def write_ledger(folder: Path, ledger: Ledger) -> None:
    """Put an entry beside what was built, whole or not at all."""
    text = json.dumps(asdict(ledger), indent=1, ensure_ascii=False, allow_nan=False)
    write_atomically(folder / FILE, (text + "\n").encode())


def read_ledger(path: Path) -> Ledger:
    """Read an entry.

    Raises:
        UserError: there is none, or it is not one.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        version = raw.get("version") if isinstance(raw, dict) else None
        if version is not None and version != LEDGER_VERSION:
            raise UserError(f"{path}: a ledger of version {version}; this wattbench reads version {LEDGER_VERSION}")
        return TypeAdapter(Ledger).validate_python(raw)
    except OSError as error:
        raise UserError(f"{path}: no training ledger there ({error.strerror})") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        what = f"{'.'.join(map(str, first['loc']))}: {first['msg']}" if first["loc"] else first["msg"]
        raise UserError(f"{path}: not a training ledger ({what})") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: not a training ledger ({error})") from error


def lineage(path: Path) -> dict[str, Ledger]:
    """The entry at a path and those of everything that it was made from, by name, each once.

    What a member was made from lies beside it: ``<family>/<name>/ledger.json``.

    Raises:
        UserError: one of them cannot be read, is of another member, or was made from itself.
    """
    found: dict[str, Ledger] = {}
    _gather(path, read_ledger(path), found, ())
    return found


def _gather(path: Path, own: Ledger, found: dict[str, Ledger], above: tuple[str, ...]) -> None:
    above = (*above, own.name)
    for needed in own.needs:
        if needed in above:
            raise UserError(f"{path}: {own.name} cannot have been made from {needed}, which was made from it")
        if needed in found:
            continue
        beside = path.parent.parent / needed / FILE
        ledger = read_ledger(beside)
        if ledger.name != needed:
            raise UserError(f"{beside}: the ledger of {ledger.name}, where that of {needed} should be")
        _gather(beside, ledger, found, above)
    found[own.name] = own
