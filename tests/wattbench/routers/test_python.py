"""A function of the user's own as a router: what it is called with, and what becomes of what it returns."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wattbench.config import Checkout, HybridSystem, PythonRouter
from wattbench.errors import UserError
from wattbench.measure.code_to_run import _of_system
from wattbench.routers import Attempt, Question, Setup, open_router, router_class
from wattbench.scenarios.interleaved.base_system import runs_code, with_checkout

MEMBERS = {"small": "rules", "large": "model"}
ITEM = Question("Sort.\n\nInput: my invoice\nAnswer:", "support", 1, "my invoice", "task 'tickets', document 3")


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], PythonRouter]:
    def written(body: str, **settings: Any) -> PythonRouter:
        path = tmp_path / "route.py"
        path.write_text(f"import numpy\n\ndef choose(text, members):\n    {body}\n")
        return PythonRouter(type="python", call=f"{path}:choose", **settings)

    return written


def route(config: PythonRouter, *questions: Question, fallback: str | None = "large") -> list[Any]:
    router = open_router(config, Setup("system 'h': router", MEMBERS, fallback, 0, None))
    return router.route(questions or [ITEM], lambda system, batch: [Attempt(system) for _ in batch])


@pytest.mark.parametrize(
    ("body", "system", "score"),
    [
        ("return 'small'", "rules", None),
        ("return members[0], 0.7", "rules", 0.7),
        ("return 'small', numpy.float32(0.5)", "rules", 0.5),
        ("return 'small', -3", "rules", -3.0),
        ("return None", "model", None),
        ("return None, 0.2", "model", 0.2),
        ("return 'small' if 'Answer:' in text else 'large'", "rules", None),
        ("members.clear(); return 'small'", "rules", None),  # a list of its own
    ],
)
def test_it_returns_a_member_or_none_with_or_without_a_score(
    write: Any, body: str, system: str, score: float | None
) -> None:
    for routed in route(write(body), ITEM, ITEM):
        assert routed.systems == (system,)
        assert routed.score == (None if score is None else pytest.approx(score))
        assert routed.router_s > 0


def test_it_may_see_the_input_alone(write: Any) -> None:
    config = write("return 'small' if text == 'my invoice' else 'large'", sees="input")
    assert route(config)[0].systems == ("rules",)
    with pytest.raises(UserError, match=r"system 'h': router: sees: input: this request is of no file.*sees: prompt"):
        route(config, Question("abc", None, 1))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            "1 / 0",
            r"raised ZeroDivisionError: division by zero \(task 'tickets', document 3, text ending '.*Answer:'\)",
        ),
        ("return 'smal'", r"returned 'smal', which is not one of the members \(small, large\); did you mean 'small'\?"),
        ("return 3", r"returned 3, not a member's name, or a name and a score, or None \(task 'tickets', document 3"),
        ("return 'small', 1, 2", r"returned \('small', 1, 2\), not a member's name"),
        ("return ['small', 1]", r"returned \['small', 1\], not a member's name"),
        ("return 'small', float('nan')", "returned the score nan, which is no finite number"),
        ("return 'small', True", "returned the score True, which is no finite number"),
        ("return 'small', 'high'", "returned the score 'high', which is no finite number"),
        ("return 'x' * 10**6", "returned 'xxx"),
    ],
)
def test_what_is_wrong_is_said_with_the_item_and_the_function(write: Any, body: str, expected: str) -> None:
    config = write(body)
    with pytest.raises(UserError, match=expected) as refusal:
        route(config)
    assert str(refusal.value).startswith(f"system 'h': router: call: '{config.call}'")
    assert len(str(refusal.value)) < 1000


def test_without_a_fallback_none_is_an_error(write: Any) -> None:
    with pytest.raises(UserError, match="the router chose no member"):
        route(write("return None"), fallback=None)


def test_a_plan_names_it_and_does_not_run_it(write: Any, tmp_path: Path) -> None:
    config = write("return 'small'")
    mark = tmp_path / "ran"
    Path(config.call.partition(":")[0]).write_text(f"open({str(mark)!r}, 'w')\ndef choose(text, members): pass\n")
    router_class("python").look("r", config, MEMBERS)
    assert not mark.exists()
    hybrid = HybridSystem(kind="hybrid", engine="hybrid", members=MEMBERS, router=config)
    assert list(_of_system(hybrid)) == [f"its router {config.call}"]
    assert not mark.exists()
    router_class("python").check("r", config, MEMBERS)
    assert mark.exists()
    gone = config.model_copy(update={"call": f"{tmp_path}/gone.py:choose"})
    for check in (router_class("python").look, router_class("python").check):
        with pytest.raises(UserError, match=r"r: call: .* no such file"):
            check("r", gone, MEMBERS)


def test_in_a_gate_it_is_code_that_comes_from_a_checkout(write: Any, tmp_path: Path) -> None:
    hybrid = HybridSystem(kind="hybrid", engine="hybrid", members=MEMBERS, router=write("return None"))
    assert runs_code(hybrid)
    checkout = Checkout(root=tmp_path, working_tree=tmp_path)
    assert with_checkout(hybrid, checkout).router.checkout == checkout


def test_its_file_is_on_record(write: Any) -> None:
    config = write("return None")
    router = open_router(config, Setup("r", MEMBERS, "large", 0, None))
    [(sha256, size)] = router.parts.items()
    assert len(sha256) == 64
    assert size == Path(config.call.rpartition(":")[0]).stat().st_size
    assert router.version.startswith("Python 3")
    router.close()


def test_in_a_gate_each_side_has_its_own_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base, working = tmp_path / "base", tmp_path / "working"
    for folder, member in ((base, "small"), (working, "large")):
        folder.mkdir()
        (folder / "chosen_of_side.py").write_text(f"MEMBER = {member!r}\n")
        (folder / "route.py").write_text(
            "def choose(text, members):\n    from chosen_of_side import MEMBER\n    return MEMBER\n"
        )
    monkeypatch.syspath_prepend(str(working))
    routers = [
        open_router(
            PythonRouter(
                type="python", call=f"{root}/route.py:choose", checkout=Checkout(root=root, working_tree=working)
            ),
            Setup("r", MEMBERS, None, 0, None),
        )
        for root in (base, working)
    ]
    try:
        for _ in range(2):  # in turns, as a gate asks its sides
            routed = [one.route([ITEM], lambda system, batch: [Attempt(system) for _ in batch]) for one in routers]
            assert [each[0].systems for each in routed] == [("rules",), ("model",)]
    finally:
        for one in routers:
            one.close()
