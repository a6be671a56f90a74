"""TokenPowerBench's results: joules of its GPUs, and requests of its phase mode."""

from __future__ import annotations

import json

import pytest

from tests.made_up.imports import figures_of
from tests.made_up.token_power_bench import FIRST, batch_energy, profiled_phase, write_token_power_bench
from wattbench.errors import UserError
from wattbench.importers import detect, read_sources, write_run
from wattbench.records import read_run


def test_a_profiled_run_has_requests_and_the_joules_of_its_gpus(tmp_path) -> None:
    folder = write_token_power_bench(tmp_path / "local_1")
    assert detect([folder]) == detect([folder / "results.json"]) == "tokenpowerbench"
    imported = read_sources([folder])
    assert imported.version == "0.2.0"
    assert imported.scenario == {"model 1 at once": {"at most at once": 1}}
    assert imported.machines == {"model 1 at once": {"gpus": [{"name": "NVIDIA H100", "uuid": "GPU-1"}]}}
    first, second, third = imported.answers
    assert (first.seconds, first.first_token_seconds, first.started_s, first.prompt) == (3.5, 1.5, 0.0, "one?")
    assert (second.started_s, second.prompt_tokens, second.output_tokens) == (4.0, 20, 100)
    assert [each.joules for each in (first, second, third)] == [700.0, None, 300.0]
    of = figures_of(imported)
    assert of["energy", "total"] == (2500.0, "J")
    assert of["power", "mean"] == (200.0, "W")
    assert of["energy.system_energy_j", "total"] == (6000.0, "J")
    assert of["system_avg_power_w", "mean"] == (480.0, "W")
    assert of["output_tokens_per_s", "mean"] == (24.0, "tokens/s")
    assert of["duration", "total"] == (12.5, "s")
    assert len([figure for figure, _ in of if figure == "output_tokens"]) == 1
    assert len(read_run(write_run(imported, tmp_path / "runs", "t", [])).summaries()) == len(imported.summaries)


def test_the_first_version_has_zeros_for_what_was_not_measured(tmp_path) -> None:
    path = tmp_path / "model_tp2.json"
    path.write_text(json.dumps(FIRST))
    assert detect([path]) == "tokenpowerbench"
    imported = read_sources([path])
    assert list(imported.configs) == ["Model-14B 256 at once"]
    assert imported.configs["Model-14B 256 at once"]["tensor_parallel_size"] == 2
    assert not len(imported.answers)
    assert figures_of(imported) == {
        ("duration", "total"): (45.25, "s"),
        ("output_tokens", "total"): (473128.0, "tokens"),
        ("requests", "total"): (1024.0, "requests"),
        ("power", "mean"): (944.0, "W"),
        ("energy", "total"): (42694.0, "J"),
        ("gpu_mj_per_token", "total"): (90.25, "mJ/token"),
    }


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"num_responses": None}, "no num_responses; this is no result of TokenPowerBench"),
        ({"phases": {}}, "phases is of type dict"),
        ({"phases": [profiled_phase(0, ttft_s=9.0)]}, r"phases\[0\]: its first token came after 9 s"),
        ({"phases": [profiled_phase(0), profiled_phase(1, submitted_s=1.0)]}, "submitted_s less the first one is -99"),
        ({"energy": batch_energy(gpu_energy_j="much")}, "energy.gpu_energy_j is 'much'"),
    ],
)
def test_a_damaged_result_is_named(tmp_path, changes, said) -> None:
    folder = write_token_power_bench(tmp_path / "local_1", **changes)
    with pytest.raises(UserError, match=said) as error:
        read_sources([folder], "tokenpowerbench")
    assert str(folder / "results.json") in str(error.value)
