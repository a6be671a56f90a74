"""Pass the model calls of agents through to a server, and record each of them.

The gateway is a process of its own (`Gateway` starts it, and it ends with the process that started it), so that its
work is not that of the agent, and neither the measuring nor the agent's death takes it along.

May import: `wattbench.records`, `wattbench.network`, `wattbench.redaction`, `wattbench.clock`, `wattbench.errors`,
`wattbench.terminal`.
"""

from wattbench.gateways.call import CLIENT_GONE, GATEWAY_ENDED, SESSION_CLOSED
from wattbench.gateways.gateway import Gateway, Session
from wattbench.gateways.limits import SessionLimits, Upstream

__all__ = ["CLIENT_GONE", "GATEWAY_ENDED", "SESSION_CLOSED", "Gateway", "Session", "SessionLimits", "Upstream"]
