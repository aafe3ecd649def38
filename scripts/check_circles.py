"""No import circles: not between the files of a Rust crate, not between the modules of ``python/tacit``, and not between
folders either.

A circle means that none of its files can be read, tested or moved alone. What counts:

- Rust: every path through ``crate``, ``super``, ``self`` or a module's own child. A re-export is looked through: who names
  ``crate::Geometry`` uses the file that defines it, and a parent that only re-exports its children uses none of them.
  ``#[cfg(test)]`` modules do not count.
- Python: every import, also inside functions; those under ``if TYPE_CHECKING`` do not count. Importing ``tacit.a.b`` also
  runs ``tacit/a/__init__.py``, so that counts unless the importer lies in ``tacit.a`` itself.
- Folders: the same with every child of a folder taken as one (``a/x`` uses ``b/y`` and ``b/z`` uses ``a/w`` is a circle).
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

#: uses that close a circle and stay for now, as (who uses, what is used); one that closes none is a fault of this list
ALLOWED: frozenset[tuple[str, str]] = frozenset()

#: a module as its path from the root: ("tacit", "graph", "nodes")
Name = tuple[str, ...]
Graph = dict[Name, set[Name]]


# --- Rust -------------------------------------------------------------------------------------------------------------


def blank(text: str, start: int, end: int) -> str:
    """The text with everything in start .. end but line ends replaced by spaces."""
    return text[:start] + re.sub(r"[^\n]", " ", text[start:end]) + text[end:]


def matching(text: str, at: int) -> int:
    """The place behind the brace that closes the one at ``at``."""
    depth = 0
    for place in range(at, len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if depth == 0:
            return place + 1
    return len(text)


LITERALS = re.compile(
    r"//[^\n]*|/\*.*?\*/|\bb?r(#*)\".*?\"\1|\bb?\"(?:\\.|[^\"\\])*\"|\"(?:\\.|[^\"\\])*\"|b?'(?:\\[^']+|[^'\\\n])'",
    re.S,
)
TESTS = re.compile(r"#\[cfg\(test\)\]\s*(?:#\[[^\]]*\]\s*)*(?:pub(?:\([^)]*\))?\s+)?mod\s+\w+\s*\{")
TEST_FILES = re.compile(r"#\[cfg\(test\)\]\s*(?:#\[[^\]]*\]\s*)*(?:pub(?:\([^)]*\))?\s+)?mod\s+(\w+)\s*;")


def plain(text: str) -> str:
    """Rust source without comments, literals and test modules."""
    text = LITERALS.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), text)
    while found := TESTS.search(text):
        text = blank(text, found.start(), matching(text, found.end() - 1))
    return text


def branches(tree: str) -> Iterator[tuple[list[str], str]]:
    """Every path of a ``use`` tree with the name it gets: ``a::{b as c, self}`` is ``a::b`` as c and ``a`` as a."""
    tree = tree.strip()
    head, brace, rest = tree.partition("{")
    if brace:
        prefix = [part for part in re.split(r"\s*::\s*", head.strip()) if part]
        depth, start = 0, 0
        inner = rest[: rest.rindex("}")] + ","
        for place, sign in enumerate(inner):
            depth += {"{": 1, "}": -1}.get(sign, 0)
            if sign == "," and depth == 0:
                for path, name in branches(inner[start:place]):
                    yield (prefix, prefix[-1]) if path == ["self"] and prefix else (prefix + path, name)
                start = place + 1
    elif tree:
        path_text, _, alias = tree.partition(" as ")
        path = re.split(r"\s*::\s*", path_text.strip().removeprefix("::"))
        yield path, alias.strip() or path[-1]


@dataclass
class File:
    """One module of a crate: its children, the names it gives to paths, the paths it uses."""

    name: Name
    children: set[str] = field(default_factory=set)
    #: name -> absolute path that a ``use`` gives it
    names: dict[str, Name] = field(default_factory=dict)
    #: absolute path -> whether it is only re-exported
    uses: list[tuple[Name, bool]] = field(default_factory=list)


USE = re.compile(r"(\bpub(?:\([^)]*\))?\s+)?\buse\s+([^;]+);")
PATH = re.compile(r"(?<![\w:$])(\w+(?:\s*::\s*\w+)+)")
CHILD = re.compile(r"\bmod\s+(\w+)\s*;")
INLINE = re.compile(r"\bmod\s+\w+\s*\{")


def absolute(name: Name, path: list[str], children: set[str], inner: int) -> Name | None:
    """A path as seen from a module (``inner`` modules deep in its file) from the crate's root; None: of another crate."""
    at, rest = name, list(path)
    if rest[0] == "crate":
        return (name[0], *rest[1:])
    if rest[0] not in ("self", "super"):
        return (*at, *rest) if rest[0] in children else None
    while rest and rest[0] in ("self", "super"):
        if rest.pop(0) == "super":
            at, inner = (at, inner - 1) if inner else (at[:-1], 0)
    return (*at, *rest)


def read_file(path: Path, name: Name) -> tuple[File, set[str]]:
    """One module and which of its children are files of tests only."""
    source = path.read_text(encoding="utf-8")
    text = plain(source)
    tests = {found.group(1) for found in TEST_FILES.finditer(text)}
    file = File(name, children={found.group(1) for found in CHILD.finditer(text)} - tests)
    spans = [(found.start(), matching(text, found.end() - 1)) for found in INLINE.finditer(text)]
    for found in USE.finditer(text):
        inner = sum(start < found.start() < end for start, end in spans)
        for branch, alias in branches(found.group(2)):
            if target := absolute(name, branch, file.children, inner):
                file.uses.append((target, bool(found.group(1))))
                if inner == 0:
                    file.names[alias] = target
    for found in PATH.finditer(USE.sub(lambda use: " " * len(use.group()), text)):
        inner = sum(start < found.start() < end for start, end in spans)
        if target := absolute(name, re.split(r"\s*::\s*", found.group(1)), file.children, inner):
            file.uses.append((target, False))
    return file, tests


def crate_files(source: Path, crate: str) -> dict[Name, File]:
    """All modules of a crate that are files, from its root down."""
    root = next(path for path in (source / "lib.rs", source / "main.rs") if path.is_file())
    files: dict[Name, File] = {}
    queue: list[tuple[Path, Name, Path]] = [(root, (crate,), source)]
    while queue:
        path, name, folder = queue.pop()
        file, _ = read_file(path, name)
        files[name] = file
        for child in sorted(file.children):
            for candidate in (folder / f"{child}.rs", folder / child / "mod.rs"):
                if candidate.is_file():
                    queue.append((candidate, (*name, child), folder / child))
    return files


def definer(files: dict[Name, File], path: Name, looked: frozenset[Name] = frozenset()) -> Name:
    """The module that a path's item comes from: the deepest file on the path, through the re-exports of that file."""
    size = max(size for size in range(1, len(path) + 1) if path[:size] in files)
    module, rest = path[:size], path[size:]
    if rest and rest[0] in files[module].names and path not in looked:
        return definer(files, files[module].names[rest[0]] + rest[1:], looked | {path})
    return module


def rust_graph(source: Path, crate: str) -> Graph:
    """Which file of a crate uses which."""
    files = crate_files(source, crate)
    graph: Graph = {name: set() for name in files}
    for name, file in files.items():
        for path, exported in file.uses:
            target = definer(files, path)
            own_child = target[: len(name)] == name
            if target != name and not (exported and own_child):
                graph[name].add(target)
    return graph


# --- Python -----------------------------------------------------------------------------------------------------------


def is_type_checking(node: ast.stmt) -> bool:
    """Whether a statement is ``if TYPE_CHECKING``."""
    return isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def statements(body: Iterable[ast.AST]) -> Iterator[ast.Import | ast.ImportFrom]:
    """Every import of a module but those for type checkers."""
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.stmt) and is_type_checking(node):
            assert isinstance(node, ast.If)
            yield from statements(node.orelse)
        else:
            yield from statements(ast.iter_child_nodes(node))


def python_graph(folder: Path) -> Graph:
    """Which module of a package imports which."""
    base = folder.parent
    files = {path.relative_to(base).with_suffix("").parts: path for path in sorted(folder.rglob("*.py"))}
    packages = {name[:-1] for name in files if name[-1] == "__init__"}
    modules = {name[:-1] if name[-1] == "__init__" else name: path for name, path in files.items()}
    graph: Graph = {name: set() for name in modules}
    for name, path in modules.items():
        here = name if name in packages else name[:-1]
        for node in statements(ast.parse(path.read_text(encoding="utf-8")).body):
            for target in imported(node, here, modules.keys()):
                graph[name].add(target)
                # What Python runs on the way, unless it runs already.
                for size in range(1, len(target)):
                    if name[:size] != target[:size]:
                        graph[name].add(target[:size])
        graph[name].discard(name)
    return graph


def imported(node: ast.Import | ast.ImportFrom, here: Name, modules: Iterable[Name]) -> Iterator[Name]:
    """The modules of the package that one statement names."""
    if isinstance(node, ast.Import):
        names = [tuple(alias.name.split(".")) for alias in node.names]
    else:
        above = here[: len(here) - node.level + 1] if node.level else ()
        base = (*above, *(node.module.split(".") if node.module else ()))
        names = [(*base, alias.name) for alias in node.names]
    known = set(modules)
    for name in names:
        if name in known:
            yield name
        elif name[:-1] in known and isinstance(node, ast.ImportFrom):
            yield name[:-1]


# --- circles ----------------------------------------------------------------------------------------------------------


def circles(graph: Graph) -> list[list[Name]]:
    """The strongly connected components of more than one node, by Tarjan's algorithm; sorted."""
    index: dict[Name, int] = {}
    low: dict[Name, int] = {}
    stack: list[Name] = []
    found: list[list[Name]] = []

    def visit(node: Name) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for target in sorted(graph[node]):
            if target not in index:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in stack:
                low[node] = min(low[node], index[target])
        if low[node] == index[node]:
            at = stack.index(node)
            if len(stack) - at > 1:
                found.append(sorted(stack[at:]))
            del stack[at:]

    for node in sorted(graph):
        if node not in index:
            visit(node)
    return sorted(found)


def shortest(graph: Graph, members: list[Name]) -> list[Name]:
    """One shortest way round within a component, for the message."""
    inside = set(members)
    best: list[Name] = []
    for start in members:
        before: dict[Name, Name] = {}
        queue = [start]
        while queue and start not in before:
            node = queue.pop(0)
            for target in sorted(graph[node] & inside):
                if target not in before:
                    before[target] = node
                    queue.append(target)
        way = [start]
        while before[way[-1]] != start:
            way.append(before[way[-1]])
        way = [start, *reversed(way)]
        if not best or len(way) < len(best):
            best = way
    return best


def folders(graph: Graph) -> Iterator[Graph]:
    """For every folder the graph of its children, each taken whole; a folder's own file is no child."""
    parents = {name[:size] for name in graph for size in range(1, len(name))}
    for parent in sorted(parents):
        size = len(parent) + 1
        inside = {name: name[:size] for name in graph if name[: size - 1] == parent and len(name) >= size}
        if all(name == child for name, child in inside.items()):
            continue  # files only: the plain check has seen them
        quotient: Graph = {child: set() for child in inside.values()}
        for name, child in inside.items():
            quotient[child] |= {inside[target] for target in graph[name] if target in inside} - {child}
        yield quotient


def show(name: Name, sign: str) -> str:
    """A name as one writes it."""
    return sign.join(name)


def faults(graph: Graph, sign: str) -> list[str]:
    """A line for each circle of files or of folders."""
    lines: list[str] = []
    for part in [graph, *folders(graph)]:
        for members in circles(part):
            way = " -> ".join(show(name, sign) for name in shortest(part, members))
            line = f"{len(members)} in a circle: {way}"
            if len(members) > 2:
                line += f"\n    all of them: {', '.join(show(name, sign) for name in members)}"
            if line not in lines:
                lines.append(line)
    return lines


def without(graph: Graph, sign: str, uses: Iterable[tuple[str, str]]) -> Graph:
    """The graph without some uses."""
    gone = set(uses)
    return {
        name: {target for target in targets if (show(name, sign), show(target, sign)) not in gone}
        for name, targets in graph.items()
    }


def graphs(root: Path) -> Iterator[tuple[Graph, str]]:
    """Every crate's graph and that of the Python package, with the sign between the parts of a name."""
    for manifest in sorted((root / "crates").glob("*/Cargo.toml")):
        yield rust_graph(manifest.parent / "src", manifest.parent.name), "::"
    yield python_graph(root / "python" / "tacit"), "."


def main() -> int:
    """Print every circle; 1 if there is one, or an exception that closes none."""
    lines: list[str] = []
    files = 0
    needed: set[tuple[str, str]] = set()
    for graph, sign in graphs(ROOT):
        files += len(graph)
        lines += faults(without(graph, sign, ALLOWED), sign)
        needed |= {use for use in ALLOWED if faults(without(graph, sign, ALLOWED - {use}), sign)}
    lines += [f"an exception that closes no circle: {user} -> {used}" for user, used in sorted(ALLOWED - needed)]
    for line in lines:
        print(line, file=sys.stderr)
    if not lines:
        print(f"circles: none in {files} files" + (f", {len(ALLOWED)} uses apart" if ALLOWED else ""))
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
