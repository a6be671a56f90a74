"""Record the cost of making a member of a family."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from wattbench.errors import UserError
from wattbench.records.files.atomic_write import write_atomically
from wattbench.records.files.regular_file import MissingFileError, read_regular
from wattbench.records.rows.components import total_j
from wattbench.records.schema.base import Name
from wattbench.records.schema.explain import first_error

LEDGER_VERSION = 1
FILE = "ledger.json"


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """The entry in `ledger.json`, next to what was built. It covers this member alone: those that it was made from have
    their own entries."""

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid", allow_inf_nan=False)

    version: int = LEDGER_VERSION
    name: str
    method: str
    recipe_sha256: str
    """A hash of all settings that determine the result; an entry with another one is out of date."""
    documents_sha256: str
    """The SHA-256 of the training documents."""
    seed: int
    needs: list[Name]
    """The members that it was made from: their cost is in addition to this one."""
    started_utc: str
    finished_utc: str
    sessions: int
    """1, or more if the build was interrupted and resumed."""
    documents: int
    tokens: int
    """Tokens of all forward and backward passes, with prompts and without padding."""
    teacher_tokens: int
    """Tokens that a teacher processed."""
    seconds: float
    """Seconds of the metered windows: training with its checkpoints, without loading the base."""
    energy_j: dict[str, float]
    """Joules per component."""
    provenance: dict[str, str]
    """The provenance of each figure of `energy_j`."""
    windows: int
    windows_invalid: list[str]
    """Why windows were judged invalid; their joules are in the sum nevertheless."""
    grams_co2e: float | None
    """Grams at the time of building, with the recipe's region; reports compute them again from the joules."""
    grams_basis: str
    loss: list[tuple[int, float]]
    """Step, and mean loss since the previous point."""
    hardware: dict[str, Any]
    packages: dict[str, str]
    results: dict[str, float] = field(default_factory=dict)
    """Further figures of the method, such as a router's accuracy on documents it was not trained on."""
    files: dict[str, str]
    """The files that were built: file name to SHA-256."""
    bytes: int

    @property
    def total_j(self) -> float:
        """Sum the joules of all components, no joule twice; label the sum with `provenance`."""
        return total_j(self.energy_j) or 0.0

    def summary(self) -> dict[str, Any]:
        """Return the entry's summary for a run's record."""
        keys = ("method", "documents", "tokens", "teacher_tokens", "seconds", "energy_j", "provenance")
        return {key: getattr(self, key) for key in keys} | {"cpu": self.hardware.get("cpu")}


def write_ledger(folder: Path, ledger: Ledger) -> None:
    """Write an entry next to the files that were built, atomically."""
    text = json.dumps(asdict(ledger), indent=1, ensure_ascii=False, allow_nan=False)
    write_atomically(folder / FILE, (text + "\n").encode())


def read_ledger(path: Path) -> Ledger:
    """Read an entry.

    Raises:
        UserError: there is none, or it is not one.
    """
    try:
        raw = json.loads(read_regular(path).decode())
        version = raw.get("version") if isinstance(raw, dict) else None
        if version is not None and version != LEDGER_VERSION:
            raise UserError(f"{path}: a ledger of version {version}; this wattbench reads version {LEDGER_VERSION}")
        return TypeAdapter(Ledger).validate_python(raw)
    except MissingFileError as error:
        raise UserError(f"{path}: no training ledger (there is no such file)") from error
    except ValidationError as error:
        raise UserError(f"{path}: not a training ledger ({first_error(error)})") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: not a training ledger ({error})") from error


def lineage(path: Path) -> dict[str, Ledger]:
    """Read the entry at a path and the entries of all members that it was made from, by name.

    The members that it was made from are in folders next to it: ``<family>/<name>/ledger.json``.

    Raises:
        UserError: one of them cannot be read, is of another member, or was made from itself.
    """
    entries: dict[str, Ledger] = {}
    _gather(path, read_ledger(path), entries, ())
    return entries


def _gather(path: Path, ledger: Ledger, entries: dict[str, Ledger], above: tuple[str, ...]) -> None:
    above = (*above, ledger.name)
    for needed in ledger.needs:
        if needed in above:
            raise UserError(f"{path}: {ledger.name} is made from {needed}, which is itself made from {ledger.name}")
        if needed in entries:
            continue
        needed_path = path.parent.parent / needed / FILE
        needed_ledger = read_ledger(needed_path)
        if needed_ledger.name != needed:
            raise UserError(f"{needed_path}: the ledger of {needed_ledger.name} is in the place of that of {needed}")
        _gather(needed_path, needed_ledger, entries, above)
    entries[ledger.name] = ledger
