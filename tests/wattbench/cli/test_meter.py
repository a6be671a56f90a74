"""`wattbench meter`: what is wrong with its arguments is named before anything is measured."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from wattbench.cli import main


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("--upstream http://127.0.0.1:9/v1 -- no-such-program", "'no-such-program': no such command"),
        ("--upstream http://127.0.0.1:9/v1", "name the server and the program"),
        ("-- true", "name the server and the program"),
        ("--upstream http://127.0.0.1:9/v1 --finish runs -- true", "leave the program and --upstream out"),
        ("--finish nowhere", "nowhere: no such run directory"),
        ("--upstream http://127.0.0.1:9/v1 --key-env NO_SUCH_KEY -- true", "NO_SUCH_KEY is not set"),
        ("--upstream http://127.0.0.1:9/v1 --price input_per_million=x,currency=EUR -- true", "it must be a number"),
        ("--upstream http://127.0.0.1:9/v1 --listen 9 -- true", "is not HOST:PORT"),
        ("--upstream nowhere -- true", "upstream: 'nowhere'"),
    ],
)
def test_what_is_wrong_is_named_and_leaves_no_record(
    arguments: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["meter", *arguments.split()])
    assert result.exit_code == 2
    assert says in result.stderr
    assert not [*tmp_path.iterdir()]


@pytest.mark.slow
def test_a_server_that_cannot_be_reached_is_named_before_the_program_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["meter", "--upstream", "http://127.0.0.1:9/v1", "--", "touch", "started"])
    assert result.exit_code == 2
    assert "cannot connect to http://127.0.0.1:9/v1" in result.stderr
    assert not [*tmp_path.iterdir()]
