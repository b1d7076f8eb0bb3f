"""Random programs in PyTorch, JAX, mpmath and NumPy's complex numbers: all say the same.

Value, gradient and Hessian-vector product, by every way that there is to ask for them. Kinks and
ties, where libraries differ by choice, are avoided: docs/numbers.md has those.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pytest
from libraries import (
    COMPILED,
    OUR_WAYS,
    OURS,
    Library,
    Numbers,
    complex_numbers,
    first_order,
    functional,
    high_precision,
    in_jax,
    pytorch,
)
from programs import Author, NearTieError, Program, careful, guarded
from shrink import minimal

import autograd as ag
from autograd.core.op import data_of

RTOL = 1e-9  # of the largest number; derivatives of the fourth order are among what is computed
LARGE = 1e4  # beyond that a program is ill-conditioned
CAREFUL = careful(OURS, data_of)


class Peer(NamedTuple):
    """Something to compare with: what it needs, by which of our ways, on which programs."""

    module: str
    library: Callable[[], Library]
    ours: Mapping[str, Library] = OUR_WAYS
    options: Mapping[str, Any] = MappingProxyType({})  # of the `Author`
    quick: int = 10
    soaked: int = 1000


FIRST_ORDER = {"functional": Library(OURS, first_order)}
PEERS = {
    "PyTorch": Peer("torch", pytorch, quick=100, soaked=10_000),
    "PyTorch, compiled": Peer(
        "torch", pytorch, COMPILED, {"numbers": True, "decides": False}, quick=10
    ),
    # JAX takes a third of a second for a program, most of it in Python.
    "JAX": Peer("jax", in_jax, quick=2, soaked=300),
    "mpmath's numerical derivatives": Peer(
        "mpmath",
        high_precision,
        options={"numbers": True, "nested": 1, "derivatives": 1, "stops": False},
    ),
    "complex steps": Peer(
        "scipy", complex_numbers, FIRST_ORDER, {"numbers": False, "nested": 0, "stops": False}
    ),
}
CHUNK = 100  # programs in one test of the long part


@pytest.fixture(scope="module")
def agreed(figure: Callable[[str], None]) -> Iterator[Counter[str]]:
    """How many programs did, by peer."""
    counts: Counter[str] = Counter()
    yield counts
    for name, count in counts.items():
        figure(f"random programs beside {name}: {count}, all agree")


def written(seed: int, attempt: int, options: Any) -> Program:
    """A program; unless told otherwise, every third is of single numbers."""
    rng = np.random.default_rng((seed, attempt))
    author = Author(rng, **{"numbers": seed % 3 == 0, **options})
    return author.program(statements=int(rng.integers(1, 6)))


def at_a_tie(program: Program) -> bool:
    """Whether it comes near a kink or a tie."""
    leaves = [ag.Value(x) if isinstance(x, float) else ag.Tensor(x, True) for x in program.args]
    try:
        guarded(program).function(CAREFUL)(*leaves)
    except NearTieError:
        return True
    return False


def numbers(library: Library, program: Program) -> Numbers:
    with library.at_work(), np.errstate(all="ignore"):
        return library.differentiate(
            program.function(library.names), program.args, program.direction
        )


def well_conditioned(seed: int, peer: Library, options: Any) -> tuple[Program, Numbers]:
    """A program without ties, and its numbers by a peer, none of which is large."""
    for attempt in range(1000):
        program = written(seed, attempt, options)
        if not at_a_tie(program):
            wanted = numbers(peer, program)
            if size(wanted) < LARGE:
                return program, wanted
    raise AssertionError(f"seed {seed} gives ties only")


def size(found: Numbers) -> float:
    return max(float(np.max(np.abs(x))) for x in found)


def differ(found: Numbers, wanted: Numbers) -> bool:
    slack = RTOL * max(1.0, size(wanted))
    return any(
        np.shape(x) != np.shape(y) or not np.allclose(x, y, rtol=0, atol=slack)
        for x, y in zip(found, wanted, strict=True)
    )


def how_wrong(ours: Library, program: Program, wanted: Numbers) -> str:
    """Nothing if all is well; the name of an exception, or "differs"."""
    try:
        return "differs" if differ(numbers(ours, program), wanted) else ""
    except Exception as error:  # noqa: BLE001  # whatever it is
        return type(error).__name__


def compare(ours: Library, peer: Library, program: Program, wanted: Numbers) -> None:
    """Fails with the smallest program found that is wrong in the same way."""
    if not (wrong := how_wrong(ours, program, wanted)):
        return

    def shows(program: Program) -> bool:
        try:
            wanted = numbers(peer, program)
            well = size(wanted) < LARGE and not at_a_tie(program)
            return well and how_wrong(ours, program, wanted) == wrong
        except Exception:  # noqa: BLE001  # it is no program at all
            return False

    program = minimal(program, shows)
    try:
        found: Any = numbers(ours, program)
    except Exception as error:  # noqa: BLE001  # that is how it is wrong
        found = repr(error)
    pytest.fail(f"{program}\n\nours:   {found}\nwanted: {numbers(peer, program)}", pytrace=False)


def compare_all(name: str, seeds: range, agreed: Counter[str]) -> None:
    peer = PEERS[name]
    pytest.importorskip(peer.module, reason=f"{peer.module} is not installed")
    library = peer.library()
    for seed in seeds:
        program, wanted = well_conditioned(seed, library, peer.options)
        for ours in peer.ours.values():
            compare(ours, library, program, wanted)
        agreed[name] += 1


@pytest.mark.parametrize("name", PEERS)
def test_a_hundred_programs(name: str, agreed: Counter[str]) -> None:
    compare_all(name, range(PEERS[name].quick), agreed)


@pytest.mark.soak
@pytest.mark.parametrize(
    ("name", "start"),
    [(name, i) for name, peer in PEERS.items() for i in range(0, peer.soaked, CHUNK)],
)
def test_ten_thousand_programs(name: str, start: int, agreed: Counter[str]) -> None:
    compare_all(name, range(start, start + CHUNK), agreed)


def test_what_decides_does_not_compile() -> None:
    """Of the programs that data steer, all compile or say why not."""
    refused = 0
    for seed in range(30):
        program = written(seed, 0, {"numbers": True})
        try:
            ag.compile(program.function(OURS))(*program.args)
        except ag.DataDependentError:
            refused += 1
    assert 10 <= refused < 30


# --- the tests are tested too ---------------------------------------------------------------------

FAULTS = {
    "tanh": lambda x: ag.tanh(x) + 1e-6 * ag.sin(x),
    "grad": lambda f: lambda x: ag.stop_gradient(ag.grad(f)(x)),
    "einsum": lambda subscripts, *xs: ag.einsum(subscripts, *xs[:-1], ag.stop_gradient(xs[-1])),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_and_shown_in_few_lines(name: str) -> None:
    """By a word that is a little wrong, or that drops part of a gradient."""
    pytest.importorskip("torch", reason="PyTorch, of the extra `peers`, is not installed")
    wrong = Library(OURS | {name: FAULTS[name]}, functional)
    for seed in range(100):
        program, wanted = well_conditioned(seed, pytorch(), {})
        if how_wrong(wrong, program, wanted):
            break
    with pytest.raises(pytest.fail.Exception) as failure:
        compare(wrong, pytorch(), program, wanted)
    source = str(failure.value).split("\n\nat\n")[0]
    assert f"{name}(" in source
    assert len(source.splitlines()) <= 4
