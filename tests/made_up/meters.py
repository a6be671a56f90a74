"""Meters whose readings a test makes up."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from wattbench.clock import now_s
from wattbench.meters import Reading


class PlayedMeter:
    """A meter whose readings a test makes up: a function of the moment, which may raise."""

    period_s = 0.02

    def __init__(
        self,
        play: Callable[[float], Reading],
        *,
        name: str = "played",
        component: str = "cpu",
        provenance: str = "rapl",
    ) -> None:
        self.name = name
        self.step_s: Mapping[str, float] = {component: 0.001}
        self.provenance: Mapping[str, str] = {component: provenance}
        self.is_open = False
        self.reads = 0
        self._play = play

    def open(self) -> None:
        self.is_open = True

    def read(self) -> Reading:
        assert self.is_open
        self.reads += 1
        return self._play(now_s())

    def close(self) -> None:
        self.is_open = False
