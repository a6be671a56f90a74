"""The functions of docs/routers.md: a router, and rules that say where they do not know."""

from __future__ import annotations

import re
from pathlib import Path

from wattbench.config import PythonRouter, PythonSystem
from wattbench.routers import Attempt, Question, Setup, open_router
from wattbench.systems import open_engine

PAGE = (Path(__file__).parents[3] / "docs" / "routers.md").read_text("utf-8")


def written(folder: Path, name: str) -> str:
    """Write the page's function of a name into a file, and return how a suite calls it."""
    [text] = re.findall(rf"^```python\n(def {name}\(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    (folder / "docs.py").write_text(text)
    return f"{folder / 'docs.py'}:{name}"


def test_the_router_of_the_page_chooses_by_length(tmp_path: Path) -> None:
    members = {"small": "rules", "large": "model"}
    config = PythonRouter(type="python", call=written(tmp_path, "choose"))
    router = open_router(config, Setup("r", members, "large", 0, None))
    questions = [Question("short", None, 1), Question("long " * 100, None, 2)]
    routed = router.route(questions, lambda system, batch: [Attempt(system) for _ in batch])
    assert [each.systems for each in routed] == [("rules",), ("model",)]


def test_the_rules_of_the_page_know_or_do_not(tmp_path: Path) -> None:
    from lm_eval.api.instance import Instance

    system = PythonSystem(kind="specialist", engine="python", call=written(tmp_path, "answer"))
    with open_engine("rules", system, batch=1, seed=0) as engine:
        engine.report_confidence()
        asks = [Instance("generate_until", {}, (text, {}), 0) for text in ("my invoice", "my screen")]
        assert [(each.value, each.confidence) for each in engine.answer("generate_until", asks)] == [
            ("Billing", 0.0),
            ("", None),
        ]
