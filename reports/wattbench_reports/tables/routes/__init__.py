"""Read the routes of others: which system a router asked, or would ask, for each item of a run.

read_routes.py       says which format a file is of
offline_router.py    what is read, whatever the format
csv_routes.py        the table of one's own
logged_route.py      one request of a log, and the texts in it
semantic_router.py   what vLLM's semantic router logs
litellm.py           what LiteLLM logs
log_routes.py        the requests of a log as routes of the items
items_of_log.py      which item a request is of
"""

from wattbench_reports.tables.routes.offline_router import OfflineRouter
from wattbench_reports.tables.routes.read_routes import read_routes

__all__ = ["OfflineRouter", "read_routes"]
