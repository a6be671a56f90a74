"""The suite file: a public contract, and everything that can be wrong with one.

May import: `wattbench.errors`, pydantic, PyYAML. Must not import anything that measures or runs: a suite can be
checked, and its schema printed, in a fraction of a second. (A third party's meter is imported where a suite names one:
only it knows its settings.)
"""

from wattbench.config.gate import GatePolicy, MetricPolicy, Trade, Waiver
from wattbench.config.loader import Resolved, benchmarks_folder, load_suite, resolved_from_record, shipped_suites
from wattbench.config.meter import (
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
from wattbench.config.open_loop import Load, queries_needed
from wattbench.config.plugins import plugin, plugin_names
from wattbench.config.router import (
    AlwaysRouter,
    CascadeRouter,
    ClassifierRouter,
    LlmRouter,
    OracleRouter,
    RandomRouter,
    Router,
)
from wattbench.config.suite import Carbon, Measure, Suite, TaskChoice
from wattbench.config.system import (
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
from wattbench.config.training import DeclaredTraining
from wattbench.config.weights import Weights

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
