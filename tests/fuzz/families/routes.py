"""Logs of routers, tables of routes, and the files of trained routers."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np

from tests.fuzz.targets import Target
from tests.made_up.routing_logs import decision_event, replay_record, spend_row, standard_payload
from tests.made_up.routing_worlds import routed_run
from wattbench.routers.stored import VectorizerSettings, read_stored
from wattbench.routers.stored_scores import read_scores
from wattbench_reports.tables.routes import read_routes
from wattbench_reports.tables.run_tables import Frames, load_frames

PROMPTS = [f"What is {each} plus {each}?" for each in range(6)]
MODELS = ("small", "large")


@cache
def _frames() -> Frames:
    """Return a run of six items and two systems; it reads them again when the logs name prompts."""
    folder = Path(mkdtemp(prefix="wattbench-fuzz-"))
    return load_frames(routed_run(folder, np.eye(6)[:, :2], [1.0, 2.0], prompts=PROMPTS, systems=MODELS))


def _lines(entries: Sequence[Any]) -> bytes:
    return "".join(json.dumps(each) + "\n" for each in entries).encode()


def _logs(_: Path) -> Sequence[bytes]:
    _frames()
    asked = [(f"r{each}", MODELS[each % 2], PROMPTS[each]) for each in range(6)]
    replays = [replay_record(*each) for each in asked]
    decisions = [decision_event(f"task/{number:06d}", model) for number, (_, model, _) in enumerate(asked)]
    printed = "starting {router}\n\n" + "".join(f"router-1  | {json.dumps(each)}\n" for each in decisions)
    return [
        _lines(replays),
        _lines(decisions),
        printed.encode(),
        _lines([standard_payload(*each) for each in asked]),
        _lines([spend_row(*each) for each in asked]),
        json.dumps({"object": "router_replay.list", "data": replays}, indent=1).encode(),
    ]


def _table(_: Path) -> Sequence[bytes]:
    frames = _frames()
    task = str(frames.items["task"].iloc[0])
    rows = [f"mine,{task},{each},{MODELS[each % 2]},0.01,0.5" for each in range(6)]
    plain = [f"mine,{task},{each},small>large" for each in range(6)]
    return [
        "\n".join(("router,task,doc_id,member,router_s,router_j", *rows, "")).encode(),
        "\n".join(("router,task,doc_id,member", *plain, "")).encode(),
    ]


def _npz(**arrays: Any) -> bytes:
    sink = io.BytesIO()
    np.savez_compressed(sink, **arrays)
    return sink.getvalue()


def _classifiers(_: Path) -> Sequence[bytes]:
    settings = np.array(VectorizerSettings(n_features=16).model_dump_json())
    three = {
        "classes": np.array(["a", "b", "c"]),
        "coef": np.zeros((3, 16)),
        "intercept": np.zeros(3),
        "vectorizer": settings,
    }
    return [
        _npz(**three),
        _npz(**three | {"classes": np.array(["a", "b"]), "coef": np.ones((1, 16)), "intercept": np.ones(1)}),
    ]


def _scores(folder: Path) -> Sequence[bytes]:
    from wattbench.routers.stored_scores import save_scores

    path = folder / "made.npz"
    save_scores(path, VectorizerSettings(n_features=16), ["a", "b"], np.zeros((2, 16)), np.zeros(2), np.ones(2))
    return [path.read_bytes()]


TARGETS = (
    Target("routes-log", "jsonl", _logs, lambda path: read_routes(path, _frames()), "routes.jsonl", weight=0.4),
    Target("routes-table", "csv", _table, lambda path: read_routes(path, _frames()), "routes.csv", weight=0.4),
    Target("classifier", "npz", _classifiers, lambda path: read_stored(path, where="x"), "router.npz"),
    Target("router-scores", "npz", _scores, lambda path: read_scores(path, where="x"), "router.npz"),
)
