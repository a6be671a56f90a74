"""Read what AIPerf's totals say of a profile: the model, the servers, and how requests were sent.

The settings are those of two layouts: sections ``endpoint`` and ``loadgen`` (AIPerf 0.3 to 0.11), and ``models``,
``endpoint`` and a list of ``phases`` (0.12 and later).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from wattbench.importers.files import mapping, without_credentials

LOAD = {
    "concurrency": "concurrency",
    "prefill_concurrency": "prefill concurrency",
    "request_rate": "requests per second",
    "rate": "requests per second",
    "users": "users",
    "num_users": "users",
    "smoothness": "smoothness",
    "arrival_smoothness": "smoothness",
    "type": "arrivals",
    "arrival_pattern": "arrivals",
    "request_rate_mode": "arrivals",
    "concurrency_ramp": "concurrency ramp",
    "rate_ramp": "rate ramp",
    "rate_series": "rate series",
    "session_turn_delay": "delay between turns",
}
"""A setting of how requests are sent, as AIPerf names it, to its name in the record. Two profiles that differ in one of
them were measured under different loads."""

_EARLIER_ARRIVALS = {"concurrency_burst": "concurrency"}
"""What earlier versions called the same."""

SENT = ("type", "streaming", "use_server_token_count", "use_legacy_max_tokens")
"""Settings of the endpoint that change what is sent or counted. No header and no key is among them."""


@dataclass(frozen=True)
class Profile:
    """What is known of a profile besides its requests."""

    model: str | None
    servers: tuple[str, ...]
    """Scheme, host and port of each, without credentials."""
    load: Mapping[str, Any]
    """How requests were sent: setting to value."""
    sent: Mapping[str, Any] = field(default_factory=dict)
    """What else changes an answer: how the endpoint is asked, and the further inputs of each request."""

    @property
    def load_in_words(self) -> str:
        """Return the load as a part of a system's name: ``concurrency 4``."""
        shown = {name: value for name, value in self.load.items() if name != "arrivals"}
        return ", ".join(f"{name} {_plain(value)}" for name, value in shown.items())


def profile_of(totals: Mapping[str, Any]) -> Profile:
    """Read the settings in the totals of a profile; what is not there is not known."""
    settings = mapping(totals.get("input_config"))
    endpoint = mapping(settings.get("endpoint"))
    models = [*_texts(endpoint.get("model_names")), *_names(mapping(settings.get("models")).get("items"))]
    urls = [*_texts(endpoint.get("urls")), *_texts(endpoint.get("url"))]
    servers = [server for url in urls if (server := without_credentials(url)) is not None]
    extra = mapping(settings.get("input")).get("extra", endpoint.get("extra"))
    sent = {key: endpoint[key] for key in SENT if endpoint.get(key) is not None}
    pairs = extra.items() if isinstance(extra, Mapping) else extra if isinstance(extra, list) else ()
    for pair in pairs:
        if isinstance(pair, list | tuple) and len(pair) == 2:
            sent[f"input {pair[0]}"] = pair[1]
    return Profile(", ".join(dict.fromkeys(models)) or None, tuple(dict.fromkeys(servers)), _load(settings), sent)


def _load(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the load of the phase that was profiled. Several such phases have a list of loads."""
    phases = [mapping(phase) for phase in _list(settings.get("phases"))]
    profiled = [phase for phase in phases if phase.get("kind", phase.get("name")) == "profiling"]
    if len(profiled) > 1:
        return {"phases": [_named(phase) for phase in profiled]}
    return _named(profiled[0] if profiled else mapping(settings.get("loadgen")))


def _named(phase: Mapping[str, Any]) -> dict[str, Any]:
    load: dict[str, Any] = {}
    for key, name in LOAD.items():
        value = phase.get(key)
        if value is not None and not isinstance(value, bool):
            load[name] = _EARLIER_ARRIVALS.get(value, value) if isinstance(value, str) else value
    return load


def _texts(value: Any) -> list[str]:
    return [value] if isinstance(value, str) and value else [str(each) for each in _list(value) if each]


def _names(items: Any) -> Iterator[str]:
    for item in _list(items):
        if name := mapping(item).get("name"):
            yield str(name)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
