"""The recipe of a family of models: one base, and the members made from it. One YAML file."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from wattbench.config.systems.system import TransformersSystem
from wattbench.config.yamlfile import read_yaml
from wattbench.errors import UserError, nearest
from wattbench.records.schema.base import Name, RelativePath, Strict
from wattbench.records.schema.carbon import Carbon
from wattbench.records.schema.explain import validate


class Schedule(Strict):
    """The length and the rates of a training."""

    batch: PositiveInt = 16
    """Documents per step."""
    passes: PositiveFloat = 1.0
    """How often each document is used."""
    learning_rate: PositiveFloat
    """The highest rate; it rises over `warmup_steps` and then falls linearly to zero."""
    warmup_steps: NonNegativeInt = 20
    log_every: PositiveInt = 10
    """Steps per point of the loss curve."""
    save_every: PositiveInt = 50
    """Steps between checkpoints: the most that an interruption can lose."""


class Lora(Strict):
    """The weights that a low-rank adapter changes."""

    rank: PositiveInt
    alpha: PositiveInt
    modules: Annotated[list[str], Field(min_length=1)]
    """Names of linear layers, such as `gate_proj`."""
    first_layer: NonNegativeInt = 0
    """Layers below it do not change, and need no backward pass."""


Split = Literal["train", "router", "calibration"]
"""A split of a task's documents: for training, for fitting a router, or for setting a threshold."""


class Member(Strict):
    """Settings of every member."""

    split: ClassVar[Split] = "train"
    """The split of its documents."""
    documents: PositiveInt
    """The number of documents of each task: the first of its split."""


class AdapterMember(Member):
    """An adapter on the base, trained on the answers of the documents of some domains."""

    method: Literal["adapter"]
    domains: list[Name] | None = None
    """None takes all."""
    lora: Lora
    schedule: Schedule


class ToolMember(Member):
    """An adapter on the base that learns to call a calculator, and to answer from what that returns."""

    method: Literal["tool"]
    domains: list[Name] | None = None
    """None takes all."""
    lora: Lora
    schedule: Schedule
    call: str = Field(pattern=r"(?s)\{calculation\}.*\n$")
    """The model's first reply: how it writes the calculation of a document. A line end is where it stops."""
    result: str = Field(pattern=r"(?s)\{result\}")
    """What the agent appends to that reply, with the calculator's result; the answer follows after a space."""


class MixtureMember(Member):
    """A router for each layer of a mixture whose experts are adapters of this family (Branch-Train-MiX)."""

    method: Literal["mixture"]
    experts: Annotated[list[Name], Field(min_length=2)]
    top_k: PositiveInt = 2
    """Experts used for each token while the router is trained. With 1 its weight is always 1, and it learns nothing."""
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
    """Settings of both kinds of student: some of the base's layers, and an adapter on all of them."""

    layers: Annotated[list[NonNegativeInt], Field(min_length=1)]
    lora: Lora
    schedule: Schedule


class DistilledMember(StudentMember):
    """A student trained on a member's output distribution and its answers."""

    method: Literal["distil"]
    teacher: Name
    temperature: PositiveFloat = 1.0
    answers: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Weight of the teacher's answers; the rest is the weight of its distribution."""


class ReasoningMember(StudentMember):
    """A student trained on the reasoning in the documents, which a program wrote."""

    method: Literal["reasoning"]
    start: Name | None = None
    """A student with the same layers and adapter shape, whose weights are the starting point."""


class ClassifierMember(Member):
    """A scikit-learn classifier of a request's domain."""

    split: ClassVar[Split] = "router"
    method: Literal["classifier"]
    held_out: PositiveInt
    """Documents of each task's split `calibration` on which it is evaluated."""


class ThresholdMember(Member):
    """The threshold of a cascade: how confident its first member must be."""

    split: ClassVar[Split] = "calibration"
    method: Literal["threshold"]
    first: Name
    then: Name


AnyMember = Annotated[
    AdapterMember | ToolMember | MixtureMember | DistilledMember | ReasoningMember | ClassifierMember | ThresholdMember,
    Field(discriminator="method"),
]


class Recipe(Strict):
    """A base, tasks by domain, and the members in the order in which they are built."""

    base: TransformersSystem
    tasks_folder: RelativePath
    """The folder of `<domain>/<task>.<split>.jsonl`."""
    domains: Annotated[dict[Name, Annotated[list[Name], Field(min_length=1)]], Field(min_length=1)]
    """A domain, and its tasks."""
    prompt: str = Field(pattern=r"(?s)\{question\}")
    """The prompt of a question; the answer follows after a space. The same as the tasks' prompt without worked
    examples."""
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
                    hint = "that member comes later" if needed in self.members else "there is no such member"
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
    """List the members that must be built before this one."""
    if isinstance(member, MixtureMember):
        return member.experts
    if isinstance(member, DistilledMember):
        return [member.teacher]
    if isinstance(member, ReasoningMember):
        return [member.start] if member.start is not None else []
    return [member.first, member.then] if isinstance(member, ThresholdMember) else []


@dataclass(frozen=True)
class Family:
    """A recipe and the folder of its members, which have one folder each."""

    recipe: Recipe
    folder: Path

    def member(self, name: str) -> AnyMember:
        """Return a member's recipe.

        Raises:
            UserError: there is no such member.
        """
        if name not in self.recipe.members:
            raise UserError(f"no member {name!r} in the recipe{nearest(name, self.recipe.members)}")
        return self.recipe.members[name]

    def domains(self, name: str) -> list[str]:
        """List the domains that a member learns from."""
        member = self.member(name)
        chosen = member.domains if isinstance(member, AdapterMember | ToolMember) else None
        return list(self.recipe.domains) if chosen is None else chosen

    def fingerprint(self, name: str) -> str:
        """Return a hash of all settings in the recipe that determine a member or the members that it needs."""
        shared = self.recipe.model_dump_json(include={"prompt", "seed"})
        tasks = {domain: self.recipe.domains[domain] for domain in self.domains(name)}
        base = self.recipe.base.weights.model_dump_json(include={"hub", "revision", "wheel", "file", "sha256"})
        member = self.member(name)
        below = "".join(self.fingerprint(needed) for needed in needs(member))
        return hashlib.sha256((f"{shared}{tasks}{base}{member.model_dump_json()}{below}").encode()).hexdigest()


def load_family(path: Path) -> Family:
    """Read a recipe file; its members are in the same folder.

    Raises:
        UserError: anything in it is wrong.
    """
    file = read_yaml(path)
    data = {key: value for key, value in file.data.items() if not str(key).startswith("x-")}
    return Family(validate(Recipe, file, data), path.resolve().parent)
