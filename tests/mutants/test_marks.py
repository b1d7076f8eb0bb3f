"""A mark has to count what survives on its lines: one too many and one too few are both found."""

from __future__ import annotations

import pytest

from . import marks

SAMPLE = """
def f(x, y=0):
    a = x + 1  # mutants 1: any number will do
    # mutants 2: the same numbers
    b = (
        x * a
        if a > 0  # mutants 1: it is never 0
        else x
    )
    # Why, at length.
    # mutants 1: both hold
    # More of why.
    if a > b:
        a -= b
    # mutants 1: a default
    @cache
    def g(n=2):
        return a
    return g() # a comment on mutants, which is no mark
"""
SURVIVORS = [(3, "a"), (5, "b"), (6, "c"), (7, "d"), (13, "e"), (16, "f")]


def test_a_mark_counts_its_own_line_or_the_statement_below() -> None:
    found = {mark.line: sorted(mark.lines) for mark in marks.marks(SAMPLE)}
    assert found == {3: [3], 4: [4, 5, 6, 8, 9], 7: [7], 11: [11, 13], 15: [15, 16, 17]}
    assert marks.compare(SURVIVORS, SAMPLE) == ([], [])
    assert marks.total(SAMPLE) == 6


@pytest.mark.parametrize("line", [3, 4, 7, 11, 15])
def test_a_mark_too_high_or_too_low_is_found(line: int) -> None:
    lines = SAMPLE.splitlines()
    count = next(mark.count for mark in marks.marks(SAMPLE) if mark.line == line)
    for other in (count - 1, count + 1):
        lines[line - 1] = lines[line - 1].replace(f"mutants {count}", f"mutants {other}")
        if other < count:
            wrong, right = marks.compare(SURVIVORS, "\n".join(lines))
        else:
            right, wrong = marks.compare(SURVIVORS, "\n".join(lines))
        assert right == [] and len(wrong) == 1 and wrong[0].startswith(f"line {line}: {other}")
        lines = SAMPLE.splitlines()


def test_a_survivor_without_a_mark_is_a_gap() -> None:
    gaps, stale = marks.compare([*SURVIVORS, (14, "g")], SAMPLE)
    assert gaps == ["line 14: no mark, but 1 survive: ['g']"] and stale == []


def test_a_mark_of_more_mutants_than_there_are_is_found() -> None:
    assert marks.impossible([line for line, _ in SURVIVORS], SAMPLE) == []
    (wrong,) = marks.impossible([line for line, _ in SURVIVORS if line != 6], SAMPLE)
    assert wrong == "line 4: 2 marked, but only 1 mutants begin there"


@pytest.mark.parametrize(
    "text",
    [
        "x = 1  # mutants: why",
        "x = 1  # mutants 1",
        "x = 1  # mutant 1: why",
        "x = 1  # mutants 1:",
    ],
)
def test_a_comment_that_is_almost_a_mark_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="wanted '# mutants N: reason', got"):
        marks.marks(text)


@pytest.mark.parametrize(
    "text", ["x = 1\n# mutants 1: why\n", "x = [\n    # mutants 1: why\n    1]"]
)
def test_a_mark_above_no_statement_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="line 2: no statement begins below this mark"):
        marks.marks(text)


def test_two_marks_above_one_statement_are_refused() -> None:
    with pytest.raises(ValueError, match="line 2: the statement below has two marks; add them up"):
        marks.marks("# mutants 1: why\n# mutants 1: why\nx = 1\n")
