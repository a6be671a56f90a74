"""A server that wattbench starts itself for a system with the engine `endpoint`."""

from __future__ import annotations

from typing import Self

from pydantic import NonNegativeInt, model_validator

from wattbench.config.base import Items, Seconds, Strict, Times
from wattbench.config.systems.weights import Weights


class LlamaCppServe(Strict):
    """llama.cpp's server, through the `xllamacpp` wheel, on loopback."""

    weights: Weights
    threads: Times | None = None
    """CPU threads; None takes the physical cores."""
    slots: Times = 1
    """Requests it decodes at the same time."""
    context: Items = 4096
    """Tokens of context for each slot."""
    gpu_layers: NonNegativeInt | None = None
    """Layers on the accelerator; None leaves llama.cpp's choice."""


class Serve(Strict):
    """A server that wattbench starts, waits for, meters and stops: `llamacpp`, or any `command`."""

    llamacpp: LlamaCppServe | None = None
    command: str | None = None
    """A command line, split as a shell does but run without one; `{port}` is replaced by a free port."""
    ready: str = "/health"
    """The path that answers 200 once the server is ready."""
    timeout_s: Seconds = 600.0
    """How long it may take to be ready."""

    @model_validator(mode="after")
    def _one_server(self) -> Self:
        if (self.llamacpp is None) == (self.command is None):
            raise ValueError("name exactly one of llamacpp and command")
        return self
