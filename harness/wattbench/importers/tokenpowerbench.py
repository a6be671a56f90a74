"""Read the results of TokenPowerBench (AAAI 2026): joules, watts and tokens of batch sizes, and profiled requests.

A run's folder has ``results.json`` with an object per batch size and, next to it, ``config.json``,
``capabilities.json`` (its GPUs), ``environment.json`` and ``prompts.json``. Of the first version the object holds
settings and figures side by side; later ones have `energy`, and `phases` with the times of each request that was
profiled, one at a time.

Traps: joules are of the selected GPUs; `total_energy_j` is of the whole machine (IPMI), and in the first version the
GPUs' again; there 0 means that nothing was measured; moments are of a clock without a date; joules of a phase shorter
than a second are not stated, and a request has joules only where both of its phases have.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

from wattbench.errors import UserError
from wattbench.importers.answer import Answer, number
from wattbench.importers.fields import REQUESTS, at, count, figure, kept, listed, read_fields, section
from wattbench.importers.files import digest, head, mapping, read_array, read_object, text
from wattbench.importers.imported import AT_ONCE, Format, ImportDraft
from wattbench.importers.stated import Total, Totals

FILE, CONFIG, GPUS, ENVIRONMENT, PROMPTS = (
    "results.json", "config.json", "capabilities.json", "environment.json", "prompts.json",
)  # fmt: skip
REQUEST = {
    "seconds": figure("request_latency_s"),
    "first_token_seconds": figure("ttft_s"),
    "prompt_tokens": count("input_tokens"),
    "output_tokens": count("output_tokens"),
}
"""Of an entry of `phases`."""
STARTED = figure("submitted_s")
PREFILL, DECODE = figure("prefill_proxy_energy.gpu_energy_j"), figure("decode_energy.gpu_energy_j")
_FIGURES = {
    "gpu_energy_j": Total("energy"),
    "gpu_avg_power_w": Total("power", "mean"),
    **{f"{part}_avg_power_w": Total(f"{part}_avg_power_w", "mean") for part in ("cpu", "dram", "system")},
}
TOTALS = Totals(
    {
        "num_responses": Total("requests"),
        "total_output_tokens": Total("output_tokens"),
        "output_tokens_per_s": Total("output_tokens_per_s", "mean"),
        "duration_s": Total("duration"),
        "energy.duration": Total("duration"),
        **_FIGURES,
        **{f"energy.{name}": total for name, total in _FIGURES.items()},
    },
    units={"_mj_per_token": "mJ/token", "_token_j": "J/token", "_j": "J", "_w": "W"},
    zeros=(),
)
FIGURES = (
    "num_responses", "total_output_tokens", "output_tokens_per_s", "duration_s", "energy_per_token_j",
    "gpu_mj_per_token", "total_mj_per_token",
    *(f"{part}_{what}" for part in ("gpu", "cpu", "dram", "system") for what in ("energy_j", "avg_power_w")),
)  # fmt: skip
"""What is a figure in an object: the first version has settings next to them."""
SETTINGS = (
    "dataset", "output_tokens", "max_model_len", "tensor_parallel_size", "pipeline_parallel_size", "dtype", "monitor",
    "monitor_mode", "seed", "temperature",
)  # fmt: skip


def _looks_like(source: Path) -> bool:
    path = source / FILE if source.is_dir() else source
    if path.suffix != ".json" or not path.is_file():
        return False
    start = head(path)
    return all(f'"{key}"' in start for key in ("batch_size", "gpu_energy_j", "num_responses"))


def _read(sources: Sequence[Path], draft: ImportDraft) -> Iterator[Answer]:
    """Read some results. Each batch size is a system."""
    for path in (source / FILE if source.is_dir() else source for source in sources):
        near = {name: path.with_name(name) for name in (CONFIG, GPUS, ENVIRONMENT, PROMPTS)}
        draft.files += [path, *(each for each in near.values() if each.is_file())]
        config, gpus, environment = (
            read_object(near[name]) if near[name].is_file() else {} for name in (CONFIG, GPUS, ENVIRONMENT)
        )
        prompts = read_array(near[PROMPTS]) if near[PROMPTS].is_file() else []
        draft.add_version(at(environment, "packages.tokenpowerbench"))
        devices = [mapping(each) for each in listed(at(gpus, "gpu.devices"), "gpu.devices", str(near[GPUS]))]
        for name, result in read_object(path).items():
            where = f"{path}: {name:.60}"
            if not isinstance(result, Mapping) or result.get("num_responses") is None:
                raise UserError(f"{where}: no num_responses; this is no result of TokenPowerBench")
            settings = {**config, **result}
            model = PurePath(text(settings.get("model"))).name or path.parent.resolve().name
            load = kept(result, {"batch_size": AT_ONCE})
            system = draft.add_system(
                draft.system_name(model, load),
                load,
                engine=text(settings.get("engine")) or "tokenpowerbench",
                model=model,
                **kept(settings, SETTINGS),
            )
            if devices:
                draft.machines[system] = {"gpus": [kept(each, ("name", "uuid")) for each in devices]}
            figures = {key: value for key, value in result.items() if key in FIGURES}
            energy = {key: value for key, value in section(result, "energy").items() if key in (*FIGURES, "duration")}
            repeated = ("num_responses", "total_output_tokens")
            figures["energy"] = {key: value for key, value in energy.items() if key not in repeated}
            draft.stated.add_all(system, TOTALS, figures, path, result.get("num_responses"))
            yield from _answers(system, result, prompts, where)


def _answers(system: str, result: Mapping[str, Any], prompts: Sequence[Any], where: str) -> Iterator[Answer]:
    first_s = None
    for position, phase in enumerate(listed(result.get("phases"), "phases", where)):
        here = f"{where}: phases[{position}]"
        submitted_s = STARTED.of(phase, here)
        first_s = submitted_s if first_s is None else first_s
        started_s = None if submitted_s is None or first_s is None else submitted_s - first_s
        prompt = text(prompts[position]) if position < len(prompts) else ""
        yield Answer(
            where=here,
            system=system,
            task=REQUESTS,
            item=str(position),
            started_s=number(started_s, "submitted_s less the first one", here),
            joules=_joules(phase, here),
            prompt=prompt,
            doc_hash=digest(str(position), prompt),
            **read_fields(REQUEST, phase, here),
        )


def _joules(phase: Any, where: str) -> float | None:
    """Return the joules of both phases; a decode phase of no length counts as 0."""
    prefill_j, decode_j = PREFILL.of(phase, where), DECODE.of(phase, where)
    if at(phase, "decode_energy.status") == "empty_window":
        decode_j = 0.0
    return None if prefill_j is None or decode_j is None else prefill_j + decode_j


TOKEN_POWER_BENCH = Format(
    "tokenpowerbench", _looks_like, _read, needs="results.json with batch_size, gpu_energy_j and num_responses"
)
