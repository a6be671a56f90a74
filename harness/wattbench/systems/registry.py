"""Load systems by the engines that they name, each imported when it is used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from wattbench.config import ENGINES, AskingSystem
from wattbench.errors import require
from wattbench.systems.base import Engine
from wattbench.systems.endpoint.serving import kept_running, server_key
from wattbench.systems.local import base_cache


def engine_class(engine: str) -> type[Engine]:
    """Import the class behind an engine's name in the suite.

    Raises:
        UserError: there is no such engine, or its class cannot be used.
    """
    loaded: type[Engine] = ENGINES.load(engine)
    return loaded


def open_engine(name: str, config: Any, *, batch: int, seed: int) -> Engine:
    """Load a system by its configuration.

    Raises:
        UserError: it cannot be loaded, and what to do about it.
    """
    return engine_class(config.engine).open(name, config, batch=batch, seed=seed)


def import_libraries(config: Any) -> None:
    """Import the libraries of a system. All systems share them: they are not part of its loading."""
    if any(member.engine in ("transformers", "moe") for member in _loaded_for(config)):
        for module in ("torch", "transformers"):
            require(module, extra="hf", what="a model in this process")


def _loaded_for(config: Any) -> list[Any]:
    """Return the systems that are loaded for one: a hybrid's members, an agent's server, or itself."""
    if isinstance(config, AskingSystem):
        return [] if config.server is None else [config.server]
    return [config.pool[name] for name in config.resident] if config.engine == "hybrid" else [config]


def base_key(config: Any) -> object | None:
    """Return a key that is equal for systems that can share one loaded base, or one server; None if none can."""
    if config.engine == "hybrid":
        keys = {base_key(config.pool[name]) for name in config.resident} - {None}
        return keys.pop() if len(keys) == 1 else None
    if isinstance(config, AskingSystem):
        return None if config.server is None else base_key(config.server)
    if config.engine == "endpoint":
        return None if config.serve is None else server_key(config.serve)
    if config.engine not in ("transformers", "moe"):
        return None

    return base_cache.key(config)


def held_base_bytes(config: Any) -> int:
    """Return the bytes of the loaded base that a system would share; 0 without such a base."""
    wanted = base_key(config)
    if wanted is None:
        return 0

    return base_cache.held_bytes(wanted)


@contextmanager
def servers_kept(config: Any) -> Iterator[None]:
    """Keep the running servers that a system can share, while the systems that use them are closed."""
    with ExitStack() as kept:
        for member in _loaded_for(config):
            if member.engine == "endpoint" and member.serve is not None:
                kept.enter_context(kept_running(member.serve))
        yield


def release_base() -> None:
    """Free a base that is kept loaded for systems to share."""
    base_cache.release_base()
