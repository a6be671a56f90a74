"""Secrets in command lines: next to options, in commands within commands, and keys without a name; and what is none."""

from __future__ import annotations

import random
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from wattbench.redaction import HIDDEN, hide, hide_command, hide_settings, keep_secrets_of
from wattbench.redaction.looks import is_random

ROOT = Path(__file__).parents[3]
WEAK = "hunter22"
"""No rule of looks finds it: what is before it has to."""

NAMED = r"""
bash -lc "ipmitool -H bmc -U admin -P SECRET dcmi power reading"
sh -c "curl -s -u admin:SECRET https://pdu.example/power"
sh -c 'curl -s -H "X-Auth: SECRET" https://pdu.example/power'
ssh bmc "ipmitool -P SECRET sdr"
ssh host "sh -c 'snmpget -v2c -c SECRET rack .1.3.6'"
ssh -t host "bash -lc \"curl -u 'a b:SECRET' http://x\""
ssh host "sh -c 'su -c \"bash -c \\\"mysql -pSECRET\\\"\"'"
env PDU_PASS=SECRET read-power
docker run -e PDU_AUTH=SECRET image
docker run --env=PDU_PW=SECRET image
PGPASSWORD=SECRET psql -c "select w"
SSHPASS=SECRET sshpass -e ssh host power
read-power --auth SECRET
read-power --auth=SECRET
read-power /auth:SECRET
read-power --pdu-pass SECRET
read-power --cred SECRET
read-power --login=SECRET
read-power --user admin:SECRET
read-power -u admin:SECRET
read-power -H "X-Anything: SECRET"
bash -c "read-power --auth SECRET | awk '{print $1}'"
sh -c "X=$(cat f)&&read-power --pw=SECRET&& true"
sh -c "true; read-power --pass SECRET; true"
ipmitool -P SECRET "sdr
curl -H'X-Auth: SECRET' x
curl --header='X-Auth: SECRET' x
curl -su admin:SECRET x
smbclient -U admin%SECRET x
racadm -r h -u root -p SECRET get
read-power --psk SECRET
sh -c "export P='SECRET'; ipmitool -P $P"
xargs -I@ sh -c "ipmitool -P SECRET @"
kubectl exec pod -- sh -c "wget --password=SECRET http://x"
su -c "mysql -pSECRET -e 'select w'" root
curl --user admin:SECRET http://x
curl --proxy-user admin:SECRET http://x
curl -d '{"password": "SECRET"}' http://x
curl --data 'user=a&pwd=SECRET' http://x
curl --data-urlencode 'pass=SECRET' http://x
curl --oauth2-bearer SECRET http://x
powershell -Command "Get-Power -Password SECRET"
snmpget -v3 -l authPriv -A SECRET -X short host .1
""".strip().splitlines()
"""Those in which a name or a program says what is secret."""

UNNAMED = r"""
env PDU=SECRET read-power
docker run -e PDU=SECRET image
read-power -p SECRET
read-power -pSECRET
read-power -a SECRET
bash -c "read-power -p SECRET | awk '{print $1}'"
bash -c "A=SECRET; read-power $A"
bash -c "echo SECRET | sudo -S read"
python -c "import x; x.read(key='SECRET')"
python -c "x.login('admin', 'SECRET')"
curl -b 'session=SECRET' http://x
timeout 5 env -i FOO=SECRET read
read-power login SECRET
redfishtool -r h -u root -p SECRET Systems
smcipmitool 10.0.0.1 ADMIN SECRET pminfo
ssh host "sh -c 'read-power SECRET'"
read-power 'SECRET
""".strip("\n").splitlines()
"""Those in which only its looks do."""

ORDINARY = r"""
vllm serve Qwen/Qwen2.5-Coder-7B-Instruct-AWQ --revision 0123456789abcdef0123456789abcdef01234567 --port {port}
vllm serve m --max-model-len 32768 --tokenizer meta-llama/Llama-3.1-8B-Instruct --served-model-name m --api-key-file k
python -m sglang.launch_server --model-path lmsys/sglang-ci-dsv3-test --tp 8 --mem-fraction-static 0.88 -p 30000
llama-server -m /models/SmolLM2-135M-Instruct.Q4_1.gguf --port {port} -c 4096 -ngl 99 -ctk q8_0 --no-webui
llama-server -hf ggml-org/Qwen3-30B-A3B-Instruct-2507-Q8_0-GGUF:Q4_K_M --chat-template-kwargs '{"thinking": false}'
docker run --gpus device=GPU-8f6bc1f2-1b7e-4a53-9f3c-0b7f5f0f9d11 -p 8080:80 --user 1000:1000 -e PYTHONUNBUFFERED=1 i
docker run --user node:node image@sha256:a36c24f9cbdf4fd0f52d67f0823eeac19c2028c637cecc392d97f980d4fec56b
text-generation-launcher --model-id bigscience/bloom-560m --weights-sha256 b179c9523d0e6a0f98a330c7562b682750a6f8c8
fetch --integrity sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU= --digest sha512:Zm9vYmFyMTIzNDU2Nzg5MGFiY0RFRg==
snmpget -v3 -l authPriv -a SHA -x AES host .1.3.6.1.4.1.318.1.1.12.1.16.0
curl --netrc --digest --retry-all-errors https://pdu.example/power?outlet=3&unit=W
read-power --auth digest --auth-type basic --token-limit 5 --pass 2 --key watts --sort-key name --key-file /etc/k.pem
sh -c "cat /sys/class/powercap/intel-rapl:0/energy_uj | awk '{print $1/1e6}'"
nvidia-smi -i MIG-5c1f6b7e-8a7e-5f0a-9b0e-2f7a4f1c2d3e --query-gpu=power.draw --format=csv,noheader,nounits
/nix/store/0c9bk1y3n4ppr5z8w2m7v6xq4a1d8s3f-python3/bin/python3 meter.py --out runs/20260101T000000Z-sums-abc123
bash -lc 'source ~/.cache/uv/environments-v2/k3J9x0Qm4Tz7Wb2R/bin/activate && serve --config conf/H100x8B200x4.yaml'
mosquitto_sub -h broker -p 1883 -t rack/pdu1/power -C 1
python -m pytest -p no:cacheprovider -p xdist tests/test_a.py::test_b[c1-D2-e3]
serve --rope-scaling '{"type":"yarn","factor":4.0}' --eos-token '</s>' --pad-token '<pad>' --max-tokens 5
ssh -p 2222 -o StrictHostKeyChecking=no bmc "ipmitool sdr type 'Power Supply'"
""".strip().splitlines()


def key(seed: int, length: int = 24) -> str:
    """A random key of letters and digits, with one digit at least."""
    draw = random.Random(seed)
    return "".join(draw.choices(string.ascii_letters + string.digits, k=length - 1)) + "7"


def hidden_in(command: str) -> str:
    shown: str = hide_settings({"command": {"run": command}})["command"]["run"]
    return shown


@pytest.mark.parametrize("command", NAMED)
@pytest.mark.parametrize("secret", [WEAK, key(1), "$wort-geheim", "caf\u00e9-de-la-paix"])
def test_what_a_name_announces_is_hidden(command: str, secret: str) -> None:
    shown = hidden_in(command.replace("SECRET", secret))
    assert HIDDEN in shown
    assert secret[:5] not in shown
    assert secret[-5:] not in shown
    assert hidden_in(shown) == shown
    assert shown.split()[0] == command.replace("SECRET", HIDDEN).split()[0]


def test_a_quotation_of_bash_s_own_is_read() -> None:
    assert WEAK not in hidden_in(rf"sh -c $'ipmitool -P \'{WEAK}\' sdr'")


@pytest.mark.parametrize(
    "command", ["ipmitool -P 'two words' sdr", "sh -c \"ipmitool -P 'two words' sdr\"", "x --auth 'two words'"]
)
def test_a_secret_of_several_words_is_hidden_whole(command: str) -> None:
    assert hidden_in(command) == command.replace("two words", HIDDEN)


@pytest.mark.parametrize("command", UNNAMED)
def test_what_only_looks_like_a_key_is_hidden(command: str) -> None:
    for seed in range(5):
        secret = key(seed)
        assert is_random(secret)
        shown = hidden_in(command.replace("SECRET", secret))
        assert shown == command.replace("SECRET", HIDDEN)
        assert hidden_in(shown) == shown


@pytest.mark.parametrize("command", ORDINARY)
def test_ordinary_commands_are_left_as_they_are(command: str) -> None:
    assert hidden_in(command) == command
    assert hidden_in(f"bash -lc {command!r}" if "'" not in command else command).find(HIDDEN) == -1


def texts_of(data: Any) -> Iterator[str]:
    if isinstance(data, dict):
        for each in data.values():
            yield from texts_of(each)
    elif isinstance(data, list):
        for each in data:
            yield from texts_of(each)
    elif isinstance(data, str):
        yield data


def test_no_text_of_a_suite_of_this_repository_would_be_taken_for_a_secret_in_a_command() -> None:
    """All texts of all YAML files, as if each were a command: models, paths, URLs, commits, digests, templates."""
    read = 0
    for path in (path for folder in ("benchmarks", "examples", "tests") for path in (ROOT / folder).rglob("*.yaml")):
        for text in texts_of(yaml.load(path.read_text(), _AnyTag)):
            read += 1
            assert hidden_in(text) == text or "snmpget" in text, path
    assert read > 500


class _AnyTag(yaml.SafeLoader):
    """Reads `!function` as nothing."""


_AnyTag.add_multi_constructor("", lambda *_: None)


@pytest.mark.parametrize(("length", "letters", "least"), [
    (16, string.ascii_letters, 0.85), (24, string.ascii_letters, 0.92), (40, string.ascii_letters, 0.97),
    (24, string.ascii_lowercase, 0.75), (40, string.ascii_lowercase, 0.75),
])  # fmt: skip
def test_most_random_keys_look_random(length: int, letters: str, least: float) -> None:
    draw = random.Random(length)
    found = [is_random("".join(draw.choices(letters + string.digits, k=length))) for _ in range(500)]
    assert sum(found) / len(found) >= least


def test_a_variable_in_the_place_of_a_secret_is_hidden_by_what_it_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RACK", WEAK)
    keep_secrets_of({"run": 'sh -c "curl -u admin:$RACK http://x"'})
    assert hide(f"curl: {WEAK} is refused; RACK is set") == f"curl: {HIDDEN} is refused; RACK is set"


@pytest.mark.parametrize("name", ["command", "commands", "hook", "args", "entrypoint", "script"])
def test_commands_under_any_name_and_in_words(name: str) -> None:
    secret = key(3)
    assert hide_settings({name: f"sh -c 'read -p {secret}'"}) == {name: f"sh -c 'read -p {HIDDEN}'"}
    assert hide_settings({name: ["sh", "-c", f"read -P {secret}"]}) == {name: ["sh", "-c", f"read -P {HIDDEN}"]}
    assert hide_command(["sh", "-c", f"curl -u a:{WEAK} x"]) == ["sh", "-c", f"curl -u {HIDDEN} x"]


@given(
    st.lists(
        st.sampled_from(["sh -c", '"', "'", "\\", " ", "-p", "--auth ", "a:b", "=", key(4), "&&", ";", "$(", "\n"])
    )
)
@settings(max_examples=200)
def test_any_quoting_can_be_read_and_a_key_is_never_left(parts: list[str]) -> None:
    shown = hidden_in("".join(parts))
    assert key(4) not in shown
    assert key(4) not in hidden_in(shown)  # of nonsense a second look may hide more


def test_commands_within_commands_end_somewhere() -> None:
    command = f"read -P {key(5)}"
    for _ in range(12):
        quoted = command.replace("\\", "\\\\").replace('"', '\\"')
        command = f'sh -c "{quoted}"'
        if len(command) > 50_000:
            break
        assert key(5) not in hidden_in(command)
