"""Read what a report of GuideLLM says of a benchmark: the model, the server, the data, and how requests were sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from wattbench.importers.files import mapping, without_credentials

LOAD = {
    "type_": "scenario",
    "rate": "requests per second",
    "streams": "streams",
    "max_concurrency": "at most at once",
    "rampup_duration": "ramp, seconds",
}
"""A setting of the strategy to its name in the record."""


@dataclass(frozen=True)
class BenchmarkSetup:
    """What is known of a benchmark besides its requests."""

    model: str | None
    server: str | None
    """Scheme, host and port, without credentials."""
    load: Mapping[str, Any]
    sent: Mapping[str, Any]
    """What else changes an answer: how the server is asked, and with what data. No header and no key."""

    @property
    def load_in_words(self) -> str:
        """Return the load as a part of a system's name: ``constant 2.5/s``."""
        rate, streams = self.load.get("requests per second"), self.load.get("streams")
        figure = f" {rate:g}/s" if isinstance(rate, int | float) else f" {streams}" if streams is not None else ""
        return f"{self.load.get('scenario', '')}{figure}"


def setup_of(report: Mapping[str, Any], benchmark: Mapping[str, Any]) -> BenchmarkSetup:
    """Read the settings of a benchmark, of the benchmark itself (schema 1 and 2) or of the whole report."""
    config = mapping(benchmark.get("config"))
    spec = mapping(mapping(report.get("config")).get("spec"))
    args = mapping(report.get("args"))
    backend = mapping(config.get("backend")) or mapping(spec.get("backend"))
    sections = (backend, mapping(args.get("backend_kwargs")), args, mapping(benchmark.get("worker")))
    model, server = (
        next((text for section in sections for key in keys if (text := _text(section.get(key)))), None)
        for keys in (("model", "backend_model"), ("target", "backend_target"))
    )
    strategy = mapping(config.get("strategy")) or mapping(mapping(benchmark.get("args")).get("strategy"))
    load = {
        name: strategy[key]
        for key, name in LOAD.items()
        if isinstance(strategy.get(key), str | int | float) and not (key == "rampup_duration" and not strategy[key])
    }
    sent = {key: backend[key] for key in ("request_format", "stream", "max_tokens") if backend.get(key) is not None}
    if data := ", ".join(_data(spec.get("data") or args.get("data"))):
        sent["data"] = data
    return BenchmarkSetup(model, without_credentials(server), load, sent)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _data(given: Any) -> Iterator[str]:
    """Yield what names each source of prompts: of a file its last name, as folders differ."""
    for each in given if isinstance(given, list) else [given]:
        if isinstance(each, str):
            yield PurePath(each).name
        elif isinstance(each, Mapping):
            named = {key: each[key] for key in ("kind", "path", "source", "name", "split") if each.get(key)}
            yield " ".join(PurePath(str(value)).name if key == "path" else str(value) for key, value in named.items())
