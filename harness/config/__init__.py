"""The suite file: a public contract, and everything that can be wrong with one.

May import: `harness.errors`, pydantic, PyYAML. Must not import anything that measures or runs: a suite can be
checked, and its schema printed, in a fraction of a second.
"""

from harness.config.load import Resolved, benchmarks_folder, load_suite, resolved_from_record, shipped_suites
from harness.config.loadgen import Load, queries_needed
from harness.config.router import (
    AlwaysRouter,
    CascadeRouter,
    ClassifierRouter,
    LlmRouter,
    OracleRouter,
    RandomRouter,
    Router,
)
from harness.config.suite import Carbon, Measure, Suite, TaskChoice
from harness.config.system import (
    EndpointSystem,
    HybridSystem,
    LlamaCppServe,
    LmEvalSystem,
    LocalModel,
    MoeSystem,
    Prompt,
    PythonSystem,
    Serve,
    System,
    SystemBase,
    TransformersSystem,
)
from harness.config.weights import Weights

__all__ = [
    "AlwaysRouter",
    "Carbon",
    "CascadeRouter",
    "ClassifierRouter",
    "EndpointSystem",
    "HybridSystem",
    "LlamaCppServe",
    "LlmRouter",
    "LmEvalSystem",
    "Load",
    "LocalModel",
    "Measure",
    "MoeSystem",
    "OracleRouter",
    "Prompt",
    "PythonSystem",
    "RandomRouter",
    "Resolved",
    "Router",
    "Serve",
    "Suite",
    "System",
    "SystemBase",
    "TaskChoice",
    "TransformersSystem",
    "Weights",
    "benchmarks_folder",
    "load_suite",
    "queries_needed",
    "resolved_from_record",
    "shipped_suites",
]
