"""A system behind a server of the OpenAI protocol: one of one's own, or a service."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, NonNegativeInt, model_validator

from wattbench.config.apis import SERVICES, Estimate, Limit, ServiceName, with_service
from wattbench.config.systems.request_fields import SET_HERE, RequestFields, refuse
from wattbench.config.systems.system_base import PowerLimited, Weights
from wattbench.records.schema.base import Items, Seconds, Strict, Times


class LlamaCppServe(Strict):
    """llama.cpp's server, through the `xllamacpp` wheel, on loopback."""

    weights: Weights
    """A GGUF file."""
    threads: Times | None = None
    """CPU threads; None takes the physical cores."""
    slots: Times = 1
    """Requests it decodes at the same time."""
    context: Items = 4096
    """Tokens of context for each slot."""
    gpu_layers: NonNegativeInt | None = None
    """Layers on the accelerator; None leaves llama.cpp's choice."""


class Serve(Strict):
    """A server that wattbench starts, waits for, meters and stops: `llamacpp`, or any `command`."""

    llamacpp: LlamaCppServe | None = None
    """llama.cpp's server, with the file that it serves."""
    command: str | None = None
    """A command line, split as a shell does but run without one; `{port}` is replaced by a free port."""
    ready: str = "/health"
    """The path that answers 200 once the server is ready."""
    timeout_s: Seconds = 600.0
    """How long it may take to be ready."""

    @model_validator(mode="after")
    def _one_server(self) -> Self:
        if (self.llamacpp is None) == (self.command is None):
            raise ValueError("name exactly one of llamacpp and command")
        return self


class EndpointSystem(PowerLimited):
    """Any server with the OpenAI completions protocol, streamed so that every token has a time stamp."""

    engine: Literal["endpoint"]
    service: ServiceName | None = None
    """A service whose `base_url`, key and ways are known: it is then asked in chat, refusals are waited for, and its
    joules are estimated. `model` is required."""
    base_url: str | None = Field(default=None, pattern=r"^https?://")
    """For example `http://localhost:8000/v1`. Not needed with `serve: {llamacpp: ...}`; may hold `{port}` with a
    command."""
    model: str | None = None
    """The model's name on the server; None takes the only one it lists."""
    api_key_env: str | None = None
    """The environment variable that holds the key. The key itself is never recorded."""
    serve: Serve | None = None
    """How wattbench starts the server. None: it runs already."""
    timeout_s: Seconds = 300.0
    """How long one request may take, from connecting to its last byte."""
    max_output_tokens: Items | None = None
    """The most tokens of an answer, thoughts included, for every task. None: the task's limit; of a task that sets
    none, 1,024 in chat and 256 without."""
    omit: list[Literal["temperature", "seed", "stop"]] = []
    """What is not sent, for a model that refuses it. Stop sequences then cut the answer here, once all of it came."""
    request: RequestFields = {}
    """Fields that are added to the body of every request, as they are written here: `reasoning_effort`, `top_p`,
    `tools`, `extra_body`, ... They win over the task's. With a `temperature` above 0 the system samples: see
    `measure.repeats`."""
    limit: Limit | None = None
    """How fast it is asked at most."""
    retries: Annotated[int, Field(ge=0, le=100)] | None = None
    """How often a request is sent again that was refused before it was answered: HTTP 408, 429, 500, 502, 503, 504,
    529, or no connection. None: 6 with a `service`, and 0 with any other server, where a refusal is a finding."""
    max_wait_s: Seconds = 300.0
    """The longest wait before a request is sent again. A server that asks for more ends the run, which can be
    resumed."""
    estimate: Estimate | None = None
    """Whose figures are estimated by EcoLogits; with a `service` also without this key."""

    @model_validator(mode="before")
    @classmethod
    def _with_service(cls, given: Any) -> Any:
        return with_service(given)

    @model_validator(mode="after")
    def _service_has_model(self) -> Self:
        if self.service is not None and self.model is None:
            raise ValueError("model is required with service: the service lists many")
        if self.service is not None and self.serve is not None:
            raise ValueError("service and serve: a service runs already; leave serve out")
        return self

    @model_validator(mode="after")
    def _set_once(self) -> Self:
        if "temperature" in self.request and "temperature" in self.omit:
            refuse(("request", "temperature"), "it is in omit, too, which leaves it out: name it in one of the two")
        seed = None if self.service is None else SERVICES[self.service].seed_key
        if seed is not None and seed in self.request:
            refuse(("request", seed), f"wattbench sets this field itself: {SET_HERE['seed']}")
        return self

    @property
    def takes_seed(self) -> bool:
        """Return whether it is sent a seed."""
        return "seed" not in self.omit and (self.service is None or SERVICES[self.service].seed_key is not None)

    @property
    def temperature(self) -> float | None:
        """Return the temperature that its requests have whatever the task; None: the task's."""
        set_here = self.request.get("temperature")
        return float(set_here) if isinstance(set_here, int | float) and not isinstance(set_here, bool) else None

    @property
    def resends(self) -> int:
        """Return how often a refused request is sent again."""
        return self.retries if self.retries is not None else 6 if self.service is not None else 0

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.base_url is None and (self.serve is None or self.serve.llamacpp is None):
            raise ValueError("base_url is required (except with service, or serve: {llamacpp: ...})")
        return self
