"""A header and one row of each kind, of which a test changes what it is about."""

from __future__ import annotations

from wattbench.records import SCHEMA_VERSION, AnswerRow, RunHeader, WindowRow

HEADER = RunHeader(
    schema_version=SCHEMA_VERSION, run="r", suite={}, suite_sha256="0", created_utc="2026-01-01T00:00:00+00:00",
    command=["wattbench"], environment={}, meters={"cpu": "modelled"}, cells=[],
)  # fmt: skip
ANSWER = AnswerRow(
    doc_id=0, repeat=0, request_type="generate_until", prompt="1 + 1 ä\n", prompt_hash="h", replies=["2"],
    prompt_tokens=4, output_tokens=1, scheduled_s=1.0, started_s=1.0, first_token_s=1.1, finished_s=1.2,
    token_s=[1.1], batch=0, batch_size=1, window="w0001",
)  # fmt: skip
WINDOW = WindowRow(
    window="w0001", run="r", system="s", task="t", purpose="measured", started_s=1.0, finished_s=3.0,
    energy_j={"cpu": 10.0, "dram": 2.0}, provenance={"cpu": "rapl", "dram": "modelled"},
    idle_w={"cpu": 1.0, "dram": 0.5},
)  # fmt: skip
