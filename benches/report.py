"""Figures as a table and as charts."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

from tacit.console import duration, number, size

#: Phases that the lookups, the committed witness entries and the committed weights pay for.
LOOKUP_PHASES = ("tree", "logup")
ENTRY_PHASES = ("pack", "commit")


def unit_costs(result: dict[str, Any]) -> dict[str, float]:
    """Nanoseconds a lookup (table rows count), a committed witness cell, and a weight cell.

    Lookups pay the tree and its proof, entries packing and committing, weights the einsums and the opening.
    """
    estimate, phases = result["estimate"], result["phases"]
    leaves, witness, weights = estimate["lookups_and_rows"], estimate["witness_cells"], sum(estimate["committed_cells"])

    def share(seconds: float, count: int) -> float:
        return 1e9 * seconds / count if count else 0.0

    opening = sum(value for name, value in phases.items() if name.startswith(("opening", "open", "einsum")))
    return {
        "ns_per_lookup": share(sum(phases.get(name, 0.0) for name in LOOKUP_PHASES), leaves),
        "ns_per_entry": share(sum(phases.get(name, 0.0) for name in ENTRY_PHASES), witness),
        "ns_per_weight": share(opening, weights),
    }


def write(everything: dict[str, Any], out: Path) -> None:
    """bench.json, bench.md, times.svg, sizes.svg and phases.svg in a folder."""
    (out / "bench.json").write_text(json.dumps(everything, indent=2) + "\n", encoding="utf-8")
    good = {name: result for name, result in everything["models"].items() if "failed" not in result}
    (out / "bench.md").write_text(markdown(everything, good), encoding="utf-8")
    if good:
        draw(good, out)


def markdown(everything: dict[str, Any], good: dict[str, Any]) -> str:
    """The whole report as markdown."""
    machine = everything["machine"]
    lines = [
        "# Benchmark",
        "",
        f"{machine['processor']}, {machine['cores']} cores, {size(machine['memory_bytes'])} of memory, "
        f"{machine['system']}; vector instructions: {machine['vectors']}; tacit {machine['tacit']}, "
        f"Python {machine['python']}.",
        "",
        "Prove and verify: medians in one process after a warm-up; `tacit prove`: the whole command, a fresh process "
        "each time; memory: its peak resident set. Zero knowledge on, weights and input private, output public.",
        "",
    ]
    columns = ["model", "weight cells", "lookups and rows", "compile", "commit", "prove", "verify", "proof"]
    columns += ["`tacit prove`", "memory"]
    lines += _table(columns, [_main_row(name, result) for name, result in good.items()])
    lines += [
        "",
        "## Once for a model",
        "",
        "Not in the figures above. A child's check is of its master's validity and of the link.",
        "",
    ]
    columns = ["model", "commit", "check of its validity proof", "make a child", "check of a child"]
    lines += _table(columns, [[name, *(duration(result[key]) for key in ONCE)] for name, result in good.items()])
    lines += ["", "## Unit costs", "", "In small models the fixed costs of a proof show here.", ""]
    unit = [[name, *(f"{result['unit_costs'][key]:.0f} ns" for key in UNITS)] for name, result in good.items()]
    lines += _table(["model", *UNITS.values()], unit)
    compared = {name: result for name, result in good.items() if "ezkl" in result}
    if compared:
        lines += ["", "## ezkl on the same models, in the same run", ""]
        lines += [
            "Its proving key and reference string (a trusted set-up) are made beforehand and not counted as proving.",
            "",
        ]
        columns = ["model", "ezkl prove", "ours", "ratio", "ezkl verify", "ours", "ezkl proof", "ours", "ezkl set-up"]
        lines += _table([*columns, "ezkl key", "ezkl memory"], [_ezkl_row(n, r) for n, r in compared.items()])
    failed = {name: result["failed"] for name, result in everything["models"].items() if "failed" in result}
    if failed:
        lines += ["", "## Not measured", ""] + [
            f"- {name}: {textwrap.shorten(reason, 240)}" for name, reason in failed.items()
        ]
    return "\n".join(lines) + "\n"


UNITS = {
    "ns_per_lookup": "a lookup or table row",
    "ns_per_entry": "a committed witness cell",
    "ns_per_weight": "a committed weight cell (einsums, opening)",
}


ONCE = ("commit_seconds", "validity_seconds", "rotate_seconds", "link_seconds")


def _main_row(name: str, result: dict[str, Any]) -> list[str]:
    return [
        name,
        number(sum(result["estimate"]["committed_cells"])),
        number(result["estimate"]["lookups_and_rows"]),
        duration(result["compile_seconds"]),
        duration(result["commit_seconds"]),
        duration(result["prove_seconds"]),
        duration(result["verify_seconds"]),
        size(result["proof_bytes"]),
        duration(result["command_seconds"]),
        size(result["command_peak_bytes"]),
    ]


def _ezkl_row(name: str, result: dict[str, Any]) -> list[str]:
    theirs = result["ezkl"]
    if "failed" in theirs:
        return [name, f"no result: {theirs['failed']}", duration(result["prove_seconds"]), *[""] * 8]
    return [
        name,
        duration(theirs["prove_seconds"]),
        duration(result["prove_seconds"]),
        f"{theirs['prove_seconds'] / result['prove_seconds']:.0f}",
        duration(theirs["verify_seconds"]),
        duration(result["verify_seconds"]),
        size(theirs["proof_bytes"]),
        size(result["proof_bytes"]),
        duration(theirs["srs_seconds"] + theirs["setup_seconds"]),
        size(theirs["proving_key_bytes"]),
        size(theirs["peak_bytes"]),
    ]


def _table(columns: list[str], rows: list[list[str]]) -> list[str]:
    def line(cells: list[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

    return [line(columns), "|---" * len(columns) + "|", *(line(row) for row in rows)]


def draw(good: dict[str, Any], out: Path) -> None:
    """Three charts, as SVG."""
    names = list(good)
    series = {"tacit": [good[name]["prove_seconds"] for name in names]}
    theirs = [good[name].get("ezkl", {}).get("prove_seconds", 0.0) for name in names]
    if any(theirs):
        series["ezkl"] = theirs
    _bars(out / "times.svg", names, series, "time to prove (seconds, logarithmic)", log=True)
    sizes = {"tacit": [good[name]["proof_bytes"] / 1024 for name in names]}
    _bars(out / "sizes.svg", names, sizes, "proof (KiB)", log=False)
    _phases(out / "phases.svg", {name: good[name]["phases"] for name in names})


def _figure(rows: int) -> tuple[Any, Any]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.0, 1.2 + 0.42 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _bars(path: Path, names: list[str], series: dict[str, list[float]], label: str, *, log: bool) -> None:
    figure, axes = _figure(len(names))
    height = 0.8 / len(series)
    for index, (title, values) in enumerate(series.items()):
        places = [row + index * height for row in range(len(names))]
        axes.barh(places, values, height=height * 0.9, label=title)
    axes.set_yticks([row + 0.4 - height / 2 for row in range(len(names))], names)
    axes.invert_yaxis()
    if log:
        axes.set_xscale("log")
    axes.set_xlabel(label)
    if len(series) > 1:
        axes.legend(frameon=False)
    figure.savefig(path)


def _phases(path: Path, phases: dict[str, dict[str, float]]) -> None:
    """Stacked shares of the proving time, one bar a model."""
    figure, axes = _figure(len(phases) + 4)
    kinds = list(dict.fromkeys(phase for parts in phases.values() for phase in parts))
    names = list(phases)
    totals = [sum(parts.values()) or 1.0 for parts in phases.values()]
    left = [0.0] * len(names)
    from matplotlib import colormaps

    colours = colormaps["tab20"].colors
    for index, kind in enumerate(kinds):
        widths = [100 * parts.get(kind, 0.0) / total for parts, total in zip(phases.values(), totals, strict=True)]
        axes.barh(names, widths, left=left, label=kind, color=colours[index % len(colours)])
        left = [a + b for a, b in zip(left, widths, strict=True)]
    axes.invert_yaxis()
    axes.set_xlabel("share of the proving time (%)")
    axes.legend(frameon=False, fontsize=7, ncols=4, loc="upper center", bbox_to_anchor=(0.5, -0.2))
    figure.savefig(path)
