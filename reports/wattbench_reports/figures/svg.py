"""Converts a matplotlib figure to inline SVG for a strict Content-Security-Policy and both colour schemes.

matplotlib writes `style` attributes and a `<style>` element, which such a policy blocks; both become plain
attributes here. Its fixed colours become CSS variables of the page, so that one drawing serves both schemes.
"""

from __future__ import annotations

import io
import re
import warnings
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from wattbench_reports.formatting.safe_text import visible

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK = "#010101"
"""Drawn in this, a line or a letter takes the colour of the text around the figure."""
QUIET = "#020202"
"""Grid lines."""
SERIES = tuple(f"#0000{series + 16:02x}" for series in range(8))
"""The colours of systems: `--series-1` to `--series-8` of the page."""

SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",  # letters stay letters: searchable, selectable, read aloud
    "svg.hashsalt": "wattbench",  # the same drawing gives the same bytes
    "text.parse_math": False,  # a `$` in a system's name is a dollar sign
    "figure.autolayout": False,
    "figure.constrained_layout.use": False,  # figures name their layout
}
"""matplotlib settings under which figures are drawn."""

_VARIABLES = {INK: "currentColor", QUIET: "var(--line)"} | {
    colour: f"var(--series-{series})" for series, colour in enumerate(SERIES, start=1)
}
_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_PLACES = {"d", "x", "y"}
"""Attributes that say where something is drawn: to a hundredth of a point, a third of what matplotlib writes."""
_LONG = re.compile(r"-?\d+\.\d{3,}")
_OPENING = re.compile(r"<svg .*", re.DOTALL)


def inline_svg(figure: Figure, *, name: str, title: str, description: str) -> str:
    """Draw a figure as an `<svg>` element to be placed in a page as it is.

    Args:
        figure: drawn with the colours above, under `SETTINGS`.
        name: unique in the page; every id in the drawing starts with it.
        title: for screen readers, the name of the image.
        description: for screen readers, what the image shows.
    """
    # Our own drawing a moment ago, not a stranger's file.
    # A name may hold a control character, which no XML may.
    root = ET.fromstring(visible(_written(figure)))  # noqa: S314
    _describe(root, name, visible(title), visible(description))
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in {f"{{{_SVG}}}style", f"{{{_SVG}}}metadata"}:
                parent.remove(child)
        _plain_attributes(parent, name)
    ET.register_namespace("", _SVG)
    element = _OPENING.search(ET.tostring(root, encoding="unicode"))
    return element.group() if element else ""


def _written(figure: Figure) -> str:
    """Return a figure as matplotlib writes it.

    `savefig` draws a figure with a layout twice, the first time for its layout alone, which needs no drawing.
    """
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    layout, dpi = figure.get_layout_engine(), figure.dpi
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # Its fonts only measure: letters are drawn in the reader's, which has those of every script.
        warnings.filterwarnings("ignore", r"Glyph \d+ |Matplotlib currently does not support", UserWarning)
        if layout is not None:
            figure.set_canvas(FigureCanvasSVG(figure))
            figure.set_dpi(FigureCanvasSVG.fixed_dpi)
            layout.execute(figure)
            figure.set_layout_engine(None)  # with a placeholder, too, `savefig` would draw twice
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(buffer, format="svg", dpi=dpi, transparent=True, metadata=nothing)
    return buffer.getvalue().decode()


def with_variables(colour: str) -> str:
    """Replace a colour of ours by its CSS variable; any other stays."""
    return _VARIABLES.get(colour.lower(), colour)


def _describe(root: ET.Element, name: str, title: str, description: str) -> None:
    for size in ("width", "height"):
        root.attrib.pop(size, None)  # the viewBox gives the proportions, the page the size
    root.attrib |= {
        "role": "img", "class": "figure", "stroke-linejoin": "round", "stroke-linecap": "butt",
        "aria-labelledby": f"{name}-title {name}-desc",
    }  # fmt: skip
    for index, (tag, text) in enumerate((("title", title), ("desc", description))):
        element = ET.Element(f"{{{_SVG}}}{tag}", {"id": tag})
        element.text = text
        root.insert(index, element)


def _plain_attributes(element: ET.Element, name: str) -> None:
    attributes = element.attrib
    style = attributes.pop("style", "")
    for declaration in filter(None, (part.strip() for part in style.split(";"))):
        key, _, value = declaration.partition(":")
        if key.strip() != "font-family":  # letters take the font of the page
            attributes[key.strip()] = value.strip()
    for key, value in list(attributes.items()):
        if key == "id":
            attributes[key] = f"{name}-{value}"
        elif key == f"{{{_XLINK}}}href":
            del attributes[key]
            attributes["href"] = value.replace("#", f"#{name}-", 1)
        elif key in _PLACES:
            attributes[key] = " ".join(_LONG.sub(lambda number: f"{float(number[0]):.2f}", value).split())
        elif value.startswith("url(#"):
            attributes[key] = value.replace("url(#", f"url(#{name}-", 1)
        else:
            attributes[key] = with_variables(value)
    if element.tag == f"{{{_SVG}}}text" and "fill" not in attributes:
        attributes["fill"] = "currentColor"
