"""What `import autograd, nn` loads, and that every public name is there all the same."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

LATER = {
    "autograd.compiler.compiled", "graphviz", "html", "json", "matplotlib", "numpy.random",
    "pathlib", "pooch", "sklearn", "tqdm", "urllib.parse", "zipfile",
}  # fmt: skip


def run(program: str) -> str:
    """What a fresh interpreter prints."""
    command = [sys.executable, "-W", "error", "-c", program]
    plain = {name: x for name, x in os.environ.items() if not name.startswith("COVERAGE_")}
    return subprocess.run(command, check=True, capture_output=True, text=True, env=plain).stdout


def test_importing_loads_only_what_every_program_needs() -> None:
    loaded = run(f"import autograd, nn, sys; print(set({sorted(LATER)}) & sys.modules.keys())")
    assert loaded.strip() == "set()"


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
        "import nn.summaries, nn.train, nn.datasets, nn.metrics, autograd.draw.drawing\n"
        "import autograd, nn\n"
        "assert callable(nn.summary) and callable(nn.fit) and callable(autograd.draw)\n"
        "assert nn.datasets.load and nn.metrics.accuracy is nn.accuracy\n"
    )


def test_a_module_that_is_not_loaded_yet_is_found() -> None:
    run(
        "import nn\n"
        "for place in nn.LATER:\n"
        "    assert callable(getattr(nn, place)) == (place == 'summary'), place\n"
    )


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
