"""How pages are made of templates: all text escaped and visible, and what a page may do named by its hash."""

from __future__ import annotations

import base64
import hashlib
import importlib.resources
from typing import TYPE_CHECKING

from wattbench_reports.formatting.safe_text import visible

if TYPE_CHECKING:
    from jinja2 import Environment


def engine(*packages: str) -> Environment:
    """Templates of some packages, the first that has one of a name; those of the page come last.

    Args:
        packages: such as ``wattbench_reports.site``: their files beside the code.
    """
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=ChoiceLoader([PackageLoader(package, "") for package in (*packages, "wattbench_reports.html")]),
        autoescape=True,
        undefined=StrictUndefined,
        # A control character in any record shows as a sign; what is markup of ours stays as it is.
        finalize=lambda value: visible(value) if type(value) is str else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def own_file(name: str, package: str = "wattbench_reports.html") -> str:
    """The text of a file that lies beside the code of a package."""
    return importlib.resources.files(package).joinpath(name).read_text(encoding="utf-8")


def policy_hash(text: str) -> str:
    """As a Content-Security-Policy names what it allows."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def as_bytes(page: str) -> bytes:
    """A page as it is written: a name may hold half a surrogate pair, which UTF-8 cannot hold."""
    return page.encode("utf-8", "backslashreplace")
