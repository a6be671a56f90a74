"""Read the files of the ML.ENERGY leaderboard: joules, watts, throughput and times between tokens of configurations.

``public/data/tasks/<task>.json`` has a list of configurations of all models, and ``public/data/models/<model>__<task>
.json`` those of one model, with histograms of output lengths, which are not kept. Figures are of the steady state of a
server under full load, of its GPUs alone (Zeus). `energy_per_request_joules` is a mean over requests.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from wattbench.errors import UserError
from wattbench.importers.files import head, mapping, read_object, text
from wattbench.importers.imported import Imported
from wattbench.importers.spool import Spool
from wattbench.importers.stated import Stated, is_figure, statistic
from wattbench.importers.system_names import AT_ONCE, unique

MS = 1e-3
FIGURES = {
    "energy_per_request_joules": ("energy", "mean", 1.0),
    "avg_power_watts": ("power", "mean", 1.0),
    "output_throughput_tokens_per_sec": ("output_tokens_per_s", "mean", 1.0),
    "avg_output_len": ("output_tokens", "mean", 1.0),
    "avg_batch_size": ("in_flight", "mean", 1.0),
}
GAP = re.compile(r"(median|p\d{1,2}(?:\.\d+)?)_itl_ms")
UNITS = {
    "energy_per_token_joules": "J/token", "energy_per_image_joules": "J/image", "energy_per_video_joules": "J/video",
    "batch_latency_s": "s", "throughput_images_per_sec": "images/s", "throughput_videos_per_sec": "videos/s",
}  # fmt: skip
SETTINGS = (
    "total_params_billions", "activated_params_billions", "num_gpus", "max_num_seqs", "tensor_parallel",
    "expert_parallel", "data_parallel", "ulysses_degree", "ring_degree", "batch_size", "image_height", "image_width",
    "video_height", "video_width", "num_frames", "fps", "inference_steps", "weight_precision", "architecture",
    "gpu_model", "nickname",
)  # fmt: skip
MOST_DEVICES = 1024


def looks_like(source: Path) -> bool:
    """Return whether a file is one of the leaderboard's."""
    if source.suffix != ".json" or not source.is_file():
        return False
    start = head(source)
    return '"configurations"' in start and ('"energy_per_' in start or '"avg_power_watts"' in start)


def read(sources: Sequence[Path], scratch: Path | None = None) -> Imported:
    """Read some files. Each configuration is a system.

    Args:
        sources: files of tasks or models.
        scratch: not used: the files list no requests.

    Raises:
        UserError: a file is damaged, or has no configurations.
    """
    stated = Stated()
    scenario: dict[str, Mapping[str, Any]] = {}
    configs: dict[str, Mapping[str, Any]] = {}
    machines: dict[str, Mapping[str, Any]] = {}
    left_out: Counter[str] = Counter()
    for path in sources:
        file = read_object(path)
        configurations = file.get("configurations")
        if not isinstance(configurations, list) or not configurations:
            raise UserError(f"{path}: it has no list `configurations`; this is no file of the ML.ENERGY leaderboard")
        for position, each in enumerate(configurations):
            where = f"{path}: configurations[{position}]"
            if not isinstance(each, Mapping):
                raise UserError(f"{where}: of type {type(each).__name__}, not an object")
            one = {**file, **mapping(each.get("parallelization")), **each}
            system = _name(one, path, scenario)
            most = one.get("max_num_seqs", one.get("batch_size"))
            scenario[system] = {AT_ONCE: most} if isinstance(most, int) else {}
            configs[system] = {"engine": "ml.energy", "model": text(one.get("model_id"))} | {
                name: one[name] for name in SETTINGS if isinstance(one.get(name), str | int | float)
            }
            name, number = one.get("gpu_model"), one.get("num_gpus")
            if isinstance(name, str) and isinstance(number, int) and 0 < number <= MOST_DEVICES:
                machines[system] = {"gpus": [{"name": name}] * number}
            left_out["histograms of output lengths"] += "output_length_distribution" in each
            _add(stated, system, each, where)
    return Imported(
        format="ml-energy",
        version=None,
        files=tuple(sources),
        answers=Spool.of((), scratch),
        left_out=left_out,
        scenario=scenario,
        configs=configs,
        machines=machines,
        summaries=stated.rows,
    )


def _name(one: Mapping[str, Any], path: Path, taken: Mapping[str, Any]) -> str:
    words = [
        text(one.get("model_id")) or path.stem,
        text(one.get("task")),
        f"{one.get('num_gpus')}x{one.get('gpu_model')}",
    ]
    for setting, label in (("max_num_seqs", "at once"), ("batch_size", "at once")):
        if is_figure(one.get(setting)):
            words.append(f"{one[setting]} {label}")
    return unique(" ".join(word for word in words if word), taken)


def _add(stated: Stated, system: str, one: Mapping[str, Any], where: str) -> None:
    for key, value in one.items():
        if not is_figure(value) or key in SETTINGS:
            continue
        figure, which, scale = FIGURES.get(key, (key, "mean", 1.0))
        if (gap := GAP.fullmatch(key)) is not None:
            figure, which, scale = "token_gap", statistic(gap[1]) or "mean", MS
        stated.add(system, figure, which, value, source=key, where=where, scale=scale, unit=UNITS.get(key, ""))
