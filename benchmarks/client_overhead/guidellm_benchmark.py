"""`guidellm run` of a file of prompts, with a constant number of streams and without a display."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from benchmarks.client_overhead.server import MODEL, NUMBER
from benchmarks.client_overhead.tools import Load, Recorded, executable, version_of


@dataclass(frozen=True)
class GuideLLMBenchmark:
    """GuideLLM 0.8, as an installed tool."""

    path: str
    name = "GuideLLM"

    @classmethod
    def find(cls) -> GuideLLMBenchmark | None:
        """Return the tool that is installed; None if there is none."""
        path = executable("WATTBENCH_BENCH_GUIDELLM", "guidellm")
        return None if path is None else cls(path)

    def version(self) -> str:
        """Return the version that it prints."""
        return version_of([self.path, "--version"])

    def prepare(self, folder: Path, load: Load) -> list[str]:
        """Write prompts."""
        lines = (json.dumps({"prompt": prompt}) + "\n" for prompt in load.prompts)
        (folder / "prompts.jsonl").write_text("".join(lines), encoding="utf-8")
        backend = f"kind=openai_http,target={load.url},model={MODEL},request_format=/v1/chat/completions"
        return [
            "env", "--unset=PYTHONPATH", self.path, "run", "--backend", f"{backend},max_tokens={load.tokens}",
            "--profile", f"kind=concurrent,streams={load.in_flight}",
            "--constraint", f"kind=max_requests,count={load.requests}",
            "--data", "kind=json_file,path=prompts.jsonl", "--output", "kind=json,path=report.json",
            "--disable-console",
        ]  # fmt: skip

    def recorded(self, folder: Path) -> list[Recorded]:
        """Read `request_latency` of each request."""
        report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
        rows = [row for benchmark in report["benchmarks"] for row in benchmark["requests"]["successful"]]
        return [Recorded(int(NUMBER.findall(row["request_args"])[-1]), row["request_latency"]) for row in rows]
