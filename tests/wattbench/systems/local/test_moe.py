"""The engine `moe`: a mixture as a system, and what a run writes down of its experts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from lm_eval.api.instance import Instance
from safetensors.torch import save_file

from wattbench.config import MoeSystem, PythonSystem, TransformersSystem, Weights, load_suite
from wattbench.errors import UserError
from wattbench.measure.measuring_context import MeasuringContext, WindowNames
from wattbench.measure.plan import plan
from wattbench.measure.resume import new_run
from wattbench.meters import Metering
from wattbench.records import RunWriter, read_run
from wattbench.scenarios.closed_loop import run_cells
from wattbench.systems import base_key, open_engine
from wattbench.systems.local.engine import MoeEngine

DATA = Path(__file__).parents[3] / "data"


@pytest.fixture(scope="module")
def router(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(4)
    path = tmp_path_factory.mktemp("router") / "router.safetensors"
    save_file({f"layers.{layer}.gate": torch.randn(3, 32) for layer in (1, 3)}, path)
    return path


@pytest.fixture
def moe(tiny: Path, experts: dict[str, Path], router: Path) -> MoeSystem:
    return MoeSystem(
        kind="moe", engine="moe", weights=Weights(path=tiny), dtype="float32", device="cpu", experts=experts,
        router=router, top_k=2,
    )  # fmt: skip


def test_what_is_missing_is_said_before_anything_is_loaded(moe: MoeSystem, tmp_path: Path) -> None:
    MoeEngine.check("m", moe)
    with pytest.raises(UserError, match="system 'm': router: no such file: "):
        MoeEngine.check("m", moe.model_copy(update={"router": tmp_path / "none.safetensors"}))
    with pytest.raises(UserError, match=r"system 'm': expert 'two': no adapter_config\.json in "):
        MoeEngine.check("m", moe.model_copy(update={"experts": {**moe.experts, "two": tmp_path}}))
    with pytest.raises(UserError, match="no such file or folder"):
        MoeEngine.check("m", moe.model_copy(update={"weights": Weights(path=tmp_path / "none")}))


def test_a_router_that_is_none_or_another_s_is_said(moe: MoeSystem, tmp_path: Path) -> None:
    path = tmp_path / "router.safetensors"
    path.write_bytes(b"no tensors")
    with pytest.raises(UserError, match=r"system 'm': router: .* is not a safetensors file"):
        open_engine("m", moe.model_copy(update={"router": path}), batch=1, seed=0)
    save_file({"layers.1.gate": torch.zeros(2, 32)}, path)
    with pytest.raises(UserError, match="system 'm': router: it belongs to another mixture: 1 layers of"):
        open_engine("m", moe.model_copy(update={"router": path}), batch=1, seed=0)


def test_more_experts_for_a_token_than_there_are_is_refused(moe: MoeSystem) -> None:
    with pytest.raises(ValueError, match="top_k is 4, but there are 3 experts"):
        MoeSystem.model_validate(moe.model_dump() | {"top_k": 4})


def test_it_says_what_it_is_made_of(moe: MoeSystem, tiny: Path) -> None:
    whole = TransformersSystem(
        kind="generalist", engine="transformers", weights=Weights(path=tiny), dtype="float32", device="cpu"
    )
    assert base_key(moe) == base_key(whole)
    with open_engine("whole", whole, batch=1, seed=0) as engine:
        dense = engine.facts()
        assert engine.mixture() is None
    with open_engine("m", moe, batch=1, seed=0) as engine:
        facts, mixture = engine.facts(), engine.mixture()
        assert (mixture.experts, mixture.layers, mixture.per_token) == (("one", "two", "three"), (1, 3), 2)
        expert, routers = 3 * 32 * 48, 2 * 3 * 32
        assert facts.parameters_total == dense.parameters_total + 2 * 2 * expert + routers
        assert facts.parameters_active == dense.parameters_total + 2 * expert + routers
        assert facts.shares_base_with is not None
        assert len(facts.weights_sha256.split("+")) == 1 + 3 + 1  # the base, the adapters, the routers
        assert facts.weight_bytes == sum(engine.parts().values()) > dense.weight_bytes
        engine.report_confidence()
        request = Instance("generate_until", {}, ("What is 1 + 2?", {"until": ["@@@"], "max_gen_toks": 4}), 0)
        (reply,) = engine.answer("generate_until", [request])
        assert reply.confidence < 0
        asked = engine.experts_used(request.args[0], reply.value)
        assert asked.prompt_tokens == reply.prompt_tokens
        assert asked.answer_tokens == len(engine.lm.tok_encode(reply.value, add_special_tokens=False))
        assert [sum(layer) for layer in asked.prompt_counts] == [2 * reply.prompt_tokens] * 2
        assert [sum(layer) for layer in asked.counts] == [2 * (reply.prompt_tokens + asked.answer_tokens)] * 2
        alone = engine.experts_used(request.args[0], "")
        assert (alone.answer_tokens, alone.counts) == (0, asked.prompt_counts)


class Watched(RunWriter):
    """A writer that keeps the order in which cells' files are written."""

    order: list[tuple[str, str]]

    def write_experts(self, system: str, task: str, rows: Any) -> None:
        self.order.append(("experts", system))
        super().write_experts(system, task, rows)

    def write_scores(self, system: str, task: str, rows: Any) -> None:
        self.order.append(("scores", system))
        super().write_scores(system, task, rows)


def test_a_run_writes_which_experts_were_asked_and_only_of_a_mixture(
    moe: MoeSystem, steady: Any, quiet: Any, tmp_path: Path
) -> None:
    suite = load_suite(str(DATA / "suite.yaml"))
    measure = suite.suite.measure.model_copy(update={"idle_s": 0.0, "warmup": 0, "min_window_s": 0.01})
    adder = PythonSystem(kind="specialist", engine="python", call=f"{DATA / 'answers.py'}:add")
    resolved = replace(
        suite,
        suite=suite.suite.model_copy(update={"measure": measure}),
        systems={"adder": adder, "mix": moe.model_copy(update={"max_output_tokens": 4})},
    ).narrowed(limit=3)
    cells = plan(resolved)
    with new_run(tmp_path, resolved, cells, {"cpu": "rapl"}, ["wattbench"]) as writer:
        root = writer.layout.root
    with Watched(root) as writer, Metering([steady]) as metering:
        writer.order = []
        run_cells(MeasuringContext(resolved, writer, metering, WindowNames("r", 0), quiet), cells)
    assert writer.order == [("scores", "adder"), ("experts", "mix"), ("scores", "mix")]
    records = read_run(root)
    assert [path.relative_to(root).as_posix() for path in (root / "experts").rglob("*.jsonl")] == [
        "experts/mix/sums.jsonl"
    ]
    rows = {row["doc_id"]: row for row in _lines(records.layout.experts("mix", "sums"))}
    answers = {answer.doc_id: answer for answer in records.answers("mix", "sums")}
    assert rows.keys() == answers.keys()
    assert len(rows) == 3
    for number, row in rows.items():
        assert row["tokens"] == len(answers[number].prompt + answers[number].replies[0])  # it reads characters
        assert [sum(layer) for layer in row["counts"]] == [2 * row["tokens"]] * 2
        assert row["prompt_tokens"] == answers[number].prompt_tokens == len(answers[number].prompt)
        assert [sum(layer) for layer in row["prompt_counts"]] == [2 * row["prompt_tokens"]] * 2
        assert [(len(layer), sum(layer)) for layer in row["pairs"]] == [(3, row["tokens"])] * 2
    mix, adder_row = records.systems()["mix"], records.systems()["adder"]
    assert (mix.experts, mix.expert_layers, mix.experts_per_token) == (["one", "two", "three"], [1, 3], 2)
    assert mix.parameters_active < mix.parameters_total
    assert mix.expert_bytes == 3 * 32 * 48 * 4
    assert mix.shared_bytes + 2 * 2 * mix.expert_bytes == mix.parameters_active * 4  # two layers, two of three experts
    assert (adder_row.expert_bytes, adder_row.shared_bytes) == (None, None)
    assert (adder_row.experts, adder_row.expert_layers, adder_row.experts_per_token) == ([], [], None)


def _lines(path: Path) -> list[dict[str, Any]]:
    from wattbench.records.files.jsonl import read_lines

    return list(read_lines(path))
