"""Sign the end of a run, and check such a signature, with OpenSSH's keys: for runs that travel.

`finished.json` has the digest of every file of a run, so that its signature is one of the whole. Who has it knows which
key signed it, not that the run is what its owner says. The format is OpenSSH's SSHSIG (`man ssh-keygen`, -Y), in a
namespace of its own: a signature that was made for something else does not count.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from wattbench.errors import UserError
from wattbench.records.files.atomic_write import write_atomically
from wattbench.records.files.regular_file import MissingFileError, read_record
from wattbench.records.layout import RunLayout

NAMESPACE = "wattbench"
_CHECK_S = 60.0
"""A check that takes longer waits for something that will not come."""
_SIGNATURE_BYTES = 1 << 16
"""One of the longest keys has some 3,000."""


def sign(layout: RunLayout, key: Path) -> Path:
    """Sign a finished run, and return the file of the signature.

    Args:
        layout: of the run.
        key: an SSH key; of one that an agent holds its public half. OpenSSH asks at the terminal for its passphrase.

    Raises:
        UserError: the run is not finished, the key cannot sign, or there is no OpenSSH.
    """
    ended = _ssh_keygen(["sign", "-f", str(key), "-n", NAMESPACE], _end_of(layout), timeout_s=None)
    if ended.returncode != 0:
        raise UserError(f"{key}: ssh-keygen cannot sign with it ({_said(ended)})")
    write_atomically(layout.signature, ended.stdout)
    return layout.signature


def signer(layout: RunLayout, allowed: Path) -> str:
    """Return who signed a run.

    Args:
        layout: of the run.
        allowed: whose keys count, as OpenSSH's `allowed_signers`: a line has a name, a type and a public key.

    Returns:
        The name.

    Raises:
        UserError: it is not signed, by no key that counts, or was changed since; or there is no OpenSSH.
    """
    if not allowed.is_file():
        raise UserError(
            f"{allowed}: no file of keys (a line has a name, a type and a public key, as in allowed_signers)"
        )
    try:
        read_record(layout.signature, _SIGNATURE_BYTES)
    except MissingFileError:
        raise UserError(f"{layout.root}: it is not signed (it has no {layout.signature.name})") from None
    of = ["-s", str(layout.signature), "-f", str(allowed), "-n", NAMESPACE]
    names = _ssh_keygen(["find-principals", *of], b"", timeout_s=_CHECK_S)
    name = names.stdout.decode(errors="replace").partition("\n")[0].strip()
    if names.returncode != 0 or not name:
        raise UserError(f"{layout.signature}: no key in {allowed} made it ({_said(names)})")
    ended = _ssh_keygen(["verify", *of, "-I", name], _end_of(layout), timeout_s=_CHECK_S)
    if ended.returncode != 0:
        raise UserError(f"{layout.signature}: it is no signature of this run by {name} ({_said(ended)})")
    return name


def _end_of(layout: RunLayout) -> bytes:
    try:
        return read_record(layout.finished)
    except MissingFileError:
        raise UserError(f"{layout.root}: it is not finished: only a finished run is signed") from None


def _ssh_keygen(
    arguments: Sequence[str], content: bytes, *, timeout_s: float | None
) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            ["ssh-keygen", "-Y", *arguments], input=content, capture_output=True, timeout=timeout_s, check=False
        )
    except FileNotFoundError:
        raise UserError("signatures need ssh-keygen of OpenSSH 8.2 or newer, which is not installed") from None
    except subprocess.TimeoutExpired:
        raise UserError(f"ssh-keygen did not end within {_CHECK_S:g} s") from None


def _said(ended: subprocess.CompletedProcess[bytes]) -> str:
    lines = ended.stderr.decode(errors="replace").strip().splitlines()
    return lines[0][:200] if lines else f"exit code {ended.returncode}"
