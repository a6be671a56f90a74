"""The suite file: a public contract, and everything that can be wrong with one.

May import: `harness.errors`, pydantic, PyYAML. Must not import anything that measures or runs: a suite can be
checked, and its schema printed, in a fraction of a second. (A third party's meter is imported where a suite names one:
only it knows its settings.)
"""

from harness.config.gate import GatePolicy, MetricPolicy, Trade, Waiver
from harness.config.load import Resolved, benchmarks_folder, load_suite, resolved_from_record, shipped_suites
from harness.config.loadgen import Load, queries_needed
from harness.config.meter import (
    AutoSettings,
    CodecarbonSettings,
    Command,
    CsvLog,
    ExternalSettings,
    MeterEntry,
    MeterSettings,
    NvmlSettings,
    OtherSettings,
    RaplSettings,
    ReplaySettings,
)
from harness.config.plugins import plugin, plugin_names
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
from harness.config.training import DeclaredTraining
from harness.config.weights import Weights

__all__ = [
    "AlwaysRouter",
    "AutoSettings",
    "Carbon",
    "CascadeRouter",
    "ClassifierRouter",
    "CodecarbonSettings",
    "Command",
    "CsvLog",
    "DeclaredTraining",
    "EndpointSystem",
    "ExternalSettings",
    "GatePolicy",
    "HybridSystem",
    "LlamaCppServe",
    "LlmRouter",
    "LmEvalSystem",
    "Load",
    "LocalModel",
    "Measure",
    "MeterEntry",
    "MeterSettings",
    "MetricPolicy",
    "MoeSystem",
    "NvmlSettings",
    "OracleRouter",
    "OtherSettings",
    "Prompt",
    "PythonSystem",
    "RandomRouter",
    "RaplSettings",
    "ReplaySettings",
    "Resolved",
    "Router",
    "Serve",
    "Suite",
    "System",
    "SystemBase",
    "TaskChoice",
    "Trade",
    "TransformersSystem",
    "Waiver",
    "Weights",
    "benchmarks_folder",
    "load_suite",
    "plugin",
    "plugin_names",
    "queries_needed",
    "resolved_from_record",
    "shipped_suites",
]
