"""Kill commands at chosen and at random moments, and write what came of it: `python -m benchmarks.kills`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from benchmarks.kills.kill import kill, undisturbed
from benchmarks.kills.server import start
from benchmarks.kills.subjects import subjects
from benchmarks.kills.workplace import Workplace, environment_of
from tests.e2e.preloaded import Preloaded

base = Path(sys.argv[1])
base.mkdir(parents=True)
(base / "tmp").mkdir()
server = start()
env = environment_of(base)
pre = Preloaded(env)
only = sys.argv[2:]
for number, s in enumerate(subjects(f"http://127.0.0.1:{server.server_port}/v1")):
    if only and not any(o in s.name for o in only):
        continue
    t = time.monotonic()
    u = undisturbed(s, base / str(number), Workplace(base, pre, env))
    print(s.name, f"{u.seconds:.1f}", flush=True)
    for m, moment in enumerate(s.moments):
        t = time.monotonic()
        print("   ", kill(u, base / str(number) / f"{m}", moment=moment), f"{time.monotonic() - t:.1f}", flush=True)
pre.close()
