"""How a hybrid chooses the member that answers. `type` names the router, of `harness/wattbench/routers`."""

from __future__ import annotations

import math
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, FiniteFloat, NonPositiveFloat, PositiveFloat, Tag, model_validator

from wattbench.config.code_files import Call, FilledInCheckout, PipelineFile, TrustedType
from wattbench.config.registry import Registry
from wattbench.records.schema.base import Name, RelativePath, Strict, named_by


class RouterBase(Strict):
    """What every router has. A third party's router derives the model of its own settings from this."""

    type: str
    """The router's name."""

    def labels(self) -> dict[str, list[str]]:
        """Return the members that each key of the router names, by key; all must be members of the hybrid."""
        return {}

    def systems(self) -> list[str]:
        """List the systems that the router asks itself, and that must be loaded in addition to the members."""
        return []


class ClassifierRouter(RouterBase):
    """A text classifier reads the request; its labels are the members' names."""

    type: Literal["classifier"]
    model: RelativePath
    """The `.npz` file that `wattbench router fit` or `wattbench dev family build` wrote."""
    sees: Literal["prompt", "input"] = "prompt"
    """What it reads. `prompt`: the request as the hybrid's own prompt form has it. `input`: the input of a file task's
    item alone; it must have been fitted to the same."""
    min_score: Annotated[float, Field(ge=0.0, le=1.0)] = 0.0
    """If the label's probability is lower, the fallback answers."""


class PredictedRouter(RouterBase):
    """A text classifier predicts how likely each member answers the request correctly; the fallback answers unless
    another is better by more than a margin."""

    type: Literal["predicted"]
    model: RelativePath
    """The `.npz` file that `wattbench route --write` wrote."""
    margin: FiniteFloat = 0.0
    """By how many correct answers per request a member must be better than the fallback, its cost counted: 0.05."""
    worth: PositiveFloat | None = Field(default=None, allow_inf_nan=False)
    """What a correct answer is worth, in the unit of the costs in the file. None: costs do not count."""


class SklearnRouter(RouterBase):
    """A scikit-learn pipeline of one's own reads what is asked; its classes are the members' names."""

    type: Literal["sklearn"]
    model: PipelineFile
    """The fitted pipeline, from texts to members, saved with skops: a `.skops` file."""
    min_score: Annotated[float, Field(ge=0.0, le=1.0)] = 0.0
    """If the probability is lower, the fallback answers. It needs a pipeline with probabilities."""
    trusted: list[TrustedType] = []
    """Types in the file that are only built if they are named here, as compiled code follows what they hold."""


class PythonRouter(RouterBase):
    """A Python function of one's own chooses: it runs the suite's code."""

    type: Literal["python"]
    call: Call
    """`package.module:function`, or `./file.py:function` relative to this file. It takes a text and the members' names,
    and returns one of them, or one and a score; None leaves the request to the fallback."""
    sees: Literal["prompt", "input"] = "prompt"
    """The text. `prompt`: the request as the hybrid's own prompt form has it. `input`: the input of a file task's item
    alone."""
    checkout: FilledInCheckout = None
    """Where its modules come from, in a gate against a base. Filled in by `gate --base`; do not write it by hand."""


class LlmRouter(RouterBase):
    """A language model reads the request; the label whose words are most likely to follow is chosen."""

    type: Literal["llm"]
    reader: Name
    """The system that reads."""
    prompt: str = Field(pattern=r"(?s)\{question\}")
    """What it reads; `{question}` is replaced by the request."""
    continuations: Annotated[dict[Name, str], Field(min_length=2)]
    """A member's name, and the words that represent it after the prompt."""
    min_score: Annotated[float, Field(ge=0.0, le=1.0)] = 0.0
    """If its share of the probability of all labels is lower, the fallback answers."""

    def labels(self) -> dict[str, list[str]]:
        """List the members that have continuations."""
        return {"continuations": list(self.continuations)}

    def systems(self) -> list[str]:
        """List the reader."""
        return [self.reader]


class CascadeRouter(RouterBase):
    """Ask the cheapest member first, and the next if the answer is not confident enough."""

    type: Literal["cascade"]
    order: Annotated[list[Name], Field(min_length=2)]
    """Members, starting with the cheapest."""
    min_confidence: NonPositiveFloat | None = None
    """Mean log-probability per token (natural logarithm) below which an answer is not confident enough."""
    min_probability: Annotated[float, Field(gt=0.0, le=1.0)] | None = None
    """The same as a probability: of a token in the geometric mean, of a function's or a classifier's answer its own.
    Neither of both: every answer is taken from a member that does not say that it does not know."""

    @model_validator(mode="after")
    def _one_threshold(self) -> Self:
        if self.min_confidence is not None and self.min_probability is not None:
            raise ValueError("min_confidence, min_probability: name one of the two")
        return self

    @property
    def threshold(self) -> float | None:
        """Return the least confidence at which an answer is taken, a natural logarithm."""
        return self.min_confidence if self.min_probability is None else math.log(self.min_probability)

    def labels(self) -> dict[str, list[str]]:
        """List the members in order."""
        return {"order": self.order}


class OracleRouter(RouterBase):
    """A yardstick: it is given the domain of the task, and asks the member of that name."""

    type: Literal["oracle"]


class RandomRouter(RouterBase):
    """A yardstick: any member, by a hash of the request and the suite's seed."""

    type: Literal["random"]


class AlwaysRouter(RouterBase):
    """A yardstick: the same member for every request."""

    type: Literal["always"]
    member: Name
    """The member, by the router's name for it."""

    def labels(self) -> dict[str, list[str]]:
        """List the member."""
        return {"member": [self.member]}


ROUTERS = Registry(
    noun="router",
    group="wattbench.routers",
    built_in={
        "classifier": "wattbench.routers.classifier:Classifier",
        "predicted": "wattbench.routers.classifier:Predicted",
        "sklearn": "wattbench.routers.pipeline:SklearnPipeline",
        "python": "wattbench.routers.python:PythonFunction",
        "llm": "wattbench.routers.llm:Reader",
        "cascade": "wattbench.routers.cascade:Cascade",
        "oracle": "wattbench.routers.yardsticks:Oracle",
        "random": "wattbench.routers.yardsticks:Chance",
        "always": "wattbench.routers.yardsticks:Always",
    },
    settings=RouterBase,
    page="docs/adding-a-router.md",
    base="wattbench.routers.base:Router",
)


class OtherRouter(RouterBase):
    """A router of another distribution, with settings that have not been checked yet."""

    model_config = ConfigDict(extra="allow")

    type: Annotated[str, Field(json_schema_extra=ROUTERS.other_names)]
    """The router's name."""


Router = Annotated[
    Annotated[ClassifierRouter, Tag("classifier")]
    | Annotated[PredictedRouter, Tag("predicted")]
    | Annotated[SklearnRouter, Tag("sklearn")]
    | Annotated[PythonRouter, Tag("python")]
    | Annotated[LlmRouter, Tag("llm")]
    | Annotated[CascadeRouter, Tag("cascade")]
    | Annotated[OracleRouter, Tag("oracle")]
    | Annotated[RandomRouter, Tag("random")]
    | Annotated[AlwaysRouter, Tag("always")]
    | Annotated[OtherRouter, Tag("OtherRouter")],
    named_by("type", ROUTERS.built_in, OtherRouter.__name__),
]
