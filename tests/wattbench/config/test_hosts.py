"""On which machines a system runs, by its addresses."""

from __future__ import annotations

import pytest

from wattbench.config import (
    EndpointSystem,
    HybridSystem,
    LmEvalSystem,
    PythonSystem,
    Serve,
    SystemBase,
    far_host,
    hosts_of,
)

HERE = PythonSystem(engine="python", kind="specialist", call="m:f")
FAR = EndpointSystem(engine="endpoint", kind="generalist", base_url="https://User:pass@GPU-Box.example:8443/v1?key=1")
LM_EVAL = LmEvalSystem(
    engine="lm_eval", kind="generalist", model="local-completions", args={"base_url": "http://alpha/v1"}
)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://localhost:8000/v1", None),
        ("http://LOCALHOST/v1", None),
        ("http://a.localhost/v1", None),
        ("http://127.0.0.2:8000/v1", None),
        ("http://[::1]:8000/v1", None),
        ("http://10.0.0.7:8000/v1", "10.0.0.7"),
        ("http://[fd00::1]:8000/v1", "fd00::1"),
        ("http://GPU-Box:8000/v1", "gpu-box"),
        ("http://u:p@alpha/v1?token=x", "alpha"),
        ("http://[broken/v1", None),
        (None, None),
        (7, None),
    ],
)
def test_a_url_names_its_machine(url: object, host: str | None) -> None:
    assert far_host(url) == host


@pytest.mark.parametrize(
    ("config", "hosts"),
    [
        (HERE, {None}),
        (FAR, {"gpu-box.example"}),
        (FAR.model_copy(update={"serve": Serve(command="server {port}")}), {None}),
        (LM_EVAL, {"alpha"}),
        (LM_EVAL.model_copy(update={"args": {}}), {None}),
    ],
)
def test_a_system_runs_where_it_is_asked(config: SystemBase, hosts: set[str | None]) -> None:
    assert hosts_of(config) == hosts


def test_a_hybrid_runs_where_its_members_do_and_its_router_here() -> None:
    hybrid = HybridSystem.model_construct(engine="hybrid", pool={"a": FAR, "b": HERE})
    assert hosts_of(hybrid) == {None, "gpu-box.example"}
