"""Read an option in place of a block of the suite: a name, ``none``, or the block in YAML."""

from __future__ import annotations

from typing import Any

import yaml

from wattbench.errors import UserError
from wattbench.records.files.plain_yaml import parse_yaml, yaml_problem


def named_or_block(option: str, text: str) -> Any:
    """Return the value of an option: a name as text, ``none`` as an empty block, or parsed YAML of any type.

    Args:
        option: as in ``--embodied``, for messages.
        text: its value.

    Raises:
        UserError: it is not YAML.
    """
    name = text.strip()
    if name == "none":
        return {}
    if name and not name.startswith("{"):
        return name
    try:
        _, settings = parse_yaml(name)
    except yaml.YAMLError as error:
        raise UserError(f"{option}: not valid YAML: {yaml_problem(error)[0][:200]}") from error
    return settings
