"""The import line, what `import autograd, nn` loads, and that every public name is there.

The line: a module imports from its own room and from rooms to the left of it, and no imports form
a circle. It holds for imports at the top, for type checkers and inside functions alike.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent

# A room is a package or a module; rooms of one step don't import each other's modules in a circle.
LINE = [
    {"autograd.core"},
    {"autograd.atomic_write"},
    {"autograd.numpy_api"},
    {"autograd.node_methods"},
    {"autograd.value", "autograd.tensor"},
    {"autograd.transforms"},
    {"autograd.expressions"},
    {"autograd.compiler"},
    {"autograd.draw"},
    {"autograd"},
    {"nn.seed", "nn.inputs"},
    {"nn.module", "nn.init", "nn.losses"},
    {"nn.layers"},
    {"nn.scalar"},
    {"nn.optim"},
    {"nn.data"},
    {"nn.train"},
    {"nn.draw"},
    {"nn"},
    {"demos"},
]

# Imports inside functions that may run against the line, or close a circle, and why.
LAZY = {
    ("autograd.node_methods", "autograd.draw.drawing"): "Jupyter asks a node for its picture",
    ("nn.train.history", "nn.draw.plots"): "figures load with the first plot",
    ("nn.module", "nn.draw.layers"): "Jupyter and repr() ask a module for its picture",
}

LATER = {
    "autograd.compiler.compiled", "graphviz", "html", "json", "matplotlib", "numpy.random",
    "pathlib", "pooch", "sklearn", "tqdm", "urllib.parse", "zipfile",
}  # fmt: skip


class Import(NamedTuple):
    """One module imports another, at the top, for type checkers or in a function."""

    importer: str
    imported: str
    line: int
    where: str = "top"

    def __str__(self) -> str:
        kind = {"top": "", "typing": " for type checkers", "function": " inside a function"}
        return f"{self.importer}:{self.line} imports {self.imported}{kind[self.where]}"


def modules_of(root: Path, *packages: str) -> dict[str, Path]:
    """The files of all modules by dotted name; a package is its `__init__`."""
    found = {}
    for package in packages:
        for path in sorted((root / package).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports_of(name: str, modules: dict[str, Path]) -> Iterator[Import]:
    """All imports of one module that name another of `modules`."""
    package = name if modules[name].name == "__init__.py" else name.rpartition(".")[0]

    def walk(node: ast.AST, where: str) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            match child:
                case ast.Import(names):
                    targets = [alias.name for alias in names]
                case ast.ImportFrom(module, names, level):
                    above = package.split(".")[: package.count(".") + 2 - level] if level else []
                    base = ".".join([*above, *([module] if module else [])])
                    parts = [f"{base}.{alias.name}" for alias in names]
                    targets = [part if part in modules else base for part in parts]
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    yield from walk(child, "function")
                    continue
                case ast.If(ast.Name("TYPE_CHECKING") | ast.Attribute(_, "TYPE_CHECKING")):
                    yield from walk(child, "typing")
                    continue
                case _:
                    yield from walk(child, where)
                    continue
            for target in dict.fromkeys(targets):
                if target in modules:
                    yield Import(name, target, child.lineno, where)

    yield from walk(ast.parse(modules[name].read_text("utf-8")), "top")


def all_imports(modules: dict[str, Path]) -> list[Import]:
    return [found for name in modules for found in imports_of(name, modules)]


def step(module: str) -> int:
    """Where the room of a module stands on the line."""
    while not any(module in rooms for rooms in LINE):
        package = module.rpartition(".")[0]
        if package in {"", "autograd"}:
            raise AssertionError(f"{module} stands nowhere on the line of imports: add it to LINE")
        module = package
    return next(i for i, rooms in enumerate(LINE) if module in rooms)


def circle(imports: Iterable[Import]) -> list[str]:
    """The modules of one circle of imports, if there is one."""
    graph: dict[str, set[str]] = {}
    for x in imports:
        graph.setdefault(x.importer, set()).add(x.imported)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))  # each imports the next
    return []


IMPORTS = all_imports(modules_of(ROOT, "autograd", "nn", "demos"))


def pair(x: Import) -> tuple[str, str]:
    return x.importer, x.imported


def is_lazy(x: Import) -> bool:
    return x.where == "function" and pair(x) in LAZY


def test_imports_follow_the_line() -> None:
    wrong = [x for x in IMPORTS if step(x.imported) > step(x.importer) and not is_lazy(x)]
    assert [str(x) for x in wrong] == [], "these import from a room to the right of their own"
    files = [x for x in IMPORTS if x.importer == "autograd.atomic_write"]
    assert {x.imported for x in files} == {"autograd.core.arguments"}


def test_no_imports_form_a_circle() -> None:
    found = circle(x for x in IMPORTS if not is_lazy(x))
    assert not found, f"these import each other in a circle: {' -> '.join(found)}"


@pytest.mark.parametrize("excused", LAZY, ids="-".join)
def test_what_is_excused_is_there_and_breaks_the_line(excused: tuple[str, str]) -> None:
    kept = [x for x in IMPORTS if not is_lazy(x)]
    back = [x for x in IMPORTS if pair(x) == excused and x not in kept]
    assert back, "no such import: remove it from the list"
    assert step(excused[1]) > step(excused[0]) or circle([*kept, *back]), "remove it from the list"


def test_imports_of_every_kind_are_seen(tmp_path: Path) -> None:
    sources = {
        "a/__init__.py": "from .b import f",
        "a/b.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .c import d, C",
        "a/c/__init__.py": "import a.b, sys\nclass C:\n    def f(self):\n        from .. import b",
        "a/c/d.py": "from . import x, y\nif 1:\n    from ..b import z\nelse:\n    import os",
    }
    for name, text in sources.items():
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text(text)
    found = all_imports(modules_of(tmp_path, "a"))
    assert found == [
        Import("a", "a.b", 1), Import("a.b", "a.c.d", 3, "typing"),
        Import("a.b", "a.c", 3, "typing"), Import("a.c", "a.b", 1),
        Import("a.c", "a.b", 4, "function"), Import("a.c.d", "a.c", 1), Import("a.c.d", "a.b", 3),
    ]  # fmt: skip
    assert set(circle(found)) <= {"a.b", "a.c", "a.c.d"} and len(circle(found)) > 2
    assert circle(found[:3]) == []
    assert str(found[4]) == "a.c:4 imports a.b inside a function"


def test_a_new_module_needs_a_place_on_the_line() -> None:
    assert step("autograd.core.node") == 0 < step("autograd.tensor") < step("autograd")
    assert step("nn.module") < step("nn.layers.conv") < step("nn") < step("demos.averaging")
    with pytest.raises(AssertionError, match=r"autograd\.new stands nowhere"):
        step("autograd.new")


# --- what is loaded -------------------------------------------------------------------------------


def run(program: str) -> str:
    """What a fresh interpreter prints."""
    command = [sys.executable, "-W", "error", "-c", program]
    plain = {name: x for name, x in os.environ.items() if not name.startswith("COVERAGE_")}
    return subprocess.run(command, check=True, capture_output=True, text=True, env=plain).stdout


def test_importing_loads_only_what_every_program_needs() -> None:
    loaded = run(f"import autograd, nn, sys; print(set({sorted(LATER)}) & sys.modules.keys())")
    assert loaded.strip() == "set()"


def loaded_by(package: str) -> set[str]:
    names = f"before = {{*sys.modules}}; import {package}; print(*sys.modules.keys() - before)"
    return set(run(f"import sys; {names}").split())


def test_autograd_loads_the_engine_alone() -> None:
    loaded = loaded_by("autograd")
    others = {name.partition(".")[0] for name in loaded} - sys.stdlib_module_names
    assert others == {"autograd", "numpy"}
    own = {name for name in loaded if name.startswith("autograd.")}
    rooms = {"autograd.draw", "autograd.compiler", "autograd.compiler.refusals"}
    beyond = {name for name in own if step(name) > step("autograd.transforms")}
    assert beyond == rooms
    assert own - rooms <= {x.imported for x in IMPORTS if x.where == "top"} | {
        "autograd.core", "autograd.numpy_api", "autograd.transforms",
    }  # fmt: skip


def test_nn_loads_no_more_of_others_than_autograd() -> None:
    others = {name.partition(".")[0] for name in loaded_by("nn")} - sys.stdlib_module_names
    assert others == {"autograd", "nn", "numpy"}


@pytest.mark.parametrize("package", ["autograd", "nn"])
def test_every_public_name_is_found_by_itself(package: str) -> None:
    run(
        f"import {package}, builtins\n"
        f"public = {{*{package}.__all__, *dir(builtins)}}\n"
        f"assert set({package}.__all__) <= set(dir({package})) <= public\n"
        f"for name in {package}.__all__:\n"
        f"    found = getattr({package}, name)\n"
        f"    assert getattr({package}, name) is found, name\n"
    )
    run(f"from {package} import *")


def test_a_module_imported_first_hides_no_function() -> None:
    run(
        "import nn.draw.summary, nn.train.fit, nn.data.sets, nn.train.metrics\n"
        "import autograd, autograd.draw.drawing, nn\n"
        "assert callable(nn.summary) and callable(nn.fit) and callable(autograd.draw)\n"
        "assert nn.datasets.load and nn.metrics.accuracy is nn.accuracy\n"
    )


def test_a_module_that_is_not_loaded_yet_is_found() -> None:
    run("import nn\nfor name in nn.MODULES:\n    assert not callable(getattr(nn, name)), name\n")


def test_type_checkers_see_wrong_names(tmp_path: Path) -> None:
    """A `__getattr__` that they see too would make every name an `Any`."""
    pytest.importorskip("mypy")
    program = "import autograd, nn; autograd.tahn; nn.Liner"
    options = ["--config-file=", f"--cache-dir={tmp_path}"]
    command = [sys.executable, "-m", "mypy", *options, "-c", program]
    found = subprocess.run(command, check=False, capture_output=True, text=True).stdout
    assert 'no attribute "tahn"' in found and 'no attribute "Liner"' in found


def test_an_unknown_name_is_an_attribute_error() -> None:
    import nn

    with pytest.raises(AttributeError, match="'nn' has no attribute 'Liner'"):
        nn.Liner  # noqa: B018


def test_names_imported_later_are_public_and_stand_once() -> None:
    import nn

    later = [name for names in nn.LATER.values() for name in names.split()]
    assert len(later) == len(set(later)) and set(later) <= set(nn.__all__)
