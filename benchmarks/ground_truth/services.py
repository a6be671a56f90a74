"""Joules, grams and water of requests to services, by EcoLogits' own call for each of them and by wattbench in sum.

wattbench calls EcoLogits too: what is compared is which of its models, zones and units are taken, and the sums.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import product
from typing import Any

from benchmarks.ground_truth.line import Line, NotHereError, Sources
from wattbench.config import load_suite
from wattbench.errors import MissingExtraError
from wattbench.measure.services.estimates import EcoLogits, estimate_rows
from wattbench.records import ItemRow
from wattbench.records.schema.carbon import Embodied as DeclaredEmbodied
from wattbench_reports.metrics.carbon.embodied import embodied

REQUESTS = [(120, 0.4), (8, 3.0), (700, 12.5), (1, 0.001), (0, 0.2)]
"""Tokens of an answer and its seconds."""
SERVICES = {"gpt": ("openai", "gpt-4o-mini"), "mistral": ("mistral", "mistral-small-latest")}
PROVIDERS = {"openai": "openai", "mistral": "mistralai"}
"""wattbench's name of a service to EcoLogits' of its provider."""
QUANTITIES = (("energy", "energy_j", "J", 3.6e6), ("gwp", "co2_g", "g CO2e", 1000.0), ("wcf", "water_l", "L", 1.0))
"""EcoLogits' name, wattbench's, the unit, and how many of it one of EcoLogits' is."""
BOUNDS = ("lowest", "highest")
FIGURE = "ecologits-gpu-server-2026"


def lines(sources: Sources) -> Iterator[Line]:
    """Yield the lowest and the highest figure of each quantity for each service, and manufacture.

    Raises:
        NotHereError: EcoLogits is not installed.
    """
    try:
        EcoLogits()
    except MissingExtraError as error:
        raise NotHereError(str(error)) from error
    from ecologits.tracers.utils import llm_impacts

    logging.getLogger("ecologits").disabled = True
    suite = sources.folder / "suite.yaml"
    suite.write_text(_suite(), encoding="utf-8")
    rows = {row.system: row for row in estimate_rows(load_suite(suite), _items())}
    for system, (service, model) in SERVICES.items():
        theirs = [llm_impacts(PROVIDERS[service], model, tokens, seconds) for tokens, seconds in REQUESTS]
        for (name, ours, unit, factor), (bound, said) in product(QUANTITIES, enumerate(BOUNDS)):
            known = factor * sum(_bounds(getattr(each, name).value)[bound] for each in theirs)
            what = f"{model}, {len(REQUESTS)} answers of 0 to 700 tokens: {said} {ours.rpartition('_')[0]}"
            yield Line(f"{model}-{name}-{said}", what, unit, known, getattr(rows[system], ours)[bound])
    yield _manufacture()


def _manufacture() -> Line:
    """Return the grams of manufacture of an H100 in a server for an hour, from EcoLogits' constants."""
    from ecologits.impacts import llm

    kg = llm.SERVER_EMBODIED_IMPACT_GWP / llm.SERVER_GPUS + llm.GPU_EMBODIED_IMPACT_GWP
    known_g = 1000 * kg * 3600 / llm.HARDWARE_LIFESPAN
    ours = embodied(DeclaredEmbodied(use=FIGURE))
    found_g = None if ours is None else ours.g_per_hour
    return Line("manufacture", f"an hour of one GPU of a server (`{FIGURE}`): manufacture", "g CO2e", known_g, found_g)


def _bounds(value: Any) -> tuple[float, float]:
    return (float(value.min), float(value.max)) if hasattr(value, "min") else (float(value), float(value))


def _suite() -> str:
    systems = "".join(
        f"    {name}: {{kind: generalist, engine: endpoint, service: {service}, model: {model}}}\n"
        for name, (service, model) in SERVICES.items()
    )
    return f"name: s\ntasks: {{select: [{{task: t, domain: d}}]}}\nsystems:\n  define:\n{systems}"


def _items() -> list[ItemRow]:
    return [
        ItemRow(
            run="r", system=system, kind="generalist", task="t", domain="d", doc_id=doc, doc_hash="", prompt_hash="",
            repeat=0, correct=1.0, metrics="{}", prompt_tokens=20, output_tokens=tokens, scheduled_s=10.0,
            started_s=10.0, first_token_s=None, finished_s=10.0 + seconds, token_s=[], batch=0, batch_size=1,
            window="w", energy_j=None, energy_above_idle_j=None, energy_provenance="", prompt="", output="",
            filtered="", target="",
        )
        for system in SERVICES
        for doc, (tokens, seconds) in enumerate(REQUESTS)
    ]  # fmt: skip
