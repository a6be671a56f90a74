"""`verify --sign` signs a run with which nothing is wrong, and `--signers` says whose key did."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.made_up.whole_run import write_whole_run
from wattbench.cli import main

pytestmark = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="needs ssh-keygen")


def test_a_run_is_signed_and_its_signer_named(tmp_path: Path) -> None:
    run, key = write_whole_run(tmp_path), tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    allowed = tmp_path / "allowed"
    allowed.write_text(f"ann@example.org {key.with_suffix('.pub').read_text()}")
    verify = ["runs", "verify", str(run)]
    unsigned = CliRunner().invoke(main, [*verify, "--signers", str(allowed)])
    assert unsigned.exit_code == 2
    assert "it is not signed" in unsigned.output
    signed = CliRunner().invoke(main, [*verify, "--sign", str(key)])
    assert signed.exit_code == 0, signed.output
    assert signed.output.endswith(f"signed: {run / 'finished.json.sig'}\n")
    unnamed = CliRunner().invoke(main, verify)
    assert "whose its signature is: no keys were named that count" in unnamed.output
    known = CliRunner().invoke(main, [*verify, "--signers", str(allowed)])
    assert known.exit_code == 0, known.output
    assert "signature   ok      the signature of ann@example.org" in known.output
    assert "cannot know: how its signer came by it; " in known.output


def test_a_run_with_which_something_is_wrong_is_not_signed(tmp_path: Path) -> None:
    run, key = write_whole_run(tmp_path), tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    (run / "windows.jsonl").write_text((run / "windows.jsonl").read_text() + "\n")
    assert CliRunner().invoke(main, ["runs", "verify", str(run), "--sign", str(key)]).exit_code == 2
    assert not (run / "finished.json.sig").exists()
