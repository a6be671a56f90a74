"""Name this machine in records by a hash, so that machines are distinct but not identified.

The name is a keyed hash of the machine's id, as systemd advises for what is published
(sd_id128_get_machine_app_specific: the id itself is to be kept secret). It is the same for all users, after every boot,
and in every run.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import platform
from pathlib import Path

NODE = "WATTBENCH_NODE"
"""Names the machine by hand: in containers, which have no id or that of their image, such as by the name of the
Kubernetes node. It is hashed too."""
MACHINE_IDS = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))
_APPLICATION = b"wattbench node"
_LENGTH = 12


def node() -> str:
    """Return the name of this machine: 12 hexadecimal digits."""
    given = os.environ.get(NODE)
    identity = given if given else f"{_machine_id()} {platform.node()}"  # clones of an image often share the id
    return hmac.new(identity.encode(errors="surrogateescape"), _APPLICATION, hashlib.sha256).hexdigest()[:_LENGTH]


def _machine_id() -> str:
    for path in MACHINE_IDS:
        try:
            text = path.read_text(errors="replace").strip()
        except OSError:
            continue
        if text:
            return text
    return ""
