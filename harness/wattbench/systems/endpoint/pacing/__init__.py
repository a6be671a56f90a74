"""When a server may be asked: at most so fast, and again after it refused. None of these waits is latency."""

from wattbench.systems.endpoint.pacing.delays import asked_delay_s
from wattbench.systems.endpoint.pacing.pacer import Pacer

__all__ = ["Pacer", "asked_delay_s"]
