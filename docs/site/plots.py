"""The pictures of docs/why, each drawn from files of docs/data: `python -m docs.site.plots`.

A picture is committed next to its page, so that it is shown without a build. It names the files that it is of, with
their digest: a test finds one that was not drawn again. Its title is the alternative text that its page gives it.
"""

from __future__ import annotations

import csv
import hashlib
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DATA = ROOT / "docs" / "data"
PAGES = ROOT / "docs" / "why"

INSIDE, OUTSIDE = "assumption holds", "assumption broken"
COLORS = {INSIDE: "#0f766e", OUTSIDE: "#c2410c"}
OTHERS = ("#0f766e", "#c2410c", "#6d28d9", "#475569")
MARKERS = "oDs^"
"""Of series with names of their own, in their order."""
WIDTH_IN = 5.2
"""At 96 pixels per inch a little wider than a phone, so that its text is legible there."""
LABEL = 24
"""Characters of a line of a row's label."""
SHOWN = 4
"""Of more worlds that hold an assumption, the one with the lowest and the one with the highest rate are drawn."""


@dataclass(frozen=True)
class Dot:
    """One figure: the label of its row, its series, its value, and its standard error, 0 if it has none."""

    label: str
    series: str
    value: float
    error: float = 0.0


@dataclass(frozen=True)
class Panel:
    """Rows of dots over one axis, with the limits that are promised."""

    title: str
    dots: tuple[Dot, ...]
    axis: str = "%"
    limits: tuple[float, ...] = ()
    scale: str = "linear"


@dataclass(frozen=True)
class Plot:
    """The picture of a page."""

    page: str
    data: tuple[str, ...]
    """Files of docs/data, without their ending."""
    panels: Callable[[], Iterable[Panel]]

    @property
    def path(self) -> Path:
        """Return where the picture is."""
        return PAGES / f"{self.page}.svg"

    @property
    def alt(self) -> str:
        """Return what it shows, in words, as its page says."""
        page = self.path.with_suffix(".md").read_text(encoding="utf-8")
        [text] = re.findall(rf"^!\[(.+)\]\({re.escape(self.path.name)}\)$", page, re.MULTILINE)
        return str(text)

    @property
    def digest(self) -> str:
        """Return the SHA-256 of its files."""
        return hashlib.sha256(b"".join((DATA / f"{name}.csv").read_bytes() for name in self.data)).hexdigest()


def rows_of(name: str) -> list[dict[str, str]]:
    """Read a file of docs/data, without its comment."""
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        next(lines)
        return list(csv.DictReader(lines))


def draw(plot: Plot) -> None:
    """Draw the picture of a page, the same for the same files and version of matplotlib."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    panels = tuple(plot.panels())
    labels = [{_wrapped(dot.label) for dot in panel.dots} for panel in panels]
    heights = [2.6 + sum(0.6 + 0.6 * (1 + label.count("\n")) for label in own) for own in labels]
    with mpl.rc_context(
        {"svg.hashsalt": plot.page, "svg.fonttype": "none", "font.size": 10, "font.family": "sans-serif"}
    ):
        figure = Figure(figsize=(WIDTH_IN, 0.26 * sum(heights) + 0.5), layout="constrained")
        places = figure.subplots(len(panels), 1, height_ratios=heights, squeeze=False).flat
        for axes, panel in zip(places, panels, strict=True):
            _draw_panel(axes, panel)
        drawn = [each for axes in figure.axes for each in zip(*axes.get_legend_handles_labels(), strict=True)]
        named = {label: handle for handle, label in drawn}
        if len(named) > 1:
            figure.legend(named.values(), named.keys(), loc="outside lower right", ncols=len(named), fontsize=9)
        files = ", ".join(f"docs/data/{name}.csv" for name in plot.data)
        figure.savefig(
            plot.path,
            format="svg",
            metadata={"Title": plot.alt, "Source": files, "Identifier": f"sha256:{plot.digest}", "Date": None},
        )


def _draw_panel(axes, panel: Panel) -> None:  # type: ignore[no-untyped-def]
    labels = list(dict.fromkeys(dot.label for dot in panel.dots))
    series = list(dict.fromkeys(dot.series for dot in panel.dots))
    colors = COLORS if set(series) <= set(COLORS) else dict(zip(series, OTHERS, strict=False))
    for name, marker in zip(series, MARKERS, strict=False):
        own = [dot for dot in panel.dots if dot.series == name]
        axes.errorbar(
            [dot.value for dot in own], [labels.index(dot.label) for dot in own], xerr=[2 * dot.error for dot in own],
            fmt=marker, markersize=5, color=colors[name], elinewidth=1.2, label=name,
        )  # fmt: skip
    for limit in panel.limits:
        axes.axvline(limit, color="#444", linewidth=1, linestyle="--", label="limit")
    axes.set_xscale(panel.scale, **({"linthresh": 1e-4} if panel.scale == "symlog" else {}))
    axes.set_yticks(range(len(labels)), [_wrapped(label) for label in labels], fontsize=9)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.set_xlabel(panel.axis, loc="right")
    axes.set_title(textwrap.fill(panel.title, 40), loc="left", fontsize=10, fontweight="bold")
    axes.grid(axis="x", color="#ddd", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)


def _wrapped(label: str) -> str:
    return textwrap.fill(label.replace("`", ""), LABEL)


def _rates(
    name: str, claim: str, title: str, shown: Callable[[str], str | None] = str, most_inside: int = SHOWN
) -> Panel:
    """Return the rates of a claim: in the worlds of which `shown` returns a label."""
    rows = [
        row | {"label": label}
        for row in rows_of(name)
        if row["claim"] == claim and (label := shown(row["world"])) is not None
    ]
    inside, outside = ([row for row in rows if row["assumption"] == each] for each in ("holds", "broken"))
    if len(inside) > most_inside:
        ends = [choose(inside, key=lambda row: float(row["percent"])) for choose in (min, max)]
        number = len(inside)
        inside = [
            row | {"label": f"{which} of {number}: {row['label']}"}
            for which, row in zip(("lowest", "highest"), ends, strict=True)
        ]
    dots = [
        Dot(row["label"], series, float(row["percent"]), float(row["error"] or 0))
        for series, of in ((INSIDE, inside), (OUTSIDE, outside))
        for row in of
    ]
    limits = {float(row[end]) for row in rows for end in ("least", "most") if row[end]}
    return Panel(title, tuple(dots), limits=tuple(sorted(limits)))


def _of_blocks(claim: str, title: str) -> Panel:
    """Return the rates of runs of 512 items, in blocks and without."""
    rows = [row for row in rows_of("intervals") if row["claim"] == claim and "512 items" in row["world"]]
    dots = tuple(
        Dot(row["world"].partition(", 512")[0], "8 blocks" if row["assumption"] == "holds" else "1 block",
            float(row["percent"]), float(row["error"]))
        for row in rows
    )  # fmt: skip
    return Panel(title, dots, limits=tuple({float(row["least"] or row["most"]) for row in rows}))


def _differences(title: str, *sections: str) -> Panel:
    """Return the relative differences of the lines of some sections of ground truth."""
    rows = [row for row in rows_of("ground-truth") if row["section"] in sections and row["relative difference"]]
    dots = [Dot(row["figure"], row["by"], float(row["relative difference"].rstrip("%"))) for row in rows]
    return Panel(title, tuple(dots), axis="difference from the known figure, %")


def _worst_differences() -> Iterator[Panel]:
    worst: dict[tuple[str, str], float] = {}
    for row in rows_of("ground-truth"):
        if row["relative difference"]:
            key = (row["section"], row["by"])
            worst[key] = max(worst.get(key, 0.0), abs(float(row["relative difference"].rstrip("%"))))
    dots = tuple(Dot(section, by, value) for (section, by), value in worst.items())
    yield Panel("largest difference from the known figure", dots, scale="symlog")


def _window_errors() -> Iterator[Panel]:
    dots = []
    component = ""
    for row in rows_of("meter-truth"):
        component = component if row["the component has"] == "the same" else row["the component has"]
        for series, column in (("wattbench, valid windows", "wattbench, valid ones"), ("codecarbon", "codecarbon 3.3")):
            first = row[column].partition("%")[0]
            if first.replace(".", "").isdigit():
                dots.append(Dot(f"{component}, {row['windows']}", series, float(first)))
    yield Panel("largest error of a window's joules", tuple(dots), scale="log")


def _asked_requests() -> Panel:
    """Return the shares of the requests that runs ask which stop asking systems."""
    claims = ("stopping-requests", "stopping-requests-elsewhere")
    dots = (dot for claim in claims for dot in _rates("stopping", claim, "", most_inside=99).dots)
    return Panel("requests that are asked", tuple(dots))


def _columns(name: str, label: str, axis: str, title: str, columns: Sequence[tuple[str, str]]) -> Panel:
    """Return a row of dots for each row of a file: series to the column of its figures, in `label` the row's name."""
    dots = [
        Dot(label.format(**row), series, float(row[column].replace(",", "").partition(" ")[0]))
        for row in rows_of(name)
        if "all" not in row.values()
        for series, column in columns
    ]
    return Panel(title, tuple(dots), axis=axis)


def _of_records() -> Iterator[Panel]:
    rows = rows_of("gates-of-records")
    dots = tuple(Dot(row["world"], row["claim"].removeprefix("two records: "), float(row["percent"])) for row in rows)
    yield Panel("verdicts of gates of two nights", dots)


def _kills() -> Iterator[Panel]:
    dots = []
    for row in rows_of("kills"):
        if row["command"] != "all":
            kills = int(row["kills at chosen moments"]) + int(row["at random ones"])
            dots.append(Dot(row["command"], "kills", kills))
            dots.append(Dot(row["command"], "with something lost, doubled or left", int(row["lost, doubled or left"])))
    yield Panel("kills of each command", tuple(dots), axis="kills")


def _years(systems: str) -> Panel:
    end = f", 3% noise, {systems}"
    claim = "a year without a change raises an alarm"

    def shown(world: str) -> str | None:
        return world.removesuffix(end) if world.endswith(end) else None

    return _rates("nights", claim, f"{claim}: {systems}, 3% noise", shown)


def _gates(claim: str, title: str) -> Panel:
    def shown(world: str) -> str:
        return re.sub(r"^equal; |^10% slower, 10% more joules; | \(seconds and joules\)$", "", world)

    return _rates("gates", claim, title, shown)


PLOTS = (
    Plot("blocks", ("intervals",), lambda: (
        _of_blocks("alike systems called different", "alike systems are called different"),
        _of_blocks("interval of other items holds", "the interval of other items holds the truth"),
    )),
    Plot("ties", ("intervals",), lambda: (
        _of_blocks("some leader lost", "one of eight equal systems is not among the leaders"),
    )),
    Plot("percentiles", ("latency",), lambda: (
        _rates("latency", "latency-interval-p95", "the interval of a p95 holds it"),
        _rates("latency", "latency-alike-p95", "two alike systems are called different in their p95"),
    )),
    Plot("requirements", ("requirements",), lambda: (
        _rates("requirements", "meets-wrong", "a system that misses a requirement is said to meet it"),
        _rates("requirements", "fails-wrong", "a system that meets a requirement is said to fail it"),
    )),
    Plot("advice", ("requirements", "prices"), lambda: (
        _rates("requirements", "advised-misses", "the advised system misses a requirement"),
        _rates("prices", "price", "the interval of a price holds it"),
        _rates("prices", "one-best", "of eight equal systems one alone is called the cheapest"),
    )),
    Plot("joules-of-a-window", ("meter-truth",), _window_errors),
    Plot("shared-machines", ("machines",), lambda: (
        _rates("machines", "two alike systems called different", "two alike systems are called different"),
        _rates("machines", "alike systems said to differ between machines",
               "systems that differ alike are said to differ between machines"),
    )),
    Plot("modelled-joules", ("ground-truth",), lambda: (
        _differences("modelled power, next to codecarbon's own tracker", "codecarbon"),
    )),
    Plot("joules-per-right-answer", ("coverage-over-items",), lambda: (
        _rates("coverage-over-items", "a 95% interval holds", "a 95% interval holds the truth", most_inside=99),
    )),
    Plot("money", ("money",), lambda: (
        _rates("money", "a 95% interval of the money of a correct answer holds",
               "the interval of the money of a correct answer holds it", most_inside=99),
    )),
    Plot("break-even", ("ground-truth",), lambda: (
        _differences("published parities of training and inference", "parity"),
    )),
    Plot("carbon", ("ground-truth",), lambda: (_differences("published worked examples", "sci"),)),
    Plot("gates", ("gates",), lambda: (
        _gates("no worse: fails", "a candidate that is no worse fails"),
        _gates("worse by the margin: passes", "a candidate that is worse by the margin passes"),
    )),
    Plot("gates-of-records", ("gates-of-records",), _of_records),
    Plot("nights", ("nights",), lambda: (_years("1 system"), _years("6 systems"))),
    Plot("routers", ("routers",), lambda: (
        _rates("routers", "router-worth-building", "a router that gains nothing is called worth building"),
        _rates("routers", "router-found", "a router that gains 3 or 5 points is found"),
    )),
    Plot("dropped-systems", ("stopping",), lambda: (
        _rates("stopping", "stopping-best", "the best arm, or one tied with it, is advised"),
        _rates("stopping", "stopping-lost", "the best arm is dropped before the end"),
        _asked_requests(),
    )),
    Plot("held-rates", ("queues",), lambda: (
        _rates("queues", "rate-held-wrongly", "a rate that is not held is called held in the long run"),
        _rates("queues", "rate-held", "a rate that is held is called held"),
    )),
    Plot("client", ("clients",), lambda: (
        _columns("clients", "{client}, {in flight} in flight", "ms", "added to a request's latency",
                 (("median", "overhead median, ms"), ("95th percentile", "overhead 95th percentile, ms"))),
    )),
    Plot("scores", ("incomplete",), lambda: (
        _rates("incomplete", "rows-interval", "the interval of an accuracy holds it, where rows are missing"),
        _rates("incomplete", "trials-interval", "the same, where a text is asked several times"),
    )),
    Plot("interruptions", ("kills",), _kills),
    Plot("hostile-input", ("fuzzing",), lambda: (
        _columns("fuzzing", "{what is read}", "faults", "faults in the first runs",
                 (("found, mended and kept as tests", "faults kept in the corpus"), ("left", "faults left"))),
    )),
    Plot("large-runs", ("large-runs",), lambda: (
        _columns("large-runs", "{command}", "GB", "highest resident memory, 10,000,000 answers",
                 (("memory", "memory"),)),
    )),
    Plot("ground-truth", ("ground-truth",), _worst_differences),
)  # fmt: skip


def main(names: Sequence[str]) -> None:
    """Draw the pictures of some pages, or of all."""
    for plot in PLOTS:
        if plot.page in names or not names:
            draw(plot)


if __name__ == "__main__":
    main(sys.argv[1:])
