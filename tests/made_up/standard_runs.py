"""The runs that many tests share: plain, hostile, golden, a family of systems, and one that records everything."""

from __future__ import annotations

from tests.made_up.runs import FakeRun, FakeSystem

HOSTILE = '<script>alert("x")</script>'
HOSTILE_IMAGE = '"><img src=x onerror=alert(1)>'


def plain_systems() -> tuple[FakeSystem, ...]:
    """A run as it should be: measured, valid, several systems that differ."""
    return (
        FakeSystem("generalist", accuracy=0.55, latency_s=0.8, energy_j=12.0),
        FakeSystem("specialist", "specialist", accuracy=0.5, latency_s=0.25, energy_j=3.0),
        FakeSystem("regex", "specialist", accuracy=0.3, latency_s=0.002, energy_j=0.25, engine="python"),
    )


def hostile_run() -> FakeRun:
    """Everything that can be wrong at once, and markup wherever a record holds text."""
    return FakeRun(
        systems=(
            FakeSystem("generalist", accuracy=0.55, energy_j=12.0),
            FakeSystem(HOSTILE, "specialist", accuracy=0.45, energy_j=6.0, engine=HOSTILE_IMAGE, output=HOSTILE),
            FakeSystem("throttled", "moe", invalid=("throttled: <b>hot</b>",), energy_j=5.0),
            FakeSystem("modelled$x^", "distilled", provenance="counter+modelled", energy_j=4.0, unmetered=3),
            FakeSystem("never-right", "hybrid", accuracy=0.0, energy_j=2.0),
            FakeSystem("unmetered", "generalist", energy_j=None, skip_docs=2),
        ),
        tasks=(("chain_sum", "arithmetic"), ("<i>markup</i>", HOSTILE_IMAGE), ("a" * 80, "text")),
        name="hostile",
        description=HOSTILE_IMAGE,
        carbon={"region": "DEU", "intensity_g_per_kwh": None, "pue": 1.2},
    )


def golden_run() -> FakeRun:
    """The run behind the golden files. Its intensity is its own, so that no data of others changes them."""
    return FakeRun(
        systems=(
            *plain_systems(),
            FakeSystem("never-right", "hybrid", accuracy=0.0, energy_j=2.0),
            FakeSystem("no-sensor", "distilled", energy_j=None, invalid=("no meter could be read",)),
        ),
        carbon={"region": None, "intensity_g_per_kwh": 100.0, "pue": 1.25},
    )


def quick_systems() -> FakeRun:
    """A model, a classifier and a rule: of their time a client takes little, a part, and most."""
    return FakeRun(
        systems=(
            FakeSystem("model", accuracy=0.55, latency_s=0.8, pause_s=0.0003, energy_j=12.0),
            FakeSystem("classifier", "specialist", accuracy=0.5, latency_s=0.001, pause_s=0.0003, energy_j=0.25),
            FakeSystem("rule", "specialist", accuracy=0.4, latency_s=0.00002, pause_s=0.0003, energy_j=0.125),
        ),
        blocks=4,
        carbon={"region": None, "intensity_g_per_kwh": 100.0, "pue": 1.25},
    )


def grid_run() -> FakeRun:
    """A grid of three by two settings, of which a run drops three systems, and a system of no grid."""

    def arm(effort: str, context: str, accuracy: float, energy_j: float, after: int | None = None) -> FakeSystem:
        labels = {"effort": effort, "n_ctx": context}
        return FakeSystem(
            f"llama-{effort}-{context}", accuracy=accuracy, latency_s=energy_j / 20, energy_j=energy_j,
            dropped_after=after, arm={"grid": "llama", "labels": labels},
        )  # fmt: skip

    return FakeRun(
        systems=(
            arm("low", "2048", 0.52, 4.0),
            arm("low", "4096", 0.55, 5.0),
            arm("medium", "2048", 0.7, 8.0, 6),
            arm("medium", "4096", 0.72, 9.0),
            arm("high", "2048", 0.3, 16.0, 5),
            arm("high", "4096", 0.76, 20.0, 5),
            FakeSystem("rule", "specialist", accuracy=0.45, latency_s=0.01, energy_j=2.0),
        ),
        items=80,
        blocks=8,
        name="settings",
    )


def many_systems(number: int = 37) -> FakeRun:
    """More systems than a table shows at once, with long names that begin and end alike."""
    size = [0.5 + 0.35 * place for place in range(number)]
    systems = tuple(
        FakeSystem(
            f"vendor/instruct-{place:02}b-q4-k-m",
            accuracy=min(0.95, 0.2 + 0.02 * place),
            latency_s=0.05 * each,
            energy_j=each**2,
        )
        for place, each in enumerate(size)
    )
    return FakeRun(systems, items=16, blocks=6, name="many")


def odd_names() -> FakeRun:
    """Names as long as hubs have them, that differ at their ends, and of other scripts; one turns the direction."""
    names = (
        "meta-llama/Llama-3.1-8B-Instruct-quantized.w4a16-A",
        "meta-llama/Llama-3.1-8B-Instruct-quantized.w4a16-B",
        "\u05e2\u05d1\u05e8\u05d9\u05ea",
        "\u65e5\u672c\u8a9e\u306e\u30e2\u30c7\u30eb",
        "a\u202eevil",
    )
    return FakeRun(
        tuple(
            FakeSystem(name, accuracy=0.3 + 0.1 * place, latency_s=0.1 + 0.1 * place, energy_j=1.0 + place**2)
            for place, name in enumerate(names)
        ),
        name="odd",
    )


def trained(
    energy_j: float | None = 3600.0, provenance: str = "counter", *, teacher_tokens: int = 0
) -> dict[str, object]:
    """What a run's record keeps of one ledger."""
    return {
        "method": "adapter", "documents": 1500, "tokens": 180_000, "teacher_tokens": teacher_tokens, "seconds": 540.0,
        "energy_j": {} if energy_j is None else {"part0": energy_j},
        "provenance": {} if energy_j is None else {"part0": provenance}, "cpu": "Example CPU",
    }  # fmt: skip


def family_run(items: int = 60, *, favour: float = 0.3) -> FakeRun:
    """Every kind of system over four domains, as the reference family has them."""
    domains = ("arithmetic", "text", "logic", "time")
    names = {domain: f"specialist-{domain}" for domain in domains}
    ledgers = {name: trained() for name in names.values()}
    specialists = tuple(
        FakeSystem(name, "specialist", accuracy=0.08, by_domain={domain: 0.7}, energy_j=4.0, output=f"{domain}.",
                   domain=domain, training={name: ledgers[name]})
        for domain, name in names.items()
    )  # fmt: skip
    routes = {domain: (name, name, name, names["text"]) for domain, name in names.items()}
    members = tuple(names.values())
    hybrid = FakeSystem("hybrid", "hybrid", accuracy=0.55, energy_j=4.5, members=members, routes=routes,
                        router="classifier", training=ledgers | {"router-classifier": trained(18.0)})  # fmt: skip
    return FakeRun(
        systems=(
            FakeSystem("base", accuracy=0.15, energy_j=8.0, output="rambling on"),
            FakeSystem("tuned", accuracy=0.6, energy_j=4.0, output="The answer is 42.", training={"tuned": trained()}),
            *specialists,
            FakeSystem("mixture", "moe", accuracy=0.5, energy_j=6.0, experts=members, favour=favour,
                       training=ledgers | {"mixture": trained(900.0)}),
            FakeSystem("student", "distilled", accuracy=0.45, by_domain={"time": 0.2}, energy_j=2.0, output=" 42",
                       teacher="tuned",
                       training={"tuned": trained(), "student": trained(1800.0, teacher_tokens=90_000)}),
            hybrid,
            FakeSystem("told", "hybrid", accuracy=0.95, energy_j=1.0, members=members,
                       routes={domain: (name,) for domain, name in names.items()}, router="oracle"),
        ),
        tasks=(("chain_sum", "arithmetic"), ("spelling", "text"), ("syllogism", "logic"), ("calendar", "time")),
        items=items,
        name="family",
        carbon={"region": None, "intensity_g_per_kwh": 100.0, "pue": 1.25},
    )  # fmt: skip


def machine(**changes: object) -> dict[str, object]:
    """What a run's record holds of a machine with one GPU."""
    gpu = {
        "index": 0, "name": "Example GPU", "uuid": "GPU-1", "visible": True, "driver": "570.86", "power_limit_w": 700.0
    }  # fmt: skip
    whole: dict[str, object] = {
        "python": "3.11.9", "cpu": "Example CPU", "cpus_usable": 16, "cpus_quota": None, "container": None,
        "cpu_power": {"package_limit_w": 250.0, "governor": "performance", "boost": "on"},
        "packages": {"torch": "2.9.0", "codecarbon": "3.3.1"},
    }  # fmt: skip
    changed = {key: changes.pop(key) for key in list(changes) if key in whole}
    return {**whole, "gpus": [gpu | changes], **changed}


def recorded(identity: str = "aaa111", **changes: object) -> FakeRun:
    """A run that holds everything a fingerprint asks for."""
    whole: dict[str, object] = {
        "systems": (
            FakeSystem("big", accuracy=0.7, energy_j=12.0, weights="b" * 64),
            FakeSystem("small", "specialist", accuracy=0.5, latency_s=0.25, energy_j=3.0, weights="5" * 64),
        ),
        "id": identity, "environment": machine(), "items": 60,
        "cell": {"task_version": "1.0", "docs_sha256": "d" * 64, "task_sha256": "a" * 64},
    }  # fmt: skip
    return FakeRun(**{**whole, **changes})  # type: ignore[arg-type]
