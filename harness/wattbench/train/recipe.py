"""The recipe of a family of models: one base, and what is made of it. One YAML file."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from wattbench.config.base import Name, RelativePath, Strict
from wattbench.config.explain import validate
from wattbench.config.suite import Carbon
from wattbench.config.system import TransformersSystem
from wattbench.config.yamlfile import read_yaml
from wattbench.errors import UserError, nearest


class Schedule(Strict):
    """How long and how fast a model is trained."""

    batch: PositiveInt = 16
    """Documents per step."""
    passes: PositiveFloat = 1.0
    """How often each document is seen."""
    learning_rate: PositiveFloat
    """At its highest; it rises over `warmup_steps` and falls to zero in a straight line."""
    warmup_steps: NonNegativeInt = 20
    log_every: PositiveInt = 10
    """Steps per point of the loss curve."""
    save_every: PositiveInt = 50
    """Steps between checkpoints: what an interruption can lose."""


class Lora(Strict):
    """Which weights a low-rank adapter changes."""

    rank: PositiveInt
    alpha: PositiveInt
    modules: Annotated[list[str], Field(min_length=1)]
    """Names of linear layers, such as `gate_proj`."""
    first_layer: NonNegativeInt = 0
    """Layers below it stay as they are, and cost no backward pass."""


Split = Literal["train", "router", "calibration"]
"""Which of a task's documents: those to learn from, to fit a router to, or to set a threshold by."""


class Member(Strict):
    """What every member has."""

    split: ClassVar[Split] = "train"
    """Where its documents come from."""
    documents: PositiveInt
    """Of each task, from its split; the first so many."""


class AdapterMember(Member):
    """An adapter on the base, taught the answers of the documents of some domains."""

    method: Literal["adapter"]
    domains: list[Name] | None = None
    """None takes all."""
    lora: Lora
    schedule: Schedule


class MixtureMember(Member):
    """A router for each layer of a mixture whose experts are adapters of this family (Branch-Train-MiX)."""

    method: Literal["mixture"]
    experts: Annotated[list[Name], Field(min_length=2)]
    top_k: PositiveInt = 2
    """Experts asked for each token while the router learns. With 1 its weight is always 1, and it learns nothing."""
    balance: NonNegativeFloat
    """Weight of the load-balancing loss (Switch Transformers, eq. 4)."""
    schedule: Schedule

    @model_validator(mode="after")
    def _enough_experts(self) -> Self:
        if len(set(self.experts)) < len(self.experts):
            raise ValueError("experts: each can be named once")
        if self.top_k > len(self.experts):
            raise ValueError(f"top_k is {self.top_k}, but there are {len(self.experts)} experts")
        return self


class StudentMember(Member):
    """What both students have: some of the base's layers, and an adapter on all of them."""

    layers: Annotated[list[NonNegativeInt], Field(min_length=1)]
    lora: Lora
    schedule: Schedule


class DistilledMember(StudentMember):
    """A student taught by a member's output distribution and its answers."""

    method: Literal["distil"]
    teacher: Name
    temperature: PositiveFloat = 1.0
    answers: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Weight of the teacher's own answers; the rest is that of its distribution."""


class ReasoningMember(StudentMember):
    """A student taught written-out reasoning: the documents' own, which a program wrote."""

    method: Literal["reasoning"]
    start: Name | None = None
    """A student with the same layers and adapter shape whose weights it goes on from."""


class ClassifierMember(Member):
    """A scikit-learn classifier that tells a request's domain."""

    split: ClassVar[Split] = "router"
    method: Literal["classifier"]
    held_out: PositiveInt
    """Documents of each task's split `calibration` that it is tried on."""


class ThresholdMember(Member):
    """How confident the first member of a cascade must be."""

    split: ClassVar[Split] = "calibration"
    method: Literal["threshold"]
    first: Name
    then: Name


AnyMember = Annotated[
    AdapterMember | MixtureMember | DistilledMember | ReasoningMember | ClassifierMember | ThresholdMember,
    Field(discriminator="method"),
]


class Recipe(Strict):
    """A base, tasks by domain, and the members in the order in which they are built."""

    base: TransformersSystem
    tasks_folder: RelativePath
    """Where `<domain>/<task>.<split>.jsonl` lie."""
    domains: Annotated[dict[Name, Annotated[list[Name], Field(min_length=1)]], Field(min_length=1)]
    """A domain, and its tasks."""
    prompt: str = Field(pattern=r"(?s)\{question\}")
    """How a question is put; the answer follows after a space. As the tasks put it without worked examples."""
    seed: NonNegativeInt
    carbon: Carbon = Carbon()
    """For the grams in the ledgers."""
    members: Annotated[dict[Name, AnyMember], Field(min_length=1)]

    @model_validator(mode="after")
    def _needs_come_first(self) -> Self:
        built: list[str] = []
        for name, member in self.members.items():
            for needed in needs(member):
                if needed not in built:
                    hint = "it comes later" if needed in self.members else "there is no such member"
                    raise ValueError(f"{name} needs {needed}, but {hint}{nearest(needed, built)}")
            built.append(name)
        return self

    @model_validator(mode="after")
    def _known_domains(self) -> Self:
        for name, member in self.members.items():
            for domain in getattr(member, "domains", None) or []:
                if domain not in self.domains:
                    raise ValueError(f"{name}: no domain {domain!r}{nearest(domain, self.domains)}")
        return self


def needs(member: AnyMember) -> list[str]:
    """The members that must be there before this one can be built."""
    if isinstance(member, MixtureMember):
        return member.experts
    if isinstance(member, DistilledMember):
        return [member.teacher]
    if isinstance(member, ReasoningMember):
        return [member.start] if member.start is not None else []
    return [member.first, member.then] if isinstance(member, ThresholdMember) else []


@dataclass(frozen=True)
class Family:
    """A recipe and the folder that its members are put in, one folder each."""

    recipe: Recipe
    folder: Path

    def member(self, name: str) -> AnyMember:
        """A member's recipe.

        Raises:
            UserError: there is no such member.
        """
        if name not in self.recipe.members:
            raise UserError(f"no member {name!r} in the recipe{nearest(name, self.recipe.members)}")
        return self.recipe.members[name]

    def domains(self, name: str) -> list[str]:
        """The domains that a member learns from."""
        member = self.member(name)
        chosen = member.domains if isinstance(member, AdapterMember) else None
        return list(self.recipe.domains) if chosen is None else chosen

    def fingerprint(self, name: str) -> str:
        """A hash of all in the recipe that decides what a member becomes, its needs included."""
        shared = self.recipe.model_dump_json(include={"prompt", "seed"})
        tasks = {domain: self.recipe.domains[domain] for domain in self.domains(name)}
        base = self.recipe.base.weights.model_dump_json(include={"hub", "revision", "wheel", "file", "sha256"})
        member = self.member(name)
        below = "".join(self.fingerprint(needed) for needed in needs(member))
        return hashlib.sha256((f"{shared}{tasks}{base}{member.model_dump_json()}{below}").encode()).hexdigest()


def load_family(path: Path) -> Family:
    """Read a recipe file; its members lie beside it.

    Raises:
        UserError: anything in it is wrong.
    """
    file = read_yaml(path)
    data = {key: value for key, value in file.data.items() if not str(key).startswith("x-")}
    return Family(validate(Recipe, file, data), path.resolve().parent)
