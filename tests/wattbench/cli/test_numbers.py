"""No option of any command takes an infinite number, or one that is none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from tests.made_up.whole_run import write_whole_run
from wattbench.cli import command_at, every_command, main

ABSURD = ("inf", "-inf", "Infinity", "nan", "1e999", "-1e999", "1e308")
IN_TEXTS = {
    "mix": "arithmetic={},text=1",
    "system_prices": "big:per_gpu_hour={},gpus=1,currency=USD",
    "min_accuracy": "{}",
    "embodied": "{{g_per_device_hour: {}, source: x, year: 2024}}",
}
"""Options of `compare` whose texts hold numbers."""


def numeric_options() -> Iterator[tuple[str, click.Option]]:
    for path, command in every_command():
        for option in command.params:
            kind = option.type
            numbers = isinstance(kind, click.types.FloatParamType | click.types.IntParamType)
            if isinstance(option, click.Option) and (numbers or type(kind).__name__ == "_Reader"):
                yield path, option


OPTIONS = list(numeric_options())


@pytest.mark.parametrize(("name", "option"), OPTIONS, ids=[f"{name} {each.opts[0]}" for name, each in OPTIONS])
def test_an_option_that_takes_a_number_takes_a_finite_one(name: str, option: click.Option) -> None:
    for text in ABSURD:
        if type(option.type).__name__ == "_Reader" and text == "1e308":
            continue  # a bound that nothing exceeds
        with pytest.raises(click.BadParameter):
            option.type.convert(text, option, click.Context(main))


def test_there_are_such_options() -> None:
    assert len(OPTIONS) > 30
    assert {"--price", "--requests", "--max-p95", "--max-joules", "--router-joules", "--pue"} <= {
        each.opts[0] for _, each in OPTIONS
    }


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_whole_run(tmp_path_factory.mktemp("whole"))


@pytest.mark.parametrize("text", ["inf", "nan", "1e999"])
@pytest.mark.parametrize("option", IN_TEXTS)
def test_so_does_an_option_whose_text_holds_numbers(run: Path, option: str, text: str) -> None:
    (flag,) = {each.opts[0] for each in command_at("runs compare").params if each.name == option}
    ended = CliRunner().invoke(main, ["runs", "compare", str(run), flag, IN_TEXTS[option].format(text)])
    assert ended.exit_code == 2, ended.output
    assert ended.exception is None or isinstance(ended.exception, SystemExit), ended.exception


def test_a_planted_fault_is_a_finite_share() -> None:
    for text in ("delay=inf", "drop=nan", "work=1e999%"):
        ended = CliRunner().invoke(main, ["gate", "nowhere.yaml", "--plant", text])
        assert ended.exit_code != 0
        assert isinstance(ended.exception, SystemExit)
