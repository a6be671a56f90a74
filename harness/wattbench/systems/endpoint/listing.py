"""Ask a server what it serves: its list of models, and what llama.cpp and vLLM say of themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wattbench.errors import UserError, nearest
from wattbench.systems.endpoint.plain_text import plain_text

if TYPE_CHECKING:
    from wattbench.systems.endpoint.client import OpenAIClient


@dataclass(frozen=True)
class Served:
    """The facts that a server states about its model. None: not stated."""

    model: str
    """The name to ask for."""
    owner: str | None = None
    """`owned_by` of its entry: the kind of server, for servers that state it there."""
    parameters: int | None = None
    bytes: int | None = None
    dtype: str | None = None
    template: str | None = None
    version: str | None = None


def discover(client: OpenAIClient, wanted: str | None, where: str) -> Served:
    """Ask a server at `/models` for its model, and llama.cpp and vLLM for details beyond the protocol.

    Args:
        client: to the server.
        wanted: the model's name; None takes the only one.
        where: what to call the system in messages.

    Raises:
        UserError: it cannot be reached, or does not serve the model, or more than one and none is named.
    """
    entries = entries_of(client)
    model = choose_model(entries, wanted, where)
    entry = entries.get(model, {})
    owner = _text(entry.get("owned_by"))
    meta = next(iter(_dicts([entry.get("meta")])), {})
    template = version = None
    if owner == "llamacpp":
        props = client.get("/props") or {}
        template = _text(props.get("chat_template"))
        build = _line(props.get("build_info"))
        version = f"llama.cpp {build}" if build else "llama.cpp"
    elif owner == "vllm":
        release = _line((client.get("/version") or {}).get("version"))
        version = f"vllm {release}" if release else "vllm"
    return Served(
        model=model,
        owner=owner,
        parameters=_positive(meta.get("n_params")),
        bytes=_positive(meta.get("size")),
        dtype=_line(meta.get("ftype")),
        template=template,
        version=version,
    )


def listed_models(client: OpenAIClient) -> list[str] | None:
    """Return the names of the models that a server lists at `/models`; None if it has no such list.

    Raises:
        UserError: it cannot be reached, refuses us, or sends something else.
    """
    listing = client.get("models")
    return None if listing is None else [*_by_name(listing)]


def entries_of(client: OpenAIClient) -> dict[str, Any]:
    """Return the entry of each model that a server lists, by name; empty if it has no list."""
    return _by_name(client.get("models") or {})


def _by_name(listing: Mapping[str, Any]) -> dict[str, Any]:
    return {str(entry["id"]): entry for entry in _dicts(listing.get("data")) if isinstance(entry.get("id"), str)}


def shown_names(entries: Mapping[str, Any]) -> list[str]:
    """Return the names of models in a form that is safe to show."""
    return [plain_text(name, limit=80) for name in entries]


def choose_model(entries: Mapping[str, Any], wanted: str | None, where: str) -> str:
    """Return the name of the model to ask for.

    Args:
        entries: as of `entries_of`.
        wanted: the model's name; None takes the only one.
        where: what to call the system in messages.

    Raises:
        UserError: the server does not serve it, or more than one and none is named.
    """
    names = shown_names(entries)
    if wanted is None:
        if len(entries) == 1:
            return next(iter(entries))
        listed = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
        problem = f"lists several models ({listed})" if names else "lists no models"
        raise UserError(f"{where}: the server {problem}. Name the model to measure with model:")
    # A server of a single model may answer under any name, and the record would name a model that was not
    # asked. One that lists several refuses a wrong name itself; some (Azure) list other names than they take.
    if len(entries) == 1 and wanted not in entries:
        aliases = next(iter(entries.values())).get("aliases")
        if not isinstance(aliases, list) or wanted not in aliases:
            raise UserError(f"{where}: the server does not serve the model {wanted!r}{nearest(wanted, names)}")
    return wanted


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _line(value: Any) -> str | None:
    """Return a statement of a server as a short printable line; None if it is no text."""
    return plain_text(value, limit=100) or None if isinstance(value, str) else None


def _positive(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1 << 63 else None
