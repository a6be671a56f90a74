"""The systems of a suite: anything that answers prompts. `kind` is the role in the comparison, `engine` how it runs."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import (
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveInt,
    SerializeAsAny,
    Tag,
    TypeAdapter,
    ValidationInfo,
    field_validator,
    model_validator,
)

from wattbench.config.apis import Estimate, Limit, ServiceName, with_service
from wattbench.config.base import Items, Name, RelativePath, Seconds, Strict, Times, named_by
from wattbench.config.call import Call, FilledInCheckout
from wattbench.config.engine_hints import hint
from wattbench.config.pipeline_file import PipelineFile, TrustedType
from wattbench.config.prediction import Prediction
from wattbench.config.price import Price
from wattbench.config.registry import Registry
from wattbench.config.router import CascadeRouter, OtherRouter, PredictedRouter, Router, RouterBase
from wattbench.config.serve import Serve
from wattbench.config.training import TrainingCost
from wattbench.config.weights import Weights

Kind = Literal["generalist", "specialist", "moe", "distilled", "hybrid"]


class Prompt(Strict):
    """The form in which a system is asked a task's documents. It belongs to the system, as it follows from its
    training."""

    chat: bool = False
    """Wrap the prompt in the model's own chat template."""
    fewshot: Annotated[int, Field(ge=0, le=10_000)] | None = None
    """Worked examples before the question. None keeps the task's number; a task that requires 0 keeps 0."""
    system: str | None = None
    """A system instruction."""
    multiturn: bool = True
    """With `chat`: give worked examples as earlier turns instead of inside the question."""


class Parameters(Strict):
    """Parameter counts that the user declares, for systems whose parameters cannot be counted."""

    total: PositiveInt
    active: PositiveInt | None = None
    """Parameters used per token; None: the total."""


class SystemBase(Strict):
    """What every system has. A third party's engine derives the model of its own settings from this."""

    kind: Kind
    """Its role in the comparison."""
    engine: str
    """How it runs."""
    domain: str | None = None
    """For a specialist: the domain it was made for."""
    description: str | None = None
    prompt: Prompt = Prompt()
    parameters: Parameters | None = None
    """Only needed if the engine cannot count them."""
    teacher: Name | None = None
    """For a distilled system: the system whose answers it was trained on. The two are compared if both take part."""
    training: TrainingCost | None = None
    """The cost of its training: the path of the ledger that `wattbench family build` writes, or, for a model that was
    trained elsewhere, a mapping such as `{energy_kwh: 5000, source: its model card, year: 2024}`."""
    price: Price | None = None
    """What its answers cost: per token, per request or per hour. A hybrid is billed for each member that it asked, at
    that member's price; a price of its own is added. None: electricity alone, if `workload.price_per_kwh` is set."""


class LocalModel(SystemBase):
    """Settings of all models in this process. Systems with the same base load it once."""

    weights: Weights
    """The base."""
    dtype: Literal["auto", "float32", "float16", "bfloat16"] = "auto"
    device: str = "auto"
    """`cpu`, `cuda`, `cuda:1`, `mps`; `auto` takes an accelerator where there is one."""
    threads: Times | None = None
    """CPU threads; None leaves PyTorch's choice."""
    max_output_tokens: Items = 256
    """The limit for tasks that set none."""


class TransformersSystem(LocalModel):
    """A model in this process, through Hugging Face transformers."""

    engine: Literal["transformers"]
    layers: Annotated[list[NonNegativeInt], Field(min_length=1)] | None = None
    """Only these layers of the base, in this order: a student of half its depth. None keeps them all."""
    adapter: RelativePath | None = None
    """A PEFT adapter's folder."""
    merge: bool = False
    """Merge the adapter into a copy of the weights that it changes: fewer operations per token, more memory."""


class MoeSystem(LocalModel):
    """A sparse mixture of experts, assembled in this process from one base and several adapters.

    Each adapter's feed-forward weights, merged with the base's, become one expert; everything else is the base's.
    """

    engine: Literal["moe"]
    experts: Annotated[dict[Name, RelativePath], Field(min_length=2)]
    """An expert's name, and the folder of its PEFT adapter. Their order is that of the router."""
    router: RelativePath
    """A safetensors file with the router weights of each sparse layer."""
    top_k: PositiveInt = 2
    """Experts used for each token."""

    @model_validator(mode="after")
    def _enough_experts(self) -> Self:
        if self.top_k > len(self.experts):
            raise ValueError(f"top_k is {self.top_k}, but there are {len(self.experts)} experts")
        return self


class EndpointSystem(SystemBase):
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
    timeout_s: Seconds = 300.0
    """How long one request may take, from connecting to its last byte."""
    max_output_tokens: Items = 256
    """The limit for tasks that set none."""
    omit: list[Literal["temperature", "seed", "stop"]] = []
    """What is not sent, for a model that refuses it. Stop sequences then cut the answer here, once all of it came."""
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

    @property
    def resends(self) -> int:
        """Return how often a refused request is sent again."""
        return self.retries if self.retries is not None else 6 if self.service is not None else 0

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.base_url is None and (self.serve is None or self.serve.llamacpp is None):
            raise ValueError("base_url is required (except with service, or serve: {llamacpp: ...})")
        return self


class PythonSystem(SystemBase):
    """A Python callable from prompt to answer: a regular expression, a lexicon."""

    engine: Literal["python"]
    call: Call
    """`package.module:function`, or `./file.py:function` relative to this file. It takes a text and returns the answer,
    or the answer and how probable it is that it is right; None where it does not know."""
    sees: Literal["prompt", "input"] = "prompt"
    """What it is called with. `prompt`: all that a model is asked, instruction and worked examples included. `input`:
    the input of a file task's item alone."""
    checkout: FilledInCheckout = None
    """Where its modules come from, in a gate against a base. Filled in by `gate --base`; do not write it by hand."""


class SklearnSystem(SystemBase):
    """A fitted scikit-learn pipeline from a text to a label. It runs no code of the suite.

    Of a file task it reads the input alone, of any other task the prompt.
    """

    engine: Literal["sklearn"]
    model: PipelineFile
    """The pipeline, saved with skops: a `.skops` file."""
    trusted: list[TrustedType] = []
    """Types in the file that are only built if they are named here, as compiled code follows what they hold."""


class LmEvalSystem(SystemBase):
    """Any model type that lm-eval registers, by its own arguments."""

    engine: Literal["lm_eval"]
    model: str
    """lm-eval's name for it: `hf`, `vllm`, `local-completions`, `dummy`, ..."""
    args: dict[str, Any] = {}
    """Its `model_args`."""


class HybridSystem(SystemBase):
    """A router in front of other systems, all of which are loaded. Each is asked in its own prompt form."""

    engine: Literal["hybrid"]
    members: Annotated[dict[Name, Name], Field(min_length=1)]
    """The router's name for a member (for most routers: a domain), and the system that it names."""
    router: SerializeAsAny[Router]
    fallback: Name | None = None
    """The member (by the router's name for it) that answers if the router chooses none or is not sure enough."""
    predicted: Prediction | None = None
    """What was predicted of it before it ran. `wattbench route --write` writes it."""
    pool: dict[Name, Any] = {}
    """The systems that are named here. Filled in when the suite is read; do not write it by hand."""

    @model_validator(mode="after")
    def _router_fits(self) -> Self:
        if not isinstance(self.router, OtherRouter):  # whose settings are unknown until `with_router` brings them
            self._check_router()
        return self

    def with_router(self, router: RouterBase) -> Self:
        """Return the same hybrid with another router.

        Raises:
            ValueError: the router does not fit the members.
        """
        hybrid = self.model_copy(update={"router": router})
        hybrid._check_router()
        return hybrid

    def _check_router(self) -> None:
        self._check_labels()
        self._check_fallback()
        self._check_cascade()

    def _check_labels(self) -> None:
        wanted = {"fallback": [self.fallback] if self.fallback is not None else [], **self.router.labels()}
        for key, labels in wanted.items():
            for label in labels:
                if label not in self.members:
                    raise ValueError(f"{key}: {label!r} is not one of the members: {', '.join(self.members)}")

    def _check_fallback(self) -> None:
        if self.fallback is None and getattr(self.router, "min_score", 0.0) > 0.0:
            raise ValueError("fallback: missing; with min_score some requests go to it")

        if self.fallback is None and isinstance(self.router, PredictedRouter):
            raise ValueError("fallback: missing; it answers unless another member is better by more than the margin")

    def _check_cascade(self) -> None:
        if isinstance(self.router, CascadeRouter):
            systems = [self.members[label] for label in self.router.order]
            if len(set(systems)) < len(systems):
                raise ValueError(f"order: a cascade asks each system once (here: {', '.join(systems)})")

    @field_validator("pool", mode="before")
    @classmethod
    def _pool_is_read(cls, pool: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        if pool and "folder" in (info.context or {}):
            raise ValueError("pool is filled in from members; leave it out")
        system = TypeAdapter[Any](System)
        return {name: system.validate_python(one) for name, one in pool.items()}

    @property
    def resident(self) -> list[str]:
        """List the systems that must be loaded, each once: the members, and those that the router itself asks."""
        return list(dict.fromkeys([*self.members.values(), *self.router.systems()]))


ENGINES = Registry(
    noun="engine",
    group="wattbench.systems",
    built_in={
        "transformers": "wattbench.systems.local.transformers:TransformersEngine",
        "moe": "wattbench.systems.local.moe:MoeEngine",
        "endpoint": "wattbench.systems.endpoint.engine:EndpointEngine",
        "python": "wattbench.systems.python:PythonEngine",
        "sklearn": "wattbench.systems.sklearn_pipeline:SklearnEngine",
        "lm_eval": "wattbench.systems.lm_eval:LmEvalEngine",
        "hybrid": "wattbench.systems.hybrid.engine:HybridEngine",
    },
    settings=SystemBase,
    page="docs/adding-a-system.md",
    base="wattbench.systems.base:Engine",
    hint=hint,
)


class OtherSystem(SystemBase):
    """A system with an engine of another distribution, whose settings have not been checked yet."""

    model_config = ConfigDict(extra="allow")

    engine: Annotated[str, Field(json_schema_extra=ENGINES.other_names)]
    """How it runs."""


System = Annotated[
    Annotated[TransformersSystem, Tag("transformers")]
    | Annotated[MoeSystem, Tag("moe")]
    | Annotated[EndpointSystem, Tag("endpoint")]
    | Annotated[PythonSystem, Tag("python")]
    | Annotated[SklearnSystem, Tag("sklearn")]
    | Annotated[LmEvalSystem, Tag("lm_eval")]
    | Annotated[HybridSystem, Tag("hybrid")]
    | Annotated[OtherSystem, Tag("OtherSystem")],
    named_by("engine", ENGINES.built_in, OtherSystem.__name__),
]
"""A system as a file defines it. One with another distribution's engine is checked by
`wattbench.config.third_party`."""
