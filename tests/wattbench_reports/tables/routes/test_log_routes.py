"""Routing logs of others: what is read, which item a request is of, and what is refused and where."""

from __future__ import annotations

import contextlib
import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.made_up.routing_logs import decision_event, replay_record, spend_row, standard_payload, write_lines
from tests.made_up.routing_worlds import routed_run
from wattbench.errors import UserError
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.metrics.assumptions import Assumptions
from wattbench_reports.tables.routes import OfflineRouter, read_routes
from wattbench_reports.tables.routes.litellm import route_of as of_litellm
from wattbench_reports.tables.routes.logged_route import LoggedRoute, NoRoute, hashes_of, texts_of
from wattbench_reports.tables.routes.semantic_router import route_of as of_semantic_router
from wattbench_reports.tables.run_tables import Frames, load_frames

PROMPTS = [f"What is {each} plus {each}?" for each in range(6)]
MODELS = ("small", "large")
SPLIT = [MODELS[each % 2] for each in range(6)]


@pytest.fixture(scope="module")
def frames(tmp_path_factory) -> Frames:
    """Six items with prompts, two systems."""
    run = routed_run(tmp_path_factory.mktemp("run"), np.eye(6)[:, :2], [1.0, 2.0], prompts=PROMPTS, systems=MODELS)
    return load_frames(run)


def asked(router: OfflineRouter) -> list[str]:
    """Whom it asks, item by item; empty where that is not known."""
    return ["" if code < 0 else ">".join(router.chains[code]) for code in router.chain_of]


def replays(**changed) -> list[dict]:
    return [replay_record(f"r{each}", SPLIT[each], PROMPTS[each], **changed) for each in range(6)]


def payloads(**changed) -> list[dict]:
    return [standard_payload(f"r{each}", SPLIT[each], PROMPTS[each], **changed) for each in range(6)]


def test_records_of_router_replay_are_routes(frames, tmp_path) -> None:
    (router,) = read_routes(write_lines(tmp_path / "replay.jsonl", replays()), frames)
    assert (router.name, asked(router)) == ("MoM", SPLIT)
    assert router.members == ("small", "large")
    assert router.notes == ()


def test_an_answer_of_its_api_is_read_whole(frames, tmp_path) -> None:
    path = tmp_path / "replay.json"
    for indent in (None, 2):
        path.write_text(json.dumps({"object": "router_replay.list", "count": 6, "data": replays()}, indent=indent))
        assert asked(read_routes(path, frames)[0]) == SPLIT


def test_decisions_name_items_by_the_id_of_the_request(frames, tmp_path) -> None:
    """As imported items are named; among what a container prints beside them, with its name before each line."""
    events = [decision_event(f"task/{each:06d}", SPLIT[each]) for each in range(6)]
    printed = [
        "starting {router}",
        "",
        *(json.dumps(each) for each in events),
        '{"msg":"cache_hit","event":"cache_hit"}',
    ]
    path = tmp_path / "router.log"
    path.write_text("\n".join(f"router-1  | {line}" for line in printed))
    (router,) = read_routes(path, frames)
    assert asked(router) == SPLIT
    assert router.router_s.tolist() == pytest.approx([0.012] * 6)


def test_events_and_records_of_one_request_are_put_together(frames, tmp_path) -> None:
    events = [decision_event(f"r{each}", SPLIT[each]) for each in range(6)]
    (router,) = read_routes(write_lines(tmp_path / "both.jsonl", [*events, *replays()]), frames)
    assert asked(router) == SPLIT
    assert router.router_s.tolist() == pytest.approx([0.012] * 6)
    assert router.notes == ()


def test_payloads_of_litellm_are_routes(frames, tmp_path) -> None:
    (router,) = read_routes(write_lines(tmp_path / "litellm.jsonl", payloads()), frames)
    assert (router.name, asked(router)) == ("smart-router", SPLIT)
    assert router.router_usd is not None
    assert router.router_usd.tolist() == pytest.approx([0.0004] * 6)
    assert np.isnan(router.router_s).all()


def test_rows_of_spend_logs_are_routes(frames, tmp_path) -> None:
    path = tmp_path / "spend.json"
    path.write_text(json.dumps([spend_row(f"r{each}", SPLIT[each], PROMPTS[each]) for each in range(6)]))
    assert asked(read_routes(path, frames)[0]) == SPLIT


def test_an_older_log_names_the_model_that_answered(frames, tmp_path) -> None:
    entries = [
        standard_payload(f"r{each}", SPLIT[each], PROMPTS[each], router=None, model_group="auto-router1")
        for each in range(6)
    ]
    (router,) = read_routes(write_lines(tmp_path / "litellm.jsonl", entries), frames)
    assert (router.name, asked(router)) == ("auto-router1", SPLIT)


def test_what_no_router_decided_is_left_out(frames, tmp_path) -> None:
    others = [
        standard_payload("a", "large", PROMPTS[0], router=None),
        standard_payload("b", "large", PROMPTS[0], status="failure"),
        standard_payload("c", "small", PROMPTS[0], call_type="aembedding"),
        standard_payload("d", "small", PROMPTS[0], cache_hit=True),
    ]
    (router,) = read_routes(write_lines(tmp_path / "litellm.jsonl", [*others, *payloads()]), frames)
    assert asked(router) == SPLIT
    assert sorted(router.notes) == [
        "left out of litellm.jsonl: 1 request answered from a cache",
        "left out of litellm.jsonl: 1 request for no answer, such as embeddings",
        "left out of litellm.jsonl: 1 request that failed",
        "left out of litellm.jsonl: 1 request whose client named the model",
    ]
    chosen = [*replays(), decision_event("x", "large", reason_code="model_specified")]
    (router,) = read_routes(write_lines(tmp_path / "router.jsonl", chosen), frames)
    assert router.notes == ("left out of router.jsonl: 1 request whose client named the model",)


def test_each_name_that_clients_asked_for_is_a_router(frames, tmp_path) -> None:
    entries = [*replays(), *replays(asked_for="MoM-cheap", selected_model="small")]
    for number, entry in enumerate(entries):
        entry["request_id"] = f"r{number}"
    found = read_routes(write_lines(tmp_path / "replay.jsonl", entries), frames)
    assert {router.name: asked(router) for router in found} == {"MoM": SPLIT, "MoM-cheap": ["small"] * 6}


def test_requests_of_other_items_and_repeated_ones_are_counted(frames, tmp_path) -> None:
    entries = [*payloads()[:4], standard_payload("again", "large", f"  {PROMPTS[0]}\n"), *_strangers(2)]
    (router,) = read_routes(write_lines(tmp_path / "log.jsonl", entries), frames)
    assert asked(router) == [*SPLIT[:4], "", ""]
    assert router.notes == (
        "left out of log.jsonl: 2 requests to smart-router, of 7, of no item of this run, such as line 6, 'Who? 0'",
        "log.jsonl has no request to smart-router for 2 of 6 items, which are left out",
        "left out of log.jsonl: 1 request to smart-router for an item that it was sent before",
    )


def _strangers(count: int) -> list[dict]:
    return [standard_payload(f"s{each}", "small", f"Who? {each}") for each in range(count)]


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        (
            [*payloads(), standard_payload("x", "huge\n", PROMPTS[0]), standard_payload("y", "other", PROMPTS[1])],
            r"log\.jsonl:7: requests went to 'huge' \(1 time\), 'other' \(1 time\), but no system of that name "
            r"answered in this run, so its answers are not known; there are small, large",
        ),
        (_strangers(2), r"no request to smart-router, of 2, is of an item of this run, such as line 1, 'Who\? 0'"),
        ([{"hello": 1}], r"no entry is a choice of a router: one of vLLM's semantic router names a selected_model"),
        ([standard_payload("x", "small", "?", status="failure")], r"model_group; it has 1 request that failed"),
        ([decision_event("x", "")], r"it has 1 request without a model"),
    ],
)
def test_a_log_that_does_not_fit_is_refused(frames, tmp_path, entries, message: str) -> None:
    with pytest.raises(UserError, match=message):
        read_routes(write_lines(tmp_path / "log.jsonl", entries), frames)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"selected_model": "small",\n', r"log:1: it is not JSON"),
        ('{"selected_model": "small", "decision": ""}\n{"selected_model"\n', r"log:2: it is not JSON"),
        ("[" * 5_000, r"log: it is not JSON"),
        ("[{]", r"log: it is not JSON"),
        ("[1, 2]", r"log: no entry is a choice"),
        ('{"data": 3}', r"log: no entry is a choice"),
        ('{"a": "\xff"}', r"log: it is not UTF-8 text"),
    ],
)
def test_a_damaged_log_is_refused(frames, tmp_path, text: str, message: str) -> None:
    path = tmp_path / "log"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(UserError, match=message):
        read_routes(path, frames)


def test_messages_of_a_chat_are_known_by_their_hash() -> None:
    messages = [{"content": "Be brief.", "role": "system"}, {"role": "user", "content": "Été?"}]
    written = json.dumps(messages, sort_keys=True, ensure_ascii=False)
    from lm_eval.utils import hash_string

    assert hashes_of({"model": "m", "messages": messages}) == (hash_string(written),)
    parts = [{"type": "text", "text": "Ét"}, {"type": "image_url", "image_url": {"url": "x"}}, {"text": "é?"}]
    assert texts_of([messages[0], {"role": "user", "content": parts}]) == ("Été?", "Be brief.\nÉté?")


def test_a_log_is_replayed_beside_a_run(frames, tmp_path) -> None:
    path = write_lines(tmp_path / "log.jsonl", payloads()[:4])
    analysis = analyse(frames.run, Assumptions(routers=path))
    assert [asked(router) for router in analysis.weighed.offline_routers] == [[*SPLIT[:4], "", ""]]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)
ENTRIES = [
    decision_event("task/000001", "small"),
    replay_record("r", "large", PROMPTS[2]),
    standard_payload("r", "small", PROMPTS[3]),
    spend_row("r", "large", PROMPTS[4]),
]


@st.composite
def damaged_entries(draw) -> dict:
    """An entry of a log in which some fields hold anything."""
    entry = dict(draw(st.sampled_from(ENTRIES)))
    for name in draw(st.lists(st.sampled_from(sorted(entry)), max_size=4, unique=True)):
        entry[name] = draw(JSON)
    if isinstance(entry.get("metadata"), dict) and draw(st.booleans()):
        entry["metadata"] = {"routing_decision": draw(st.dictionaries(st.sampled_from(["routed_model"]), JSON))}
    return entry


@pytest.mark.slow
@given(st.lists(damaged_entries(), max_size=4))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_hostile_entries_are_read_or_refused(frames, tmp_path, entries: list[dict]) -> None:
    for entry in entries:
        for reader in (of_semantic_router, of_litellm):
            route = reader(entry)
            assert isinstance(route, LoggedRoute | NoRoute)
            if isinstance(route, LoggedRoute):
                assert route.models
                assert math.isnan(route.router_s) or 0 <= route.router_s < math.inf
    path = write_lines(Path(tmp_path) / "log", entries)
    found: tuple[OfflineRouter, ...] = ()
    with contextlib.suppress(UserError):
        found = read_routes(path, frames)
    for router in found:
        assert router.chain_of.max() >= 0
        assert all(name.isprintable() for name in (router.name, *router.notes))
