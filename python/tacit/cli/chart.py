"""A bar chart of a proof's phases, with matplotlib (the extra `plot`)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tacit import console
from tacit.errors import InputError, MissingDependency

SUFFIXES = (".png", ".svg", ".pdf")


def check(path: Path) -> None:
    """Raise before any proof is made if the chart could not be drawn: InputError, MissingDependency."""
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(
            f"a chart is one of {', '.join(SUFFIXES)}", slug="chart", place=str(path), hint="--chart phases.svg"
        )
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise MissingDependency(
            "matplotlib is not installed", place="--chart", hint="pip install 'tacit[plot]'"
        ) from None


def draw_phases(profile: Mapping[str, float], path: Path) -> None:
    """One bar a phase, in the order they ran, labelled with its time; `profile` maps phase to seconds."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    names = list(profile)[::-1]
    seconds = [profile[name] for name in names]
    figure = Figure(figsize=(7.0, 0.9 + 0.32 * len(names)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    bars = axes.barh(names, [1e3 * value for value in seconds], color="#3b6ea5")
    axes.bar_label(bars, labels=[console.duration(value) for value in seconds], padding=4, fontsize=9)
    axes.margins(x=0.16)
    axes.set_xlabel("milliseconds")
    axes.set_title(f"phases of a proof, {console.duration(sum(seconds))} in all", loc="left", fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path)
