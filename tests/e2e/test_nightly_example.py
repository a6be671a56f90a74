"""The lines that docs/nightly.md begins with, in an empty folder."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from tests.commands import write_program

DOCS = Path(__file__).parents[2] / "docs" / "nightly.md"
WHO = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}
QUICK = ("}}}}' > nightly.yaml", "}}}, measure: {idle_s: 0, warmup: 0, min_window_s: 0, blocks: 2}}' > nightly.yaml")


def test_the_lines_of_the_page_work_in_an_empty_folder(environment: dict[str, str], tmp_path: Path) -> None:
    language, script = re.search(r"^```(\w+)\n(.*?)^```$", DOCS.read_text(), re.MULTILINE | re.DOTALL).groups()
    assert language == "sh"
    assert len(script.splitlines()) <= 10
    assert QUICK[0] in script
    folder = tmp_path / "empty"
    folder.mkdir()
    (tmp_path / "bin").mkdir()
    write_program(tmp_path / "bin")
    path = {"PATH": f"{tmp_path / 'bin'}{os.pathsep}{environment['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", script.replace(*QUICK)],
        cwd=folder, env=environment | WHO | path, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    first, last = re.split(r"^(?=\w+: The night of 2026-11-02)", done.stdout, flags=re.MULTILINE)
    assert first.startswith("INCONCLUSIVE: The night of 2026-11-01 is the first of its suite here"), done.stderr
    changed = last[last.index("Since the previous night, 2026-11-01:") :]
    assert re.search(r"^- code of rules \(rules\.py:topic\): SHA-256 \w{12} → \w{12}$", changed, re.MULTILINE)
    assert re.search(r"^- commits \w{10}\.\.\w{10}: \w{10} Ignore capitals\. Files: rules\.py$", changed, re.MULTILINE)
    assert "not committed" not in changed
    page = (folder / "nights/site/index.html").read_text()
    assert "−50.0 points" in page[: page.index("<svg")] + page[page.index('id="tonight"') : page.index('id="figures"')]
