"""Thirty secrets are planted in every field that takes text and in all that a server echoes; none is shown."""

from __future__ import annotations

import base64
import json
import logging
import sys
import traceback
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click.testing
import pytest

from tests.made_up.played_connections import PlayedServer
from tests.made_up.raw_server import page
from tests.made_up.rows import item
from tests.made_up.runs import FakeRun, FakeSystem, write_run
from wattbench.cli import main
from wattbench.config import load_suite, resolved_from_record, with_secrets
from wattbench.errors import UserError
from wattbench.measure.resume import new_run
from wattbench.meters import MeterError
from wattbench.meters.external import CommandSource
from wattbench.progress import Display, Log, PlannedTurn
from wattbench.progress.notices import notice
from wattbench.records import AnswerRow, ItemRow, ScoreRow, SystemRow, WindowLabel, read_run
from wattbench.redaction import HIDDEN, hidden_output, keep_environment, keep_secret
from wattbench.systems.endpoint import client as openai_client
from wattbench.systems.endpoint.engine import key_of
from wattbench.systems.endpoint.listing import discover
from wattbench.systems.endpoint.plain_text import plain_tail
from wattbench.systems.endpoint.request import EndpointRequest
from wattbench.systems.lm_eval import LmEvalEngine

Leaks = Callable[[str], list[int]]
ASK = EndpointRequest("completions", {"prompt": "?"}, (), ())


def everything_below(root: Path) -> str:
    """Return the content and the names of all files; tables as the texts in them."""
    import pyarrow.parquet as pq

    texts = []
    for path in sorted(root.rglob("*")):
        texts.append(path.name)
        if path.suffix == ".parquet":
            texts.append(json.dumps(pq.read_table(path).to_pylist(), default=str))
        elif path.is_file():
            texts.append(path.read_text(errors="replace"))
    return "\n".join(texts)


def test_the_search_finds_what_is_there(leaks: Leaks, secrets: list[str]) -> None:
    assert leaks("and ".join(secrets)) == list(range(30))
    assert leaks(f"{secrets[3][5:13]}... \n{' '.join(secrets[4])}") == [3, 4]


@pytest.mark.usefixtures("environment")
def test_a_record_holds_no_secret_of_its_suite_or_of_what_answers_echo(
    planted: Path, tmp_path: Path, leaks: Leaks, secrets: list[str]
) -> None:
    keep_environment()
    resolved = load_suite(str(planted))
    echo = " / ".join(secrets)
    words = ["wattbench", "run", str(planted), "--out", f"https://u:{secrets[0]}@disk/", "--token", secrets[1]]
    with new_run(tmp_path / "runs", resolved, [], {}, words, {"wall": {"reads": echo}}) as writer:
        root = writer.layout.root
        times: dict[str, Any] = {"started_s": 1.0, "finished_s": 2.0}
        answer: dict[str, Any] = {
            "doc_id": 0, "repeat": 0, "prompt_hash": "", "prompt_tokens": 1, "output_tokens": 1, "window": "w",
            "batch": 0, "batch_size": 1, "scheduled_s": 1.0, "first_token_s": None, **times,
        }  # fmt: skip
        writer.append_answer(
            "served", "t", AnswerRow(**answer, request_type="generate_until", prompt=echo, replies=[echo, [echo, 1]])
        )
        writer.append_system(system_row(echo))
        writer.append_open_window(
            WindowLabel(run=root.name, system="served", task="t", window=echo, purpose="measured", started_s=1.0)
        )
        score = ScoreRow(doc_id=0, repeat=0, doc_hash="", target=echo, filtered=echo, correct=1.0, metrics={"m": echo})
        writer.write_scores("served", "t", [score])
        writer.finish([item_row(echo)], [], "2026")
    assert leaks(everything_below(root)) == []
    assert "pad_token" in (root / "run.json").read_text()
    assert "api-version=2024-02-01" in (root / "run.json").read_text()


def system_row(echo: str) -> SystemRow:
    fields = dict.fromkeys(SystemRow.__dataclass_fields__)
    return SystemRow(**{**fields, "system": "served", "served_model": echo})  # type: ignore[arg-type]


def item_row(echo: str) -> ItemRow:
    texts = dict.fromkeys(("prompt", "output", "filtered", "target", "failure", "metrics"), echo)
    return item(0, 0.0, 1.0, system="served", **texts)


def test_an_interrupted_run_gets_its_secrets_back_from_its_suite(planted: Path, tmp_path: Path, leaks: Leaks) -> None:
    resolved = load_suite(str(planted))
    with new_run(tmp_path / "runs", resolved, [], {}, []) as writer:
        header = read_run(writer.layout.root).header
    assert leaks(json.dumps(header.suite)) == []
    assert resolved_from_record(with_secrets(header.suite)).as_record() == resolved.as_record()
    planted.write_text(planted.read_text().replace("--port {port} --api-key", "--port {port} --quiet --api-key"))
    with pytest.raises(UserError, match=r"served.serve.command was .* Write the suite as it was"):
        with_secrets(header.suite)
    planted.unlink()
    with pytest.raises(UserError, match="no such suite file"):
        with_secrets(header.suite)


def test_the_hash_of_a_suite_says_nothing_of_its_secrets(planted: Path, secrets: list[str]) -> None:
    before = load_suite(str(planted)).sha256
    planted.write_text(planted.read_text().replace(secrets[11], "another" + secrets[11][7:]))
    assert load_suite(str(planted)).sha256 == before


def test_a_suite_of_a_record_says_where_secrets_are_missing(planted: Path, secrets: list[str]) -> None:
    planted.write_text(planted.read_text().replace(secrets[11], HIDDEN))
    with pytest.raises(UserError, match=r"planted.yaml:\d+: systems.define.theirs.args.api_key: .* write the secret"):
        load_suite(str(planted))


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ('base_url: "http://me', 'base_url: "ftp://me'),
        ("kind: generalist", "kind: {a: 1}"),
        ("api_key_env: ", "api_key_env: &k [1, "),
        ('run: "curl', "run: \"'curl"),
        ("engine: lm_eval", "engine: lm_evil"),
        ("ready: ", "redy: "),
        ("args:\n", "args: 3\n        more:\n"),
        ("serve:\n        command:", "serve:\n        llamacpp:"),
    ],
)
def test_what_is_wrong_with_a_suite_is_said_without_its_secrets(
    planted: Path, leaks: Leaks, was: str, becomes: str, caplog: pytest.LogCaptureFixture
) -> None:
    planted.write_text(planted.read_text().replace(was, becomes))
    for arguments in (["plan", str(planted)], ["run", str(planted)]):
        result = click.testing.CliRunner().invoke(main, arguments)
        assert result.exit_code != 0
        assert result.output
        assert leaks(result.output + caplog.text) == []
    with pytest.raises(UserError) as caught:
        load_suite(str(planted))
    assert leaks("".join(traceback.format_exception(caught.value))) == []


def traceback_of(call: Callable[..., object], *arguments: Any) -> str:
    """Return how Python would show that a call failed; empty if it did not."""
    try:
        call(*arguments)
    except UserError as error:
        return "".join(traceback.format_exception(error))
    return ""


def echoes(secret: str) -> list[str]:
    """Return what a server may make of a secret."""
    half = len(secret) // 2
    return [
        f"wrong key {secret}",
        f"{'x' * 385} {secret}", f"cut: {secret[:9]}", f"cut: ...{secret[4:14]}", " ".join(secret),
        f"{secret[:half]}\n{secret[half:]}", f"{secret[:half]}\x1b[1m{secret[half:]}", "\u200b".join(secret),
        quote(secret, safe=""), base64.b64encode(secret.encode()).decode(), json.dumps({"key": secret}),
        f"https://u:{secret}@elsewhere/", "\0".join(secret), f"{secret}{secret}",
    ]  # fmt: skip


@pytest.mark.parametrize("number", range(len(echoes("x" * 24))))
def test_a_server_may_echo_a_secret_in_any_part_of_any_answer(
    number: int, leaks: Leaks, secrets: list[str], tmp_path: Path
) -> None:
    secret, password = secrets[29], secrets[0]
    echo = f"{echoes(secret)[number]} | {echoes(password)[number]}"
    header = "".join(each for each in echo if each.isprintable() and each.isascii())
    event = f"data: {json.dumps({'error': {'message': echo}})}\n\n"
    answers = {
        "redirect": page(b"", f"Location: http://evil.example/{quote(header)}?k={quote(header)}", status="307 Go"),
        "body": page(echo.encode(), status="401 No"),
        "json": page(json.dumps({"error": {"message": echo}}).encode(), status="500 Oh"),
        "type": page(b"x", f"Content-Type: {header}"),
        "chunk": page(f"data: {echo}\n\n".encode()),
        "event": page(event.encode()),
        "list": page(echo.encode()),
        "names": page(json.dumps({"data": [{"id": echo}, {"id": echo + "2"}]}).encode()),
        "name": page(json.dumps({"data": [{"id": echo}]}).encode()),
    }
    said = []
    for answer in answers.values():
        client = openai_client.OpenAIClient(
            where="system 'far'", base_url=f"http://me:{password}@far/v1", key=secret, timeout_s=1.0
        )
        with PlayedServer([answer]).playing():
            said += [traceback_of(client.complete, ASK)]
            said += [traceback_of(discover, client, wanted, "system 'far'") for wanted in ("wanted", None)]
    assert sum(map(bool, said)) > len(answers)
    said.append(plain_tail(echo))
    assert leaks("\n".join(said)) == []


def test_keys_in_the_wrong_place_are_not_shown(planted: Path, leaks: Leaks) -> None:
    system = load_suite(str(planted)).systems["mistaken"]
    with pytest.raises(UserError, match=r"the variable \[secret\]") as caught:
        key_of(system, "system 'mistaken'")  # type: ignore[arg-type]
    assert leaks(str(caught.value) + getattr(caught.value, "missing", "")) == []


def test_what_another_library_says_of_its_arguments_is_hidden(
    planted: Path, leaks: Leaks, secrets: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Refusing:
        @classmethod
        def create_from_arg_obj(cls, args: dict[str, Any], _: Any) -> Any:
            try:
                raise KeyError(f"bad {args}")
            except KeyError as inner:
                raise ValueError(f"no model with {args} and {secrets[17][:12]}") from inner

    monkeypatch.setattr("wattbench.systems.lm_eval._model_class", lambda *_: Refusing)
    system = load_suite(str(planted)).systems["theirs"]
    with pytest.raises(UserError) as caught:
        LmEvalEngine.open("theirs", system, batch=1, seed=1)  # type: ignore[arg-type]
    assert leaks("".join(traceback.format_exception(caught.value))) == []


@pytest.mark.slow
def test_what_a_meters_command_prints_is_hidden(tmp_path: Path, leaks: Leaks, secrets: list[str]) -> None:
    from wattbench.config import Command

    for code in ("print(sys.argv[2] * 30)", "sys.exit('cannot log in: ' + 'x' * 180 + sys.argv[2])"):
        run = f'{sys.executable} -c "import sys; {code}" --password {secrets[5]}'
        source = CommandSource(Command(run=run, pattern="([0-9]+) W", power_unit="W"), "wall")
        with pytest.raises(MeterError) as caught:
            source.open()
        assert leaks(str(caught.value)) == []


def test_logs_progress_and_crashes_are_hidden(
    capsys: pytest.CaptureFixture[str], leaks: Leaks, secrets: list[str]
) -> None:
    for secret in secrets:
        keep_secret(secret)
    everything = " ".join(secrets)
    notice(everything)
    with Display([PlannedTurn(everything, 1)], Log()) as shown:
        shown.note(everything)
        shown.start_cell(everything, PlannedTurn(everything, 1), 0)
    hook = sys.excepthook
    try:
        with hidden_output():
            print(everything)  # noqa: T201 - what a command prints
            handler = logging.StreamHandler()
            handler.emit(logging.LogRecord("theirs", logging.INFO, "f", 1, "POST %s", (everything,), None))
        try:
            raise RuntimeError(everything)
        except RuntimeError as error:
            sys.excepthook(RuntimeError, error, error.__traceback__)
    finally:
        sys.excepthook = hook
    out, err = capsys.readouterr()
    assert "RuntimeError" in err
    assert HIDDEN in out
    assert leaks(out + err) == []


def test_a_record_from_before_is_read_without_its_secrets(tmp_path: Path, leaks: Leaks, secrets: list[str]) -> None:
    systems = (FakeSystem("a", base_url="http://far/v1"), FakeSystem("b", kind="specialist", domain="text"))
    root = write_run(tmp_path, FakeRun(systems, items=4))
    header = json.loads((root / "run.json").read_text())
    header["command"] = ["wattbench", "run", "--token", secrets[0]]
    header["suite"]["systems"]["a"] |= {
        "base_url": f"http://me:{secrets[1]}@far/v1?sig={secrets[2]}",
        "serve": {"command": f"server --api-key {secrets[3]}"},
        "args": {"headers": {"X-Any": secrets[4]}},
    }
    (root / "run.json").write_text(json.dumps(header))
    assert leaks(json.dumps(asdict(read_run(root).header))) == []
