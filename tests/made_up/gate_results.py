"""Gates with each verdict, with sentences as the judge makes them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from wattbench.records.schema.gate import Waiver
from wattbench_reports.formatting.safe_text import first_of, last_of
from wattbench_reports.gate.decision.explain import headline
from wattbench_reports.gate.policy import DeclaredTrade, Policy, Rule
from wattbench_reports.gate.result import (
    FlippedAnswer,
    FlippedItem,
    FlippedItems,
    GateResult,
    LostDomain,
    MetricVerdict,
    Verdict,
)

CREATED = "2026-11-25T06:12:09+00:00"
SPENT = DeclaredTrade(
    "accuracy", 0.1, "joules_per_correct", 0.2, "the router may cost 10 points where it saves a fifth"
)
KNOWN = Waiver(
    metric="latency_p50", reason="tokenizer 0.22 is slow, mended upstream in 0.22.1", until=date(2026, 12, 24)
)
LAPSED = Waiver(metric="latency_p50", reason="tokenizer 0.22 is slow", until=date(2026, 11, 1))

POLICY = Policy(
    rules=(
        Rule("accuracy", 0.05, weight=4.0),
        Rule("latency_p50", 0.10),
        Rule("joules_per_correct", 0.10, only_if_measured=True),
    )
)

ACCURACY = MetricVerdict(
    "accuracy", Verdict.PASS, True, 0.05,
    "accuracy is 0.5 points higher [-4.1, 5.1]. The upper bound of the worsening is not beyond 5.0 points, in 192 "
    "items.",
    baseline=0.8125, candidate=0.8177, change=0.0052, low=-0.0407, high=0.0511, items=192, rounds=12, detects=0.138,
)  # fmt: skip
LATENCY = MetricVerdict(
    "latency_p50", Verdict.PASS, True, 0.10,
    "latency p50 is 0.4% lower [-3.5, 2.9]. The upper bound of the worsening is not beyond 10.0%, in 192 items.",
    baseline=0.8204, candidate=0.8171, change=-0.004, low=-0.035, high=0.029, items=192, rounds=12, detects=0.143,
)  # fmt: skip
JOULES = MetricVerdict(
    "joules_per_correct", Verdict.PASS, True, 0.10,
    "joules per correct answer is 1.1% higher [-3.8, 6.2]. The upper bound of the worsening is not beyond 10.0%, in "
    "192 items.",
    baseline=21.34, candidate=21.57, change=0.0108, low=-0.038, high=0.062, items=192, rounds=12, detects=0.17,
    provenance="counter",
)  # fmt: skip


def flipped(task: str, doc_id: int, *, lost: bool, prompt: str, key: str, wrong: str) -> FlippedItem:
    """Return an item that one system answers correctly and the other does not."""
    right, other = FlippedAnswer(output=first_of(key)), FlippedAnswer(output=first_of(wrong))
    sides = (right, other) if lost else (other, right)
    return FlippedItem(task, doc_id, lost, (last_of(prompt),), first_of(key), *sides)


CLAUSE = (
    "Read the clause and answer with its number. The supplier may assign this agreement to an affiliate without prior "
    "consent, provided that it gives notice within thirty days of the assignment and remains liable. Which clause "
    "forbids assignment?"
)
FLIPS = FlippedItems(
    192, 7, 4,
    (
        flipped("contracts", 12, lost=True, prompt=CLAUSE, key="none", wrong="Clause 7.2 forbids it. " * 40),
        flipped("invoices", 3, lost=True, prompt="Total of 12.50 and 7.25?", key="19.75", wrong="18.75"),
        flipped("contracts", 90, lost=True, prompt=CLAUSE, key="4", wrong=""),
        flipped(
            "invoices", 41, lost=True, prompt="</pre><script>alert(1)</script> @team fixes #1 | \u202etxt.exe",
            key="72\n", wrong="\x1b[31m72 | `x` ![](http://example.org/a.png)",
        ),
        flipped("contracts", 7, lost=True, prompt="Who signs?", key="both parties", wrong="the supplier"),
        flipped("invoices", 55, lost=True, prompt="Net of 119 at 19%?", key="100", wrong="99.96"),
        flipped("contracts", 31, lost=True, prompt="Which law applies?", key="Dutch", wrong="Belgian"),
        flipped("invoices", 60, lost=False, prompt="Due in 30 days from 1 May?", key="31 May", wrong="30 May"),
        flipped("contracts", 5, lost=False, prompt="May it be assigned?", key="yes", wrong="no"),
        flipped("invoices", 8, lost=False, prompt="Invoice number?", key="A-17", wrong="17"),
        flipped("contracts", 66, lost=False, prompt="Notice in days?", key="30", wrong="thirty days or so"),
    ),
)  # fmt: skip


def gate(verdict: Verdict, said: str, *metrics: MetricVerdict, **changed: object) -> GateResult:
    """Return a gate of two systems in turns; its headline is the judge's unless given."""
    made = GateResult(
        verdict=verdict, headline=said, baseline="specialist", candidate="specialist-next", suite="gate",
        runs=("20261125T061209Z-gate-7c1f20",), metrics=metrics, policy=POLICY, items=192, rounds=12, energy_j=8214.5,
        energy_provenance="counter", created_utc=CREATED,
    )  # fmt: skip
    detects = changed.pop("detects", {})
    shown = tuple(replace(each, detects=detects.get(each.metric)) for each in metrics)
    made = replace(made, **{"metrics": shown, **changed})
    if said:
        return made
    return replace(
        made,
        headline=headline(verdict, metrics, made.baseline, made.candidate, no_verdict_in=made.cap_items * made.futile),
    )


def passed() -> GateResult:
    """Return a gate in which nothing changed."""
    return gate(
        Verdict.PASS,
        "",
        ACCURACY,
        LATENCY,
        JOULES,
    )


def unchanged() -> GateResult:
    """Return a gate against a base from which nothing of the system differs."""
    return gate(
        Verdict.PASS,
        "Nothing that concerns specialist differs from main, where HEAD left it (3f2a91c0de), so no item was asked.",
        baseline="specialist.base", candidate="specialist", runs=(), items=0, rounds=0, energy_j=None,
        energy_provenance="", notes=(
            "Baseline: the system of main, where HEAD left it (3f2a91c0de). Candidate: the working tree, all "
            "committed.",
            "Not of the system, so the working tree's for both: README.md, tasks/invoices.yaml.",
        ),
    )  # fmt: skip


def improved() -> GateResult:
    """Return a gate of a candidate that is faster, and no worse otherwise."""
    faster = replace(
        LATENCY, verdict=Verdict.IMPROVED, candidate=0.6121, change=-0.2539, low=-0.281, high=-0.222,
        reason="Better, by its bounds: latency p50 is 25.4% lower [-28.1, -22.2], in 192 items.",
    )  # fmt: skip
    return gate(
        Verdict.IMPROVED, "",
        ACCURACY, faster, JOULES,
    )  # fmt: skip


def slower() -> MetricVerdict:
    """Return the evidence of a latency that regressed."""
    return replace(
        LATENCY, verdict=Verdict.REGRESSED, candidate=0.9808, change=0.1956, low=0.151, high=0.242, items=64, rounds=4,
        reason="Worse by more than 10.0%, by its bounds: latency p50 is 19.6% higher [15.1, 24.2], in 64 items.",
    )  # fmt: skip


def regressed() -> GateResult:
    """Return a gate of a slower candidate."""
    return gate(
        Verdict.REGRESSED, "",
        ACCURACY, slower(), replace(JOULES, validity="3 of 24 windows contended"), items=64, rounds=4, energy_j=2741.0,
        cap_items=400, flips=replace(FLIPS, items=64),
    )  # fmt: skip


def inconclusive() -> GateResult:
    """Return a gate with too few items."""
    open_question = replace(
        ACCURACY, verdict=Verdict.INCONCLUSIVE, candidate=0.7917, change=-0.0208, low=-0.0734, high=0.0318,
        more_items=140,
        reason="The bounds have the margin of 5.0 points between them: accuracy is 2.1 points lower [-7.3, 3.2]. About "
        "140 more items should decide it, if they are like these.",
    )  # fmt: skip
    return gate(
        Verdict.INCONCLUSIVE, "",
        open_question, LATENCY, JOULES, notes=("The gate stopped as the suite had no more items.",),
    )  # fmt: skip


def domain_lost() -> GateResult:
    """Return a gate in which a gain in one domain pays for a loss in another, which its policy allows."""
    return replace(passed(), lost_domains=(LostDomain("law", -0.1875, -0.2912, -0.0654, 96),))


def each_domain() -> GateResult:
    """Return a gate in which a gain in one domain does not pay for a loss in another: the policy guards each."""
    guarded = replace(POLICY, rules=(replace(POLICY.rules[0], each_domain=0.1), *POLICY.rules[1:]))
    law = replace(
        ACCURACY, metric="accuracy · law", verdict=Verdict.REGRESSED, margin=0.1, baseline=0.8333, candidate=0.6458,
        change=-0.1875, low=-0.2504, high=-0.1112, items=96,
        reason="Worse by more than 10.0 points, by its bounds: accuracy in law is 18.8 points lower [-25.0, -11.1], "
        "in 96 items.",
    )  # fmt: skip
    maths = replace(
        ACCURACY, metric="accuracy · maths", verdict=Verdict.IMPROVED, margin=0.1, baseline=0.7917, candidate=0.9896,
        change=0.1979, low=0.0804, high=0.2791, items=96,
        reason="Better, by its bounds: accuracy in maths is 19.8 points higher [8.0, 27.9], in 96 items.",
    )  # fmt: skip
    return gate(
        Verdict.REGRESSED, "",
        ACCURACY, law, maths, LATENCY, JOULES, policy=guarded,
    )  # fmt: skip


def futile() -> GateResult:
    """Return a gate that ended early, as no verdict was likely."""
    near = replace(
        inconclusive().metrics[0], items=128, rounds=8, low=-0.0902, high=0.0486, more_items=2972,
        reason="The bounds have the margin of 5.0 points between them: accuracy is 2.1 points lower [-9.0, 4.9]. About "
        "2,972 more items should decide it, if they are like these.",
    )  # fmt: skip
    return gate(Verdict.INCONCLUSIVE, "", near, LATENCY, JOULES, items=128, rounds=8, cap_items=400, futile=True)


def never() -> GateResult:
    """Return a gate whose cap of items is too low for any verdict."""
    small = replace(
        inconclusive().metrics[0], items=40, rounds=26, low=-0.2904, high=0.2512, more_items=88,
        reason="The bounds have the margin of 5.0 points between them: accuracy is 2.1 points lower [-29.0, 25.1]. "
        "About 88 more items should decide it, if they are like these.",
    )  # fmt: skip
    return gate(
        Verdict.INCONCLUSIVE, "", small, LATENCY, notes=inconclusive().notes, items=40, rounds=26, cap_items=40,
        policy=replace(POLICY, rules=POLICY.rules[:2], max_items=40),
        undecidable=("accuracy",),
    )  # fmt: skip


def no_sessions() -> GateResult:
    """Return a gate of two recorded runs, on a machine whose sessions were never measured."""
    why = (
        "Not judged: how much it differs between two sessions of this machine is not known. Measure that with: "
        "wattbench dev calibrate SUITE --sessions 5. Or gate both systems in turns, in one run."
    )
    return gate(
        Verdict.NOT_MEASURED, "",
        ACCURACY, unmeasured(LATENCY, Verdict.NOT_MEASURED, why),
        replace(unmeasured(JOULES, Verdict.NOT_MEASURED, why), blocks=False),
        runs=("20261124T061151Z-gate-11aa02", "20261125T061209Z-gate-7c1f20"), rounds=0, cap_items=192,
    )  # fmt: skip


def unmeasured(metric: MetricVerdict, verdict: Verdict, reason: str) -> MetricVerdict:
    """Return a gate without a figure to judge."""
    return replace(
        metric, verdict=verdict, reason=reason, baseline=None, candidate=None, change=None, low=None, high=None,
        items=0, rounds=0,
    )  # fmt: skip


def not_comparable() -> GateResult:
    """Return a gate of two runs on two machines."""
    why = "The two were not run on the same machine (CPU: Example 9 against Example 7)."
    return gate(
        Verdict.NOT_COMPARABLE, "",
        ACCURACY, unmeasured(LATENCY, Verdict.NOT_COMPARABLE, why), unmeasured(JOULES, Verdict.NOT_COMPARABLE, why),
        runs=("20261124T061151Z-gate-11aa02", "20261125T061209Z-gate-7c1f20"), rounds=0,
    )  # fmt: skip


def not_measured() -> GateResult:
    """Return a gate without the figures of a required metric and of an optional one."""
    modelled = "Not judged: joules are modelled from seconds and load; judge_modelled is off."
    asked = replace(POLICY, rules=(Rule("ttft", 0.1), *POLICY.rules[::2]))
    return gate(
        Verdict.NOT_MEASURED, "",
        ACCURACY,
        unmeasured(
            replace(LATENCY, metric="ttft"), Verdict.NOT_MEASURED,
            "Not judged: specialist-next does not stream its answers.",
        ),
        replace(
            JOULES, verdict=Verdict.NOT_MEASURED, blocks=False, reason=modelled, provenance="modelled",
        ),
        policy=asked, energy_provenance="modelled",
    )  # fmt: skip


def error() -> GateResult:
    """Return a gate that failed before anything was judged."""
    return gate(
        Verdict.ERROR, "specialist-next failed at its first item: out of memory while loading its weights.",
        items=0, rounds=0, energy_j=None, energy_provenance="",
    )  # fmt: skip


def traded() -> GateResult:
    """Return a gate of a candidate that is less accurate and takes fewer joules."""
    given = replace(
        ACCURACY, verdict=Verdict.REGRESSED, candidate=0.7385, change=-0.074, low=-0.0961, high=-0.0523,
        allowed_by=SPENT, reason="Worse by more than 5.0 points, by its bounds: accuracy is 7.4 points lower "
        "[-9.6, -5.2], in 192 items.",
    )  # fmt: skip
    got = replace(
        JOULES, verdict=Verdict.IMPROVED, candidate=15.1, change=-0.2924, low=-0.331, high=-0.248,
        reason="Better, by its bounds: joules per correct answer is 29.2% lower [-33.1, -24.8], in 192 items.",
    )  # fmt: skip
    return gate(
        Verdict.PASS, "",
        given, LATENCY, got, policy=replace(POLICY, trades=(SPENT,)),
    )  # fmt: skip


def waived() -> GateResult:
    """Return a gate whose regression is waived."""
    return gate(
        Verdict.PASS, "",
        ACCURACY, replace(slower(), blocks=False, waived=KNOWN), JOULES, policy=replace(POLICY, waivers=(KNOWN,)),
    )  # fmt: skip


def lapsed() -> GateResult:
    """Return a gate whose regression was waived until a day that has passed."""
    return replace(
        regressed(),
        policy=replace(POLICY, waivers=(LAPSED,)),
        notes=("The waiver of latency p50 expired on 2026-11-01 and no longer applies (tokenizer 0.22 is slow).",),
    )


def drill() -> GateResult:
    """Return a drill whose planted fault is found."""
    return replace(
        regressed(), planted={"delay": 0.2}, notes=("Planted in specialist-next: a delay of 20% of each answer.",)
    )


def many(number: int = 500) -> GateResult:
    """Return a gate of pytest-benchmark's benchmarks: most pass, the last few do not."""
    metrics = [
        replace(LATENCY, metric=f"tests/test_parse.py::test_parse[{place:03}] · latency_p50", rounds=0)
        for place in range(number - 4)
    ]
    unclear = replace(
        LATENCY, verdict=Verdict.INCONCLUSIVE, candidate=0.8417, change=0.026, low=-0.073, high=0.132, more_items=140,
        reason="The bounds have the margin of 10.0% between them: latency p50 is 2.6% higher [-7.3, 13.2]. About 140 "
        "more items should decide it, if they are like these.",
    )  # fmt: skip
    for place, worse in enumerate((slower(), slower(), unclear)):
        name = f"tests/test_io.py::test_read_of_a_large_document[{place}] · latency_p50"
        metrics.append(replace(worse, metric=name, margin=0.1, blocks=place != 1))
    gone = unmeasured(LATENCY, Verdict.NOT_MEASURED, "The new file does not have this benchmark.")
    metrics.append(replace(gone, metric="tests/test_io.py::test_write · latency_p50"))
    return gate(
        Verdict.REGRESSED, "", *metrics,
        baseline="main.json", candidate="branch.json", suite="pytest-benchmark", runs=(), rounds=0, energy_j=None,
        energy_provenance="", notes=("The two files do not say that they are of the same CPU.",),
    )  # fmt: skip


def dearer() -> GateResult:
    """Return a gate that fails as the candidate's longer answers cost more; its cost per correct answer is shown."""
    cost = replace(
        JOULES, metric="cost_per_request", verdict=Verdict.REGRESSED, baseline=0.00011, candidate=0.00014,
        change=0.2727, low=0.241, high=0.305, provenance="", currency="EUR",
        reason="Worse by more than 10.0%, by its bounds: cost per request is 27.3% higher [24.1, 30.5], in 192 items.",
    )  # fmt: skip
    per_correct = replace(
        cost, metric="cost_per_correct", blocks=False, baseline=0.0132, candidate=0.0168,
        reason="Worse by more than 10.0%, by its bounds: cost per correct answer is 27.3% higher [24.1, 30.5], in 192 "
        "items.",
    )  # fmt: skip
    rules = (*POLICY.rules[:2], Rule("cost_per_request", 0.10), Rule("cost_per_correct", 0.10, blocks=False))
    return gate(
        Verdict.REGRESSED, "",
        ACCURACY, LATENCY, cost, per_correct, policy=replace(POLICY, rules=rules), cap_items=400,
    )  # fmt: skip


GATES = {
    "pass": passed,
    "cost": dearer,
    "unchanged": unchanged,
    "improved": improved,
    "regressed": regressed,
    "inconclusive": inconclusive,
    "not_comparable": not_comparable,
    "not_measured": not_measured,
    "error": error,
    "trade-allowed": traded,
    "waiver-counted": waived,
    "waiver-expired": lapsed,
    "drill": drill,
    "futile": futile,
    "domain-lost": domain_lost,
    "each-domain": each_domain,
    "never": never,
    "no-sessions": no_sessions,
    "many": lambda: many(40),
}
"""Name of a golden file to the gate."""
