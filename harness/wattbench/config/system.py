"""Systems: anything that answers prompts. `kind` is its role in the comparison, `engine` how it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    TypeAdapter,
    ValidationInfo,
    field_validator,
    model_validator,
)

from wattbench.config.base import Name, RelativePath, Strict, beside_its_file
from wattbench.config.router import CascadeRouter, Router
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
    """What every system has."""

    kind: Kind
    """Its role in the comparison."""
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


class LlamaCppServe(Strict):
    """llama.cpp's own server, through the `xllamacpp` wheel, on loopback."""

    weights: Weights
    threads: PositiveInt | None = None
    """CPU threads; None takes the physical cores."""
    slots: PositiveInt = 1
    """Requests it decodes at the same time."""
    context: PositiveInt = 4096
    """Tokens of context for each slot."""
    gpu_layers: NonNegativeInt | None = None
    """Layers on the accelerator; None leaves llama.cpp's choice."""


class Serve(Strict):
    """A server that wattbench starts, waits for, meters and stops: `llamacpp`, or any `command`."""

    llamacpp: LlamaCppServe | None = None
    command: str | None = None
    """A command line, split as a shell would but run without one; `{port}` becomes a free port."""
    ready: str = "/health"
    """The path that answers 200 once the server can work."""
    timeout_s: PositiveFloat = 600.0
    """How long it may take until then."""

    @model_validator(mode="after")
    def _one_server(self) -> Self:
        if (self.llamacpp is None) == (self.command is None):
            raise ValueError("name exactly one of llamacpp and command")
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
    router: Router
    fallback: Name | None = None
    """The member (by the router's name for it) to ask where the router chooses none, or is not sure enough."""
    pool: dict[Name, Any] = {}
    """The systems that are named here, filled in when the suite is read. Not to be written by hand."""

    @model_validator(mode="after")
    def _known_members(self) -> Self:
        wanted = {"fallback": [self.fallback] if self.fallback is not None else [], **self.router.labels()}
        for key, labels in wanted.items():
            for label in labels:
                if label not in self.members:
                    raise ValueError(f"{key}: {label!r} is not one of the members: {', '.join(self.members)}")
        return self

    @model_validator(mode="after")
    def _unsure_has_somewhere_to_go(self) -> Self:
        if self.fallback is None and getattr(self.router, "min_score", 0.0) > 0.0:
            raise ValueError("fallback: missing; the router's min_score leaves some requests to it")
        return self

    @model_validator(mode="after")
    def _cascade_asks_each_once(self) -> Self:
        if isinstance(self.router, CascadeRouter):
            systems = [self.members[label] for label in self.router.order]
            if len(set(systems)) < len(systems):
                raise ValueError(f"order: a cascade asks each system once (here: {', '.join(systems)})")
        return self

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


System = Annotated[
    TransformersSystem | MoeSystem | EndpointSystem | PythonSystem | LmEvalSystem | HybridSystem,
    Field(discriminator="engine"),
]
