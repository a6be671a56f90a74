"""Profiles of AIPerf against a local server: the joules that AIPerf prints, and wattbench's from the same files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from benchmarks.ground_truth.fake_gpu.machine import WAVE, Machine
from benchmarks.ground_truth.fake_gpu.windows import tool
from benchmarks.ground_truth.line import WATTBENCH, Line, Sources
from benchmarks.kills.server import start
from wattbench.importers import read_sources, write_run
from wattbench.records import read_run

PROFILES = {20: 3, 100: 1}
"""Requests to how many profiles of them there are: of each, that with AIPerf's worst figure is shown."""
IN_FLIGHT = 2
ANSWER_S = 0.18
TOTAL = "nvidia_total_gpu_energy"

TOKENIZER = """
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

words = Tokenizer(models.WordLevel({"<unk>": 0}, unk_token="<unk>"))
words.pre_tokenizer = pre_tokenizers.Whitespace()
PreTrainedTokenizerFast(tokenizer_object=words, unk_token="<unk>").save_pretrained("data/words")
"""
"""AIPerf wants one, and would fetch it; the server counts the tokens."""


def by_aiperf(sources: Sources) -> Iterator[Line]:
    """Yield two lines for each number of requests.

    Raises:
        NotHereError: it is not named as a tool.
    """
    python = tool(sources, "aiperf", "aiperf==0.13.0")
    machine = Machine(sources.folder)
    prompts = [json.dumps({"text": f"What is {number} + 4?"}) for number in range(10)]
    (sources.folder / "prompts.jsonl").write_text("\n".join(prompts) + "\n", encoding="utf-8")
    machine.run([str(python), "-c", TOKENIZER], own_environment=True)
    server = start(answer_s=ANSWER_S)
    try:
        for requests, times in PROFILES.items():
            profiles = [sources.folder / f"profile-{requests}-{number}" for number in range(times)]
            for folder in profiles:
                _profile(machine, python, requests, server.server_port, folder)
            yield from max((_lines(folder, requests, times) for folder in profiles), key=_error)
    finally:
        server.shutdown()


def _profile(machine: Machine, python: Path, requests: int, port: int, folder: Path) -> None:
    machine.run(
        [
            str(python.with_name("aiperf")), "profile", "--model", "sums", "--url", f"http://127.0.0.1:{port}",
            "--endpoint-type", "completions", "--streaming", "--input-file", "prompts.jsonl",
            "--custom-dataset-type", "single_turn", "--request-count", str(requests), "--concurrency", str(IN_FLIGHT),
            "--tokenizer", "data/words", "--use-server-token-count", "--gpu-telemetry", "pynvml",
            "--no-server-metrics", "--ui", "none", "--artifact-dir", folder.name,
        ],
        own_environment=True,
    )  # fmt: skip


def _error(lines: tuple[Line, ...]) -> float:
    """Return how far off the first of them is."""
    return abs(lines[0].difference or 0.0)


def _lines(profile: Path, requests: int, times: int) -> tuple[Line, ...]:
    rows = [json.loads(line)["metadata"] for line in (profile / "profile_export.jsonl").read_text().splitlines()]
    from_s = min(row["request_start_ns"] for row in rows) / 1e9
    until_s = max(row["request_end_ns"] for row in rows) / 1e9
    truth_j = WAVE.energy_j(from_s, until_s)
    worst = f", the worst of {times}" if times > 1 else ""
    what = f"a profile of {requests} requests, {until_s - from_s:.1f} s{worst}"
    stated = json.loads((profile / "profile_export_aiperf.json").read_text(encoding="utf-8"))
    before_s = from_s - _last_reading_s(profile, from_s)
    said = f"it counts from its last reading before the profile, {before_s:.2f} s earlier"
    printed = Line(f"{requests}-requests", what, "J", truth_j, stated[TOTAL]["avg"], "aiperf", said)
    run = read_run(write_run(read_sources([profile]), profile / "runs", "profile", ["wattbench"]))
    (window,) = run.windows()
    note = "" if window.valid else "refused: " + "; ".join(window.reasons)
    found_j = window.total_j if window.valid else None
    return printed, Line(
        f"{requests}-requests-read", f"{what}: from AIPerf's files", "J", truth_j, found_j, WATTBENCH, note
    )


def _last_reading_s(profile: Path, before_s: float) -> float:
    """Return when AIPerf last read the GPU before a moment."""
    readings = (profile / "gpu_telemetry_export.jsonl").read_text(encoding="utf-8").splitlines()
    return max(at_s for line in readings if (at_s := json.loads(line)["timestamp_ns"] / 1e9) <= before_s)
