"""Record what the clients took."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

FIGURES = Path(__file__).with_name("figures.json")


@dataclass(frozen=True)
class Client:
    """One tool at one number of requests in flight."""

    tool: str
    version: str
    in_flight: int
    requests: int
    """Whose latencies are compared."""
    overhead_median_s: float
    overhead_p95_s: float
    processor_s: tuple[float, ...]
    """Per request, of each round."""
    lost: int = 0
    """Requests of the same runs that the tool's own record lacks."""

    @property
    def processor_median_s(self) -> float:
        """Return the median of the rounds."""
        return float(np.median(self.processor_s))


@dataclass(frozen=True)
class Figures:
    """All clients of one run, and what they were measured on."""

    date: str
    cores: int
    other_work: float
    """The share of the machine's processor time that neither the clients nor the server took."""
    first_token_s: float
    token_s: float
    tokens: int
    lengths: tuple[int, int]
    """Requests of a short run and of a long one, for each in flight."""
    clients: tuple[Client, ...]
    absent: tuple[str, ...]
    """Tools that are not installed."""

    def client(self, tool: str, in_flight: int) -> Client | None:
        """Return the figures of a tool; None if it was not measured."""
        return next((one for one in self.clients if (one.tool, one.in_flight) == (tool, in_flight)), None)


def as_json(figures: Figures) -> str:
    """Write figures as `read` reads them."""
    return json.dumps(asdict(figures), indent=1) + "\n"


def read(path: Path = FIGURES) -> Figures:
    """Read what was recorded."""
    recorded = json.loads(path.read_text(encoding="utf-8"))
    clients = (Client(**one | {"processor_s": tuple(one["processor_s"])}) for one in recorded["clients"])
    changed = {name: tuple(recorded[name]) for name in ("lengths", "absent")}
    return Figures(**recorded | changed | {"clients": tuple(clients)})
