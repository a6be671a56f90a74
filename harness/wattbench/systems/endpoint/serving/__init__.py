"""Servers that wattbench starts, waits for and stops. Each kind has a file.

May import: `wattbench.config`, `wattbench.systems.weights`, `wattbench.errors` and the text and HTTP helpers of
`wattbench.systems.endpoint`. The `*_child.py` files are run as programs in processes of their own and import nothing of
the harness, so that a child starts fast and whatever path the harness was imported from.
"""

from wattbench.systems.endpoint.serving.base import Server
from wattbench.systems.endpoint.serving.start import check_server, start_server

__all__ = ["Server", "check_server", "start_server"]
