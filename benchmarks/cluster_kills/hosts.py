"""Two hosts of a Ray cluster on one machine: network namespaces, or the nodes of Ray's own test cluster."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import psutil

NAMES = ("a", "b")
MARK = "CLUSTER_KILLS"
"""The variable by which processes of these hosts are found."""
RAY = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
"""How Ray is used here: with a token of this process's own, so that no other of this machine comes in."""
_PREFIX = "wbk-"
_BRIDGE = "wbk-bridge"
_HEAD = "10.77.0.1"
_PORT = 6399


class Hosts(Protocol):
    """Hosts that can be started and killed."""

    @property
    def address(self) -> str:
        """Return the address of the cluster, for `--cluster`."""
        ...

    def start(self, name: str) -> None:
        """Start a host, as a node of the cluster."""
        ...

    def kill(self, name: str) -> None:
        """Kill a host, all processes of it at once."""
        ...


@dataclass
class Namespaces:
    """Hosts in network namespaces, each with a link to a bridge at which the head of the cluster is. Needs root."""

    folder: Path
    address: str = f"{_HEAD}:{_PORT}"

    def start(self, name: str) -> None:
        """Start Ray in a namespace."""
        address = f"10.77.0.{NAMES.index(name) + 2}"
        _run("ip", "netns", "exec", f"{_PREFIX}{name}", *_ray("start", f"--address={self.address}",
             f"--node-ip-address={address}", "--num-cpus=1"), env=environment_of(self.folder, name))  # fmt: skip

    def kill(self, name: str) -> None:
        """Kill everything in a namespace."""
        listed = subprocess.run(["ip", "netns", "pids", f"{_PREFIX}{name}"], capture_output=True, text=True, check=True)
        for pid in listed.stdout.split():
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)


@contextmanager
def namespaces(folder: Path) -> Iterator[Namespaces]:
    """Make two network namespaces and a bridge, start the head of a cluster next to them, and remove all at the end."""
    hosts = Namespaces(folder)
    try:
        _run("ip", "link", "add", _BRIDGE, "type", "bridge")
        _run("ip", "addr", "add", f"{_HEAD}/24", "dev", _BRIDGE)
        _run("ip", "link", "set", _BRIDGE, "up")
        for number, name in enumerate(NAMES, start=2):
            space, inside, outside = f"{_PREFIX}{name}", f"{_PREFIX}{name}-in", f"{_PREFIX}{name}-out"
            _run("ip", "netns", "add", space)
            _run("ip", "link", "add", outside, "type", "veth", "peer", "name", inside, "netns", space)
            _run("ip", "link", "set", outside, "master", _BRIDGE, "up")
            _run("ip", "-n", space, "addr", "add", f"10.77.0.{number}/24", "dev", inside)
            _run("ip", "-n", space, "link", "set", inside, "up")
            _run("ip", "-n", space, "link", "set", "lo", "up")
        _run(
            *_ray("start", "--head", f"--node-ip-address={_HEAD}", f"--port={_PORT}", "--num-cpus=0"),
            "--include-dashboard=false",
            env=environment_of(folder, "head"),
        )
        for name in NAMES:
            hosts.start(name)
        yield hosts
    finally:
        for name in NAMES:
            with suppress(subprocess.CalledProcessError):
                hosts.kill(name)
        _kill_all(folder)
        for words in (*(("netns", "del", f"{_PREFIX}{name}") for name in NAMES), ("link", "del", _BRIDGE)):
            subprocess.run(["ip", *words], capture_output=True, check=False)


@dataclass
class TestCluster:
    """The nodes of `ray.cluster_utils.Cluster`."""

    folder: Path
    cluster: Any
    nodes: dict[str, Any] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """Return the address of the cluster."""
        return str(self.cluster.address)

    def start(self, name: str) -> None:
        """Add a node."""
        self.nodes[name] = self.cluster.add_node(num_cpus=1, env_vars=environment_of(self.folder, name))

    def kill(self, name: str) -> None:
        """Kill a node's raylet; its workers end with it."""
        self.cluster.remove_node(self.nodes.pop(name), allow_graceful=False)


@contextmanager
def ray_test_cluster(folder: Path) -> Iterator[TestCluster]:
    """Start Ray's own test cluster, with a head that has no slot and two nodes."""
    os.environ.update({**RAY, MARK: str(folder)})
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    hosts = TestCluster(folder, cluster)
    try:
        for name in NAMES:
            hosts.start(name)
        yield hosts
    finally:
        cluster.shutdown()
        _kill_all(folder)


def environment_of(folder: Path, name: str) -> dict[str, str]:
    """Return the variables of a host: a name, locks and temporary files of its own, and no watch for other work."""
    temporary = folder / f"tmp-{name}"
    temporary.mkdir(parents=True, exist_ok=True)
    root = Path(__file__).parents[2]
    return {name_: value for name_, value in os.environ.items() if not name_.startswith("PYTEST_")} | {
        "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "WATTBENCH_WATCH": "off", "ANSWER_S": "0.02",
        "WATTBENCH_CACHE": str(folder / "cache"), "WATTBENCH_LOCKS": str(folder / f"locks-{name}"),
        "WATTBENCH_NODE": name, "TMPDIR": str(temporary), MARK: str(folder), **RAY,
        "PYTHONPATH": os.pathsep.join(map(str, (root / "harness", root / "reports"))),
    }  # fmt: skip


def processes(folder: Path, words: str = "", host: str | None = None) -> list[psutil.Process]:
    """Return the processes of hosts.

    Args:
        folder: of the hosts.
        words: what is in their command line.
        host: only those of this one.
    """
    matches = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            variables = process.environ()
            if process.status() == psutil.STATUS_ZOMBIE or variables.get(MARK) != str(folder):
                continue
            if words in " ".join(process.cmdline()) and host in (None, variables.get("WATTBENCH_NODE")):
                matches.append(process)
    return matches


def _kill_all(folder: Path) -> None:
    for process in processes(folder):
        if process.pid != os.getpid():
            with suppress(psutil.Error):
                process.kill()
    time.sleep(0.5)


def _ray(*words: str) -> list[str]:
    return [sys.executable, "-m", "ray.scripts.scripts", *words, "--disable-usage-stats"]


def _run(*words: str, env: Mapping[str, str] | None = None) -> None:
    try:
        subprocess.run(_checked(words), env=env, capture_output=True, text=True, check=True)
    except subprocess.CalledProcessError as error:
        raise RuntimeError(f"{' '.join(words)}: {error.stderr.strip() or error.stdout.strip()}") from error


def _checked(words: Sequence[str]) -> list[str]:
    return [*map(str, words)]
