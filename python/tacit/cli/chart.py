"""Charts, with matplotlib (the extra `plot`): a proof's phases, and the accuracy of a program."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tacit import console
from tacit.api.native import write_file
from tacit.errors import InputError, MissingDependency

if TYPE_CHECKING:
    from tacit.compiler.accuracy import Report

SUFFIXES = (".png", ".svg", ".pdf")


def check(path: Path, *more: str, option: str = "--chart") -> None:
    """Raise before there is work to lose if the file could not be made: InputError, MissingDependency.

    `more`: endings that are no charts, and need no library.
    """
    ending = path.suffix.lower()
    if ending in more:
        return
    if ending not in SUFFIXES:
        raise InputError(
            f"expected a file name that ends in {', '.join((*more, *SUFFIXES))}, got {path.name}",
            slug="chart",
            place=option,
            remedy=f"for example {option} {path.stem or 'chart'}.svg",
        )
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise MissingDependency(
            "matplotlib is not installed", place=option, remedy="pip install 'tacit[plot]'"
        ) from None


def draw_phases(profile: Mapping[str, float], path: Path) -> None:
    """One bar a phase, in the order they ran, labelled with its time; `profile` maps phase to seconds."""
    names = list(profile)[::-1]
    seconds = [profile[name] for name in names]
    figure = _figure(7.0, 0.9 + 0.32 * len(names))
    axes = figure.add_subplot()
    bars = axes.barh(names, [1e3 * value for value in seconds], color="#3b6ea5")
    axes.bar_label(bars, labels=[console.duration(value) for value in seconds], padding=4, fontsize=9)
    axes.margins(x=0.16)
    axes.set_xlabel("milliseconds")
    axes.set_title(f"phases of a proof, {console.duration(sum(seconds))} in all", loc="left", fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    _write(figure, path)


def save_report(report: Report, path: Path) -> None:
    """The accuracy report of a program as JSON, or drawn; readable by its owner only, for it tells of the weights."""
    if path.suffix.lower() == ".json":
        text = json.dumps(console.plain(report), indent=2, sort_keys=True)
        write_file(path, f"{text}\n".encode(), private=True)
        return
    draw_report(report, path)


def draw_report(report: Report, path: Path) -> None:
    """Signal to noise of every layer, in the order they run; the title has errors and agreement of the outputs."""
    noise = {name: value for name, value in report.noise.items() if math.isfinite(value)}
    names = list(noise)[::-1]
    figure = _figure(8.0, 1.4 + 0.26 * len(names))
    axes = figure.add_subplot()
    bars = axes.barh(range(len(names)), [noise[name] for name in names], color="#3b6ea5")
    axes.set_yticks(range(len(names)), [name if len(name) <= 40 else f"..{name[-38:]}" for name in names], fontsize=8)
    axes.bar_label(bars, labels=[f"{noise[name]:.0f}" for name in names], padding=3, fontsize=8)
    axes.margins(x=0.08)
    axes.set_xlabel("signal above the rounding noise, dB")
    against = f"against {report.against} on {report.samples} samples"
    lines = [
        f"{name}: error at most {error.relative:.1e} of its magnitude, mean {error.mean_relative:.1e}"
        + (f", top-1 agreement {100 * report.top1[name]:.1f} %" if name in report.top1 else "")
        for name, error in report.outputs.items()
    ]
    axes.set_title("\n".join([against, *lines]).replace("$", r"\$"), loc="left", fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    _write(figure, path, private=True)


def _figure(width: float, height: float) -> Any:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, min(height, 200.0)), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _write(figure: Any, path: Path, *, private: bool = False) -> None:
    """The drawing, whole or not at all."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format=path.suffix.lower().removeprefix("."))
    write_file(path, buffer.getvalue(), private=private)
