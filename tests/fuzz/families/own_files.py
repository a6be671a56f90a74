"""Files of one's own from which `init` drafts a suite, and what a user calls a system."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.fuzz.odd import TRAP
from tests.fuzz.targets import Target, given, of_text
from wattbench.callables import check_source, functions_in
from wattbench.first_suite.draft import draft
from wattbench.first_suite.systems import draft_system
from wattbench.first_suite.wishes import Wishes

ROWS = [(f"{n}", f"Where is parcel {n}? I wait.", ("Delivery", "Refund", "Sales")[n % 3]) for n in range(12)]
NAMES = ("nr", "message", "team")
CODE = """\
import os
def answer(message, *, loud=False): return message
class Rules:
    def answer(self, message): ...
try:
    from fast import model
except ImportError:
    model = Rules()
TRAP.fire()
""".replace("TRAP", TRAP)


def _csv(folder: Path) -> Sequence[bytes]:
    (folder / "rules.py").write_text("def answer(message): ...\n")
    lines = [";".join(row) for row in (NAMES, *ROWS)]
    quoted = ['"text","label"', *(f'"a ""{n}"", b","{n % 2}"' for n in range(9))]
    texts = ["\n".join(lines), "\r\n".join(quoted), "\n".join(lines).replace(";", "\t")]
    return [*(text.encode() for text in texts), texts[0].encode("utf-16"), texts[0].replace("a", "ä").encode("cp1252")]


def _jsonl(folder: Path) -> Sequence[bytes]:
    (folder / "rules.py").write_text("def answer(message): ...\n")
    lines = [json.dumps({"question": text, "options": ["a", team], "answer": team}) for _, text, team in ROWS]
    return ["\n".join(lines).encode()]


def _parquet(folder: Path) -> Sequence[bytes]:
    (folder / "rules.py").write_text("def answer(message): ...\n")
    sink = io.BytesIO()
    pq.write_table(pa.table(dict(zip(NAMES, map(list, zip(*ROWS, strict=True)), strict=True))), sink)
    return [sink.getvalue()]


def _drafted(path: Path) -> Any:
    systems = (f"{path.with_name('rules.py')}:answer",)
    return draft(Wishes(file=path, systems=systems, output=path.with_name("suite.yaml"))).right_answers


def _source(path: Path) -> Any:
    for name in functions_in(str(path), path):
        check_source(str(path), path, name)


TARGETS = (
    Target("own-csv", "csv", _csv, _drafted, "input.csv", named=False, weight=0.5),
    Target("own-jsonl", "jsonl", _jsonl, _drafted, "input.jsonl", named=False, weight=0.5),
    Target("own-parquet", "parquet", _parquet, _drafted, "input.parquet", named=False, weight=0.5),
    Target("own-code", "text", given(CODE), _source, "input.py"),
    of_text(
        "system-name",
        lambda text: draft_system(text, Path("/"), "d", None),
        "rules.py:answer",
        "a=org/model-instruct",
        "model.joblib",
        "openai#gpt-4o-mini",
        "json:dumps",
        "./folder",
    ),
)
