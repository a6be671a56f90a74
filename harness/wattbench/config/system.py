"""Systems: anything that answers prompts. `kind` is its role in the comparison, `engine` how it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    ConfigDict,
    Discriminator,
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    SerializeAsAny,
    Tag,
    TypeAdapter,
    ValidationInfo,
    field_validator,
    model_validator,
)

from wattbench.config.base import Name, RelativePath, Strict, beside_its_file, tag_of
from wattbench.config.registry import Registry
from wattbench.config.router import CascadeRouter, OtherRouter, Router, RouterBase
from wattbench.config.serve import Serve
from wattbench.config.training import TrainingCost
from wattbench.config.weights import Weights

Kind = Literal["generalist", "specialist", "moe", "distilled", "hybrid"]


class Prompt(Strict):
    """How a task's documents are put to a system. Part of the system, as a model's training fixes its form."""

    chat: bool = False
    """Wrap the prompt in the model's own chat template."""
    fewshot: NonNegativeInt | None = None
    """Worked examples before the question. None keeps the task's own number; a task that insists on 0 stays at 0."""
    system: str | None = None
    """A system instruction."""
    multiturn: bool = True
    """With `chat`: show worked examples as earlier turns rather than inside the question."""


class Parameters(Strict):
    """Parameter counts declared by hand, for systems that cannot be asked."""

    total: PositiveInt
    active: PositiveInt | None = None
    """Parameters used per token; the total unless said otherwise."""


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
    """Only where the engine cannot count them itself."""
    teacher: Name | None = None
    """For a distilled system: the system whose answers it was taught, to be compared with where both take part."""
    training: TrainingCost | None = None
    """What it cost before the first answer: the path of the ledger that `wattbench family build` leaves, or, for a
    model that was trained elsewhere, a mapping such as `{energy_kwh: 5000, source: its model card, year: 2024}`."""


class LocalModel(SystemBase):
    """What models in this process share. Those with the same base load it once, and add what is theirs."""

    weights: Weights
    """The base."""
    dtype: Literal["auto", "float32", "float16", "bfloat16"] = "auto"
    device: str = "auto"
    """`cpu`, `cuda`, `cuda:1`, `mps`; `auto` takes an accelerator where there is one."""
    threads: PositiveInt | None = None
    """CPU threads; None leaves PyTorch's choice."""
    max_output_tokens: PositiveInt = 256
    """Where the task sets no limit of its own."""


class TransformersSystem(LocalModel):
    """A model in this process, through Hugging Face transformers."""

    engine: Literal["transformers"]
    layers: Annotated[list[NonNegativeInt], Field(min_length=1)] | None = None
    """Only these layers of the base, in this order: a student of half its depth. None keeps them all."""
    adapter: RelativePath | None = None
    """A PEFT adapter's folder."""
    merge: bool = False
    """Fold the adapter into a copy of the weights it changes: fewer operations for each token, more memory."""


class MoeSystem(LocalModel):
    """A sparse mixture put together from one base and several adapters, in this process.

    Each adapter's feed-forward weights, merged with the base's, become one expert; everything else is the base's.
    """

    engine: Literal["moe"]
    experts: Annotated[dict[Name, RelativePath], Field(min_length=2)]
    """An expert's name, and the folder of the PEFT adapter that it is made from. Their order is the router's."""
    router: RelativePath
    """A safetensors file: for each sparse layer, the weights that choose experts for a token."""
    top_k: PositiveInt = 2
    """Experts asked for each token."""

    @model_validator(mode="after")
    def _enough_experts(self) -> Self:
        if self.top_k > len(self.experts):
            raise ValueError(f"top_k is {self.top_k}, but there are {len(self.experts)} experts")
        return self


class EndpointSystem(SystemBase):
    """Any server that speaks the OpenAI completions protocol, streamed so that every token is stamped."""

    engine: Literal["endpoint"]
    base_url: str | None = Field(default=None, pattern=r"^https?://")
    """`http://localhost:8000/v1`, say. Not needed with `serve: {llamacpp: ...}`; may hold `{port}` with a command."""
    model: str | None = None
    """The model's name on the server; None takes the only one it lists."""
    api_key_env: str | None = None
    """The environment variable that holds the key. The key itself is never recorded."""
    serve: Serve | None = None
    timeout_s: PositiveFloat = 300.0
    """How long one request may take."""
    max_output_tokens: PositiveInt = 256
    """Where the task sets no limit of its own."""

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.base_url is None and (self.serve is None or self.serve.llamacpp is None):
            raise ValueError("base_url is needed (only serve: {llamacpp: ...} finds its own)")
        return self


class PythonSystem(SystemBase):
    """A Python callable from prompt to answer: a regular expression, a lexicon, a scikit-learn pipeline."""

    engine: Literal["python"]
    call: str = Field(pattern=r"^.+:[A-Za-z_][A-Za-z0-9_.]*$")
    """`package.module:function`, or `./file.py:function` relative to this file. From one text to one text."""

    @field_validator("call")
    @classmethod
    def _beside_its_file(cls, call: str, info: ValidationInfo) -> str:
        module, _, function = call.rpartition(":")
        return f"{beside_its_file(Path(module), info)}:{function}" if module.endswith(".py") else call


class LmEvalSystem(SystemBase):
    """Any model type that lm-eval registers, by its own arguments."""

    engine: Literal["lm_eval"]
    model: str
    """lm-eval's name for it: `hf`, `vllm`, `local-completions`, `dummy`, ..."""
    args: dict[str, Any] = {}
    """Its `model_args`."""


class HybridSystem(SystemBase):
    """A router in front of other systems, all of them loaded. Each is asked in its own prompt form."""

    engine: Literal["hybrid"]
    members: Annotated[dict[Name, Name], Field(min_length=1)]
    """What the router calls a member (for most routers: a domain), and the system that it stands for."""
    router: SerializeAsAny[Router]
    fallback: Name | None = None
    """The member (by the router's name for it) to ask where the router chooses none, or is not sure enough."""
    pool: dict[Name, Any] = {}
    """The systems that are named here, filled in when the suite is read. Not to be written by hand."""

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
            raise ValueError("fallback: missing; the router's min_score leaves some requests to it")

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
        """Every system that must be loaded: the members, and what the router itself asks. Each once, in order."""
        return list(dict.fromkeys([*self.members.values(), *self.router.systems()]))


ENGINES = Registry(
    noun="engine",
    group="wattbench.systems",
    built_in={
        "transformers": "wattbench.systems.local.transformers:TransformersEngine",
        "moe": "wattbench.systems.local.moe:MoeEngine",
        "endpoint": "wattbench.systems.endpoint.engine:EndpointEngine",
        "python": "wattbench.systems.python:PythonEngine",
        "lm_eval": "wattbench.systems.lm_eval:LmEvalEngine",
        "hybrid": "wattbench.systems.hybrid.engine:HybridEngine",
    },
    settings=SystemBase,
    page="docs/adding-a-system.md",
    base="wattbench.systems.base:Engine",
)


class OtherSystem(SystemBase):
    """A system with an engine of another distribution, whose settings have not been checked yet."""

    model_config = ConfigDict(extra="allow")

    engine: Annotated[str, Field(json_schema_extra=ENGINES.other_names)]
    """How it runs."""


def _which(given: Any) -> str | None:
    return tag_of(given, "engine", ENGINES.built_in, OtherSystem.__name__)


System = Annotated[
    Annotated[TransformersSystem, Tag("transformers")]
    | Annotated[MoeSystem, Tag("moe")]
    | Annotated[EndpointSystem, Tag("endpoint")]
    | Annotated[PythonSystem, Tag("python")]
    | Annotated[LmEvalSystem, Tag("lm_eval")]
    | Annotated[HybridSystem, Tag("hybrid")]
    | Annotated[OtherSystem, Tag("OtherSystem")],
    Discriminator(
        _which,
        custom_error_type="tag_missing",
        custom_error_message="missing; this key is required, and is one of: {choices}",
        custom_error_context={"key": "engine", "choices": ", ".join(ENGINES.built_in)},
    ),
]
"""A system as a file states it. One with another distribution's engine is checked by `wattbench.config.third_party`."""
