"""Files of records, and those that a person names, are opened through one door: records/files/regular_file.py."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HARNESS, REPORTS = ROOT / "harness" / "wattbench", ROOT / "reports" / "wattbench_reports"
ROOMS = [HARNESS / each for each in (
    "api", "config", "distributed/merging", "importers", "measure", "nights", "records", "routers", "traces",
)] + [REPORTS]  # fmt: skip
READS = re.compile(
    r"\.read_(bytes|text)\(|(?<!archive)\.open\((?!\"[wxa])|\bos\.open\(|\bshutil\.copyfile\(|"
    r"\bpq\.(read_\w+|ParquetFile)\((?!file|open_record)"
)
OTHER_OPEN = re.compile(r"(metering|engine_class\(\w+\.engine\)|router_class\(\w+\.type\))\.open\(|self\._?\w*\.open\(")
ELSEWHERE = {
    "api/list_suites.py": "looks at each file of a folder, and first at what it is",
    "presenter/templating.py": "the package's own",
    "impacts/electricity.py": "another package's own",
    "carbon/grid_mix.py": "another package's own",
    "records/files/atomic_write.py": "writes",
    "records/files/regular_file.py": "the door",
}
"""What else opens files, and why it may."""


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_no_other_code_reads_a_file(room: Path) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in sorted(room.rglob("*.py"))
        if not any(str(path).endswith(each) for each in ELSEWHERE)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if READS.search(line) and not OTHER_OPEN.search(line)
    ]
    assert found == []
