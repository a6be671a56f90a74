"""The suite file: a public contract, with the checks of everything that can be wrong in one.

May import: `wattbench.records`, `wattbench.errors`, `wattbench.redaction`, pydantic, PyYAML. Must not import anything
that measures or runs: a suite can be checked, and its schema printed, in a fraction of a second. (A third party's
meter, engine or router is imported where a suite names one: only it knows its settings.)
"""

from wattbench.config.apis import SERVICES, Service
from wattbench.config.code_files import Checkout
from wattbench.config.file_task import FileSplit, FileTask, TaskChoice
from wattbench.config.hosts import far_host, hosts_of
from wattbench.config.inspect_task import InspectTask
from wattbench.config.loader import (
    Resolved,
    benchmarks_folder,
    load_suite,
    resolved_from_record,
    shipped_suites,
    suite_from_text,
    tasks_from_record,
)
from wattbench.config.meters.meter import (
    METERS,
    AmdSmiSettings,
    AutoSettings,
    CodecarbonSettings,
    Command,
    CsvLog,
    ExternalSettings,
    MeterEntry,
    NvmlSettings,
    RaplSettings,
    ReplaySettings,
)
from wattbench.config.meters.meter_base import MeterSettings
from wattbench.config.meters.remote_meters import PrometheusSettings, RemoteSettings, TensorRtLlmSettings
from wattbench.config.open_loop import Load
from wattbench.config.power_limits import power_limit_of
from wattbench.config.recorded_secrets import with_secrets
from wattbench.config.registry import Registry
from wattbench.config.router import (
    ROUTERS,
    AlwaysRouter,
    CascadeRouter,
    ClassifierRouter,
    LlmRouter,
    OracleRouter,
    PredictedRouter,
    PythonRouter,
    RandomRouter,
    Router,
    RouterBase,
    SklearnRouter,
)
from wattbench.config.sampling import Sampling, repeats_of, sampling_of
from wattbench.config.suite import Measure, Suite
from wattbench.config.systems.agent import AgentSystem, AskingSystem, InspectSystem
from wattbench.config.systems.endpoint import EndpointSystem, LlamaCppServe, Serve
from wattbench.config.systems.system import (
    ENGINES,
    HybridSystem,
    LmEvalSystem,
    LocalModel,
    MoeSystem,
    PythonSystem,
    SklearnSystem,
    System,
    TransformersSystem,
)
from wattbench.config.systems.system_base import Prompt, SystemBase, Weights
from wattbench.records.schema.base import Name, RelativePath
from wattbench.records.schema.carbon import Carbon
from wattbench.records.schema.decide import Decide, Stop
from wattbench.records.schema.gate import GatePolicy, MetricPolicy, Trade, Waiver
from wattbench.records.schema.prediction import Prediction
from wattbench.records.schema.training import DeclaredTraining

__all__ = [
    "ENGINES",
    "METERS",
    "ROUTERS",
    "SERVICES",
    "AgentSystem",
    "AlwaysRouter",
    "AmdSmiSettings",
    "AskingSystem",
    "AutoSettings",
    "Carbon",
    "CascadeRouter",
    "Checkout",
    "ClassifierRouter",
    "CodecarbonSettings",
    "Command",
    "CsvLog",
    "Decide",
    "DeclaredTraining",
    "EndpointSystem",
    "ExternalSettings",
    "FileSplit",
    "FileTask",
    "GatePolicy",
    "HybridSystem",
    "InspectSystem",
    "InspectTask",
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
    "Name",
    "NvmlSettings",
    "OracleRouter",
    "PredictedRouter",
    "Prediction",
    "PrometheusSettings",
    "Prompt",
    "PythonRouter",
    "PythonSystem",
    "RandomRouter",
    "RaplSettings",
    "Registry",
    "RelativePath",
    "RemoteSettings",
    "ReplaySettings",
    "Resolved",
    "Router",
    "RouterBase",
    "Sampling",
    "Serve",
    "Service",
    "SklearnRouter",
    "SklearnSystem",
    "Stop",
    "Suite",
    "System",
    "SystemBase",
    "TaskChoice",
    "TensorRtLlmSettings",
    "Trade",
    "TransformersSystem",
    "Waiver",
    "Weights",
    "benchmarks_folder",
    "far_host",
    "hosts_of",
    "load_suite",
    "power_limit_of",
    "repeats_of",
    "resolved_from_record",
    "sampling_of",
    "shipped_suites",
    "suite_from_text",
    "tasks_from_record",
    "with_secrets",
]
