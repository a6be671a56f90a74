"""Thirty secrets, a suite that holds them, and a search for them that knows nothing of how they are hidden."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

SECRETS = [
    base64.b64encode(hashlib.sha256(b"%d" % number).digest()).decode().translate({43: "Q", 47: "z"})[:24]
    for number in range(30)
]
ENVIRONMENT = {"HF_TOKEN": 26, "OTHER_API_KEY": 27, "DATABASE_PASSWORD": 28, "FAR_KEY": 29}
"""Variable to the number of its secret."""

SUITE = """
name: planted
description: see https://reader:{25}@wiki.example/page
tasks:
  select: [{{task: arithmetic_1dc, domain: arithmetic}}]
meters:
  - use: external
    component: wall
    command: {{run: "ipmitool -H bmc -U admin -P {19} dcmi power reading", pattern: "([0-9]+) W", power_unit: W}}
  - use: external
    component: psu
    command:
      run: "curl -s -u admin:{20} -H 'X-Auth: {21}' https://u:{22}@pdu.example/power?key={23}"
      json_path: watts
      power_unit: W
  - use: external
    component: rack
    command: {{run: "snmpget -v2c -c {24} rack .1.3.6", pattern: "[0-9]+", power_unit: W}}
systems:
  define:
    served:
      kind: generalist
      engine: endpoint
      base_url: "http://me:{0}@127.0.0.1:{{port}}/v1?api_key={1}&api-version=2024-02-01"
      description: "its pages: https://{6}@pages.example/?token={7}"
      model: "https://u:{8}@models.example/m"
      prompt: {{system: "Authorization: Bearer {9}"}}
      serve:
        command:
          "env HF_TOKEN={2} server --port {{port}} --api-key {3} --header 'Authorization: Bearer {4}' --hf-token={5}"
        ready: "/health?token={10}"
    theirs:
      kind: generalist
      engine: lm_eval
      model: local-completions
      args:
        api_key: "{11}"
        headers: {{X-Custom: "{12}", Authorization: "Bearer {13}", Accept: text/plain}}
        base_url: "http://u:{14}@far.example/v1"
        model_args: "pretrained=m,token={15},dtype=float32"
        pools: [{{password: "{16}", size: 3}}]
        hf_token: "{17}"
        pad_token: "<pad>"
        max_length: 77
    mistaken:
      kind: generalist
      engine: endpoint
      base_url: "http://127.0.0.1:9/v1"
      api_key_env: "sk-{18}"
"""


@pytest.fixture
def secrets() -> list[str]:
    return SECRETS


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, number in ENVIRONMENT.items():
        monkeypatch.setenv(name, SECRETS[number])


@pytest.fixture
def planted(tmp_path: Path) -> Path:
    """A suite with a secret in every field that may hold one."""
    path = tmp_path / "planted.yaml"
    path.write_text(SUITE.format(*SECRETS))
    return path


@pytest.fixture
def leaks() -> Callable[[str], list[int]]:
    """The numbers of the secrets of which eight characters in a row are in a text, whatever lies between them."""

    def search(text: str) -> list[int]:
        plain = re.sub(r"[^A-Za-z0-9]", "", re.sub(r"\x1b\[[0-9;]*m", "", text))
        found = []
        for number, secret in enumerate(SECRETS):
            forms = [secret, quote(secret, safe=""), base64.b64encode(secret.encode()).decode()]
            letters = [re.sub(r"[^A-Za-z0-9]", "", form) for form in forms]
            if any(form[at : at + 8] in plain for form in letters for at in range(len(form) - 7)):
                found.append(number)
        return found

    return search
