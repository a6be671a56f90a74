"""Makes SVG of figures: for a page with a strict Content-Security-Policy and two colour schemes, and as files.

matplotlib writes `style` attributes and a `<style>` element, which such a policy blocks; both become plain attributes.
Its colours become CSS variables of the page, so that one drawing serves both schemes.
"""

from __future__ import annotations

import io
import re
import warnings
from typing import Any
from xml.etree import ElementTree as ET

from wattbench_reports.figures.drawing import WIDE_IN, Drawing, complete
from wattbench_reports.figures.palette import VARIABLES
from wattbench_reports.formatting.safe_text import visible

_SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",  # letters stay letters: searchable, selectable, read aloud
    "svg.hashsalt": "wattbench",  # the same drawing gives the same bytes
    "text.parse_math": False,  # a `$` in a system's name is a dollar sign
}
_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_PLACES = {"d", "x", "y"}
"""Attributes with coordinates, which are rounded to a hundredth of a point."""
_LONG = re.compile(r"-?\d+\.\d{3,}")
_OPENING = re.compile(r"<svg .*", re.DOTALL)
_NO_METADATA = dict.fromkeys(("Date", "Creator", "Format", "Type"))


def page_svg(drawing: Drawing) -> str:
    """Draw a figure as an `<svg>` element, to be placed in a page as it is. Its ids begin with the figure's name."""
    root = ET.fromstring(_written(drawing, {}))  # noqa: S314 - our own drawing, not a stranger's file
    _describe(root, drawing)
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in {f"{{{_SVG}}}style", f"{{{_SVG}}}metadata"}:
                parent.remove(child)
        _plain_attributes(parent, drawing.name)
    ET.register_namespace("", _SVG)
    element = _OPENING.search(ET.tostring(root, encoding="unicode"))
    return element.group() if element else ""


def file_svg(drawing: Drawing) -> str:
    """Draw a figure as an SVG document in the colours of the light page, for slides and print."""
    return _written(drawing, {"Title": drawing.title, "Description": drawing.description}, transparent=False)


def _written(drawing: Drawing, metadata: dict[str, str], *, transparent: bool = True) -> str:
    """Return a figure as matplotlib writes it, whatever the settings of this process.

    `savefig` draws a figure with a layout twice, the first time for its layout alone, which needs no drawing.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    buffer = io.BytesIO()
    with mpl.rc_context(), warnings.catch_warnings():
        # Its fonts only measure: letters are drawn in the reader's, which has those of every script.
        warnings.filterwarnings("ignore", r"Glyph \d+ |Matplotlib currently does not support", UserWarning)
        mpl.rcdefaults()
        mpl.rcParams.update(_SETTINGS)
        figure = Figure(dpi=FigureCanvasSVG.fixed_dpi, layout="constrained")
        figure.set_canvas(FigureCanvasSVG(figure))
        complete(drawing, figure)
        layout = figure.get_layout_engine()
        assert layout is not None
        layout.execute(figure)
        figure.set_layout_engine(None)  # with a placeholder, too, `savefig` would draw twice
        figure.savefig(buffer, format="svg", transparent=transparent, metadata={**_NO_METADATA, **metadata})
    # A name may hold a control character, which no XML may.
    return visible(buffer.getvalue().decode())


def _describe(root: ET.Element, drawing: Drawing) -> None:
    for size in ("width", "height"):
        root.attrib.pop(size, None)  # the viewBox gives the proportions, the page the size
    root.attrib |= {
        "id": drawing.name, "role": "img", "class": "figure" if drawing.size_in[0] >= WIDE_IN else "chart",
        "stroke-linejoin": "round", "stroke-linecap": "butt",
        "aria-labelledby": f"{drawing.name}-title {drawing.name}-desc",
    }  # fmt: skip
    for index, (tag, text) in enumerate((("title", drawing.title), ("desc", drawing.description))):
        element = ET.Element(f"{{{_SVG}}}{tag}", {"id": tag})
        element.text = visible(text)
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
            attributes[key] = value if value == name else f"{name}-{value}"
        elif key == f"{{{_XLINK}}}href":
            del attributes[key]
            attributes["href"] = value.replace("#", f"#{name}-", 1)
        elif key in _PLACES:
            attributes[key] = " ".join(_LONG.sub(lambda number: f"{float(number[0]):.2f}", value).split())
        elif value.startswith("url(#"):
            attributes[key] = value.replace("url(#", f"url(#{name}-", 1)
        elif value in VARIABLES:
            attributes[key] = f"var(--{VARIABLES[value]})"
    if element.tag == f"{{{_SVG}}}text" and "fill" not in attributes:
        attributes["fill"] = "currentColor"
