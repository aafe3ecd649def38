"""scripts/check_circles.py on small trees: what is a circle, and what is none."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "check_circles.py"


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("check_circles", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


check = load()


def written(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


RUST: dict[str, tuple[dict[str, str], int]] = {
    "two files": ({"lib.rs": "mod a; mod b;", "a.rs": "use crate::b::B;", "b.rs": "fn f() { crate::a::g(); }"}, 1),
    "through a re-export": (
        {"lib.rs": "mod a; mod b; pub use b::B;", "a.rs": "use crate::B;", "b.rs": "use super::a::{g, h as i};"},
        1,
    ),
    "a parent that uses its child": (
        {"lib.rs": "mod a;", "a.rs": "mod c; fn f() { c::g() } struct S;", "a/c.rs": "use super::S;"},
        1,
    ),
    "between folders only": (
        {
            "lib.rs": "mod a; mod b;",
            "a.rs": "mod x; mod w;",
            "b.rs": "mod y; mod z;",
            "a/x.rs": "use crate::b::y::Y;",
            "a/w.rs": "",
            "b/y.rs": "",
            "b/z.rs": "use crate::a::w::W;",
        },
        1,
    ),
    "a parent that re-exports": (
        {"lib.rs": "mod a;", "a.rs": "mod c; pub use c::g; struct S;", "a/c.rs": "use super::S;"},
        0,
    ),
    "a parent that only hands on": (
        {
            "lib.rs": "mod a; mod b;",
            "a.rs": "pub mod c; pub mod d;",
            "a/c.rs": "use super::d::D;",
            "a/d.rs": "use crate::b::B;",
            "b.rs": "",
        },
        0,
    ),
    "tests, comments and strings": (
        {
            "lib.rs": "mod a; mod b;",
            "a.rs": "use crate::b::B;",
            "b.rs": '// crate::a::g\nconst X: &str = "crate::a::g";\n#[cfg(test)]\nmod tests { use crate::a::g; }',
        },
        0,
    ),
}

PYTHON: dict[str, tuple[dict[str, str], int]] = {
    "two modules": ({"__init__.py": "", "a.py": "from p.b import x", "b.py": "import p.a"}, 1),
    "inside a function": ({"__init__.py": "", "a.py": "from p import b", "b.py": "def f():\n    from p.a import x"}, 1),
    "relative": ({"__init__.py": "", "a.py": "from .b import x", "b.py": "from . import a"}, 1),
    "by what a package runs": (
        {"__init__.py": "", "q/__init__.py": "from p.a import x", "q/m.py": "", "a.py": "import p.q.m"},
        1,
    ),
    "for type checkers": (
        {
            "__init__.py": "",
            "a.py": "from p.b import x",
            "b.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from p.a import X",
        },
        0,
    ),
    "a package of its modules": (
        {"__init__.py": "from p.q import x", "q/__init__.py": "from p.q.m import x", "q/m.py": ""},
        0,
    ),
}


@pytest.mark.parametrize("case", RUST)
def test_circles_of_a_crate(case: str, tmp_path: Path) -> None:
    files, circles = RUST[case]
    graph = check.rust_graph(written(tmp_path / "src", files), "k")
    assert len(check.faults(graph, "::")) == circles, graph


@pytest.mark.parametrize("case", PYTHON)
def test_circles_of_a_package(case: str, tmp_path: Path) -> None:
    files, circles = PYTHON[case]
    graph = check.python_graph(written(tmp_path / "p", files))
    assert len(check.faults(graph, ".")) == circles, graph


def test_an_exception_takes_one_use_away(tmp_path: Path) -> None:
    graph = check.rust_graph(written(tmp_path / "src", RUST["two files"][0]), "k")
    assert check.faults(graph, "::") == ["2 in a circle: k::a -> k::b -> k::a"]
    assert not check.faults(check.without(graph, "::", [("k::a", "k::b")]), "::")
