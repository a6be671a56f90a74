"""Sessions of one's own program, metered behind a gateway that a test plays."""

from __future__ import annotations

import importlib
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import wattbench
from tests.made_up.gateways import PlayedGateway
from tests.made_up.http_server import LocalServer
from tests.made_up.meters import PlayedMeter
from wattbench.api.gateway import check_reachable
from wattbench.api.meter import MeteredFigures, as_text, figures_of, finish_metered
from wattbench.meters import Chosen
from wattbench.records import RunRecords, read_run

PRICE = {"input_per_million": 10, "cached_input_per_million": 1, "output_per_million": 100, "currency": "EUR"}


@pytest.fixture
def server() -> Any:
    with socket_that_listens() as listening:
        yield listening
