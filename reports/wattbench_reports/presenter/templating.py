"""Makes the template engine of the pages, which escapes text, and hashes the scripts and styles that pages allow."""

from __future__ import annotations

import base64
import hashlib
import importlib.resources
from functools import cache

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from wattbench_reports.formatting.safe_text import visible


@cache
def engine(*packages: str) -> Environment:
    """Make an engine with the templates of some packages; those of sections come last.

    It is made once for the same packages: to compile the page's templates takes as long as a fifth of a small report.

    Args:
        packages: such as ``wattbench_reports.site``: their files next to the code.
    """
    return Environment(
        loader=ChoiceLoader([PackageLoader(package, "") for package in (*packages, "wattbench_reports.presenter")]),
        autoescape=True,
        undefined=StrictUndefined,
        # A control character in any record shows as a sign; what is markup of ours stays as it is.
        finalize=lambda value: visible(value) if type(value) is str else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def own_file(name: str, package: str) -> str:
    """Read a file of a package."""
    return importlib.resources.files(package).joinpath(name).read_text(encoding="utf-8")


def policy_hash(text: str) -> str:
    """Hash a script or style for a Content-Security-Policy."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def as_bytes(page: str) -> bytes:
    """Encode a page as UTF-8; halves of surrogate pairs, which UTF-8 cannot encode, are escaped."""
    return page.encode("utf-8", "backslashreplace")
