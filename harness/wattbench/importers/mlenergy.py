"""Read the files of the ML.ENERGY leaderboard: joules, watts, throughput and times between tokens of configurations.

``public/data/tasks/<task>.json`` has a list of configurations of all models, and ``public/data/models/<model>__<task>
.json`` those of one model, with histograms of output lengths, which are not kept. Figures are of the steady state of a
server under full load, of its GPUs alone (Zeus). `energy_per_request_joules` is a mean over requests.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from wattbench.errors import UserError
from wattbench.importers.answer import Answer
from wattbench.importers.fields import MS, kept
from wattbench.importers.files import head, mapping, read_object, text
from wattbench.importers.imported import AT_ONCE, Format, ImportDraft
from wattbench.importers.stated import Total, Totals, is_figure

SETTINGS = (
    "total_params_billions", "activated_params_billions", "num_gpus", "max_num_seqs", "tensor_parallel",
    "expert_parallel", "data_parallel", "ulysses_degree", "ring_degree", "batch_size", "image_height", "image_width",
    "video_height", "video_width", "num_frames", "fps", "inference_steps", "weight_precision", "architecture",
    "gpu_model", "nickname",
)  # fmt: skip
TOTALS = Totals(
    {
        "energy_per_request_joules": Total("energy", "mean"),
        "avg_power_watts": Total("power", "mean"),
        "output_throughput_tokens_per_sec": Total("output_tokens_per_s", "mean"),
        "avg_output_len": Total("output_tokens", "mean"),
        "avg_batch_size": Total("in_flight", "mean"),
        "*_itl_ms": Total("token_gap", scale=MS),
    },
    units={
        "energy_per_token_joules": "J/token", "energy_per_image_joules": "J/image",
        "energy_per_video_joules": "J/video", "batch_latency_s": "s", "throughput_images_per_sec": "images/s",
        "throughput_videos_per_sec": "videos/s",
    },
    settings=SETTINGS,
    others="mean",
)  # fmt: skip


def _looks_like(source: Path) -> bool:
    if source.suffix != ".json" or not source.is_file():
        return False
    start = head(source)
    return '"configurations"' in start and ('"energy_per_' in start or '"avg_power_watts"' in start)


def _read(sources: Sequence[Path], draft: ImportDraft) -> Iterator[Answer]:
    """Read some files. Each configuration is a system; no file lists its requests."""
    for path in sources:
        draft.files.append(path)
        file = read_object(path)
        configurations = file.get("configurations")
        if not isinstance(configurations, list) or not configurations:
            raise UserError(f"{path}: it has no list `configurations`; this is no file of the ML.ENERGY leaderboard")
        for position, each in enumerate(configurations):
            where = f"{path}: configurations[{position}]"
            if not isinstance(each, Mapping):
                raise UserError(f"{where}: of type {type(each).__name__}, not an object")
            one = {**file, **mapping(each.get("parallelization")), **each}
            most = one.get("max_num_seqs", one.get("batch_size"))
            system = draft.add_system(
                draft.unique(_name(one, path)),
                {AT_ONCE: most} if isinstance(most, int) else {},
                engine="ml.energy",
                model=text(one.get("model_id")),
                **kept(one, SETTINGS),
            )
            draft.add_gpus(system, one.get("gpu_model"), one.get("num_gpus"))
            draft.left_out["histograms of output lengths"] += "output_length_distribution" in each
            figures = {key: value for key, value in each.items() if not isinstance(value, list | dict)}
            draft.stated.add_all(system, TOTALS, figures, where)
    yield from ()


def _name(one: Mapping[str, Any], path: Path) -> str:
    words = [
        text(one.get("model_id")) or path.stem,
        text(one.get("task")),
        f"{one.get('num_gpus')}x{one.get('gpu_model')}",
        *(f"{one[setting]} at once" for setting in ("max_num_seqs", "batch_size") if is_figure(one.get(setting))),
    ]
    return " ".join(word for word in words if word)


ML_ENERGY = Format("ml-energy", _looks_like, _read, needs="a .json with configurations and their energy")
