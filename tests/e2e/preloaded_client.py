"""Ask the process of `preloaded_server.py` to run a command.

    python -IS preloaded_client.py ADDRESS ARGUMENTS

is `wattbench ARGUMENTS` for scripts: the command has the folder, environment, descriptors and priority of this process,
which ends as it does. It imports nothing but a little of Python's own, so that it starts at once.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Mapping, Sequence


def ask(
    address: str,
    arguments: Sequence[str],
    descriptors: Sequence[int],
    *,
    cwd: str,
    env: Mapping[str, str],
    module: str = "wattbench",
    whole: bool = True,
) -> socket.socket:
    """Have `python -m MODULE ARGUMENTS` run with the priority of this process.

    Args:
        address: where the process listens.
        arguments: of the command.
        descriptors: its standard input, output and error.
        cwd: its folder.
        env: its environment.
        module: what is run.
        whole: it runs to its end: no signal is to end it.

    Returns:
        What its number can be read from, in a line, and when it has ended its exit status, or the negative number of
        the signal that ended it.
    """
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(address)
    socket.send_fds(connection, [b" "], descriptors)
    request = {
        "module": module, "arguments": [*arguments], "cwd": cwd, "env": dict(env), "whole": whole,
        "niceness": os.getpriority(os.PRIO_PROCESS, 0),
    }  # fmt: skip
    connection.sendall(json.dumps(request).encode() + b"\n")
    return connection


def main() -> int:
    """Run the command, and return the exit status that a shell would give."""
    address, *arguments = sys.argv[1:]
    with ask(address, arguments, [0, 1, 2], cwd=os.getcwd(), env=os.environ) as connection:
        _, code = map(int, connection.makefile())
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
