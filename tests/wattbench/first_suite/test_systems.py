"""What a user calls a system becomes settings; none of its code is run, and no pickle is read."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from wattbench.config import EndpointSystem, PythonSystem, SklearnSystem, TransformersSystem
from wattbench.errors import UserError
from wattbench.first_suite import systems
from wattbench.first_suite.systems import DraftedSystem, draft_system

CODE = """\
import os
from elsewhere import *
raise SystemExit("this file was run")
def answer(message): return "\\d"
async def later(message): ...
def two(a, b, c=1): ...
def named(message, *, threshold): ...
def none(): ...
def any(*texts): ...
class Rules:
    def answer(self, message): ...
model = Rules()
"""


def drafted(given: str, folder: Path, **said: Any) -> DraftedSystem:
    return draft_system(given, folder, "support", said.get("api_key_env"))


def refusal(given: str, folder: Path) -> str:
    with pytest.raises(UserError) as error:
        drafted(given, folder)
    return str(error.value)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "rules.py").write_text(CODE.replace("from elsewhere import *\n", ""))
    (tmp_path / "open.py").write_text(CODE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_function_is_found_without_running_its_file(here: Path) -> None:
    system = drafted("rules.py:answer", here)
    assert system.name == "rules"
    assert system.settings == {
        "kind": "specialist", "engine": "python", "call": "./rules.py:answer", "sees": "input", "domain": "support",
    }  # fmt: skip
    PythonSystem.model_validate(system.settings)
    assert drafted("mine=rules.py:model", here).name == "mine"
    for call in ("rules.py:any", "rules.py:Rules.answer", "rules.py:os.getcwd", "open.py:imported"):
        assert drafted(call, here).settings["call"] == f"./{call}"
    assert drafted("json:dumps", here).settings["call"] == "json:dumps"
    (here / "suites").mkdir()
    assert drafted("rules.py:answer", here / "suites").settings["call"] == "../rules.py:answer"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("rules.py:anser", "rules.py has no function 'anser'; did you mean 'answer'?"),
        ("rules.py", "name its function: --system rules.py:answer"),
        ("rules.py:later", "an async function"),
        ("rules.py:two", "this function takes a, b"),
        ("rules.py:named", "this function takes message, threshold"),
        ("rules.py:none", "this function takes nothing"),
        ("rules.py:Rules.anser", "Rules has no method 'anser'; did you mean 'answer'?"),
        ("nowhere.py:answer", "--system nowhere.py:answer: nowhere.py: cannot be read (No such file or directory)"),
        ("no_such_package_at_all.x:f", "no module 'no_such_package_at_all' is installed here"),
        ("broken.py:f", "--system broken.py:f: broken.py:1: not valid Python"),
        ("model.joblib", "a pickle, which would run whatever its writer put in, and is not read; save the fitted"),
        ("model.pkl", "skops.io.dump(pipeline, 'model.skops')"),
        ("false.skops", "not a file of skops, by its first bytes"),
        ("false.gguf", "not a GGUF file, by its first bytes"),
        ("missing.gguf", "cannot be read (No such file or directory)"),
        ("empty", "has no config.json, as that of a Hugging Face model has"),
        ("thing", "not known as a system, and there is no such file. Name a server's address"),
        ("notes.txt", "not known as a system. Name a server's address"),
        ("a\0b", "not known as a system"),
        ("x" * 300 + "/y z", "no file can have this name"),
        ("http://", "base_url has no host"),
        ("http://user:secret@host/v1", "a suite is no place for a password"),
        ("http://[::1/v1", "not a URL"),
    ],
)
def test_what_is_no_system_ends_in_what_to_do(here: Path, given: str, expected: str) -> None:
    for name in ("model.joblib", "model.pkl", "false.skops", "false.gguf", "notes.txt"):
        (here / name).write_bytes(b"\x80\x04cposix\nsystem\n")
    (here / "broken.py").write_text("def (:\n")
    (here / "empty").mkdir()
    assert expected in refusal(given, here)


def test_files_of_models_are_recognised(here: Path) -> None:
    (here / "sorter.skops").write_bytes(b"PK\x03\x04")
    assert drafted("sorter.skops", here).settings == {
        "kind": "specialist", "engine": "sklearn", "model": "./sorter.skops", "domain": "support",
    }  # fmt: skip
    SklearnSystem.model_validate(drafted("sorter.skops", here).settings)
    (here / "tiny model.gguf").write_bytes(b"GGUF\x03")
    served = drafted("tiny model.gguf", here)
    assert (served.name, served.settings["serve"]) == (
        "tiny-model", {"llamacpp": {"weights": {"path": "./tiny model.gguf"}}},
    )  # fmt: skip
    EndpointSystem.model_validate(served.settings)


def test_a_service_is_not_asked_and_its_key_is_named(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    for given in ("openai#gpt-4o-mini", "https://api.openai.com/v1/#gpt-4o-mini"):
        system = drafted(given, here)
        assert (system.name, system.settings) == (
            "gpt-4o-mini", {"kind": "generalist", "engine": "endpoint", "service": "openai", "model": "gpt-4o-mini"},
        )  # fmt: skip
        assert system.note == "openai needs a key: export OPENAI_API_KEY=... before the run"
        [price] = yaml.safe_load("\n".join(system.after)).values()
        EndpointSystem.model_validate({**system.settings, "price": price})
    monkeypatch.setenv("MINE", "x")
    assert drafted("groq#a/b", here, api_key_env="MINE").note == ""
    assert "--system openai: name the model of the service: --system openai#MODEL" in refusal("openai", here)


def test_folders_and_names_of_the_hub_are_models_in_this_process(here: Path) -> None:
    folder = here / "llama"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    assert drafted("./llama", here).settings == {
        "kind": "generalist", "engine": "transformers", "weights": {"path": "./llama"},
    }  # fmt: skip
    (folder / "tokenizer_config.json").write_text(json.dumps({"chat_template": "x"}))
    assert drafted("llama", here).settings["prompt"] == {"chat": True}
    (folder / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": "org/base"}))
    adapter = drafted("llama/", here).settings
    assert (adapter["weights"], adapter["adapter"]) == ({"hub": "org/base"}, "./llama")
    on_hub = drafted("HuggingFaceTB/SmolLM2-135M-Instruct", here)
    assert (on_hub.name, on_hub.settings["weights"]) == (
        "SmolLM2-135M-Instruct", {"hub": "HuggingFaceTB/SmolLM2-135M-Instruct"},
    )  # fmt: skip
    for settings in (adapter, on_hub.settings):
        TransformersSystem.model_validate(settings)


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str] | None]:
    """By base_url; a server that is not named cannot be reached."""
    listed: dict[str, list[str] | None] = {}

    def of(base_url: str, variable: str | None, where: str) -> list[str] | None:
        if base_url not in listed:
            raise UserError(f"{where}: cannot connect")
        return listed[base_url]

    monkeypatch.setattr(systems, "_models_of", of)
    return listed


def test_a_server_is_asked_for_its_models(here: Path, models: dict[str, list[str] | None]) -> None:
    models["http://localhost:8000/v1"] = ["org/tiny"]
    system = drafted("http://localhost:8000/v1/", here, api_key_env="KEY")
    assert (system.name, system.note) == ("tiny", "")
    assert system.settings == {
        "kind": "generalist", "engine": "endpoint", "base_url": "http://localhost:8000/v1", "model": "org/tiny",
        "prompt": {"chat": True},
    }  # fmt: skip
    models["https://api.example.com/v1"] = ["a", "b\n- c"]
    assert "several models (a, b - c); name one: --system https://api.example.com/v1#a" in refusal(
        "https://api.example.com/v1", here
    )
    chosen = drafted("https://api.example.com#b\n- c", here, api_key_env="KEY").settings
    assert (chosen["model"], chosen["api_key_env"]) == ("b\n- c", "KEY")
    assert "no model 'aa'" in refusal("https://api.example.com/v1#aa", here)


def test_a_server_that_is_away_is_written_and_said(here: Path, models: dict[str, list[str] | None]) -> None:
    system = drafted("http://localhost:8000", here)
    assert system.settings["base_url"] == "http://localhost:8000/v1"
    assert "model" not in system.settings
    assert system.note == (
        "the server http://localhost:8000/v1 could not be asked for its models: cannot connect"
    )  # fmt: skip
    models["http://localhost:9000/api"] = None
    assert "it has no list of models" in drafted("http://localhost:9000/api", here).note
    models["http://localhost:9000/v1"] = None
    models["http://localhost:9000"] = []
    assert drafted("http://localhost:9000", here).settings["base_url"] == "http://localhost:9000"


@pytest.fixture
def server() -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"data": [{"id": "tiny"}]}).encode() if self.path == "/v1/models" else b""
            self.send_response(200 if body else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    http = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{http.server_port}"
    http.shutdown()
    http.server_close()


@pytest.mark.slow
def test_a_real_server_says_its_model(here: Path, server: str) -> None:
    settings = drafted(server, here).settings
    assert (settings["base_url"], settings["model"]) == (f"{server}/v1", "tiny")
    assert "could not be asked" in drafted("http://127.0.0.1:9/v1", here).note
