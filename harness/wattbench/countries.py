"""Convert country codes of ISO 3166-1, alpha-2 or alpha-3, to alpha-3, which records and grids use.

``UK`` and ``EL`` are read as the codes that the European Union uses for ``GB`` and ``GR``; no country has them in ISO.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from functools import cache

import pycountry

_OF_THE_EU = {"UK": "GB", "EL": "GR"}


def alpha_3(code: str) -> str | None:
    """Return the alpha-3 code of a country.

    Args:
        code: ``DE``, ``de``, ``DEU`` or ``deu``.

    Returns:
        ``DEU``; None where no country has this code.
    """
    upper = code.strip().upper()
    if len(upper) == 3 and upper in _names():
        return upper
    return _by_alpha_2().get(_OF_THE_EU.get(upper, upper))


def nearest_country(wrong: str, names: Mapping[str, str] | None = None) -> str:
    """Suggest the country that was probably meant, in a clause that ends an error message.

    Args:
        wrong: what was given.
        names: alpha-3 code to name, of the countries that can be chosen; None: of all.

    Returns:
        ``"; did you mean 'DEU' (Germany)?"``, or ``"; choose one of: ..."`` where nothing is close.
    """
    known = _names() if names is None else names
    text = wrong.strip()[:60]
    by_name = {name.casefold(): code for code, name in known.items()}
    close = difflib.get_close_matches(text.casefold(), by_name, n=1, cutoff=0.8) if len(text) > 3 else []
    codes = [by_name[close[0]]] if close else difflib.get_close_matches(text.upper(), known, n=1, cutoff=0.6)
    if codes:
        return f"; did you mean {codes[0]!r} ({known[codes[0]]})?"
    return f"; choose one of: {', '.join(sorted(known)[:12])}, ..."


@cache
def _names() -> dict[str, str]:
    """Return the short English names by alpha-3 code."""
    return {each.alpha_3: getattr(each, "common_name", each.name) for each in pycountry.countries}


@cache
def _by_alpha_2() -> dict[str, str]:
    return {each.alpha_2: each.alpha_3 for each in pycountry.countries}
