"""Every mistake that can be made in a row of the table is noticed by the fast gradient tests."""

from __future__ import annotations

from collections.abc import Callable

from autograd.core import array_rules, rules

from . import rows

COMPARED = "an operand is compared only: that has slope 0, and no second derivative is lost"
SHAPE = "of the operand only the shape is used"
ZERO = "all slopes are zeros, of which only the shape is used"
PLAIN = "the gradient is a float, or NumPy's immutable kind of it: nothing to change in place"

EQUIVALENT = {
    "add: swapped rules": "both rules are the same",
    "floor_divide: swapped rules": "both rules are the same",
    "item: forward on arrays": "the result is a float",
    "item: slope 0, factor on arrays": "the gradient is a float",
    **dict.fromkeys(
        (
            "pow: slope 1, constant operand 1",
            "mod: slope 1, constant operand 0",
            "mod: slope 1, constant operand 1",
            "xlogy: slope 0, constant operand 0",
            "abs: slope 0, constant operand 0",
            "relu: slope 0, constant out",
            "heaviside: slope 1, constant operand 0",
            *(
                f"{name}: slope {i}, constant operand {j}"
                for name in ("maximum", "minimum")
                for i in (0, 1)
                for j in (0, 1)
            ),
            "where: slope 1, constant operand 0",
            "where: slope 2, constant operand 0",
            *(
                f"{name}: slope 0, constant {what}"
                for name in ("max", "min")
                for what in ("out", "operand 0")
            ),
        ),
        COMPARED,
    ),
    **dict.fromkeys(
        (
            *(
                f"{name}: slope 0, constant operand 0"
                for name in (
                    "reshape", "broadcast_to", "sum_to", "getitem", "windows", "astype", "sum",
                    "nll", "svd", "qr",
                )
            ),
            *(f"concatenate: slope {i}, constant operand {j}" for i in (0, 1) for j in (0, 1)),
            *(f"einsum: slope {i}, constant operand {i}" for i in (0, 1)),
        ),
        SHAPE,
    ),
    **dict.fromkeys(
        (
            *(
                f"{name}: slope 0, constant operand 0"
                for name in ("sign", "floor", "ceil", "trunc", "round")
            ),
            *(
                f"{name}: slope {i}, {what} out"
                for name, i in (("copysign", 0), ("copysign", 1), ("heaviside", 0), ("fmod", 1))
                for what in ("stale", "constant")
            ),
            *(
                f"{name}: slope {i}, constant operand {j}"
                for name, i in (("copysign", 0), ("fmod", 1)) for j in (0, 1)
            ),
            *(
                f"floor_divide: slope {i}, {what}"
                for i in (0, 1)
                for what in ("stale out", "constant out")
            ),
            "floor_divide: one entry for the sum",
        ),
        ZERO,
    ),
    "copysign: slope 0, swapped operands": "a product of two signs",
    "cofactors: slope 1, constant operand 1": "linear in the direction, which the slope lacks",
    "to: slope 0, constant operand 0": "of the operand only the place is used",
    **{
        f"{name}: slope 0, {what}": "of the result only the dtype is used"
        for name in ("pow", "xlogy")
        for what in ("stale out", "constant out")
    },
    **dict.fromkeys(("item: slope 0, changes g", "nll: slope 0, changes g"), PLAIN),
}  # fmt: skip


def test_every_mistake_in_the_table_is_noticed(figure: Callable[[str], None]) -> None:
    mutants = [mutant for op in rows.ROWS for mutant in rows.mutants_of(op)]
    survivors = {str(mutant) for mutant in mutants if not rows.killed(mutant)}
    tried = len(mutants) - len(EQUIVALENT)
    figure(
        f"mutants of the table's {len(rows.ROWS)} rows: {tried} tried, "
        f"{len(mutants) - len(survivors)} killed; {len(EQUIVALENT)} more change nothing"
    )
    assert not survivors - set(EQUIVALENT), "gaps: nothing notices these"
    assert not set(EQUIVALENT) - survivors, "these are noticed, or no longer there"


def test_every_row_has_mutants_and_is_whole_again() -> None:
    before = [(op.forward, op.vjps, op.broadcasts) for op in rows.ROWS]
    for op in rows.ROWS:
        mutants = list(rows.mutants_of(op))
        assert len({str(mutant) for mutant in mutants}) == len(mutants) >= 2, op
        for mutant in mutants:
            with mutant.alive():
                assert any(
                    getattr(mutant.owner or op, name) is x for name, x in mutant.changed.items()
                )
    assert before == [(op.forward, op.vjps, op.broadcasts) for op in rows.ROWS]


def test_what_is_right_is_not_killed() -> None:
    for op in (rules.mul, array_rules.max, array_rules.einsum):
        assert not rows.killed(rows.Mutant(op, "none", {"vjps": op.vjps}))
