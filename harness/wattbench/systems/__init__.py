"""Run systems by engines. Each engine has a file, and builds an lm-eval `LM`.

May import: `wattbench.config`, `wattbench.systems.weights`, `wattbench.errors`, `wattbench.clock`; lm-eval, and what
its engine needs, at the moment it is needed. Must not import meters, the runner or `wattbench_reports`.
"""

from wattbench.records.rows.systems import Facts
from wattbench.systems.base import (
    GENERATE,
    Engine,
    ExpertsUsed,
    Mixture,
    Reply,
    Route,
    TaskContext,
    declared_parameters,
)
from wattbench.systems.registry import (
    base_key,
    engine_class,
    held_base_bytes,
    import_libraries,
    open_engine,
    release_base,
    servers_kept,
)

__all__ = [
    "GENERATE",
    "Engine",
    "ExpertsUsed",
    "Facts",
    "Mixture",
    "Reply",
    "Route",
    "TaskContext",
    "base_key",
    "declared_parameters",
    "engine_class",
    "held_base_bytes",
    "import_libraries",
    "open_engine",
    "release_base",
    "servers_kept",
]
