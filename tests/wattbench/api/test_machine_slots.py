"""`--slots`: which GPUs, and what is said where they are too few or the machine is taken."""

from __future__ import annotations

import contextlib
import importlib
from pathlib import Path
from types import SimpleNamespace

import pytest

import wattbench
from tests.made_up.meters import PlayedMeter
from wattbench.api import slot_source as source_module
from wattbench.api import suite_runs
from wattbench.api.slot_source import Cluster, SlotsHere, slot_source
from wattbench.config import Measure
from wattbench.errors import UserError
from wattbench.machine import slot as slot_module
from wattbench.machine.measuring_lock import LiveSlot
from wattbench.meters import Chosen, Reading
from wattbench.meters.nvml.visible_gpus import Gpu

DATA = Path(__file__).parents[2] / "data"
SUITE = SimpleNamespace(suite=SimpleNamespace(meters=[PlayedMeter(Reading)], measure=Measure(idle_s=5.0)))


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> list[LiveSlot]:
    """A machine of four GPUs, which draws 40 W at rest, and the slots that measure on it."""
    busy: list[LiveSlot] = []
    gpus = [Gpu(number, None, "H100", f"GPU-{number}") for number in range(4)]
    monkeypatch.setattr(slot_module, "usable_gpus", lambda: gpus)
    monkeypatch.setattr(source_module, "slots_now", lambda: busy)
    monkeypatch.setattr(source_module, "machine_lock", contextlib.nullcontext)
    monkeypatch.setattr(source_module, "idle_power_w", lambda meters, seconds: {"cpu": 8 * seconds})
    monkeypatch.setattr(importlib.import_module("wattbench.meters.choose"), "choose", lambda each: Chosen(list(each)))
    return busy


def slots_of(source: SlotsHere, suite: SimpleNamespace = SUITE) -> tuple[list[str], dict[str, float]]:
    with source.slots(suite) as slots:  # type: ignore[arg-type]
        return [str(slot) for slot in slots.slots], dict(slots.idle_w)


def test_each_slot_has_gpus_and_the_machine_is_measured_at_rest_before() -> None:
    assert slots_of(SlotsHere()) == (["GPU-0", "GPU-1", "GPU-2", "GPU-3"], {"cpu": 40.0})
    assert slots_of(SlotsHere(2))[0] == ["GPU-0", "GPU-1"]
    assert slots_of(SlotsHere(gpus_per_slot=2))[0] == ["GPU-0,GPU-1", "GPU-2,GPU-3"]


def test_where_energy_is_off_no_meter_is_read_and_no_other_run_is_in_the_way(monkeypatch) -> None:
    monkeypatch.setattr(source_module, "machine_lock", pytest.fail)
    wall = PlayedMeter(Reading, name="external (wall)", component="wall")  # refused where it is metered
    suite = SimpleNamespace(suite=SimpleNamespace(meters=[wall], measure=Measure(energy=False, idle_s=5.0)))
    assert slots_of(SlotsHere(2), suite) == (["GPU-0", "GPU-1"], {})


def test_too_few_gpus_are_refused() -> None:
    with pytest.raises(UserError, match=r"--slots 5: the GPUs that can be used here are enough for 4$"):
        slots_of(SlotsHere(5))
    with pytest.raises(UserError, match="enough for 2 of 2 GPUs each"):
        slots_of(SlotsHere(3, 2))


def test_a_meter_at_the_wall_is_refused_before_a_worker_is_started() -> None:
    wall = PlayedMeter(Reading, name="external (wall)", component="wall")
    suite = SimpleNamespace(suite=SimpleNamespace(meters=[wall], measure=Measure()))
    with pytest.raises(UserError, match="holds the joules of the GPUs of all slots"), SlotsHere().slots(suite):  # type: ignore[arg-type]
        pass


def test_next_to_other_slots_the_idle_draw_is_not_known(machine, capsys) -> None:
    machine.append(LiveSlot(("GPU-9",), None))
    assert slots_of(SlotsHere(2)) == (["GPU-0", "GPU-1"], {})
    assert "its idle draw is not known" in capsys.readouterr().err


def test_where_another_run_measures_its_slots_wait_or_say_so(monkeypatch, capsys) -> None:
    def taken() -> None:
        raise UserError("another wattbench run is measuring on this machine")

    monkeypatch.setattr(source_module, "machine_lock", taken)
    assert slots_of(SlotsHere(2))[1] == {}
    assert "is not measured: another wattbench run" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("cluster", "slots", "gpus", "words"),
    [
        (None, "auto", None, ["--slots", "auto"]),
        (None, "8", None, ["--slots", "8"]),
        (None, "4", 2, ["--slots", "4", "--gpus-per-slot", "2"]),
        ("ray", None, 2, ["--cluster", "ray", "--gpus-per-slot", "2"]),
    ],
)
def test_options_are_read_and_written(cluster, slots, gpus, words) -> None:
    source = slot_source(cluster, slots, gpus)
    assert source is not None
    assert source.words() == words
    assert isinstance(source, SlotsHere if slots else Cluster)


@pytest.mark.parametrize(
    ("cluster", "slots", "gpus", "message"),
    [
        ("ray", "auto", None, "leave one out"),
        (None, "0", None, "write auto"),
        (None, "-1", None, "write auto"),
        (None, "²", None, "write auto"),
        (None, "99999", None, "write auto"),
        (None, None, 2, "goes with --slots or --cluster"),
    ],
)
def test_options_that_make_no_sense_are_refused(cluster, slots, gpus, message) -> None:
    with pytest.raises(UserError, match=message):
        slot_source(cluster, slots, gpus)


def test_the_python_api_asks_on_slots_and_clusters_as_the_command_does(monkeypatch) -> None:
    module = importlib.import_module("wattbench.api.run")  # the package's `run` is the function

    asked = []
    monkeypatch.setattr(module, "run_new", lambda suite, out, how, shard: asked.append((how.command, how.cluster)))
    monkeypatch.setattr(module, "add_labels_of_suite", lambda root: None)  # nothing was run
    monkeypatch.setattr(module, "read", lambda root: root)
    suite = DATA / "suite.yaml"
    wattbench.run(suite, slots="auto", gpus_per_slot=2)
    wattbench.run(suite, cluster="head:6379")
    wattbench.run(suite)
    assert [source for _, source in asked] == [SlotsHere(None, 2), Cluster("head:6379"), None]
    assert asked[0][0][-4:] == ["--slots", "auto", "--gpus-per-slot", "2"]
    with pytest.raises(UserError, match="leave one out"):
        wattbench.run(suite, slots=2, cluster="ray")
    assert len(asked) == 3


def test_the_command_that_resumes_is_printed_as_it_is_typed(monkeypatch, capsys, tmp_path: Path) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(suite_runs, "run_on", interrupted)
    root, resume = tmp_path / "a run", "wattbench nightly --history 'night{s}' --resume"
    answers = root / "shards" / "s" / "items" / "a" / "t.jsonl"
    answers.parent.mkdir(parents=True)
    answers.write_text("{}\n")
    for source, words in ((SlotsHere(2), " --slots 2"), (None, "")):
        with pytest.raises(KeyboardInterrupt):
            suite_runs._brought_to_its_end(root, None, None, suite_runs.HowToRun(resume=resume, cluster=source))  # type: ignore[arg-type]
        assert capsys.readouterr().err.endswith(f"resume with: {resume} '{root}'{words}\n")
