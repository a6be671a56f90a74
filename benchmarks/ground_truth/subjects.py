"""The subjects: what each compares, in which section of the document, and with which packages and tools."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.ground_truth import country_grams, lm_eval_items, loadgen, machine_model, mlperf, parity, sci, services
from benchmarks.ground_truth.fake_gpu import profiles, windows
from benchmarks.ground_truth.line import WATTBENCH, Line, Made, Sources


@dataclass(frozen=True)
class Subject:
    """Lines that are made together."""

    name: str
    section: str
    """The part of the document that they are in."""
    make: Callable[[Sources], Iterable[Line]]
    """Raises `NotHereError` where something is missing."""
    packages: tuple[str, ...] = ()
    """Distributions of this environment whose versions are recorded beside wattbench's."""
    tools: tuple[str, ...] = ()
    """The same of distributions in environments of their own."""

    needs: str = ""
    """Options that the command needs for it."""

    def command(self, line: Line) -> str:
        """Return the command that makes a line."""
        return f"python -m benchmarks.ground_truth {self.name}/{line.name}{self.needs}"

    def made(self, sources: Sources) -> Made:
        """Make the lines, in a folder of their own.

        Raises:
            NotHereError: something is missing; the text says how to get it.
            UserError: something is wrong with what wattbench was given.
        """
        folder = sources.folder / self.name
        folder.mkdir(parents=True)
        lines = tuple(self.make(Sources(sources.others, sources.tools, folder)))
        return Made(f"{datetime.now(UTC):%Y-%m-%d}", self._versions(sources.tools), lines)

    def _versions(self, tools: Mapping[str, Path]) -> dict[str, str]:
        here = {name: version(name) for name in (WATTBENCH, *self.packages)}
        return here | {name: version_in(tools[name], name) for name in self.tools if name in tools}


def version_in(python: Path, name: str) -> str:
    """Return the version of a distribution in the environment of an interpreter."""
    code = f"from importlib.metadata import version; print(version({name!r}))"
    done = subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


SUBJECTS = (
    Subject("mlperf", "mlperf", mlperf.lines, needs=" --others others"),
    Subject("lm-eval", "lm-eval", lm_eval_items.lines, packages=("lm_eval", "transformers", "torch")),
    Subject("loadgen", "loadgen", loadgen.lines, packages=("mlcommons-loadgen",)),
    Subject("parity", "parity", parity.lines),
    Subject("sci", "sci", sci.lines),
    Subject("codecarbon", "codecarbon", country_grams.lines, packages=("codecarbon",)),
    Subject("codecarbon-machine", "codecarbon", machine_model.lines, packages=("codecarbon",)),
    Subject("ecologits", "ecologits", services.lines, packages=("ecologits",)),
    Subject("gpu-wattbench", "fake-gpu", windows.by_wattbench, packages=("nvidia-ml-py",)),
    Subject("gpu-codecarbon", "fake-gpu", windows.by_codecarbon, packages=("codecarbon",), tools=("codecarbon",)),
    Subject("gpu-zeus", "fake-gpu", windows.by_zeus, tools=("zeus",), needs=" --tool zeus=zeus/bin/python"),
    Subject("gpu-aiperf", "fake-gpu", profiles.by_aiperf, tools=("aiperf",), needs=" --tool aiperf=aiperf/bin/python"),
)
SECTIONS = tuple(dict.fromkeys(each.section for each in SUBJECTS))
