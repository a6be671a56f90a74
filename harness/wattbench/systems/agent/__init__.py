"""Run agents: functions and programs that solve an item with many model calls, all through a gateway to one server.

May import: `wattbench.gateways`, `wattbench.systems.registry` (for the system behind an agent), `wattbench.callables`.
`program_child.py` is run as a program in a process of its own and imports nothing of the harness.
"""
