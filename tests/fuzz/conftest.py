"""How fuzzing is done: so many examples in the suite, many more in the long part, all counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from patience import HungError, stopped_after

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

Fuzz = Callable[..., None]
PATIENCE = 60  # seconds of the processor for one example
collect_ignore = ["guided.py"]  # run by hand, with Atheris


@pytest.fixture(scope="session")
def counts(figure: Callable[[str], None]) -> Iterator[Counter[str]]:
    """How many inputs each target was given, told at the end of the run."""
    tried: Counter[str] = Counter()
    yield tried
    targets = ", ".join(f"{name} {n}" for name, n in sorted(tried.items()))
    figure(f"fuzz: {tried.total()} inputs ({targets})")


@pytest.fixture(params=["quick", pytest.param("soak", marks=pytest.mark.soak)])
def fuzz(request: pytest.FixtureRequest, counts: Counter[str]) -> Fuzz:
    """`fuzz(name, check, examples, quick=n, soak=m)`: `check(example)` holds for so many.

    In the suite the examples are the same each time; the long part draws new ones.
    """

    from hypothesis import HealthCheck, given, settings  # optional: without it, modules are skipped

    def fuzzed(
        name: str,
        check: Callable[[Any], None],
        examples: SearchStrategy[Any],
        *,
        quick: int,
        soak: int,
    ) -> None:
        short = request.param == "quick"
        effort = settings(
            max_examples=quick if short else soak,
            derandomize=short,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )

        def tried(example: Any) -> None:
            counts[name] += 1
            try:
                with stopped_after(PATIENCE):
                    check(example)
            except HungError:
                raise AssertionError(f"{name}: no end after {PATIENCE} s") from None

        effort(given(examples)(tried))()

    return fuzzed
