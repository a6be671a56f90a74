"""Read CPU packages and memory through RAPL: the Linux powercap tree, which Intel and AMD share.

Source: Linux kernel, Documentation/power/powercap/powercap.rst.
"""

from __future__ import annotations

import errno
import math
import stat
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from wattbench.clock import now_s
from wattbench.config import RaplSettings
from wattbench.meters.base import RAPL, AbsentError, MeterError, Reading
from wattbench.meters.windows.thresholds import HELD_UP_S, PLAUSIBLE_W

POWERCAP = Path("/sys/class/powercap")
STEP_S = 0.001
"""RAPL updates about every millisecond (Intel SDM vol. 3B, "RAPL Interfaces")."""
MOST_BYTES = 4096
"""Of a file of the tree: what the kernel says of the size of each."""
MOST_DIGITS = 20
"""Of a number of 64 bits."""


@dataclass(frozen=True)
class Domain:
    """One RAPL counter that is read: of a processor package, or of memory."""

    folder: Path
    name: str
    component: str
    """``cpu`` or ``dram``."""
    range_uj: int
    """The counter starts again from 0 beyond this."""

    def read_uj(self) -> int:
        """Return the counter's value, in microjoules.

        Raises:
            MeterError: it cannot be read, or is none that it can have; the message says what to do.
        """
        try:
            count_uj = _number(self.folder / "energy_uj")
        except PermissionError as error:
            raise MeterError(
                f"{self.folder / 'energy_uj'} is readable by root only (since 2020, against CVE-2020-8694)",
                fix=f"sudo chmod a+r {self.folder.parent}/intel-rapl:*/energy_uj   (holds until the next boot)",
            ) from error
        except (OSError, ValueError) as error:
            raise MeterError(f"{self.folder / 'energy_uj'} cannot be read ({error})") from error
        if not 0 <= count_uj <= self.range_uj:
            raise MeterError(f"{self.folder / 'energy_uj'} says {count_uj}, but it counts from 0 to {self.range_uj}")
        return count_uj

    def limit_w(self) -> float | None:
        """Return the domain's highest power limit, in watts; None if the kernel states no limit."""
        limits_w = []
        for path in (*self.folder.glob("constraint_*_power_limit_uw"), *self.folder.glob("constraint_*_max_power_uw")):
            with suppress(OSError, OverflowError, ValueError):
                limits_w.append(_number(path) / 1e6)
        return max(limits_w, default=0.0) or None


def find_domains(root: Path = POWERCAP) -> list[Domain]:
    """Return the domains that do not overlap: every package, and memory.

    Left out: `core` and `uncore` (parts of their package), `psys` (the platform, which holds the packages), and
    `intel-rapl-mmio` (the same packages by another road).

    Raises:
        MeterError: there is no such tree, or a part of it cannot be read; the message says why that may be.
    """
    folders = sorted(root.glob("intel-rapl:*"))
    if not folders:
        raise AbsentError(
            f"no RAPL domain under {root} (a virtual machine, a container that hides it, another system than Linux, "
            "or the kernel module intel_rapl_msr is not loaded)"
        )
    domains = [domain for folder in folders if (domain := _domain(folder)) is not None]
    packages = [domain.name for domain in domains if domain.component == "cpu"]
    twice = sorted({name for name in packages if packages.count(name) > 1})
    if twice:
        raise MeterError(f"{root} has {', '.join(twice)} twice: its joules would be counted twice")
    if not domains:
        raise AbsentError(f"no package or dram domain under {root}")
    return domains


def _domain(folder: Path) -> Domain | None:
    try:
        name = _text(folder / "name")
        if not (name.startswith("package") or name == "dram"):
            return None
        range_uj = _number(folder / "max_energy_range_uj")
        if range_uj <= 0:
            raise ValueError(f"max_energy_range_uj says {range_uj}")
    except (OSError, ValueError) as error:  # left out, it would make the sum too low, unnoticed
        raise MeterError(f"{folder}: cannot be read ({error})") from error
    if name.startswith("package"):  # also package-0-die-1
        return Domain(folder, name, "cpu", range_uj)
    return Domain(folder, name, "dram", range_uj)


def _number(path: Path) -> int:
    text = _text(path)
    if len(text) > MOST_DIGITS:
        raise ValueError(f"more than {MOST_DIGITS} characters")
    return int(text)


def _text(path: Path) -> str:
    """Return the text of a small regular file. Other files, such as pipes, are refused, as reading them may block.

    Raises:
        OSError: it cannot be read, or is something else.
        ValueError: it is no text.
    """
    facts = path.stat()
    if not stat.S_ISREG(facts.st_mode) or facts.st_size > MOST_BYTES:
        raise OSError(errno.EINVAL, "not a small file")
    return path.read_text().strip()


class Unwrapped:
    """A counter that never starts again, made from one that does: joules since its first reading."""

    def __init__(self, range_uj: int) -> None:
        self.energy_uj = 0
        self._range_uj = range_uj
        self._last: tuple[float, int] | None = None

    def advance(self, at_s: float, count_uj: int) -> None:
        """Add a reading of the counter. It must come before the counter can wrap twice (minutes, at any power).

        A fall that would need an implausible power to be a wrap is a reset: `energy_uj` then falls to 0, so that
        whoever compares two readings sees it.
        """
        last, self._last = self._last, (at_s, count_uj)
        if last is None:
            return
        then_s, then_uj = last
        drawn_uj = count_uj - then_uj
        if drawn_uj >= 0:
            self.energy_uj += drawn_uj
            return
        drawn_uj += self._range_uj
        plausible = 0 <= drawn_uj <= PLAUSIBLE_W * 1e6 * max(at_s - then_s, STEP_S)
        self.energy_uj = self.energy_uj + drawn_uj if plausible else 0


class RaplMeter:
    """Packages summed as ``cpu``, memory as ``dram``, as far as this machine has them."""

    name = "rapl"
    period_s = 0.1

    Settings = RaplSettings
    reads: Mapping[str, str] = {"cpu": "energy counters of the CPU packages", "dram": "energy counters of the memory"}

    def __init__(self, components: Sequence[str] = ("cpu", "dram"), root: Path = POWERCAP) -> None:
        # As asked for; open() leaves out what the machine does not have.
        self.step_s: Mapping[str, float] = dict.fromkeys(components, STEP_S)
        self.provenance: Mapping[str, str] = dict.fromkeys(components, RAPL)
        self.limits_w: Mapping[str, float] = {}
        """Of components all of whose domains tell a limit. Complete once open."""
        self._wanted = frozenset(components)
        self._root = root
        self._domains: list[tuple[Domain, Unwrapped]] = []

    @classmethod
    def from_settings(cls, settings: RaplSettings) -> Self:
        """Make the meter; inspect the tree once, to know its domains.

        Raises:
            MeterError: as `open`; or a component that was asked for is not there.
        """
        meter = cls(settings.components or ("cpu", "dram"))
        meter.open()
        missing = set(settings.components or ()) - meter.provenance.keys()
        if missing:
            raise AbsentError(f"RAPL has no {', '.join(sorted(missing))} domain on this machine")
        return meter

    def open(self) -> None:
        """Find the domains and read each once.

        Raises:
            MeterError: there is none, or one cannot be read.
        """
        domains = [domain for domain in find_domains(self._root) if domain.component in self._wanted]
        for domain in domains:
            domain.read_uj()
        self._domains = [(domain, Unwrapped(domain.range_uj)) for domain in domains]
        components = {domain.component for domain in domains}
        self.limits_w = _limits_w(domains)
        self.step_s = dict.fromkeys(components, STEP_S)
        self.provenance = dict.fromkeys(components, RAPL)

    def read(self) -> Reading:
        """Return joules since the meter was opened. A component is a gap if one of its domains cannot be read."""
        at_s = now_s()
        energy_j: dict[str, float] = {}
        gaps: dict[str, str] = {}
        for domain, counter in self._domains:
            try:
                counter.advance(at_s, domain.read_uj())
            except MeterError as error:
                gaps[domain.component] = str(error)
            energy_j[domain.component] = energy_j.get(domain.component, 0.0) + counter.energy_uj / 1e6
            if (took_s := now_s() - at_s) > HELD_UP_S:
                gaps.setdefault(
                    domain.component, f"the machine was too busy to read it in time: it took {took_s:.2f} s"
                )  # what is wrong with a domain also when the machine is idle was said first
        for component in gaps:
            del energy_j[component]
        return Reading(at_s, energy_j, gaps=gaps)

    def close(self) -> None:
        """Do nothing: nothing is held open."""


def _limits_w(domains: Sequence[Domain]) -> dict[str, float]:
    """Return each component's power limit, summed over its domains. One without a limit leaves the component out."""
    sums_w: dict[str, float] = {}
    for domain in domains:
        sums_w[domain.component] = sums_w.get(domain.component, 0.0) + (domain.limit_w() or math.inf)
    return {component: sum_w for component, sum_w in sums_w.items() if math.isfinite(sum_w)}
