"""The gallery: runs every file of examples/ and writes a page for each, with its code, output and plots (docs/gallery).

The pages are made when the site is built (`make docs`) and are not kept: they are never older than the code. A file whose
docstring is missing, or that fails, stops the build.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"
GALLERY = ROOT / "docs" / "gallery"
STYLE = ROOT / "docs" / "assets" / "plots.mplstyle"
#: The order of the pages, as in mkdocs.yml; what is not in it comes last.
ORDER = (
    "quickstart",
    "sklearn_estimator",
    "committed_input",
    "threshold",
    "private_input",
    "rotation",
    "training_one_node",
    "calibration",
    "accuracy",
    "proofs_cost",
    "bytes",
    "command_line",
)
#: Examples side by side.
JOBS = 2
#: Progress and times, which differ from run to run and say nothing.
NOISE = re.compile(r"^tacit: .*\n", re.MULTILINE)


@dataclass(frozen=True)
class Page:
    """One example, run: its name, title, introduction, code and output, and the plots that it made."""

    name: str
    title: str
    about: str
    language: str
    code: str
    output: str
    plots: tuple[Path, ...]

    def markdown(self) -> str:
        plots = "".join(f"\n![{self.title}](plots/{plot.name}){{ .plot }}\n" for plot in self.plots)
        return (
            f"---\nhide: [toc]\n---\n\n# {self.title}\n\n{self.about}\n{plots}\n```{self.language}\n{self.code.strip()}\n```\n\n"
            f"It prints\n\n```text\n{self.output.strip(chr(10))}\n```\n"
        )


def introduced(path: Path) -> tuple[str, str, str]:
    """Title, introduction and code of an example. Raises ValueError where it does not introduce itself."""
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        tree = ast.parse(source)
        words = ast.get_docstring(tree)
        code = "\n".join(source.splitlines()[tree.body[0].end_lineno :]) if words else source
        code = code.replace("from __future__ import annotations\n", "", 1)
    else:
        lines = source.splitlines()
        comments = [line for line in lines[1:] if line.startswith("#")]
        words = "\n".join(line.removeprefix("#").strip() for line in comments)
        code = "\n".join(line for line in lines[1:] if line not in comments)
    if not words:
        raise ValueError(f"{path.name}: expected a docstring: a title, and what it shows")
    title, _, about = words.partition("\n")
    return title.strip().rstrip("."), " ".join(about.split()), code


def run(path: Path) -> Page:
    """Run an example in a folder of its own. Raises RuntimeError where it fails."""
    title, about, code = introduced(path)
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            ["bash" if path.suffix == ".sh" else sys.executable, str(path)],
            cwd=folder,
            env={
                **os.environ,
                "PYTHON": sys.executable,
                "MPLBACKEND": "svg",
                "MATPLOTLIBRC": str(STYLE),
                "COLUMNS": "92",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{path.name} failed:\n{done.stderr}")
        plots = []
        for plot in sorted(Path(folder).glob("*.svg")):
            plots.append(Path(shutil.copy(plot, GALLERY / "plots" / plot.name)))
    print(f"{path.name}: {time.monotonic() - started:.1f} s")
    language = "python" if path.suffix == ".py" else "bash"
    return Page(path.stem, title, about, language, code, NOISE.sub("", done.stdout), tuple(plots))


def index(pages: list[Page]) -> str:
    """All examples, as cards."""
    cards = "\n".join(
        f'<a href="{page.name}.html"><strong>{page.title}</strong>{page.about.split(". ")[0].rstrip(".")}.</a>'
        for page in pages
    )
    return (
        "---\nhide: [toc]\n---\n\n# Gallery\n\nWhole programs, run when this site was built. The files are in the folder "
        "`examples` of the repository.\n\n"
        f'<div class="cards">\n{cards}\n</div>\n'
    )


def main() -> int:
    shutil.rmtree(GALLERY, ignore_errors=True)
    (GALLERY / "plots").mkdir(parents=True)
    paths = [path for path in EXAMPLES.iterdir() if path.suffix in (".py", ".sh")]
    paths.sort(key=lambda path: (ORDER.index(path.stem) if path.stem in ORDER else len(ORDER), path.stem))
    with ThreadPoolExecutor(JOBS) as pool:
        pages = list(pool.map(run, paths))
    for page in pages:
        (GALLERY / f"{page.name}.md").write_text(page.markdown(), encoding="utf-8")
    (GALLERY / "index.md").write_text(index(pages), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
