"""What is a secret by its name or form, what is none, and that hiding twice changes nothing."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wattbench.redaction import HIDDEN, hide, hide_command, hide_known, hide_settings, keep_environment, keep_secret
from wattbench.redaction.names import is_secret_name

KEY = "Zq7xW3mN9pL2vK8r"


@pytest.mark.parametrize(
    "name",
    ["api_key", "apiKey", "X-Api-Key", "HF_TOKEN", "hf-token", "--password", "Authorization", "client_secret"],
)  # fmt: skip
def test_names_of_secrets(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    ["api_key_env", "pad_token", "max_tokens", "tokenizer", "input_per_million_tokens", "key", "keys", "secret_file",
     "token_type_ids", "monkey", "password_file", "top_k", "passes", ""],
)  # fmt: skip
def test_names_of_other_things(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"GET http://me:{KEY}@h/v1?a=1", f"GET http://{HIDDEN}@h/v1?a=1"),
        (f"https://{KEY}@h", f"https://{HIDDEN}@h"),
        (f"https://h/?api-version=2024&sig={KEY}&x=2", f"https://h/?api-version=2024&sig={HIDDEN}&x=2"),
        (f"serve --api-key {KEY} --port 8", f"serve --api-key {HIDDEN} --port 8"),
        (f"HF_TOKEN={KEY} serve", f"HF_TOKEN={HIDDEN} serve"),
        (f'{{"api_key": "{KEY}"}}', f'{{"api_key": "{HIDDEN}"}}'),
        (f"authorization: Bearer {KEY}", f"authorization: Bearer {HIDDEN}"),
        ("the key hf_abcdefghij0123456789 is wrong", f"the key {HIDDEN} is wrong"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----.", f"{HIDDEN}."),
    ],
)
def test_forms_of_secrets(text: str, shown: str) -> None:
    assert hide(text) == shown


@pytest.mark.parametrize(
    "text",
    ["summary: Basic statistics", "systems.a.args.api_key: must be a text", "pad_token=<pad>", "mail me@example.org",
     "set api_key_env: FAR_KEY", "risk-averse-and-long-winded", "passes = 3", "top-k sampling; --max-tokens 5"],
)  # fmt: skip
def test_ordinary_texts_are_left_alone(text: str) -> None:
    assert hide(text) == text


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        (f"/usr/bin/snmpget -v2c -c {KEY} host .1", f"/usr/bin/snmpget -v2c -c {HIDDEN} host .1"),
        (f"curl -uadmin:{KEY} -H 'X-Any: {KEY}' x", f"curl -u{HIDDEN} -H 'X-Any: {HIDDEN}' x"),
        (f'server --token="{KEY}" "unclosed', f'server --token="{HIDDEN}" "unclosed'),
    ],
)
def test_command_lines(command: str, shown: str) -> None:
    assert hide_settings({"run": command}) == {"run": shown}


def test_words_of_a_command_line() -> None:
    assert hide_command(["x", "--token", KEY, f"--password={KEY}", "--out", "runs"]) == [
        "x", "--token", HIDDEN, f"--password={HIDDEN}", "--out", "runs",
    ]  # fmt: skip


def test_settings_of_another_distributions_meter() -> None:
    given_settings = {
        "use": "pdu", "headers": {"X-Any": KEY, "Accept": "text/plain"}, "env": {"PDU_KEY": KEY, "LANG": "C"},
        "pin_password": 123456, "max_token": 5, "token": True, "argv": ["read", "--password", KEY],
    }  # fmt: skip
    assert hide_settings(given_settings) == {
        "use": "pdu", "headers": {"X-Any": HIDDEN, "Accept": "text/plain"}, "env": {"PDU_KEY": HIDDEN, "LANG": "C"},
        "pin_password": HIDDEN, "max_token": 5, "token": True, "argv": ["read", "--password", HIDDEN],
    }  # fmt: skip


def test_data_keep_what_only_looks_like_a_secret() -> None:
    keep_secret("postgres")
    answer = {"output": f"password = postgres; use hf_abcdefghij0123456789 and Bearer {KEY}", "token_s": [1.0, 2.0]}
    assert hide_known(answer) == answer
    assert hide("role postgres") == f"role {HIDDEN}"
    keep_secret(KEY)
    assert hide_known([f"it is {KEY}."]) == [f"it is {HIDDEN}."]


def test_placeholders_and_short_values_are_not_looked_for() -> None:
    for each in ("EMPTY", "none", "abc", "not-needed"):
        keep_secret(each)
    assert hide("EMPTY none abc not-needed") == "EMPTY none abc not-needed"


def test_variables_that_hold_paths_are_not_looked_for() -> None:
    keep_environment({"SSL_KEY": "/etc/ssl/key0.pem", "HOME": "/home/me-and-you-2", "MY_KEY": KEY})
    assert hide(f"/etc/ssl/key0.pem /home/me-and-you-2 {KEY[:9]}") == f"/etc/ssl/key0.pem /home/me-and-you-2 {HIDDEN}"


TEXTS = st.text("aB1 \n\"'=:/@?&-_.#,;<>[]{}é", max_size=60)


@given(st.lists(st.sampled_from([KEY, KEY[2:11], "--token ", "http://", "secret=", "Bearer "]) | TEXTS, max_size=8))
@example([";", "secret=", "<,"])
@settings(max_examples=150)
def test_nothing_known_is_left_and_hiding_twice_changes_nothing(parts: list[str]) -> None:
    keep_secret(KEY)
    hidden = hide("".join(parts))
    assert KEY[2:11] not in hidden
    assert hide(hidden) == hidden
