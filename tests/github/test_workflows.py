"""The workflows: what actionlint says of them, and what each may do."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.github.machine import ROOT, WORKFLOWS, Job, Step, read
from tests.made_up.repositories import commit, git
from wattbench.config import load_suite
from wattbench.repository import changes_since, find_base, worktree
from wattbench.scenarios.interleaved.base_system import Checkouts, base_system, differences

FILES = sorted(WORKFLOWS.glob("*.yml"))

# What a token may do, workflow by workflow and job by job. Whoever needs more has to say so here.
TOKENS = {
    "ci": {"": {"contents": "read"}, "ci": None},
    "docs": {"": {}, "build": {"contents": "read"}, "publish": {"pages": "write", "id-token": "write"}},
    "lock": {
        "": {},
        "refresh": {"contents": "read"},
        "tests": {"contents": "read"},
        "bounds": {"contents": "read"},
        "propose": {"contents": "write", "pull-requests": "write"},
    },
    "nightly": {
        "": {},
        "night": {"contents": "read"},
        "keep": {"contents": "write"},
        "publish": {"pages": "write", "id-token": "write"},
    },
    "pr-gate": {"": {"contents": "read"}, "gate": None},
    "release": {
        "": {},
        "build": {"contents": "read"},
        "publish": {"contents": "write", "id-token": "write", "attestations": "write"},
        "pypi": {"id-token": "write"},
    },
    "pr-gate-comment": {"": {}, "comment": {"actions": "read", "pull-requests": "write"}},
}


def steps(workflow: dict[str, Any]) -> Iterator[Step]:
    for each in workflow["jobs"].values():
        yield from each["steps"]


def test_actionlint_finds_nothing(actionlint: Callable[..., list[dict[str, Any]]]) -> None:
    assert len(FILES) == len(TOKENS)
    assert actionlint(*FILES, ROOT / "examples" / "gate-in-a-repository" / ".github" / "workflows" / "gate.yml") == []


def test_actionlint_would_find_a_script_that_a_title_could_write(
    actionlint: Callable[..., list[dict[str, Any]]], tmp_path: Path
) -> None:
    bad = tmp_path / "bad.yml"
    text = (WORKFLOWS / "pr-gate.yml").read_text()
    bad.write_text(text.replace('echo "$NUMBER"', 'echo "${{ github.event.pull_request.title }}"'))
    [found] = actionlint(bad)
    assert "untrusted" in found["message"]


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_a_token_may_do_what_its_job_needs_and_no_more(file: Path) -> None:
    workflow = read(file)
    allowed = TOKENS[file.stem]
    assert workflow["permissions"] == allowed[""]
    assert {name: each.get("permissions") for name, each in workflow["jobs"].items()} == {
        name: each for name, each in allowed.items() if name
    }


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_every_job_ends(file: Path) -> None:
    assert all(0 < each["timeout-minutes"] <= 360 for each in read(file)["jobs"].values())


PINNED = re.compile(r"(?:actions/[a-z/-]+|pypa/[a-z-]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)")
HERE = re.compile(r"\./|OWNER/wattbench@COMMIT( +#.*)?")
"""The action of this checkout; and that of the copy that a reader has, in an example."""


def test_every_action_is_pinned_by_commit_in_examples_and_docs_too() -> None:
    pins: dict[str, set[tuple[str, str]]] = {}
    texts = [
        *FILES,
        ROOT / "action.yml",
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "examples").rglob(".github/**/*.yml"),
    ]
    for path in texts:
        for used in re.findall(r"^[ -]+uses: *(.+)$", path.read_text(), re.M):
            match = PINNED.fullmatch(used)
            assert match or HERE.fullmatch(used), f"{path}: {used}"
            if match:
                pins.setdefault(used.partition("@")[0].partition("/")[2].partition("/")[0], set()).add(match.groups())
    assert {"checkout", "setup-python", "upload-artifact", "download-artifact", "cache", "deploy-pages"} <= set(pins)
    assert all(len(each) == 1 for each in pins.values()), "one version of each action everywhere"


def test_what_is_pinned_is_renewed() -> None:
    updates = read(ROOT / ".github" / "dependabot.yml")["updates"]
    renewed = {each["package-ecosystem"]: each for each in updates}
    assert set(renewed) == {"github-actions", "docker", "uv"}
    assert all(each["schedule"] == {"interval": "weekly"} and each["groups"] for each in updates)
    for folder in renewed["github-actions"]["directories"]:
        assert (ROOT / folder.strip("/")).is_dir()
    # lock.yml renews uv.lock; two that do would open two pull requests.
    assert renewed["uv"]["open-pull-requests-limit"] == 0
    assert "schedule" in read(WORKFLOWS / "lock.yml")["on"]


# What runs code of packages, or of the repository.
RUNS_CODE = re.compile(r"\b(?:pip|tox|uv|npm|npx|python3?|wattbench|bash)\b(?!\.lock)")


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_a_job_that_may_write_runs_no_package(file: Path) -> None:
    workflow = read(file)
    for name, job in workflow["jobs"].items():
        granted = job.get("permissions", workflow["permissions"]).values()
        scripts = [re.sub(r"#.*|'[^']*'", "", step["run"]) for step in job["steps"] if "run" in step]
        if "write" in granted:
            assert not [text for text in scripts if RUNS_CODE.search(text.replace("wattbench-gate", ""))], name
            assert not [step for step in job["steps"] if step.get("uses") == "./"], name


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_what_a_job_installs_is_what_the_lock_says(file: Path) -> None:
    """By `.ci/install`, `.ci/locked` or `.ci/run`, with versions and hashes of uv.lock; pip itself installs nothing."""
    for step in steps(read(file)):
        assert not re.search(r"\bpip3? install|\bnpm |uv (?:pip|tool)|pipx", step.get("run", "")), step


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_no_script_holds_an_expression(file: Path) -> None:
    assert not [each for each in steps(read(file)) if "${{" in each.get("run", "")]


@pytest.mark.parametrize("name", ["docs", "lock", "nightly", "pr-gate", "pr-gate-comment", "release"])
def test_runs_of_one_thing_do_not_overlap(name: str) -> None:
    workflow = read(WORKFLOWS / f"{name}.yml")
    assert workflow["concurrency"].keys() == {"group", "cancel-in-progress"}
    # What is cancelled half-way has measured nothing; but a night is kept, and a comment is said.
    assert workflow["concurrency"]["cancel-in-progress"] is (name == "pr-gate")


def test_a_stranger_s_code_gets_no_token_that_could_write() -> None:
    workflow = read(WORKFLOWS / "pr-gate.yml")
    assert workflow["on"].keys() == {"pull_request"}  # pull_request_target would bring the repository's own token
    assert "secrets" not in (WORKFLOWS / "pr-gate.yml").read_text()
    checkouts = [each for each in steps(workflow) if each.get("uses", "").startswith("actions/checkout@")]
    assert [each["with"]["persist-credentials"] for each in checkouts] == [False]


def test_the_comment_runs_none_of_the_pull_request_s_code() -> None:
    workflow = read(WORKFLOWS / "pr-gate-comment.yml")
    assert workflow["on"] == {"workflow_run": {"workflows": ["pr-gate"], "types": ["completed"]}}
    assert read(WORKFLOWS / "pr-gate.yml")["name"] == "pr-gate"
    [download, comment] = steps(workflow)
    assert download["uses"].startswith("actions/download-artifact@")
    assert "checkout" not in comment["run"]


def test_both_agree_on_the_artifact() -> None:
    *_, left = steps(read(WORKFLOWS / "pr-gate.yml"))
    fetched, _ = steps(read(WORKFLOWS / "pr-gate-comment.yml"))
    assert left["with"]["name"] == fetched["with"]["name"]


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_only_a_job_that_pushes_keeps_the_token_of_its_checkout(file: Path) -> None:
    for name, each in read(file)["jobs"].items():
        pushes = any("git push" in step.get("run", "") for step in each["steps"])
        checkouts = [step for step in each["steps"] if step.get("uses", "").startswith("actions/checkout@")]
        kept = [step.get("with", {}).get("persist-credentials") is not False for step in checkouts]
        assert kept == [pushes] * len(checkouts), name


def test_what_is_released_was_audited_and_its_parts_are_listed() -> None:
    workflow = read(WORKFLOWS / "release.yml")
    assert workflow["on"] == {"push": {"tags": ["v*"]}}
    build, publish, pypi = workflow["jobs"].values()
    scripts = [each.get("run", each.get("uses", "")) for each in build["steps"]]
    order = [
        next(place for place, script in enumerate(scripts) if part in script)
        for part in ("-m build ", "pip freeze", 'pip-audit" ', 'cyclonedx-py" environment', "actions/upload-artifact@")
    ]
    assert order == sorted(order)
    assert all("continue-on-error" not in each and "if" not in each for each in build["steps"])
    # The jobs that may write run no code of a package, nor of the repository.
    assert publish["needs"] == "build"
    *given, create = publish["steps"]
    assert [each["uses"].partition("@")[0] for each in given] == [
        "actions/download-artifact", "actions/download-artifact", "actions/attest-build-provenance",
    ]  # fmt: skip
    assert given[-1]["with"] == {"subject-path": "release/*"}
    assert {line.split()[0] for line in create["run"].splitlines()} == {"set", "gh"}
    assert "--notes-file notes/notes.md" in create["run"]
    # Neither a token nor a password: PyPI knows the workflow and its environment.
    assert (pypi["needs"], pypi["if"], pypi["environment"]["name"]) == ("publish", "vars.PYPI == 'publish'", "pypi")
    _, take, upload = pypi["steps"]
    assert {line.split()[0] for line in take["run"].splitlines()} == {"set", "mkdir", "cp"}
    assert upload["with"] == {"packages-dir": "packages", "attestations": True}
    assert "secrets" not in (WORKFLOWS / "release.yml").read_text()


@pytest.mark.parametrize(
    ("tag", "expected"), [("v1.2.0", "### Added\n- Two.\n"), ("v1.1.0", "- One.\n"), ("v1.0.0", None), ("v1.2", None)]
)
def test_the_text_of_a_release_is_its_section_of_the_changelog(
    job: Callable[[dict[str, Any]], Job], tag: str, expected: str | None
) -> None:
    [write] = [
        each for each in read(WORKFLOWS / "release.yml")["jobs"]["build"]["steps"] if "text" in each.get("name", "")
    ]
    machine = job({"github": {"ref_name": tag}})
    text = "## [Unreleased]\n\n## [1.2.0] - 2026-12-01\n\n### Added\n- Two.\n\n## [1.1.0]\n- One.\n\n## [1.0.0]\n\n"
    (machine.workspace / "CHANGELOG.md").write_text(text)
    done = machine.run(write)
    assert (done.returncode == 0) == (expected is not None)
    if expected:
        assert (machine.workspace / "notes" / "notes.md").read_text().strip() == expected.strip()


def test_the_packages_alone_go_to_the_index(job: Callable[[dict[str, Any]], Job]) -> None:
    _, take, _ = read(WORKFLOWS / "release.yml")["jobs"]["pypi"]["steps"]
    machine = job({})
    (machine.workspace / "release").mkdir()
    for name in ("w-1.whl", "w-1.tar.gz", "requirements.txt", "sbom.cdx.json"):
        (machine.workspace / "release" / name).write_text("")
    assert machine.run(take).returncode == 0
    assert {path.name for path in (machine.workspace / "packages").iterdir()} == {"w-1.whl", "w-1.tar.gz"}


@pytest.mark.parametrize(("tag", "expected"), [("v1.2.3", 0), ("v1.2.4", 1), ("v1.2.3; true", 1)])
def test_a_tag_has_to_name_the_version(job: Callable[[dict[str, Any]], Job], tag: str, expected: int) -> None:
    [check] = [
        each for each in read(WORKFLOWS / "release.yml")["jobs"]["build"]["steps"] if "tag" in each.get("name", "")
    ]
    machine = job({"github": {"ref_name": tag}})
    (machine.workspace / "pyproject.toml").write_text('[project]\nversion = "1.2.3"\n')
    assert machine.run(check).returncode == expected


def test_pages_has_one_site_at_a_time() -> None:
    """Each of two that are published would replace the other."""
    docs, nights = (read(WORKFLOWS / f"{name}.yml")["jobs"] for name in ("docs", "nightly"))
    assert (docs["build"]["if"], docs["publish"]["needs"]) == ("vars.PAGES == 'docs'", "build")
    assert "&& vars.PAGES != 'docs'" in nights["publish"]["if"]


def test_a_changed_document_costs_no_gate() -> None:
    assert read(WORKFLOWS / "pr-gate.yml")["on"]["pull_request"] == {"paths-ignore": ["**.md", "docs/**"]}


@pytest.mark.parametrize("changes", [False, True])
def test_the_base_s_system_is_the_base_s(tmp_path: Path, changes: bool) -> None:
    """The suite of pr-gate, in the checkout that the workflow makes of a merge."""
    own = list(steps(read(WORKFLOWS / "pr-gate.yml")))
    [checkout] = [each["with"] for each in own if each.get("uses", "").startswith("actions/checkout@")]
    [gate] = [each["with"] for each in own if each.get("id") == "gate"]
    origin, root = tmp_path / "origin", tmp_path / "checkout"
    adapter = Path("benchmarks", "family", "generalist-tuned")
    assert (ROOT / adapter).is_dir()
    (origin / adapter).mkdir(parents=True)
    (origin / adapter / "adapter.safetensors").write_text("of the base")
    (origin / "benchmarks" / "tasks").symlink_to(ROOT / "benchmarks" / "tasks")
    shutil.copytree(ROOT / ".github", origin / ".github")
    git(origin, "init", "--quiet", "--initial-branch=main")
    commit(origin, "base")
    git(origin, "checkout", "--quiet", "-b", "change")
    (origin / (adapter / "adapter.safetensors" if changes else "README.md")).write_text("of the change")
    commit(origin, "change")
    git(origin, "checkout", "--quiet", "main")
    git(origin, "merge", "--quiet", "--no-ff", "-m", "merge", "change")
    git(tmp_path, "clone", "--quiet", "--depth", str(checkout["fetch-depth"]), origin.as_uri(), str(root))

    working = load_suite(str(root / gate["suite"]))
    assert [each.task for each in working.tasks] == [each.task for each in load_suite("gate").tasks]
    base = find_base(root, gate["base"])
    with worktree(root, base.sha) as tree:
        checkouts = Checkouts(root, tree, base.description)
        system = base_system(checkouts, Path(gate["suite"]), "generalist-tuned", working)
        assert (system.config.adapter / "adapter.safetensors").read_text() == "of the base"
        assert system.config.adapter == tree / adapter
        differing = differences(
            checkouts, system, working.systems["generalist-tuned"], changes_since(root, base.sha, root / "runs"),
            (working.suite.gate, working.suite.gate),
        )  # fmt: skip
    assert differing.concern_the_system == changes
    assert differing.files == ((str(adapter / "adapter.safetensors"),) if changes else ())
