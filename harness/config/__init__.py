"""The suite file: a public contract, and everything that can be wrong with one.

May import: `harness.errors`, pydantic, PyYAML. Must not import anything that measures or runs: a suite can be
checked, and its schema printed, in a fraction of a second.
"""

from harness.config.load import Resolved, load_suite, resolved_from_record, shipped_suites
from harness.config.suite import Carbon, Measure, Suite, TaskChoice
from harness.config.system import (
    EndpointSystem,
    LlamaCppServe,
    LmEvalSystem,
    Prompt,
    PythonSystem,
    Serve,
    System,
    SystemBase,
    TransformersSystem,
    Weights,
)

__all__ = [
    "Carbon",
    "EndpointSystem",
    "LlamaCppServe",
    "LmEvalSystem",
    "Measure",
    "Prompt",
    "PythonSystem",
    "Resolved",
    "Serve",
    "Suite",
    "System",
    "SystemBase",
    "TaskChoice",
    "TransformersSystem",
    "Weights",
    "load_suite",
    "resolved_from_record",
    "shipped_suites",
]
