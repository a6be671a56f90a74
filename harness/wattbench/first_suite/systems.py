"""Turn what a user calls a system, such as `rules.py:answer` or a server's address, into a suite's settings."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from wattbench.callables import check_source, functions_in, look_for_callable
from wattbench.config import SERVICES, EndpointSystem
from wattbench.config.code_files import HOW_TO_SAVE, PICKLES
from wattbench.config.file_task import name_after
from wattbench.config.written_paths import written_path
from wattbench.errors import UserError, nearest
from wattbench.network.urls import is_loopback
from wattbench.records.schema.base import NAME, expanded
from wattbench.systems.endpoint.client import OpenAIClient, parse_url
from wattbench.systems.endpoint.engine import key_of
from wattbench.systems.endpoint.listing import listed_models
from wattbench.systems.endpoint.plain_text import plain_text

FORMS = (
    "a server's address (http://localhost:8000/v1), a service (openai#gpt-4o-mini), a function (rules.py:answer), a "
    "scikit-learn pipeline (model.skops), a GGUF file (model.gguf), the folder of a Hugging Face model (./model), or "
    "its name on the hub (org/model)"
)
_NAMED = re.compile(rf"({NAME.strip('^$')})=(.+)", re.DOTALL)
_CALL = re.compile(r"(.+):([A-Za-z_][A-Za-z0-9_.]*)", re.DOTALL)
_MODULE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_ON_HUB = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_CHATS = re.compile(r"instruct|chat|(?:^|[-_])it(?:$|[-_])|assistant", re.IGNORECASE)
_MOST_JSON_BYTES = 50_000_000
_CHAT = {"prompt": {"chat": True}}
_PRICE = (
    "price: {input_per_million: 0.15, output_per_million: 0.60, currency: USD, source: price list, date: 2026-11-25}",
)
"""How a price is stated: the user's, as none is built in."""


@dataclass(frozen=True)
class DraftedSystem:
    """A system of a suite that is being written."""

    name: str
    settings: dict[str, Any]
    comment: str
    """What a reader of the suite should know of it."""
    note: str = ""
    """What has to be done before it can run; empty where nothing has."""
    after: tuple[str, ...] = ()
    """Comments at its end: keys that could be added."""


def draft_system(given: str, folder: Path, domain: str, api_key_env: str | None) -> DraftedSystem:
    """Return the settings of a system. It is not loaded, and no code of it is run; a server is asked for its models.

    Args:
        given: as the user calls it, with ``NAME=`` before it where the user names it.
        folder: of the suite.
        domain: of its task.
        api_key_env: the variable with the key of servers on other machines.

    Raises:
        UserError: there is no such system, or it cannot be run.
    """
    match = _NAMED.fullmatch(given)
    name, what = match.groups() if match else (None, given)
    system = _drafted(what.strip(), folder, domain, api_key_env)
    return system if name is None else replace(system, name=name)


def _drafted(what: str, folder: Path, domain: str, api_key_env: str | None) -> DraftedSystem:
    address, _, model = what.partition("#")
    for service, known in SERVICES.items():
        if address == service or address.rstrip("/") == known.base_url:
            return _service(service, model, api_key_env)
    if re.match(r"https?://", what, re.IGNORECASE):
        return _server(what, api_key_env)
    call = _CALL.fullmatch(what)
    if call is not None and (call[1].endswith(".py") or _MODULE.fullmatch(call[1])):
        return _function(call[1], call[2], folder, domain)
    return _model(what, _path(what), folder, domain)


def _model(what: str, path: Path, folder: Path, domain: str) -> DraftedSystem:
    """Return the settings of a file or folder of a model, or of one on the hub."""
    suffix = path.suffix.lower()
    if suffix == ".py":
        listed = functions_in(f"--system {what}", path)
        example = f"{what}:{listed[0] if listed else 'answer'}"
        raise UserError(f"--system {what}: name its function: --system {example}")
    if suffix in PICKLES:
        raise UserError(
            f"--system {what}: a pickle, which would run whatever its writer put in, and is not read; {HOW_TO_SAVE}"
        )
    if suffix == ".skops":
        return _pipeline(what, path, folder, domain)
    if suffix == ".gguf":
        return _gguf(what, path, folder)
    if path.is_dir():
        return _folder(what, path, folder)
    if _ON_HUB.fullmatch(what) and not path.exists():
        chat = _CHAT if _CHATS.search(what) else {}
        settings = {"kind": "generalist", "engine": "transformers", "weights": {"hub": what}, **chat}
        return DraftedSystem(_name(path.name), settings, "a model of the hub, run in this process")
    missing = "" if path.exists() else ", and there is no such file"
    raise UserError(f"--system {what}: not known as a system{missing}. Name {FORMS}")


def _service(service: str, model: str, api_key_env: str | None) -> DraftedSystem:
    if not model:
        raise UserError(f"--system {service}: name the model of the service: --system {service}#MODEL")
    settings: dict[str, Any] = {"kind": "generalist", "engine": "endpoint", "service": service, "model": model}
    settings |= {"api_key_env": api_key_env} if api_key_env is not None else {}
    variable = api_key_env or SERVICES[service].key_env
    note = (
        "" if os.environ.get(variable, "").strip() else f"{service} needs a key: export {variable}=... before the run"
    )
    return DraftedSystem(
        _name(model.rpartition("/")[2]), settings, f"a service; its key is in {variable}", note, _PRICE
    )


def _server(what: str, api_key_env: str | None) -> DraftedSystem:
    server = _ask_server(what, api_key_env)
    settings: dict[str, Any] = {"kind": "generalist", "engine": "endpoint", "base_url": server.base_url}
    settings |= {"model": server.model} if server.model is not None else {}
    settings |= {"api_key_env": server.api_key_env} if server.api_key_env is not None else {}
    named = server.model.rstrip("/").rpartition("/")[2] if server.model else urlsplit(server.base_url).netloc
    comment = "a server, asked as a chat; a base model has no chat template: remove prompt: then"
    if server.problem is None:
        return DraftedSystem(_name(named), {**settings, **_CHAT}, comment)
    note = f"the server {server.base_url} could not be asked for its models: {server.problem}"
    if "HTTP 401" in server.problem or "HTTP 403" in server.problem:
        note += ". init takes the variable with --api-key-env"
    comment = f"{comment}. It could not be reached when this was written: if it has several models, add model:"
    return DraftedSystem(_name(named), {**settings, **_CHAT}, comment, note)


def _function(module: str, name: str, folder: Path, domain: str) -> DraftedSystem:
    if module.endswith(".py"):
        path = _path(module)
        check_source(f"--system {module}:{name}", path, name)
        call, named = f"{written_path(_absolute(path), folder)}:{name}", path.stem
    else:
        look_for_callable("--system", f"{module}:{name}", None)
        call, named = f"{module}:{name}", module.rpartition(".")[2]
    settings = {"kind": "specialist", "engine": "python", "call": call, "sees": "input", "domain": domain}
    return DraftedSystem(_name(named), settings, "a function, called with the input alone")


def _pipeline(what: str, path: Path, folder: Path, domain: str) -> DraftedSystem:
    if _begins(what, path, 2) != b"PK":
        raise UserError(f"--system {what}: not a file of skops, by its first bytes; {HOW_TO_SAVE}")
    model = written_path(_absolute(path), folder)
    settings = {"kind": "specialist", "engine": "sklearn", "model": model, "domain": domain}
    return DraftedSystem(_name(path.stem), settings, "a scikit-learn pipeline: it reads the input alone")


def _gguf(what: str, path: Path, folder: Path) -> DraftedSystem:
    if _begins(what, path, 4) != b"GGUF":
        raise UserError(f"--system {what}: not a GGUF file, by its first bytes")
    served = {"llamacpp": {"weights": {"path": written_path(_absolute(path), folder)}}}
    settings = {"kind": "generalist", "engine": "endpoint", "serve": served, **_CHAT}
    return DraftedSystem(_name(path.stem), settings, "a GGUF file, served by llama.cpp, which wattbench starts")


def _folder(what: str, path: Path, folder: Path) -> DraftedSystem:
    weights: dict[str, str] = {"path": written_path(_absolute(path), folder)}
    settings: dict[str, Any] = {"kind": "generalist", "engine": "transformers"}
    comment = "a model in this process"
    if (path / "adapter_config.json").is_file():
        base = _json(path / "adapter_config.json").get("base_model_name_or_path")
        if not isinstance(base, str) or not base:
            raise UserError(f"--system {what}: its adapter_config.json names no base model")
        based_on = Path(base)
        weights = {"path": str(based_on)} if based_on.is_absolute() else {"hub": base}
        settings |= {"weights": weights, "adapter": written_path(_absolute(path), folder), "kind": "specialist"}
        comment = "an adapter, with the base that it was trained on, in this process"
    elif (path / "config.json").is_file():
        settings |= {"weights": weights}
    else:
        raise UserError(
            f"--system {what}: the folder has no config.json, as that of a Hugging Face model has. Name {FORMS}"
        )
    chats = (path / "chat_template.jinja").is_file() or "chat_template" in _json(path / "tokenizer_config.json")
    return DraftedSystem(_name(_absolute(path).name), {**settings, **(_CHAT if chats else {})}, comment)


def _path(what: str) -> Path:
    try:
        path = expanded(Path(what))
        path.exists()
    except (OSError, ValueError) as error:
        raise UserError(f"--system {what:.80}: no file can have this name ({error})") from error
    return path


def _absolute(path: Path) -> Path:
    return path.parent.resolve() / path.name if path.name else path.resolve()


def _begins(what: str, path: Path, count: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(count)
    except OSError as error:
        raise UserError(f"--system {what}: cannot be read ({error.strerror})") from error


def _json(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file. Empty if the file has none."""
    try:
        with path.open("rb") as file:
            read = json.loads(file.read(_MOST_JSON_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}


def _name(text: str) -> str:
    name = name_after(text)
    return name if re.match(NAME, name) else f"system-{name}"[:80]


_TIMEOUT_S = 5.0
"""Within which a server has to say what it has."""
_LONGEST_NAME = 200
_ROOT = "/v1"
"""The usual root of the protocol on a server."""


@dataclass(frozen=True)
class FoundServer:
    """The address, model and key of a server, as far as they are known."""

    base_url: str
    model: str | None
    """None: it has one model, or is not known to have any."""
    api_key_env: str | None
    problem: str | None = None
    """Why it could not be asked; None where it answered."""


def _ask_server(address: str, api_key_env: str | None) -> FoundServer:
    """Ask a server for its models, and return what a suite should say of the server.

    Args:
        address: ``http://host:port/v1``, followed by ``#MODEL`` where the user names the model.
        api_key_env: the variable with the key, for servers on other machines.

    Raises:
        UserError: the address is wrong, or it has several models and none is named, or not the one that is named.
    """
    where = f"--system {plain_text(address, limit=200)}"
    base_url, _, model = address.partition("#")
    base_url, wanted = base_url.rstrip("/"), model or None
    try:
        parts = urlsplit(base_url)
        secret = parts.username is not None or parts.password is not None
    except ValueError as error:
        raise UserError(f"{where}: not a URL ({error}); write http://host:port/v1") from error
    host = parse_url(base_url, where).hostname or ""
    if secret:
        raise UserError(
            f"{where}: a suite is no place for a password; put the key in a variable, and name it with --api-key-env"
        )
    variable = None if is_loopback(host) else api_key_env
    roots = [base_url] if parts.path.strip("/") else [base_url + _ROOT, base_url]
    problem = "it has no list of models; check that the address ends with the root of the protocol, usually /v1"
    for root in roots:
        try:
            names = _models_of(root, variable, where)
        except UserError as error:
            problem = str(error).removeprefix(f"{where}: ")
            break
        if names is not None:
            return FoundServer(root, _chosen(names, wanted, address, where), variable)
    return FoundServer(roots[0], wanted, variable, problem)


def _models_of(base_url: str, variable: str | None, where: str) -> list[str] | None:
    config = EndpointSystem(kind="generalist", engine="endpoint", base_url=base_url, api_key_env=variable)
    client = OpenAIClient(where=where, base_url=base_url, key=key_of(config, where), timeout_s=_TIMEOUT_S)
    try:
        return listed_models(client)
    finally:
        client.close()


def _chosen(names: Iterable[str], wanted: str | None, address: str, where: str) -> str | None:
    known = [name for name in names if 0 < len(name) <= _LONGEST_NAME]
    if wanted is not None:
        if known and wanted not in known:
            raise UserError(f"{where}: the server has no model {wanted!r:.80}{nearest(wanted, map(plain_text, known))}")
        return wanted
    if len(known) > 1:
        shown = ", ".join(plain_text(name, limit=80) for name in known[:12]) + (", ..." if len(known) > 12 else "")
        example = plain_text(f"{address}#{known[0]}", limit=200)
        raise UserError(f"{where}: the server has several models ({shown}); name one: --system {example}")
    return known[0] if known else None
