"""An agent by a function in front of a real llama.cpp server: what is on record is what llama.cpp counted."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from wattbench.records import read_run

AGENT = '''
import json, os
import httpx

def solve(task, base_url):
    """Ask three times: whole, streamed, and as a plain completion; each time after what was said before."""
    said, counted = [{"role": "user", "content": task}], []
    def note(kind, usage, timings):
        counted.append({"kind": kind, **usage, "cached": timings["cache_n"], "read": timings["prompt_n"]})
    with httpx.Client(base_url=base_url, timeout=120) as client:
        asked = {"model": "any", "max_tokens": 12, "temperature": 0, "messages": said}
        answer = client.post("/chat/completions", json=asked).json()
        note("whole", answer["usage"], answer["timings"])
        said += [answer["choices"][0]["message"], {"role": "user", "content": "And in one word?"}]
        with client.stream("POST", "/chat/completions", json={
            **asked, "messages": said, "stream": True, "stream_options": {"include_usage": True}
        }) as stream:
            chunks = [json.loads(line[6:]) for line in stream.iter_lines() if line.startswith("data: {")]
        last = [chunk for chunk in chunks if chunk.get("usage")][-1]
        note("streamed", last["usage"], last["timings"])
        text = "".join(c["delta"].get("content") or "" for chunk in chunks for c in chunk["choices"])
        plain = client.post("/completions", json={"prompt": task, "max_tokens": 5, "temperature": 0}).json()
        note("plain", plain["usage"], plain["timings"])
    with open(os.environ["CALLS"], "a") as file:
        file.write(json.dumps({"session": base_url.split("/")[-2], "counted": counted}) + "\\n")
    return text
'''
SUITE = """
name: asked
tasks:
  select:
    - {{file: questions.csv, input: question, target: answer, score: contains, prompt: "{{{{question}}}}"}}
systems:
  define:
    server:
      kind: generalist
      engine: endpoint
      serve: {{llamacpp: {{weights: {{path: "{weights}"}}, threads: 1, slots: 1, context: 1024}}}}
    asker: {{kind: generalist, engine: agent, asks: server, call: "./agent.py:solve", max_calls: 5}}
measure: {{effort: quick, repeats: 1, warmup: 0}}
"""
QUESTIONS = "question,answer\nWhat is the capital of France?,Paris\nWhat is the capital of Italy?,Rome\n"


@pytest.mark.slow
def test_tokens_are_llamacpps_own(
    wattbench: Callable[..., Any], tmp_path: Path, smol_gguf: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "agent.py").write_text(AGENT)
    (tmp_path / "questions.csv").write_text(QUESTIONS)
    (tmp_path / "suite.yaml").write_text(SUITE.format(weights=smol_gguf))
    done = wattbench("run", "suite.yaml")
    assert done.returncode == 0, done.stderr
    run = tmp_path / done.stdout.strip()
    stated = {}
    for line in Path(environment["CALLS"]).read_text().splitlines():
        attempt = json.loads(line)
        stated[attempt["session"]] = attempt["counted"]
    items = pd.read_parquet(run / "items.parquet")
    items = items[items["system"] == "asker"].set_index("session")
    assert set(stated) == set(items.index)
    assert len(items) == 2
    calls = sorted(read_run(run).calls(), key=lambda call: call.started_s)
    for session, counted in stated.items():
        own = [call for call in calls if call.session == session]
        assert [call.streamed for call in own] == [False, True, False]
        assert [call.protocol for call in own] == ["chat", "chat", "completions"]
        for call, count in zip(own, counted, strict=True):
            assert (call.prompt_tokens, call.output_tokens) == (count["prompt_tokens"], count["completion_tokens"])
            assert call.cached_tokens == count["cached"]
            assert call.uncached_tokens == count["read"]
            assert call.first_byte_s is not None
            assert call.started_s < call.first_byte_s <= call.finished_s
        streamed = own[1]
        assert streamed.first_byte_s < streamed.finished_s
        item = items.loc[session]
        assert item["calls"] == 3
        assert item["prompt_tokens"] == sum(count["prompt_tokens"] for count in counted)
        assert item["output_tokens"] == sum(count["completion_tokens"] for count in counted)
