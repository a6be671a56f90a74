"""Estimate joules, grams and water of requests to services, from the tables of EcoLogits: no network is asked.

Source: EcoLogits (Rincé, Banse, Defour 2025, JOSS; MPL-2.0), `llm_impacts`: a regression of joules on active parameters
and tokens of the answer, for a server of 8 H100 at batch 64, with ranges where parameters are not published. Tokens of
the prompt are not part of it.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from wattbench.config import SERVICES, EndpointSystem, Resolved
from wattbench.config.apis import Estimate
from wattbench.errors import MissingExtraError, UserError, nearest, require
from wattbench.measure.code_to_run import with_members
from wattbench.records import EstimateRow, ItemRow
from wattbench.records.schema.impacts import WORLD

_WHAT = "estimating the joules of services"
_J_PER_KWH = 3.6e6
_G_PER_KG = 1000.0


@dataclass(frozen=True)
class _Request:
    output_tokens: int | None
    seconds: float | None


class NotEstimatedError(Exception):
    """EcoLogits has no figures for a system; the text says why, as a clause."""


@dataclass(frozen=True)
class _Subject:
    """The provider, model and zone by which requests are estimated."""

    provider: str
    model: str
    zone: str | None


class EcoLogits:
    """EcoLogits' tables, and what it computes from them."""

    def __init__(self) -> None:
        """Import EcoLogits.

        Raises:
            MissingExtraError: it is not installed.
        """
        made_by = logging.getLoggerClass()
        try:
            self._impacts = _module("ecologits.tracers.utils")
            self._models = _module("ecologits.model_repository").models
            self._mixes = _module("ecologits.electricity_mix_repository").electricity_mixes
            self.version = f"EcoLogits {_module('ecologits').__version__}"
        finally:
            logging.setLoggerClass(made_by)  # it sets its own for the whole process
        _module("ecologits.log").logger.disabled = True  # its warnings are part of the record

    def subject(self, config: EndpointSystem) -> _Subject:
        """Return the provider, model and zone by which a system's requests are estimated.

        Raises:
            NotEstimatedError: it has none; the clause says which are near.
        """
        wanted = config.estimate or Estimate()
        known = None if config.service is None else SERVICES[config.service].estimated_as
        provider, model, zone = wanted.provider or known, wanted.model or str(config.model), wanted.zone
        providers = sorted({str(each.provider.value) for each in self._models.list_models()})
        if provider is None:
            raise NotEstimatedError(
                f"{self.version} has no figures for {config.service or 'this server'}; name another provider of the "
                f"model with estimate: {{provider: ..., model: ...}}{self._near(model)}"
            )
        if provider not in providers:
            raise NotEstimatedError(f"{self.version} knows no provider {provider!r:.80}{nearest(provider, providers)}")
        if self._models.find_model(provider, model) is None:
            raise NotEstimatedError(
                f"{self.version} has no model {model!r:.80} of {provider}{self._near(model, provider)}"
            )
        if zone is not None and self._mixes.find_electricity_mix(zone) is None:
            zones = [str(mix.zone) for mix in self._mixes.list_electricity_mixes()]
            raise NotEstimatedError(f"{self.version} knows no zone {zone}{nearest(zone, zones)}")
        return _Subject(provider, model, zone)

    def row(
        self, system: str, task: str, answered_by: str, subject: _Subject, requests: Iterable[_Request]
    ) -> EstimateRow:
        """Sum the estimates of some requests, and return the sum as a row."""
        number = estimated = 0
        sums: dict[str, list[float]] = {name: [0.0, 0.0] for name in ("energy_j", "co2_g", "water_l")}
        notes: dict[str, None] = {}
        for each in requests:
            number += 1
            if each.output_tokens is None or each.seconds is None:
                continue
            estimated += 1
            made = self._impacts.llm_impacts(
                subject.provider, subject.model, each.output_tokens, each.seconds, subject.zone
            )
            for name, impact, factor in (
                ("energy_j", made.energy, _J_PER_KWH),
                ("co2_g", made.gwp, _G_PER_KG),
                ("water_l", made.wcf, 1.0),
            ):
                for bound, value in enumerate(_bounds(impact.value)):
                    sums[name][bound] += factor * value
            notes |= dict.fromkeys(str(warning.message) for warning in made.warnings or ())
        return EstimateRow(
            system=system,
            task=task,
            answered_by=answered_by,
            requests=number,
            estimated=estimated,
            by=self.version,
            provider=subject.provider,
            model=subject.model,
            zone=subject.zone or str(self._impacts.PROVIDER_CONFIG_MAP[subject.provider].datacenter_location or WORLD),
            notes=list(notes),
            why_none="" if estimated else "no answer has a count of its tokens",
            **(sums if estimated else {}),
        )

    def _near(self, model: str, provider: str | None = None) -> str:
        """Return the models that the user may have meant: the same name at other providers, or a similar name."""
        name = model.rpartition("/")[2].lower()
        alike = [
            f"{each.name} of {each.provider.value}"
            for each in self._models.list_models()
            if each.provider.value != provider and each.name.rpartition("/")[2].lower() == name
        ]
        if alike:
            return f"; did you mean {alike[0]}?"
        return nearest(
            model, [each.name for each in self._models.list_models() if provider in (None, each.provider.value)]
        )


def _module(name: str) -> ModuleType:
    return require(name, extra="apis", what=_WHAT)


def _bounds(value: Any) -> tuple[float, float]:
    return (float(value.min), float(value.max)) if hasattr(value, "min") else (float(value), float(value))


def is_estimated(config: object) -> bool:
    """Return whether the requests to a system are to be estimated."""
    return isinstance(config, EndpointSystem) and (config.service is not None or config.estimate is not None)


def check_estimates(resolved: Resolved) -> None:
    """Check the names that a suite states under `estimate`. Without the key, unknown systems are not estimated.

    Raises:
        UserError: EcoLogits has no such provider, model or zone.
        MissingExtraError: it is not installed.
    """
    named = {
        name: config
        for name, config in with_members(resolved.systems).items()
        if isinstance(config, EndpointSystem) and config.estimate is not None
    }
    if not named:
        return
    tables = EcoLogits()
    for name, config in named.items():
        try:
            tables.subject(config)
        except NotEstimatedError as error:
            raise UserError(f"{resolved.path}: system {name!r}: estimate: {error}") from None


def estimate_rows(resolved: Resolved, items: Sequence[ItemRow]) -> list[EstimateRow]:
    """Estimate the requests of a run, cell by cell; rows without an estimate state the reason.

    Args:
        resolved: its suite.
        items: those that count.
    """
    configs = {name: each for name, each in with_members(resolved.systems).items() if is_estimated(each)}
    if not configs:
        return []
    requests: dict[tuple[str, str, str], list[_Request]] = defaultdict(list)
    for item in items:
        for answered_by, request in _requests(item, configs):
            requests[item.system, item.task, answered_by].append(request)
    try:
        tables = EcoLogits()
    except MissingExtraError as error:
        return [_none(key, len(of_cell), str(error)) for key, of_cell in requests.items()]
    return [_row(tables, key, configs[key[2]], of_cell) for key, of_cell in requests.items()]


def _row(tables: EcoLogits, key: tuple[str, str, str], config: Any, requests: list[_Request]) -> EstimateRow:
    try:
        return tables.row(*key, tables.subject(config), requests)
    except NotEstimatedError as error:
        return _none(key, len(requests), str(error))


def _none(key: tuple[str, str, str], requests: int, why: str) -> EstimateRow:
    system, task, answered_by = key
    return EstimateRow(system=system, task=task, answered_by=answered_by, requests=requests, estimated=0, why_none=why)


def _requests(item: ItemRow, configs: Mapping[str, Any]) -> Iterator[tuple[str, _Request]]:
    """Yield an item's requests to estimated systems: to its own system, or to the members that its system used."""
    if item.system in configs:
        ends = item.started_s is not None and item.finished_s is not None
        seconds = (item.finished_s or 0.0) - (item.started_s or 0.0) if ends else None
        yield item.system, _Request(item.output_tokens, seconds)
    for used in item.usage:
        if used.system in configs:
            yield used.system, _Request(used.output_tokens, used.seconds)
