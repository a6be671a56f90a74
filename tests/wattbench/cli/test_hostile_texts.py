"""What the command line prints of a hostile file: text, on one screen, that steers nothing."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from wattbench.cli import main


def test_an_error_that_quotes_a_file_does_not_steer_the_terminal(tmp_path: Path) -> None:
    suite = tmp_path / "suite.yaml"
    suite.write_text('name: a\n"\\e]0;title\\a\\u202e\\n::error::x": 1\n')
    done = CliRunner().invoke(main, ["suites", "plan", str(suite)])
    assert done.exit_code == 2
    assert "title" in done.output
    lines = done.output.splitlines()
    assert all(line.isprintable() and not line.startswith("::") for line in lines)
