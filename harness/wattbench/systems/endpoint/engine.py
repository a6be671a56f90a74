"""Ask any server of the OpenAI protocol, streamed so that every token has a time stamp."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar, Self

from wattbench.config import SERVICES, EndpointSystem
from wattbench.errors import MissingHereError, UserError, nearest
from wattbench.records.rows.systems import Facts
from wattbench.redaction import hide_settings, keep_secret, keep_secrets_of
from wattbench.systems.base import GENERATE, Engine, Reply, declared_parameters, failure_of
from wattbench.systems.endpoint.asker import Asker
from wattbench.systems.endpoint.client import OpenAIClient
from wattbench.systems.endpoint.listing import Served, choose_model, discover, entries_of, shown_names
from wattbench.systems.endpoint.pacing import Pacer
from wattbench.systems.endpoint.plain_text import plain_text
from wattbench.systems.endpoint.refusals import ServerError
from wattbench.systems.endpoint.request import RequestWriter, dialect_of
from wattbench.systems.endpoint.serving import check_server, start_server
from wattbench.systems.endpoint.serving.llamacpp import LlamaCppServer
from wattbench.systems.weights import verify

PROBE_S = 5.0
"""How long a plan waits for a server's list of models."""
_WANTS_KEY = (401, 403)

if TYPE_CHECKING:
    from lm_eval.api.instance import Instance

    from wattbench.systems.endpoint.serving import Server
    from wattbench.systems.spending import Spending


class EndpointEngine(Engine):
    """A model behind a server, started by wattbench or not.

    Requests of one batch are sent at the same time, each on its own connection, as fast as its limit allows. A server
    that we start through llama.cpp computes each prompt anew. Whether a server of another's keeps prefixes from request
    to request cannot be known here, and nothing is claimed about it.
    """

    concurrent: ClassVar[bool] = True

    def __init__(self, name: str, config: EndpointSystem, server: Server | None, *, batch: int, seed: int) -> None:
        from wattbench.systems.endpoint.lm import EndpointLM

        where = f"system {name!r}"
        service = None if config.service is None else SERVICES[config.service]
        self._name = name
        self._where = where
        self._config = config
        self._server = server
        self._client = OpenAIClient(
            where=where,
            base_url=self.base_url,
            key=self.key,
            timeout_s=config.timeout_s,
            fields=config.request,
        )
        # A service lists hundreds of models, some under other names than it takes: it refuses a wrong one itself.
        known = config.model if service is not None else None
        self._served = discover(self._client, config.model, where) if known is None else Served(known)
        writer = RequestWriter(
            where=where,
            model=self._served.model,
            chat=config.prompt.chat,
            seed=seed,
            max_output_tokens=config.max_output_tokens,
            dialect=dialect_of(self._client.base.hostname or "", self._served.owner, service, config.omit),
            request=config.request,
            temperature=config.temperature,
        )
        self.paid = service is not None
        self._asker = Asker(self._client, Pacer(config.limit), resends=config.resends, max_wait_s=config.max_wait_s)
        self.lm = EndpointLM(self._asker, writer, batch=batch, template=self._served.template)

    @property
    def base_url(self) -> str:
        """Return the address of its server."""
        return self._server.base_url if self._server is not None else str(self._config.base_url)

    @property
    def model(self) -> str:
        """Return the name of the model on its server."""
        return self._served.model

    @property
    def key(self) -> str | None:
        """Return the key of its server."""
        return key_of(self._config, self._where)

    @classmethod
    def check(cls, name: str, config: EndpointSystem) -> None:
        """Check that the key is set, and that the server can be started if wattbench starts it. No server is asked."""
        where = f"system {name!r}"
        if config.serve is not None:
            check_server(config.serve, where=where, base_url=config.base_url)
        key_of(config, where)

    @classmethod
    def probe(cls, name: str, config: EndpointSystem, *, network: bool, keys: bool) -> list[str]:
        """Ask a running server for its model, within seconds; check the weights of one that wattbench starts."""
        where = f"system {name!r}"
        if config.serve is not None:
            if config.serve.llamacpp is not None:
                verify(config.serve.llamacpp.weights, where=where)
            return []
        if not network:
            return []

        key = key_of(config, where) if keys else None
        client = OpenAIClient(
            where=where, base_url=str(config.base_url), key=key, timeout_s=min(PROBE_S, config.timeout_s)
        )
        try:
            entries = entries_of(client)
        except ServerError as error:
            wants_key = error.refusal is not None and error.refusal.status in _WANTS_KEY
            if not wants_key or key is not None or config.api_key_env is None:
                raise UserError(f"{error} (plan --offline does not ask it)") from None
            said = "its server answers; what it serves was not read, as a plan sends no key (plan --load does)"
            return [] if config.service is not None else [said]
        finally:
            client.close()
        if config.service is not None and config.model is not None:
            return []  # as in a run: it refuses a wrong name itself
        model = choose_model(entries, config.model, where)
        if len(entries) > 1 and model not in entries:
            return [f"its server does not list the model {model!r}{nearest(model, shown_names(entries))}"]
        return []

    @classmethod
    def open(cls, name: str, config: EndpointSystem, *, batch: int, seed: int) -> Self:
        """Start the server if the suite says so, wait until it is ready, and ask what it serves."""
        cls.check(name, config)
        where = f"system {name!r}"
        if config.serve is None:
            return cls(name, config, None, batch=batch, seed=seed)
        if config.serve.llamacpp is not None and config.serve.llamacpp.slots < batch:
            raise UserError(
                f"{where}: {batch} requests at once on {config.serve.llamacpp.slots} slot(s) would wait for "
                f"each other. Set serve.llamacpp.slots to {batch}, or lower measure.batch"
            )
        server = start_server(name, config.serve, base_url=config.base_url, key=key_of(config, where))
        try:
            return cls(name, config, server, batch=batch, seed=seed)
        except BaseException:
            server.close()
            raise

    def answer(self, request_type: str, requests: Sequence[Instance]) -> list[Reply]:
        """Send the requests together; each reply has the arrival times of its pieces.

        `token_s` has one stamp for each chunk with text in it. A chunk may hold several tokens, so it can be
        shorter than `output_tokens`, which is the server's own count (as `prompt_tokens` is).
        """
        return self._answer(request_type, requests, None)

    def report_confidence(self) -> None:
        """Ask the server for log-probabilities from now on.

        Raises:
            UserError: it gives none.
        """
        if self._config.service is not None and not SERVICES[self._config.service].logprobs:
            raise UserError(
                f"{self._where}: a cascade judges its answers by log-probabilities, which the service "
                f"{self._config.service} does not give. Only the last member of a cascade may be such a system"
            )
        self.lm.report_confidence()

    def tells_first_token(self, request_type: str) -> bool:
        """Return whether the request generates."""
        return request_type == GENERATE

    def answer_live(
        self, request_type: str, requests: Sequence[Instance], first_token: Callable[[], None]
    ) -> list[Reply]:
        """Answer as `answer` does, and call `first_token` when the first chunk with text has been read.

        Nothing is waited for and nothing is sent again: requests that arrive at a rate of their own do not wait.
        """
        return self._answer(request_type, requests, first_token, once=True)

    def bill_to(self, spending: Spending) -> None:
        """Bill its answers by the prices of the suite."""
        self._asker.account = spending.account(self._name)

    def _answer(
        self,
        request_type: str,
        requests: Sequence[Instance],
        first_token: Callable[[], None] | None,
        *,
        once: bool = False,
    ) -> list[Reply]:
        if request_type != GENERATE:
            self.lm.loglikelihood(requests)
        try:
            replies = self._asker.ask_all([self.lm.request_of(each) for each in requests], first_token, once=once)
        except UserError as error:
            self._check_server(error)
            raise
        if failure_of(replies) is not None:
            self._check_server(None)
        return replies

    def _check_server(self, error: UserError | None) -> None:
        """Check that a server that wattbench started still runs; without it every request fails.

        Raises:
            UserError: it ended.
        """
        ended = self._server.ended() if self._server is not None else None
        if ended is not None:
            raise UserError(f"{self._where}: {ended}") from error

    def facts(self) -> Facts:
        """Return the facts of the file if wattbench serves it, else what the server states."""
        total, active = declared_parameters(self._config, self._served.parameters)
        started = self._server if isinstance(self._server, LlamaCppServer) else None
        return Facts(
            engine_version=started.version if started else self._served.version,
            parameters_total=total,
            parameters_active=active,
            weight_bytes=started.weights.bytes if started else self._served.bytes,
            weights_sha256=started.weights.sha256 if started else None,
            served_model=None if started else plain_text(self._served.model, limit=200),
            dtype=self._served.dtype,
            device=started.device if started else None,
            shares_base_with=started.owner if started and started.owner != self._name else None,
        )

    def peak_memory_bytes(self) -> int | None:
        """Return the peak of the server's processes if wattbench started it; None for any other server."""
        return self._server.peak_memory_bytes() if self._server is not None else None

    def close(self) -> None:
        """Close the connections, and the server if wattbench started it: it ends with the last system that uses it."""
        self._client.close()
        server, self._server = self._server, None
        if server is not None:
            server.close()


def key_of(config: EndpointSystem, where: str) -> str | None:
    """Return the key from the environment; None if the system needs none.

    Raises:
        UserError: the variable is not set.
    """
    if config.api_key_env is None:
        return None
    variable = {"api_key_env": config.api_key_env}
    keep_secrets_of(variable)  # the key itself may be written there by mistake
    key = os.environ.get(config.api_key_env, "").strip()
    if not key:
        name = hide_settings(variable)["api_key_env"]
        raise MissingHereError(
            f"{where}: the variable {name} (api_key_env) is not set; export it with the key",
            f"variable {name}",
        )
    keep_secret(key)
    return key
