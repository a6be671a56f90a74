"""Git repositories for tests, with a suite of a Python system whose tasks need no network."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

WHO = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}

SUITE = """\
name: tickets
tasks: {include: [../tasks], select: [{task: tickets, domain: support}]}
systems: {define: {rules: {kind: specialist, engine: python, call: "../rules.py:topic"}}}
measure: {idle_s: 0, warmup: 0, min_window_s: 0.1}
gate: {block: 4, metrics: {accuracy: {margin: 20 points}}}
"""
TASK = """\
task: tickets
dataset_path: csv
dataset_kwargs: {data_files: {test: tickets.csv}}
test_split: test
output_type: generate_until
doc_to_text: "{{text}}"
doc_to_target: topic
"""


def git(root: Path, *arguments: str, at: str = "2026-03-01T12:00:00Z") -> str:
    """Run git in a folder, and return what it prints."""
    dates = {"GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at}
    done = subprocess.run(
        ["git", "-C", str(root), *arguments], env=os.environ | WHO | dates, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def commit(root: Path, message: str, **files: str) -> str:
    """Write some files (``a__b`` is ``a/b.py``), commit all, and return the hash."""
    for name, text in files.items():
        path = root / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--allow-empty", "--message", message)
    return git(root, "rev-parse", "HEAD")


def repository(root: Path, *, items: int = 40) -> Path:
    """Make a repository with one commit on `main`: a suite in `gates`, its task, and a system that imports a module."""
    for folder in (root / "gates", root / "tasks"):
        folder.mkdir(parents=True)
    git(root, "init", "--quiet", "--initial-branch=main")
    (root / ".gitignore").write_text("runs/\n*.bin\n")
    (root / "gates" / "tickets.yaml").write_text(SUITE)
    (root / "tasks" / "tickets.yaml").write_text(TASK)
    lines = [f"Refund order {n}!,refund" if n % 2 else f"Where is parcel {n}?,delivery" for n in range(items)]
    (root / "tickets.csv").write_text("text,topic\n" + "\n".join(lines) + "\n")
    commit(
        root, "one", words='REFUND = ("Refund",)\n', rules=(
            "import words\n\n\n"
            "def topic(text):\n"
            "    return 'refund' if any(word in text for word in words.REFUND) else 'delivery'\n"
        ),
    )  # fmt: skip
    return root


def worktrees(root: Path) -> int:
    """Return how many worktrees a repository has, itself included."""
    return git(root, "worktree", "list", "--porcelain").count("worktree ")
