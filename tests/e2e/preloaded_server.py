"""Import modules once, and fork a process for each command that is to run with them.

    python -P preloaded_server.py DESCRIPTOR MODULE ...

DESCRIPTOR is that of a Unix socket to listen at. Modules are imported when the first command is to run. The process of
a command has its own arguments, folder, environment, output, signals, priority, clock and exit status. Of wattbench it
has what reads no environment when it is imported. This process ends when its standard input does.

A command that runs to its end waits for its threads and runs its exit handlers, as in any Python, but does not free
what was imported: that would copy most of the shared memory, for a quarter of a second. One that a test ends with a
signal frees it, too.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SOURCES = [str(Path(__file__).parents[2] / name) for name in ("harness", "reports")]
DRIVER = "libnvidia-ml.so.1"


@dataclass
class _End:
    """How this process ends."""

    status: int | None = None
    """The exit status with which it ends without freeing its memory; None: as any Python does."""


@dataclass(frozen=True)
class _Running:
    """A command that runs."""

    pid: int
    connection: socket.socket
    """To the one who is to know how it ends."""


_end = _End()


def _end_at_once() -> None:
    """End the process after all other exit handlers, as the first that was registered."""
    if _end.status is not None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(_end.status)


def _run_to_its_end(module: str) -> None:
    """Run a module, and have the process end at once where it says with which status."""
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        if isinstance(ended.code, int):
            _end.status = ended.code
        raise


def _become(
    module: str, arguments: Sequence[str], cwd: str, env: Mapping[str, str], niceness: int, whole: bool
) -> None:
    """Run one command, in a process that was forked for it and has its descriptors; `whole`: to its end."""
    os.setpriority(os.PRIO_PROCESS, 0, niceness)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    _load_driver(env.get("LD_LIBRARY_PATH", ""))
    if "wattbench.clock" in sys.modules:  # it is read when the process starts
        importlib.reload(sys.modules["wattbench.clock"])
    sys.path[:0] = [cwd, *filter(None, env.get("PYTHONPATH", "").split(os.pathsep))]
    sys.argv[1:] = arguments
    if whole:
        _run_to_its_end(module)
    else:
        runpy.run_module(module, run_name="__main__", alter_sys=True)


def _load_driver(folders: str) -> None:
    """Load the driver from these folders: the dynamic linker has read their names when the process started."""
    for folder in filter(None, folders.split(os.pathsep)):
        if (library := Path(folder, DRIVER)).is_file():
            ctypes.CDLL(str(library))


def _import(modules: Iterable[str]) -> None:
    """Import what commands need, and keep it out of garbage collections."""
    sys.path[:0] = SOURCES
    for module in modules:
        with contextlib.suppress(ImportError):  # what needs it says so itself
            importlib.import_module(module)
    _compile_templates()
    del sys.path[: len(SOURCES)]
    gc.freeze()  # forks share this memory until they write to it, which collecting garbage does


def _compile_templates() -> None:
    """Compile the templates of pages, which takes as long as a fifth of a small report."""
    if "wattbench_reports.site" not in sys.modules:  # it was not to be imported
        return
    from wattbench_reports.html.templating import engine

    for each in (engine(), engine("wattbench_reports.site")):
        for name in each.list_templates(extensions=["j2"]):
            each.get_template(name)


def _serve(programs: socket.socket) -> None:
    """Run commands until standard input ends."""
    running: dict[int, _Running] = {}  # by a descriptor of the process
    while True:
        ready = select.select([sys.stdin, programs, *running], [], [])[0]
        for descriptor in running.keys() & ready:
            _report_end(running.pop(descriptor))
            os.close(descriptor)
        if programs in ready:
            _start(programs, running)
        elif sys.stdin in ready:
            return


def _start(programs: socket.socket, running: dict[int, _Running]) -> None:
    """Start the next command, if its request is complete."""
    connection, _ = programs.accept()
    _, descriptors, _, _ = socket.recv_fds(connection, 1, 3)
    request = connection.makefile().readline()
    if request.endswith("\n"):
        pid = os.fork()
        if pid == 0:
            _close_all(programs, connection, running)
            _take_over(descriptors)
            _become(**json.loads(request))  # ends as Python ends, by its exceptions and exit handlers
            sys.exit()
        running[os.pidfd_open(pid)] = _Running(pid, connection)
        _say(connection, pid)
    else:
        connection.close()
    for descriptor in descriptors:
        os.close(descriptor)


def _close_all(programs: socket.socket, connection: socket.socket, running: Mapping[int, _Running]) -> None:
    """Close in a fork what the process that serves goes on to use."""
    for each in (programs, connection, *(other.connection for other in running.values())):
        each.close()
    for descriptor in running:
        os.close(descriptor)


def _take_over(descriptors: Iterable[int]) -> None:
    """Have a fork read and write where the command is to."""
    for place, descriptor in enumerate(descriptors):
        os.dup2(descriptor, place)
        os.close(descriptor)


def _report_end(ended: _Running) -> None:
    """Say how a command ended: with its exit status, or the negative number of a signal."""
    with ended.connection:
        _say(ended.connection, os.waitstatus_to_exitcode(os.waitpid(ended.pid, 0)[1]))


def _say(connection: socket.socket, number: int) -> None:
    with contextlib.suppress(OSError):  # it does not wait any more
        connection.sendall(b"%d\n" % number)


def main() -> None:
    """Serve at a socket that was handed down."""
    atexit.register(_end_at_once)  # before what is imported registers its own: the first one runs last
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in a job that a shell runs in the background
        signal.signal(signal.SIGINT, signal.default_int_handler)
    with socket.socket(fileno=int(sys.argv[1])) as programs:
        programs.set_inheritable(False)
        if programs in select.select([sys.stdin, programs], [], [])[0]:  # the first command waits for what all import
            _import(sys.argv[2:])
            _serve(programs)


if __name__ == "__main__":
    main()
