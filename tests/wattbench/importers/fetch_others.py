"""Fetch what other projects published: results to hold the importers against, schemas, and traces of arrivals.

    python tests/wattbench/importers/fetch_others.py others
    WATTBENCH_OTHERS_DATA=others pytest tests/wattbench/importers tests/wattbench_reports/export/interchange
    WATTBENCH_OTHERS_DATA=others pytest tests/wattbench/traces

None of them is part of this project: MLPerf's results have no licence that allows that. Commits are fixed, and every
file has its checksum in `others.sha256`, which `sha256sum --check` reads too.
``--clone mlcommons/inference_results_v5.1=PATH`` reads from a clone in the place of the network.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import httpx

MOST_BYTES = 64_000_000
HOST = "raw.githubusercontent.com"
CHECKSUMS = Path(__file__).with_name("others.sha256")

MLPERF = ("mlcommons/inference_results_v5.1", "965182b03376a00fcae415c54e560e1c83937932")
EVALSCOPE = ("modelscope/evalscope", "fde259d2a32ab8a4cdb3af44dc8b18f504f1e277")
INFERENCE_PERF = ("kubernetes-sigs/inference-perf", "7de5ef2ed6f7934e0ecbc8297e593f79e68430c0")
INSPECT = ("UKGovernmentBEIS/inspect_ai", "499e6152e7b8fc8cbd8ac5283536572aa6e4ab17")
BOAMPS = ("Boavizta/BoAmps", "3bfefec8446ee196d1723c0e35859eb7762da3c9")
ML_ENERGY = ("ml-energy/leaderboard", "0cd52dab897c5d91a45f4d413038f3b8b4251b0f")
AZURE = ("Azure/AzurePublicDataset", "b469a113cedca53ddc3bdea71a143dc4b7d8700c")
TERMINAL_BENCH = ("laude-institute/terminal-bench-leaderboard", "8e1925a397d7ed859c027cc19b3a3d90c16ef8df")
MOONCAKE = ("kvcache-ai/Mooncake", "3b5a594133958449a1feaf1c9e0fc1b553e34a28")

LENOVO = "closed/Lenovo/results"
MINI_PC = "TRIGKEY_Mini_PC_Ryzen_5_5560-ctuning_cpp_tflite-cpu-tflite_vmaster-default_config"
GATE_OVERFLOW = f"open/GATEOverflow/results/{MINI_PC}"
MLPERF_RESULTS = (
    f"{LENOVO}/SR680a_V3_B200SXMx8_TRT/llama2-70b-99/Offline",
    f"{LENOVO}/SR680a_V3_B200SXMx8_TRT/llama2-70b-99/Server",
    f"{LENOVO}/SR680a_V3_B200SXMx8_TRT/llama2-70b-99.9/Offline",
    f"{LENOVO}/SR680a_V3_B200SXMx8_TRT/llama2-70b-99.9/Server",
    f"{LENOVO}/SR680a_V3_B200SXMx8_TRT/whisper/Offline",
    f"{LENOVO}/SR780a_V3_B200SXMx8_TRT/llama3.1-405b/Offline",
    f"{LENOVO}/SR780a_V3_B200SXMx8_TRT/llama3.1-405b/Server",
    f"{LENOVO}/SR780a_V3_B200SXMx8_TRT/llama3.1-8b/Offline",
    f"{LENOVO}/SR780a_V3_B200SXMx8_TRT/llama3.1-8b/Server",
    f"{LENOVO}/SR780a_V3_B200SXMx8_TRT/stable-diffusion-xl/Offline",
    f"{LENOVO}/SR780a_V3_B200SXMx8_TRT/stable-diffusion-xl/Server",
    *(f"{GATE_OVERFLOW}/mobilenet-v1-precision_float-1.0-{size}/offline" for size in (128, 160, 192, 224)),
)
"""Every result of the round whose watts are published and whose logs are complete in the repository."""
OF_A_RESULT = (
    "performance/run_1/mlperf_log_detail.txt", "performance/run_1/spl.txt", "accuracy/accuracy.txt",
)  # fmt: skip
BENCHMARKS = {"gpqa_diamond": ["default"], "gsm8k": ["main"], "ifeval": ["default"], "iquiz": ["IQ", "EQ"]}
STACKS = (
    "vllm",
    "vllm+batch_size",
    "vllm+chunking_and_prefix_caching",
    "vllm+eagle",
    "vllm+quantization",
    "vllm+v0_engine",
)
INSPECT_LOGS = (
    "tests/analysis/test_logs/2025-05-12T20-28-13-04-00_popularity.json",
    "tests/analysis/test_logs/2025-05-12T20-28-26-04-00_security-guide.json",
    "tests/scorer/logs/2025-02-11T15-17-00-05-00_popularity_dPiJifoWeEQBrfWsAopzWr.eval",
    "tests/scorer/logs/2025-02-11T15-18-04-05-00_popularity_mj7khqpMM4GBCfVQozKgzB.eval",
)
ML_ENERGY_FILES = (
    "public/data/tasks/gpqa.json", "public/data/tasks/lm-arena-chat.json",
    "public/data/models/meta-llama__Llama-3.1-8B-Instruct__lm-arena-chat.json",
    "public/data/models/Qwen__Qwen3-14B__gpqa.json",
)  # fmt: skip

TERMINAL_BENCH_RUNS = {
    "terminal-bench-core:0.1.1/20250906_orchestrator_claude-4.1-opus": ("",),
    "terminal-bench-core@0.1.1/20250711_openhands_claude-4-sonnet": (
        "openhands-sonnet/", "openhands-sonnet2/", "openhands-sonnet3/", "openhands-sonnet4/", "openhands-sonnet5/",
    ),
    "terminal-bench-core@0.1.1/20250825_swe-agent-mini_claude-4-sonnet": (
        "2025-08-07__20-46-16/", "2025-08-13__19-44-27/", "2025-08-14__19-39-35/", "2025-08-15__16-23-45/",
        "2025-08-15__19-28-24/",
    ),
    "terminal-bench-core@0.1.1/20250911_chaterm_claude-4-sonnet": (
        "2025-09-10__19-49-26/", "2025-09-11__02-03-58/", "2025-09-11__08-39-03/", "2025-09-11__11-25-37/",
        "2025-09-12__22-46-44/",
    ),
}  # fmt: skip
"""Entries of the leaderboard, each 80 tasks x 5, and their runs."""


def wanted() -> Iterator[tuple[tuple[str, str], str, str]]:
    """Yield repository and commit, the path there, and the path here."""
    yield from ((MLPERF, path, f"mlperf/{path}") for path in of_mlperf())
    yield from ((EVALSCOPE, f"examples/viz/{path}", f"evalscope/{path}") for path in of_evalscope())
    for stack in STACKS:
        for part in ("summary", *(f"stage_{stage}" for stage in range(7))):
            for name in (f"{part}_lifecycle_metrics.json", f"{part}_prometheus_metrics.json"):
                path = f"demos/kubecon-na-2025/{stack}/results/{name}"
                yield INFERENCE_PERF, path, f"inference-perf/{stack}__{name}"
    yield from ((INSPECT, path, f"inspect/{Path(path).name}") for path in INSPECT_LOGS)
    for schema in ("algorithm", "dataset", "hardware", "measure", "report"):
        yield BOAMPS, f"model/{schema}_schema.json", f"boamps/{schema}_schema.json"
    yield from ((ML_ENERGY, path, f"ml-energy/{path.removeprefix('public/data/')}") for path in ML_ENERGY_FILES)
    for entry, runs in TERMINAL_BENCH_RUNS.items():
        for path in (f"{run}{name}.json" for run in runs for name in ("results", "run_metadata")):
            yield TERMINAL_BENCH, f"results/{entry}/{path}", f"terminal-bench/{entry.partition('/')[2]}/{path}"
    for service in ("code", "conv"):
        name = f"AzureLLMInferenceTrace_{service}.csv"
        yield AZURE, f"data/{name}", f"traces/{name}"
    for name in ("conversation_trace.jsonl", "synthetic_trace.jsonl"):
        yield MOONCAKE, f"FAST25-release/traces/{name}", f"traces/mooncake_{name}"


def of_mlperf() -> Iterator[str]:
    yield "summary_results.json"
    yield from (f"{result}/{name}" for result in MLPERF_RESULTS for name in OF_A_RESULT)
    folders = dict.fromkeys(tuple(each.split("/")[:4]) for each in MLPERF_RESULTS)
    yield from (f"{division}/{submitter}/systems/{system}.json" for division, submitter, _, system in folders)


def of_evalscope() -> Iterator[str]:
    files = [f"{each}_{subset}.jsonl" for each, subsets in BENCHMARKS.items() for subset in subsets]
    for model in ("qwen-plus", "qwen3-max"):
        yield f"{model}/configs/task_config.yaml"
        yield from (f"{model}/reports/{model}/{each}.json" for each in BENCHMARKS)
        yield from (f"{model}/{kind}/{model}/{file}" for kind in ("reviews", "predictions") for file in files)


def main(words: Sequence[str] | None = None) -> int:
    """Fetch what is not there yet.

    Returns:
        1 if a file is not to be had or is another one than it was; 2 if there is no network.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--clone", action="append", default=[], metavar="OWNER/NAME=PATH")
    arguments = parser.parse_args(words)
    clones = dict(each.split("=", 1) for each in arguments.clone)
    known = checksums()
    problems = []
    with httpx.Client(timeout=60, follow_redirects=True) as client:
        for (repository, commit), there, here in wanted():
            path = arguments.folder / here
            try:
                data = path.read_bytes() if path.is_file() else _fetched(client, clones, repository, commit, there)
            except httpx.HTTPError as error:
                sys.stderr.write(
                    f"{HOST} cannot be reached ({error}); {here} is not here. Fetch it where there is a network, or "
                    f"read it from a clone: --clone {repository}=PATH\n"
                )
                return 2
            if data is None:
                problems.append(f"not there: {repository} {there}")
            elif hashlib.sha256(data).hexdigest() != known.get(here):
                problems.append(f"another file than it was, by its checksum: {here}; remove it, and fetch it again")
            elif not path.is_file():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
    sys.stderr.write("".join(f"{problem}\n" for problem in problems))
    return 1 if problems else 0


def checksums() -> dict[str, str]:
    """Return the path of each file to its SHA-256."""
    lines = CHECKSUMS.read_text(encoding="utf-8").splitlines()
    return {path: checksum for checksum, _, path in (line.partition("  ") for line in lines)}


def _fetched(client: httpx.Client, clones: Mapping[str, str], repository: str, commit: str, path: str) -> bytes | None:
    if repository in clones:
        return from_clone(Path(clones[repository]), commit, path)
    return from_network(client, f"https://{HOST}/{repository}/{commit}/{path}")


def from_clone(clone: Path, commit: str, path: str) -> bytes | None:
    """Return a file of a commit; None if the clone has it not."""
    shown = subprocess.run(
        ["git", "-C", str(clone), "show", f"{commit}:{path}"],
        capture_output=True,
        check=False,
    )
    return shown.stdout if shown.returncode == 0 else None


def from_network(client: httpx.Client, url: str) -> bytes | None:
    """Return a file at an address; None if it is not there or larger than `MOST_BYTES`."""
    data = bytearray()
    with client.stream("GET", url) as response:
        if response.status_code != httpx.codes.OK:
            return None
        for chunk in response.iter_bytes():
            data += chunk
            if len(data) > MOST_BYTES:
                return None
    return bytes(data)


if __name__ == "__main__":
    sys.exit(main())
