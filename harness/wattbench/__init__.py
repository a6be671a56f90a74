"""Accuracy, latency and energy of language-model systems, from the same requests.

The names in `__all__` are the Python API, which semantic versioning covers. They are imported when first used, so that
`import wattbench` costs nothing. Only `wattbench.api`, the command line and the pytest plugin know both `wattbench`,
which measures, and `wattbench_reports`, whose only way into this package is `wattbench.records` and `wattbench.errors`.
"""

from __future__ import annotations

TYPE_CHECKING = False  # type checkers take it as true; to import `typing` would take longer than all else here

if TYPE_CHECKING:
    from wattbench.api.compare import Comparison, RunDecision, compare
    from wattbench.api.decide import decide
    from wattbench.api.gate import GateResult, gate
    from wattbench.api.gateway import gateway
    from wattbench.api.history import History, history
    from wattbench.api.label import label
    from wattbench.api.merge import merge
    from wattbench.api.metered.running import MeteredGateway, MeteredSession
    from wattbench.api.metering import Meters, Window, metering
    from wattbench.api.plans.plan_suite import SuitePlan, plan
    from wattbench.api.read import Run, read
    from wattbench.api.rescore import rescore
    from wattbench.api.route import RunRouting
    from wattbench.api.run import run
    from wattbench.api.verify import Verified, verify
    from wattbench.errors import UserError

    __version__: str

__all__ = [
    "Comparison",
    "GateResult",
    "History",
    "MeteredGateway",
    "MeteredSession",
    "Meters",
    "Run",
    "RunDecision",
    "RunRouting",
    "SuitePlan",
    "UserError",
    "Verified",
    "Window",
    "__version__",
    "compare",
    "decide",
    "gate",
    "gateway",
    "history",
    "label",
    "merge",
    "metering",
    "plan",
    "read",
    "rescore",
    "run",
    "verify",
]

_MODULES = {
    "Comparison": "wattbench.api.compare",
    "GateResult": "wattbench.api.gate",
    "History": "wattbench.api.history",
    "MeteredGateway": "wattbench.api.metered.running",
    "MeteredSession": "wattbench.api.metered.running",
    "Meters": "wattbench.api.metering",
    "Run": "wattbench.api.read",
    "RunDecision": "wattbench.api.compare",
    "RunRouting": "wattbench.api.route",
    "SuitePlan": "wattbench.api.plans.plan_suite",
    "UserError": "wattbench.errors",
    "Verified": "wattbench.api.verify",
    "Window": "wattbench.api.metering",
    "compare": "wattbench.api.compare",
    "decide": "wattbench.api.decide",
    "gate": "wattbench.api.gate",
    "gateway": "wattbench.api.gateway",
    "history": "wattbench.api.history",
    "label": "wattbench.api.label",
    "merge": "wattbench.api.merge",
    "metering": "wattbench.api.metering",
    "plan": "wattbench.api.plans.plan_suite",
    "read": "wattbench.api.read",
    "rescore": "wattbench.api.rescore",
    "run": "wattbench.api.run",
    "verify": "wattbench.api.verify",
}
"""Public name to the module that has it."""


if not TYPE_CHECKING:  # to a type checker a misspelt name would be there as well

    def __getattr__(name: str) -> object:
        import importlib

        if name == "__version__":
            return _version()
        if name not in _MODULES:
            raise AttributeError(f"module 'wattbench' has no attribute {name!r}")
        return getattr(importlib.import_module(_MODULES[name]), name)


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("wattbench")
    except PackageNotFoundError as error:
        raise AttributeError("wattbench is not installed, so its version is not known") from error


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
