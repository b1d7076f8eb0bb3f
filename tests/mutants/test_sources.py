"""Every mistake in the source of what computes is noticed by the tests of that part."""

from __future__ import annotations

import ast
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from . import marks, source

HERE = Path(__file__).parent.parent

# test_inputs_with_arithmetic_of_their_own does not pass in a session of trials.
CONSTRUCTORS = ["test_constructors.py", "-k", "not arithmetic_of_their_own"]

# Tests of what surrounds an operation: modes, hooks, copies, recomputation.
SURROUNDINGS = ["test_modes.py", "test_anomaly.py", "test_node_methods.py", "test_pickling.py",
                "test_checkpoint.py"]  # fmt: skip

# Of other libraries' arrays only what optimizers do with them: the rest takes long.
OPTIMIZERS = ["test_optim.py", "test_array_libraries.py", "-k", "optim or float32"]

RULES = ["test_table.py", "test_numbers.py", "test_derivatives.py", "test_slopes_far_out.py",
         "test_refusing.py",
         "test_precision.py::test_a_float64_array_beside_low_precision_keeps_its_own"]  # fmt: skip

# A module, and what tells pytest which tests have to notice its mutants, in their folder.
TARGETS = {
    "autograd.core.rules": [*RULES, "test_op.py"],
    "autograd.core.array_rules": [*RULES, "test_op.py"],
    "autograd.core.matrix_rules": RULES,
    "autograd.core.kernels": ["test_kernels.py", "test_op.py", "test_table.py", "test_numbers.py",
                          "test_slopes_far_out.py", "test_empty_and_axes.py",
                          "test_losses.py", "test_layers.py", "test_protocols.py",
                          "test_precision.py",
                          "test_refusing.py", "test_array_libraries.py", "-k",
                          "not test_array_libraries or test_dask or labels or crosses"],
    "autograd.core.array_kernels": ["test_kernels.py", "test_table.py", "test_numbers.py",
                          "test_slopes_far_out.py", "test_empty_and_axes.py",
                          "test_losses.py", "test_layers.py", "test_protocols.py",
                          "test_precision.py",
                          "test_refusing.py", "test_array_libraries.py", "-k",
                          "not test_array_libraries or test_dask or labels or crosses"],
    "autograd.core.special_functions": ["test_special_functions.py", "test_numbers.py",
                                        "-k", "special or erfinv or gamma"],
    "autograd.core.precision": ["test_precision.py", "test_empty_and_axes.py"],
    "autograd.core.determinants": [
                             "test_determinants.py", "test_table.py", "-k", "det or cofactors"],
    "autograd.core.changes": ["test_changes.py", "test_backward.py", "test_tensor.py",
                         "test_derivatives.py"],
    "autograd.core.modes": [*SURROUNDINGS, "test_scope.py", "test_node.py", "test_derivatives.py",
                       "autograd.core.modes"],
    "autograd.core.backward": ["test_changes.py", "test_backward.py", "test_derivatives.py",
                          *SURROUNDINGS, "test_value.py", "test_tensor.py",
                          "test_compile_nets.py", "test_compile.py", "test_compile_blocks.py", "-k",
                          "not million and not linear_time and not every_process and not large"],
    "autograd.transforms.derivatives": ["test_changes.py", "test_derivatives.py",
                            "autograd.transforms.derivatives",
                            "test_refusing.py::test_functional_api_gives_it_back"],
    "autograd.transforms.raveling": ["test_raveling.py", "autograd.transforms.raveling"],
    "autograd.core.node": ["test_changes.py", "test_node.py", *SURROUNDINGS, "test_value.py",
                      "test_tensor.py", "test_backward.py", "test_derivatives.py", "test_scope.py",
                      "autograd.core.node",
                      "test_compile.py::test_derivatives_inside_are_compiled",
                      "-k", "not million and not linear_time and not every_process and not large"],
    "autograd.transforms.checkpoint": ["test_checkpoint.py", "test_pickling.py", "test_modes.py",
                            "autograd.transforms.checkpoint", "test_refusing.py",
                            "-k", "checkpoint or pickling or modes or gives_it_back"],
    "autograd.tensor": ["test_changes.py", "test_tensor.py", "test_backward.py",
                        "test_derivatives.py", "test_node.py", *SURROUNDINGS, "test_refusing.py",
                        "test_array_libraries.py",
                        "autograd.tensor",
                        "-k", (
                            "not million and not linear_time and not every_process and not large"
                            " and not case and (not dask or stale) and not demo and not layers and"
                            " not losses and not optimizers and not fit and not images"
                        )],
    "autograd.core.shapes": ["test_shapes.py"],
    "autograd.numpy_api.manipulation": ["test_manipulation.py", "test_table.py",
                         "autograd.numpy_api.manipulation",
                         "-k", "manipulation or value_is_numpys"],
    "autograd.numpy_api.joining": ["test_joining.py", "test_table.py",
                                   "autograd.numpy_api.joining",
                                   "-k", "joining or value_is_numpys"],
    "autograd.numpy_api.options": ["test_options.py", "test_reductions.py", "test_as_numpy.py"],
    "autograd.numpy_api.statistics": ["test_options.py", "test_reductions.py", "test_table.py",
                                      "-k", "options or reductions or value_is_numpys"],
    "autograd.numpy_api.padding": ["test_padding.py", "test_table.py",
                                   "autograd.numpy_api.padding",
                                   "-k", "padding or value_is_numpys"],
    "autograd.numpy_api.signals": ["test_signals.py", "test_table.py",
                                   "autograd.numpy_api.signals",
                                   "-k", "signals or value_is_numpys"],
    "autograd.numpy_api.reductions": ["test_reductions.py", "test_slopes_far_out.py",
                                      "test_precision.py"],
    "autograd.numpy_api.functions": ["test_functions.py", "test_slopes_far_out.py",
                                     "test_precision.py"],
    "autograd.numpy_api.trigonometry": ["test_trigonometry.py", "test_numbers.py",
                                        "-k", "trigonometry or sec or csc or cot"],
    "autograd.numpy_api.linalg": ["test_linalg.py", "test_slopes_far_out.py",
                                  "-k", "linalg or norm or far"],
    "autograd.numpy_api.products": ["test_products.py"],
    "nn.layers.linear": ["test_layers.py", "test_nn.py", *CONSTRUCTORS, "nn.layers.linear"],
    "nn.layers.container": ["test_layers.py", "test_nn.py", *CONSTRUCTORS, "nn.layers.container"],
    "nn.layers.dropout": ["test_layers.py", *CONSTRUCTORS, "nn.layers.dropout"],
    "nn.layers.embedding": ["test_layers.py", *CONSTRUCTORS, "nn.layers.embedding"],
    "nn.layers.pool": ["test_layers.py", *CONSTRUCTORS, "nn.layers.pool"],
    "nn.layers.conv": ["test_layers.py", *CONSTRUCTORS, "nn.layers.conv"],
    "nn.layers.norm": ["test_layers.py", "test_precision.py", *CONSTRUCTORS],
    "nn.module": ["test_nn.py", "test_layers.py", "nn.module", "test_scope.py",
                  "test_array_libraries.py", "test_names.py", "-k",
                  ("nn.py or names.py or module or state or moves or nothing_is_moved or new_data"
                   " or scope")],
    "nn.losses": ["test_losses.py", "nn.losses", "test_compile_nets.py",
                  "-k", "not pytorchs"],
    "nn.optim.sgd": [*OPTIMIZERS, "nn.optim.sgd"],
    "nn.optim.adaptive": [*OPTIMIZERS, "nn.optim.adaptive"],
    "nn.optim.clip": [*OPTIMIZERS, "nn.optim.clip"],
    "nn.optim.optimizer": [*OPTIMIZERS, "nn.optim.optimizer"],
    "nn.optim.squares": [*OPTIMIZERS, "nn.optim.squares"],
    "nn.optim.schedule": ["test_schedule.py", "test_metrics.py", *CONSTRUCTORS,
                          "nn.optim.schedule"],
    "nn.init": ["test_init.py", "test_layers.py", "test_first_weights.py",
                *CONSTRUCTORS, "nn.init"],
}  # fmt: skip


def located(target: str) -> str:
    """A test file by its path from the folder of tests; other arguments as they are."""
    name, colons, test = target.partition("::")
    if not name.startswith("test_") or not name.endswith(".py"):
        return target
    (path,) = HERE.rglob(name)
    return f"{path.relative_to(HERE)}{colons}{test}"


Killers = dict[str, tuple[int, str | None]]  # the line of each mutant, and the test that noticed it


def trials(folder: Path, module: str, part: float, *files: str) -> Killers:
    """Which test noticed each mutant, in a session of its own; of a part of all mutants."""
    pytest.importorskip("resource", reason="limits what a mutant may take on Unix only")
    paths = [str(HERE.parent), str(HERE), str(folder)]
    out = subprocess.run(
        [sys.executable, "-m", "mutants.trials", module, str(part), *files],
        cwd=folder, env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert out.returncode == 0, out.stdout[-3000:] + out.stderr[-3000:]
    return json.loads(out.stdout.splitlines()[-1])  # type: ignore[no-any-return]


def survivors(killers: Killers) -> list[tuple[int, str]]:
    return [(line, name) for name, (line, killer) in killers.items() if killer is None]


def text_of(module: str) -> str:
    return (HERE.parent / f"{module.replace('.', '/')}.py").read_text("utf-8")


@pytest.mark.soak
@pytest.mark.parametrize("module", TARGETS)
def test_every_mistake_in_the_source_is_noticed(module: str, figure: Callable[[str], None]) -> None:
    killers = trials(HERE, module, 1.0, *map(located, TARGETS[module]))
    found, known = survivors(killers), marks.total(text_of(module))
    figure(
        f"mutants of {module}: {len(killers) - known} tried, "
        f"{len(killers) - len(found)} killed; {known} more change nothing"
    )
    gaps, stale = marks.compare(found, text_of(module))
    assert not gaps, "nothing notices these"
    assert not stale, "the tests notice these, or they are no longer there"


def test_some_mistakes_in_the_losses_are_noticed(figure: Callable[[str], None]) -> None:
    killers = trials(HERE, "nn.losses", 0.1, *map(located, TARGETS["nn.losses"]))
    found = survivors(killers)
    figure(
        f"mutants of nn.losses, a tenth of them: {len(killers)} tried, "
        f"{len(killers) - len(found)} killed"
    )
    assert len(killers) >= 10
    gaps, _ = marks.compare(found, text_of("nn.losses"))
    assert not gaps, "nothing notices these"


@pytest.mark.parametrize("module", TARGETS)
def test_marks_stand_where_mutants_begin(module: str) -> None:
    text, loaded = text_of(module), importlib.import_module(module)
    code = compile(text, str(loaded.__file__), "exec", dont_inherit=True)
    lines = [place.node.lineno for _, place, _ in source.candidates(ast.parse(text))]
    lines += [mutant.line for mutant in source.of_defaults(code, source.functions(loaded))]
    assert marks.impossible(lines, text) == []


def test_only_modules_whose_mutants_are_tried_have_marks() -> None:
    paths = [path for name in ("autograd", "nn") for path in (HERE.parent / name).rglob("*.py")]
    marked = {
        ".".join(path.relative_to(HERE.parent).with_suffix("").parts)
        for path in paths
        if marks.marks(path.read_text("utf-8"))
    }
    assert marked <= TARGETS.keys()


# --- the tool itself ------------------------------------------------------------------------------


SAMPLE = """
from functools import cache

SCALE = 2.0


def make(power):
    def f(x):
        # mutants 2: nobody tries 0, nor 0.5
        return x**power if x > 0 else 0.0

    return f


square = make(2)
row = {"double": lambda x: SCALE * x}


class Counter:
    def __init__(self):
        self.n = 0  # mutants 2: nobody counts

    def up(self):
        self.n += 1  # mutants 3: nobody counts


@cache
def third(x):
    return x / 3


def forever(n):
    while n > 0:
        n -= 1
    return n
"""

TESTS = """
import sample


def test_square():
    assert sample.square(3.0) == 9.0
    assert sample.square(-1.0) == 0.0


def test_row():
    assert sample.row["double"](3.0) == 6.0


def test_third():
    assert sample.third(6.0) == 2.0


def test_forever():
    assert sample.forever(3) == 0
"""

MISSED = {
    "make.f: x > 0 -> x >= 0": "nobody tries 0",
    "make.f: 0 -> 1": "nor 0.5",
    "Counter.__init__: self.n = 0 -> nothing": "nobody counts",
    "Counter.__init__: 0 -> 1": "nobody counts",
    "Counter.up: self.n += 1 -> self.n -= 1": "nobody counts",
    "Counter.up: self.n += 1 -> nothing": "nobody counts",
    "Counter.up: 1 -> 2": "nobody counts",
}


def test_trials_tell_what_is_noticed_from_what_is_not(tmp_path: Path) -> None:
    (tmp_path / "sample.py").write_text(SAMPLE)
    (tmp_path / "test_sample.py").write_text(TESTS)
    killers = trials(tmp_path, "sample", 1.0, "test_sample.py")
    assert {name for _, name in survivors(killers)} == set(MISSED)
    by = {name: killer for name, (_, killer) in killers.items()}
    assert by["third: x / 3 -> x * 3"] == "test_sample.py::test_third"
    assert by["row: SCALE * x -> x"] == "test_sample.py::test_row"
    assert by["forever: n -= 1 -> nothing"] == "test_sample.py::test_forever"  # it hung
    assert marks.compare(survivors(killers), SAMPLE) == ([], [])


def test_a_mutant_lives_in_every_function_that_is_there_and_only_for_a_while() -> None:
    module = importlib.import_module("autograd.core.rules")
    before = source.functions(module)
    mutant = next(m for m in source.mutants(module) if m.name == "sin: g * cos(x) -> g / cos(x)")
    slope = module.sin.vjps[0]
    with source.alive(mutant, module, before):
        assert slope(1.0, 0.0, 1.0) != module.cos(1.0)
    assert slope(1.0, 0.0, 1.0) == module.cos(1.0)
    assert source.functions(module).keys() == before.keys()


def test_a_mutant_is_in_one_function_alone_whatever_was_mutated_before() -> None:
    module = importlib.import_module("autograd.transforms.checkpoint")
    name = "checkpoint.checkpointed: make("  # after a function within, with a `not`
    mutant = next(m for m in source.mutants(module) if m.name.startswith(name))
    assert [code.co_name for code, _, _ in mutant.changed][1:] == ["checkpoint", "checkpointed"]
