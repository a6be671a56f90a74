"""A model of this process behind OpenAI's protocol, on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import httpx
import pytest

from tests.made_up.engines import FakeEngine
from wattbench.systems.agent.model_server import ModelServer
from wattbench.systems.base import Reply

pytestmark = pytest.mark.slow
