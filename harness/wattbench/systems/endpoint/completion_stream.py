"""Read a streamed completion of the OpenAI protocol: assemble its chunks.

Source: the OpenAI API reference, "Chat completions, streaming" and "Completions (legacy)".

Log-probabilities have two forms. Chats have `{"content": [{"token": ..., "logprob": -0.1}, ...]}`, which llama.cpp
sends for completions as well; completions have `{"tokens": [...], "token_logprobs": [-0.1, ...]}` (OpenAI, vLLM,
SGLang). Source: the same reference; llama.cpp and vLLM as of autumn 2026.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from wattbench.gateways.token_usage import Usage, read_usage
from wattbench.network.connection import StreamError
from wattbench.network.event_stream import RefusedAnswerError, error_text
from wattbench.records.rows.answers import FinishReason
from wattbench.systems.confidence import TokenConfidence
from wattbench.systems.endpoint.request import EndpointRequest
from wattbench.systems.endpoint.usage import Shown, plausible

DONE = "[DONE]"
"""The data of the last event of a stream."""
ENDS = ("stop", "length")
"""The finish reasons of an answer. Any other (`content_filter`, `tool_calls`, `abort`, `error`) is that of none."""
MAX_TEXT_CHARACTERS = 4 << 20
"""The most characters of one answer, some twenty per token of the longest."""


class Chunk(NamedTuple):
    """One event of a stream."""

    text: str = ""
    """A piece of the answer."""
    thought: str = ""
    """A piece of the reasoning before the answer, if a server sends it separately."""
    finish_reason: str | None = None
    usage: Usage | None = None
    logprobs: Sequence[object] = ()
    """What it states as the log-probabilities of its tokens, unchecked."""
    name: str = ""
    """The id of the answer, if it has one."""


@dataclass(frozen=True)
class Completion:
    """One complete streamed answer."""

    text: str
    usage: Usage
    finish_reason: str | None
    """`stop` or `length`; None if the server gave none or we stopped reading."""
    token_s: tuple[float, ...]
    """When each chunk with text in it arrived. A server may put several tokens into a chunk, or hold back one
    that might begin a stop sequence or ends inside a character: there can be fewer than output tokens."""
    finished_s: float | None = None
    """When the server said that the stream is at its end; None if it has not."""
    confidence: float | None = None
    """Mean log-probability per token, if the server stated them."""
    sent_s: float | None = None
    """When the client began to connect or to write; None where that is not known."""
    stopped: bool = False
    """A stop sequence came; a server that does not know it may give `length`, or no reason."""
    known_by: int = 0
    """The same for the same answer, if it comes again: of its id, or else of its text and counts."""
    has_id: bool = False

    @property
    def ended(self) -> FinishReason | None:
        """Return why the text ended, at a stop or at the limit of tokens; None if that is not known."""
        if self.stopped or self.finish_reason == "stop":
            return "stop"
        return "length" if self.finish_reason == "length" else None


def read_chunk(data: str) -> Chunk:
    """Read the data of one event.

    Raises:
        RefusedAnswerError: it says that the request failed.
        StreamError: it is not JSON, or a field has a wrong type.
    """
    try:
        chunk = json.loads(data)
    except (ValueError, RecursionError):
        raise StreamError(f"it sent a chunk that is not JSON: {data}") from None
    if not isinstance(chunk, dict):
        raise StreamError(f"it sent a chunk that is not an object: {data}")
    name = str(chunk.get("id") or "")
    if chunk.get("error") or "error" in (chunk.get("object"), chunk.get("type")):
        raise RefusedAnswerError(f"it reported an error in the middle of the answer: {error_text(chunk)}")
    usage = chunk.get("usage")
    if not usage and "x_groq" in chunk:  # Groq's streams have the counts under a key of their own
        usage = (_typed(chunk, "x_groq", dict) or {}).get("usage")
    counts = read_usage(usage) if usage else None
    choice = _choice(_typed(chunk, "choices", list) or [])
    if choice is None:
        return Chunk(usage=counts, name=name)
    return Chunk(*_read_choice(choice), counts, read_logprobs(choice), name)


def read_logprobs(choice: Mapping[str, Any]) -> Sequence[object]:
    """Return the log-probabilities that a chunk states, unchecked; None for a missing value.

    Args:
        choice: of the chunk.
    """
    stated = choice.get("logprobs")
    if stated is None:
        return ()
    if not isinstance(stated, dict):
        return [None]
    content, values = stated.get("content"), stated.get("token_logprobs")
    if isinstance(content, list):
        return [each.get("logprob") if isinstance(each, dict) else None for each in content]
    if isinstance(values, list):
        return values
    return [] if content is None and values is None else [None]


def _typed(holder: dict[str, Any], key: str, kind: type) -> Any:
    """Return the value of a key, or None if it is missing or null.

    Raises:
        StreamError: it is of another type.
    """
    value = holder.get(key)
    if value is not None and not isinstance(value, kind):
        raise StreamError(f"it sent a chunk whose {key} is {type(value).__name__}, not {kind.__name__}")
    return value


def _choice(choices: list[Any]) -> dict[str, Any] | None:
    """Return the first choice: a request asks for one answer."""
    for choice in choices:
        if not isinstance(choice, dict):
            raise StreamError("it sent a chunk whose choices are not objects")
        index = choice.get("index")
        if index is None or index == 0:
            return choice
        if type(index) is not int or index < 0:
            raise RefusedAnswerError(f"it sent a choice whose index is {index!r:.40}, not 0")
    return None


def _read_choice(choice: dict[str, Any]) -> tuple[str, str, str | None]:
    """Return the pieces of the answer and of the thoughts, and the finish reason."""
    if choice.get("error"):
        raise RefusedAnswerError(f"it reported an error in the middle of the answer: {error_text(choice)}")
    finish_reason = _typed(choice, "finish_reason", str)
    delta = _typed(choice, "delta", dict)
    if delta is None:
        return _typed(choice, "text", str) or "", "", finish_reason
    # llama.cpp and vLLM say reasoning_content or reasoning; OpenAI's own API streams no thoughts.
    thought = _typed(delta, "reasoning_content", str) or _typed(delta, "reasoning", str) or ""
    if isinstance(delta.get("content"), list):  # Mistral's reasoning models
        return *_read_parts(delta["content"]), finish_reason
    return _typed(delta, "content", str) or "", thought, finish_reason


def _read_parts(parts: list[Any]) -> tuple[str, str]:
    """Read content in parts, `{"type": "text", "text": ...}` or `{"type": "thinking", "thinking": [...]}`: the answer
    and the thoughts."""
    text = thought = ""
    for part in parts:
        if not isinstance(part, dict):
            raise StreamError("it sent a chunk with content of parts that are not objects")
        if part.get("type") == "thinking":
            thought += "".join(_read_parts([each for each in _typed(part, "thinking", list) or [] if each != part]))
        else:
            text += _typed(part, "text", str) or ""
    return text, thought


class Assembly:
    """A completion that is assembled chunk by chunk."""

    def __init__(
        self,
        ask: EndpointRequest | None = None,
        first_token: Callable[[], None] | None = None,
    ) -> None:
        """Start an empty completion.

        Args:
            ask: the request. At its stop sequences the text is cut, if the server has not done so; at the first of
                those that the server does not know we stop reading. None: one without any, and without bounds.
            first_token: called once, right after the first token was stamped.
        """
        self._ask = ask or EndpointRequest("", {}, (), ())
        self.done = False
        """The answer is complete: the server has given a finish reason or ended a text, or a withheld stop has come."""
        self.said_done = False
        """The server has said that nothing more comes."""
        self._withheld = self._ask.withheld
        self._first_token = first_token
        self._longest = max(map(len, self._withheld), default=0)
        self._pieces: list[str] = []
        self._tail = ""
        self._usage = Usage()
        self._name = ""
        self._thought_bytes = 0
        self._finish_reason: str | None = None
        self._token_s: list[float] = []
        self._characters = 0
        self._finished_s: float | None = None
        self._confidence = TokenConfidence()

    def add(self, data: str, arrived_s: float) -> bool:
        """Add the data of one event, which arrived at `arrived_s`.

        What comes after the finish reason is no part of the answer, except the count of its tokens.

        Returns:
            Whether to stop reading: the server has said that it is done, or a stop sequence has come that it does not
            know of.

        Raises:
            RefusedAnswerError: as `read_chunk`; a finish reason is not one of `ENDS`, or the text is too long.
            StreamError: as `read_chunk`.
        """
        if not data.startswith("{"):
            event = data.strip()
            if event == DONE:
                self.said_done = True
                self.done = self.done or bool(self._characters)  # a server may end an answer without a reason
                self._finished_s = arrived_s
                return True
            if not event:
                return False
        chunk = read_chunk(data)
        self._usage = chunk.usage or self._usage
        self._name = self._name or chunk.name
        if chunk.finish_reason and chunk.finish_reason not in ENDS:
            raise RefusedAnswerError(f"it ended the answer with finish_reason {chunk.finish_reason}")
        return not self.done and self._append(chunk, arrived_s)

    def is_new(self, known: Collection[int]) -> bool:
        """Return whether tokens of a new answer have come: one whose id is not among the known ids."""
        return bool(self._token_s) and not (self._name and hash(self._name) in known)

    def completion(self, sent_s: float | None = None) -> Completion:
        """Return the completion so far, with its text cut before the first stop sequence.

        Args:
            sent_s: as of `Completion`.
        """
        # Lone surrogates are legal in JSON and in no file; a pair that was cut in two is made whole again.
        text = "".join(self._pieces).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        shown = Shown(len(text.encode()) + self._thought_bytes, len(self._token_s), self._finish_reason == "length")
        usage = plausible(self._usage, shown, self._ask)
        known_by = hash(self._name) if self._name else hash((text, self._usage))
        cuts = [cut for stop in self._ask.stops if (cut := text.find(stop)) >= 0]
        text = text[: min(cuts, default=len(text))]
        confidence = self._confidence.mean(usage.output_tokens)
        return Completion(
            text,
            usage,
            self._finish_reason,
            tuple(self._token_s),
            self._finished_s,
            confidence,
            sent_s,
            stopped=bool(cuts),
            known_by=known_by,
            has_id=bool(self._name),
        )

    def _append(self, chunk: Chunk, arrived_s: float) -> bool:
        """Add a chunk's pieces, and return whether the text has reached a stop sequence that was not sent."""
        self._confidence.add(chunk.logprobs)
        if chunk.text or chunk.thought:
            self._thought_bytes += len(chunk.thought.encode("utf-8", "surrogatepass"))
            self._token_s.append(arrived_s)
            if self._first_token is not None and len(self._token_s) == 1:
                self._first_token()
        self._pieces.append(chunk.text)
        self._characters += len(chunk.text)
        if self._characters > MAX_TEXT_CHARACTERS:
            raise RefusedAnswerError(f"it sent more than {MAX_TEXT_CHARACTERS} characters for one answer")
        self._finish_reason = chunk.finish_reason or None
        stopped = bool(self._withheld) and self._meets_withheld(chunk.text)
        self.done = stopped or self._finish_reason is not None
        return stopped

    def _meets_withheld(self, new: str) -> bool:
        seen = self._tail + new
        self._tail = seen[-self._longest :]
        return any(stop in seen for stop in self._withheld)
