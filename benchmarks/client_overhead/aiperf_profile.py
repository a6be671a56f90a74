"""`aiperf profile` of a file of prompts, without telemetry and without a display."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from benchmarks.client_overhead.server import MODEL
from benchmarks.client_overhead.tools import Load, Recorded, executable, version_of

# It loads a tokenizer though the server counts: this one needs no network.
_TOKENIZER = {
    "version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
    "pre_tokenizer": {"type": "Whitespace"}, "post_processor": None, "decoder": None,
    "model": {"type": "WordLevel", "vocab": {"[UNK]": 0, "word": 1}, "unk_token": "[UNK]"},
}  # fmt: skip
_TOKENIZER_CONFIG = {"tokenizer_class": "PreTrainedTokenizerFast", "unk_token": "[UNK]"}


@dataclass(frozen=True)
class AIPerfProfile:
    """AIPerf 0.13, as an installed tool."""

    path: str
    name = "AIPerf"

    @classmethod
    def find(cls) -> AIPerfProfile | None:
        """Return the tool that is installed; None if there is none."""
        path = executable("WATTBENCH_BENCH_AIPERF", "aiperf")
        return None if path is None else cls(path)

    def version(self) -> str:
        """Return the version that it prints."""
        return version_of([self.path, "--version"])

    def prepare(self, folder: Path, load: Load) -> list[str]:
        """Write prompts and a tokenizer of two words."""
        lines = (json.dumps({"text": prompt}) + "\n" for prompt in load.prompts)
        (folder / "prompts.jsonl").write_text("".join(lines), encoding="utf-8")
        (folder / "tokenizer").mkdir()
        (folder / "tokenizer" / "tokenizer.json").write_text(json.dumps(_TOKENIZER))
        (folder / "tokenizer" / "tokenizer_config.json").write_text(json.dumps(_TOKENIZER_CONFIG))
        return [
            # Offline it would look for the tokenizer in a cache.
            "env", "--unset=HF_HUB_OFFLINE", "--unset=TRANSFORMERS_OFFLINE", "--unset=PYTHONPATH", self.path, "profile",
            "--model", MODEL, "--url", load.url, "--endpoint-type", "chat", "--streaming",
            "--use-server-token-count", "--tokenizer", "tokenizer", "--input-file", "prompts.jsonl",
            "--custom-dataset-type", "single_turn", "--extra-inputs", f"max_tokens:{load.tokens}",
            "--concurrency", str(load.in_flight), "--request-count", str(load.requests),
            "--ui", "none", "--no-gpu-telemetry", "--no-server-metrics", "--artifact-dir", "artifacts",
        ]  # fmt: skip

    def recorded(self, folder: Path) -> list[Recorded]:
        """Read `request_latency` of each request."""
        text = (folder / "artifacts" / "profile_export.jsonl").read_text(encoding="utf-8")
        rows = [json.loads(line) for line in text.splitlines()]
        return [
            Recorded(row["metadata"]["x_request_id"], row["metrics"]["request_latency"]["value"] / 1000) for row in rows
        ]
