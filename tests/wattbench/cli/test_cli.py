"""The command line starts light, and says usage errors as any command does."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import click.testing
import pytest

from tests.loaded import loaded_by
from tests.made_up.runs import write_run
from tests.made_up.standard_runs import golden_run
from wattbench.cli import command_at, every_command, main

EVERY = [name for name, _ in every_command()]
EXPLAINED = "from wattbench.cli import main; main([*sys.argv[1:], '--help'], standalone_mode=False)"


@pytest.mark.parametrize(
    ("code", "command"),
    [
        ("import wattbench.cli", []),
        (EXPLAINED, []),
        (EXPLAINED, ["dev", "family"]),
        (EXPLAINED, ["dev", "family", "build"]),
    ],
)
def test_no_package_but_click_is_loaded_before_a_command_needs_it(code: str, command: list[str]) -> None:
    loaded = loaded_by(code, *command)
    assert "wattbench.cli" in loaded
    assert {name.partition(".")[0] for name in loaded} == {"click", "wattbench"}


@pytest.mark.parametrize(
    "command",
    ["", "runs", "suites", "router", "dev", "dev tasks", *EVERY],
)
def test_every_command_explains_itself(command: str) -> None:
    result = click.testing.CliRunner().invoke(main, [*command.split(), "--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.output


@pytest.mark.parametrize(
    "arguments", [["runs", "compare"], ["run", "--limit", "0"], ["comapre"], ["runs", "report", "x"]]
)
def test_wrong_usage_exits_with_2(arguments: list[str]) -> None:
    assert click.testing.CliRunner().invoke(main, arguments).exit_code == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["nonsense"], "no member 'nonsense' in the recipe; choose one of: "),
        (["specialist-tex"], "no member 'specialist-tex' in the recipe; did you mean 'specialist-text'?"),
        (["--recipe", "none.yaml"], "none.yaml: no such file"),
        (["--recipe", "."], ".: it is a folder, not a file"),
    ],
)
def test_a_family_that_cannot_be_built_is_said(
    arguments: list[str], expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATTBENCH_CACHE", str(tmp_path))  # another build on this machine is not in the way
    monkeypatch.chdir(tmp_path)
    result = click.testing.CliRunner().invoke(main, ["dev", "family", "build", *arguments])
    assert result.exit_code == 2
    assert result.stderr.startswith(f"wattbench: {expected}")
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


def test_an_unknown_command_of_the_family_exits_with_2() -> None:
    assert click.testing.CliRunner().invoke(main, ["dev", "family", "biuld"]).exit_code == 2


@pytest.mark.parametrize(("already", "during"), [(None, "1"), ("4", "4")])
def test_a_command_that_reads_computes_in_one_thread_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, already: str | None, during: str
) -> None:
    import wattbench_reports.html

    monkeypatch.setenv("OPENBLAS_NUM_THREADS", already or "")  # restored afterwards, also where it was not set
    if already is None:
        monkeypatch.delenv("OPENBLAS_NUM_THREADS")
    seen = []
    monkeypatch.setattr(
        wattbench_reports.html, "write_report", lambda *_, **__: seen.append(os.environ.get("OPENBLAS_NUM_THREADS"))
    )
    result = click.testing.CliRunner().invoke(main, ["runs", "report", str(tmp_path), "-o", str(tmp_path / "r.html")])
    assert result.exit_code == 0, result.output
    assert seen == [during]


def test_what_the_machine_refuses_ends_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "runs/a")

    monkeypatch.setattr(command_at("dev schema"), "callback", full)
    result = click.testing.CliRunner().invoke(main, ["dev", "schema"])
    assert result.exit_code == 2
    assert result.stderr == (
        "wattbench: runs/a: No space left on device. Free some space, or name a folder on another disk\n"
    )


@pytest.mark.parametrize("encoding", ["cp437", "iso-8859-1", "ascii", "utf-16"])
def test_standard_output_of_an_older_encoding_shows_what_it_lacks_by_its_number(tmp_path: Path, encoding: str) -> None:
    run = write_run(tmp_path, golden_run())
    done = subprocess.run(
        [sys.executable, "-m", "wattbench", "runs", "compare", str(run)], capture_output=True, check=False,
        env=os.environ | {"PYTHONIOENCODING": encoding},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_standard_streams_may_be_closed(tmp_path: Path, closed: str) -> None:
    run = write_run(tmp_path, golden_run())
    command = [sys.executable, "-m", "wattbench", "runs", "compare", str(run)]
    done = subprocess.run(["sh", "-c", f'exec "$@" {closed}', "sh", *command], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_standard_output_on_a_full_disk_ends_in_a_sentence() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "wattbench", "dev", "schema"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr == ("wattbench: No space left on device. Free some space, or name a folder on another disk\n")
