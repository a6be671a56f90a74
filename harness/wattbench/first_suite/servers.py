"""Ask a server which models it has, before a suite names one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from wattbench.config import EndpointSystem
from wattbench.errors import UserError, nearest
from wattbench.network.urls import is_loopback
from wattbench.systems.endpoint.client import OpenAIClient, parse_url
from wattbench.systems.endpoint.engine import key_of
from wattbench.systems.endpoint.listing import listed_models
from wattbench.systems.endpoint.plain_text import plain_text

TIMEOUT_S = 5.0
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


def ask_server(address: str, api_key_env: str | None) -> FoundServer:
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
    client = OpenAIClient(where=where, base_url=base_url, key=key_of(config, where), timeout_s=TIMEOUT_S)
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
