"""A folder with everything that the docs' commands name: runs, nights, suites and other tools' files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.made_up.answered_runs import write_answered
from tests.made_up.energy_results import experiment, leaderboard, write_jarvis
from tests.made_up.evalscope_work import write_evaluation
from tests.made_up.gates import FakeGate, FakeSide, write_gate
from tests.made_up.inference_perf_reports import write_run as write_reports
from tests.made_up.mlperf_results import write_result
from tests.made_up.nights_on_disk import make_history
from tests.made_up.other_tools import aiperf_profile, aiperf_record, guidellm_benchmark
from tests.made_up.runs import FakeSystem, write_run
from tests.made_up.serving_results import vllm_result
from tests.made_up.standard_runs import recorded
from tests.made_up.token_power_bench import write_token_power_bench

DATA = Path(__file__).parents[1] / "data"
TASKS = DATA / "tasks"
SYSTEMS = tuple(
    FakeSystem(name, kind, accuracy=accuracy, latency_s=0.1 * accuracy, energy_j=energy_j)
    for name, kind, accuracy, energy_j in [
        ("gpt", "generalist", 0.8, 12.0), ("llama", "generalist", 0.6, 6.0), ("smollm2", "generalist", 0.3, 2.0),
        ("specialist", "specialist", 0.5, 1.0), ("mine", "specialist", 0.4, 1.0),
    ]
)  # fmt: skip
TICKETS = ["Where is parcel {}?,delivery", "Refund order {}.,refund"]


class World:
    """The folder, with runs in place of the names that the docs leave open."""

    def __init__(self, folder: Path) -> None:
        """Write everything; it takes about two seconds."""
        self.folder = folder
        runs = folder / "runs"
        all_of_it = [recorded(i, systems=SYSTEMS, tasks=(("gsm8k", "arithmetic"), ("spell", "text"))) for i in "ab"]
        one, two = (write_run(runs, fake) for fake in all_of_it)
        old, new = (write_run(runs, recorded(i, systems=SYSTEMS[:1], items=80)) for i in ("old", "new"))
        sides = (FakeSide("generalist"), FakeSide("specialist"))
        gate = write_gate(runs, FakeGate(*sides, rounds=6))
        answers = {"smollm2": {"sums": [" 0", "2", "answer is 4"] * 4}}
        answered = write_answered(folder / "answered", TASKS, answers).layout.root
        make_history(folder / "nights", 3, systems=2, domains=1, items=6)
        self._others()
        self.names = {
            "RUN": one,
            "runs/<run>": one,
            "runs/<a>": one,
            "runs/<b>": two,
            "runs/<gate>": gate,
            "runs/*": one,
        }
        self._of_command = {
            "gate": {"runs/<a>": old, "runs/<b>": new},
            "runs verify": {"RUN": answered},
            "runs rescore": {"runs/<run>": answered},
        }
        self._of_page = {
            "docs/rescoring.md": {
                "RUN": answered, "gsm8k": "sums", "gsm8k=exact_match,flexible-extract": "sums=exact_match,none"
            },
            "docs/nightly.md": {"specialist": "generalist"},
        }  # fmt: skip

    def _others(self) -> None:
        write = self.folder.joinpath
        hours = "".join(f"2026-01-02T{hour:02}:00:00+00:00,{40 + hour}\n" for hour in range(24))
        write("fr-2026.csv").write_text("timestamp,g_per_kwh\n" + hours)
        rows = [f"gpt,{item},{item % 2},0.{item}\nllama,{item},1,0.{item}\n" for item in range(1, 9)]
        write("answers.csv").write_text("model,item,score,seconds\n" + "".join(rows))
        report = {
            "metadata": {"version": 1, "guidellm_version": "0.6.0", "python_version": "3.12.3", "platform": "Linux"},
            "args": {"profile": "sweep", "data": ["prompt_tokens=20,output_tokens=10"]},
            "benchmarks": [guidellm_benchmark({"type_": "synchronous"})],
        }
        write("benchmarks.json").write_text(json.dumps(report))
        write_evaluation(write("outputs", "20261128_091809"))
        write("result.json").write_text(json.dumps(vllm_result()))
        write_reports(write("reports-20260819"))
        write_result(write("closed", "Lenovo"))
        aiperf_profile(write("base"), 2)
        aiperf_profile(write("head"), 2)
        write_jarvis(write("jarvis"))
        write_token_power_bench(write("local_20260701_101530"))
        shutil.copy(DATA / "codecarbon" / "emissions.csv", write("emissions.csv"))
        for path, file in (("gpt2_pytorch_2026/result.json", experiment()), ("tasks/gpqa.json", leaderboard())):
            write(path).parent.mkdir()
            write(path).write_text(json.dumps(file))
        profile = write("artifacts", "my-profile")
        profile.mkdir(parents=True)
        records = [json.dumps(aiperf_record(place)) for place in range(8)]
        (profile / "profile_export.jsonl").write_text("\n".join(records) + "\n")
        settings = {"endpoint": {"model_names": ["org/model"]}, "loadgen": {"concurrency": 4}}
        totals = {"schema_version": "1.4", "aiperf_version": "0.13.0", "input_config": settings}
        (profile / "profile_export_aiperf.json").write_text(json.dumps(totals))
        for name in ("old.json", "new.json"):
            stats = {"mean": 1.0, "data": [0.01 * (1 + place % 3) for place in range(60)]}
            bench = {"name": "b", "fullname": "benches/bench_x.py::b", "options": {"timer": "t"}, "stats": stats}
            machine = {"machine": "x86_64", "python_version": "3.11.7", "cpu": {"brand_raw": "Example", "count": 2}}
            document = {
                "machine_info": machine,
                "commit_info": {"id": "abc"},
                "benchmarks": [{**bench, "extra_info": {}}],
            }
            write(name).write_text(json.dumps(document))
        write("my-tasks").symlink_to(TASKS)
        self._suite()

    def _suite(self) -> None:
        rows = [TICKETS[number % 2].format(number) for number in range(40)]
        self.folder.joinpath("tickets.csv").write_text("message,team\n" + "\n".join(rows) + "\n")
        self.folder.joinpath("rules.py").write_text(
            'def answer(prompt): return "refund" if "Refund" in prompt else "delivery"\n'
        )
        suite = """{name: tickets,
          tasks: {select: [{file: TICKETS, input: message, target: team, score: label, domain: support}]},
          systems: {define: {rules: {kind: specialist, engine: python, call: "RULES:answer"}}},
          gate: {metrics: {accuracy: {margin: 10 points}}}}
        """
        for name in ("suite.yaml", "mine.yaml", "suites/nightly.yaml", "routed/suite.yaml"):
            path = self.folder / name
            path.parent.mkdir(exist_ok=True)
            up = "../" if "/" in name else "./"
            path.write_text(suite.replace("TICKETS", f"{up}tickets.csv").replace("RULES", f"{up}rules.py"))

    def filled(self, page: str, command: str, words: list[str]) -> list[str]:
        """Return the words of a command with the runs of this folder in place of open names."""
        names = self.names | self._of_page.get(page, {}) | self._of_command.get(command, {})
        return [str(names.get(word, word)) for word in words]
