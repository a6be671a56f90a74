"""Write requests of the OpenAI protocol from lm-eval's generation settings."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from wattbench.config import Service
from wattbench.errors import UserError
from wattbench.tasks.output_limit import default_limit

ASKING_CHAT = {"logprobs": True, "top_logprobs": 1}
"""llama.cpp would else send the 20 likeliest tokens of each place."""
ASKING_COMPLETION = {"logprobs": 1}
"""0 would be enough for others, and means none to llama.cpp."""

OPENAI_STOPS = 4
"""Stop sequences that OpenAI's API takes (API reference, `stop`); an unknown server gets no more."""


@dataclass(frozen=True)
class Dialect:
    """The differences of a server from the protocol."""

    max_stops: int | None = OPENAI_STOPS
    """The most stop sequences that it accepts; None: any number."""
    chat_limit_key: str = "max_tokens"
    """The name of the output limit on `/chat/completions`."""
    continues: dict[str, bool] | None = None
    """The keys that make it continue an answer that the task began; None if it cannot."""
    keeps_connection: bool = True
    """Whether a connection can carry a second request."""
    seed_key: str | None = "seed"
    """The name of the seed; None: it takes none."""
    asks_usage: bool = True
    """Whether the counts of tokens are asked for."""
    omit: frozenset[str] = frozenset()
    """Keys that it refuses."""
    reads_to_end: bool = False
    """Whether an answer is read to its end though a stop sequence has come that the server does not know of: it is
    billed for all of it, and says how much that was at the end."""


_CONTINUE = {"add_generation_prompt": False, "continue_final_message": True}
_BY_OWNER = {
    # llama.cpp announces keep-alive and closes right after a stream all the same (seen with xllamacpp 2026.10: some
    # 40 microseconds after the last byte), so every tenth request on a connection used before would be lost.
    "llamacpp": Dialect(max_stops=None, continues=_CONTINUE, keeps_connection=False),
    "vllm": Dialect(max_stops=None, continues=_CONTINUE),
    "sglang": Dialect(max_stops=None, continues={"continue_final_message": True}),
}
_OPENAI_HOSTS = ("api.openai.com", ".openai.azure.com")


def dialect_of(host: str, owner: str | None, service: Service | None = None, omit: Iterable[str] = ()) -> Dialect:
    """Return the dialect of a service, or of the server at `host` by the `owned_by` of its model.

    Args:
        host: of the server.
        owner: None where the server does not say.
        service: None: any other server.
        omit: keys that are not sent.
    """
    return replace(_dialect(host, owner, service), omit=frozenset(omit))


def _dialect(host: str, owner: str | None, service: Service | None) -> Dialect:
    if service is not None:
        return Dialect(
            chat_limit_key=service.chat_limit_key,
            seed_key=service.seed_key,
            asks_usage=service.asks_usage,
            reads_to_end=True,
        )
    if host.endswith(_OPENAI_HOSTS):
        return Dialect(chat_limit_key="max_completion_tokens")  # its newer models refuse max_tokens
    return _BY_OWNER.get(owner or "", Dialect())


@dataclass(frozen=True)
class EndpointRequest:
    """A request, ready to be sent."""

    path: str
    """`completions` or `chat/completions`."""
    body: dict[str, Any]
    stops: tuple[str, ...]
    """All stop sequences of the answer."""
    withheld: tuple[str, ...]
    """Those of them that the server does not accept, as there are too many."""
    keeps_connection: bool = True
    """Whether the next request may use the same connection."""
    most_prompt_tokens: int = 0
    """As many tokens as its prompt can have: each takes a byte of UTF-8 at least, and a message `MESSAGE_TOKENS`."""
    most_output_tokens: int = 0
    """As many as its answer can have."""


@dataclass(frozen=True)
class RequestWriter:
    """Writes the requests of one system."""

    where: str
    """The name of the system in messages."""
    model: str
    chat: bool
    seed: int
    max_output_tokens: int | None
    """The limit for requests that name none, as those of a run all do; None: the default."""
    dialect: Dialect
    logprobs: bool = False
    """Whether each answer is to come with the log-probabilities of its tokens."""
    request: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the body as the suite writes them, none of which is set here: they win over the task's settings."""
    temperature: float | None = None
    """That of `request`, where it has one."""

    def ask(self, context: str, settings: dict[str, Any], *, sample: int = 0) -> EndpointRequest:
        """Write a request.

        Args:
            context: the prompt; for a chat system, what `chat_text` returned.
            settings: lm-eval's generation settings: `until`, `max_gen_toks`, `do_sample`, `temperature`, ...
                Those that it does not know are sent as they are, as lm-eval's own API models do.
            sample: how many answers to this prompt were drawn before. Where answers are random it goes into
                the seed, or every repeat would draw the same one.

        Raises:
            UserError: a setting cannot be read.
        """
        path, prompt = self._prompt(context)
        rest = self._normalised(settings)
        sampling = rest.pop("do_sample")
        limit = rest.pop("max_gen_toks")
        stops = tuple(stop for stop in rest.pop("until") if isinstance(stop, str) and stop)
        sent_stops = stops[: self.dialect.max_stops]
        # Without a temperature lm-eval's Hugging Face models sample at 1; a server's own default may be any.
        temperature = rest.pop("temperature", 1.0) if sampling else 0.0
        if self.temperature is not None:
            sampling = self.temperature > 0
        body = {
            **rest,
            **prompt,
            "model": self.model,
            self.dialect.chat_limit_key if self.chat else "max_tokens": limit,
            "temperature": temperature,
            "stream": True,
        }
        if self.dialect.seed_key is not None:
            body[self.dialect.seed_key] = self.seed + (sample if sampling else 0)
        if self.dialect.asks_usage:
            body["stream_options"] = {"include_usage": True}
        if self.logprobs:
            body |= ASKING_CHAT if self.chat else ASKING_COMPLETION
        if sent_stops:
            body["stop"] = list(sent_stops)
        withheld = stops if "stop" in self.dialect.omit else stops[len(sent_stops) :]
        return EndpointRequest(
            path,
            {key: value for key, value in body.items() if key not in self._omitted} | dict(self.request),
            stops,
            () if self.dialect.reads_to_end else withheld,
            self.dialect.keeps_connection,
            most_prompt_tokens=most_prompt_tokens(_texts(prompt)),
            most_output_tokens=int(limit),
        )

    @property
    def _omitted(self) -> frozenset[str]:
        names = {"seed": self.dialect.seed_key or "seed"}
        return frozenset(names.get(key, key) for key in self.dialect.omit)

    def _normalised(self, settings: dict[str, Any]) -> dict[str, Any]:
        from lm_eval.models.utils import normalize_gen_kwargs

        try:
            default = self.max_output_tokens or default_limit(chat=self.chat)
            return dict(normalize_gen_kwargs(settings, default_max_gen_toks=default))
        except (AttributeError, TypeError, ValueError) as error:
            raise UserError(
                f"{self.where}: cannot read the task's generation_kwargs ({error}); correct them in its YAML"
            ) from error

    def _prompt(self, context: str) -> tuple[str, dict[str, Any]]:
        if not self.chat:
            return "completions", {"prompt": context}
        messages, begun = read_chat_text(context, self.where)
        if not begun:
            return "chat/completions", {"messages": messages}
        if self.dialect.continues is None:
            raise UserError(
                f"{self.where}: the task begins the answer itself (gen_prefix), and this server has no known way to "
                "continue one in a chat. Set prompt: {chat: false}, or choose another task"
            )
        return "chat/completions", {"messages": messages, **self.dialect.continues}


MESSAGE_TOKENS = 16
"""As many tokens as a message's role and its ends take at most: chat templates use 3 to 8."""


def most_prompt_tokens(texts: Iterable[str]) -> int:
    """Return the most tokens that messages, or one prompt, can have: no tokenizer makes more tokens than bytes."""
    return sum(len(text.encode("utf-8", "surrogatepass")) + MESSAGE_TOKENS for text in texts) + MESSAGE_TOKENS


def _texts(prompt: Mapping[str, Any]) -> list[str]:
    return [prompt["prompt"]] if "prompt" in prompt else [str(each.get("content") or "") for each in prompt["messages"]]


def chat_text(messages: list[dict[str, Any]], *, begun: bool) -> str:
    """Return messages as the text that lm-eval passes from its chat template to its requests.

    Args:
        messages: `{"role": ..., "content": ...}` each.
        begun: the last one is the beginning of the answer, to be continued.
    """
    return json.dumps({"messages": messages, "begun": begun}, ensure_ascii=False)


def read_chat_text(text: str, where: str) -> tuple[list[dict[str, Any]], bool]:
    """Read the text of `chat_text`: the messages, and whether the last one is to be continued.

    Raises:
        UserError: the text is something else.
    """
    try:
        content = json.loads(text)
        messages, begun = content["messages"], content["begun"]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise UserError(
            f"{where}: it is asked in chat (prompt: {{chat: true}}), but the prompt is not a chat. "
            "Let lm-eval use its template (apply_chat_template=True), or set chat: false"
        ) from None
    return messages, begun
