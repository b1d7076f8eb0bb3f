"""The checks of arguments: what passes, in which form, and what the errors say."""

import math
import re

import numpy as np
import pytest

from autograd import Tensor, Value
from autograd.core import arguments

NOT_NUMBERS = ["0.1", b"1", None, True, np.bool_(True), float, int, [1], (1,), {}, 1j, object()]
NOT_NUMBERS += [np.ones(1), Value(0.1), Tensor(0.1), np.datetime64("2020-01-01"), math.sqrt]


@pytest.mark.parametrize("x", [1, 1.0, np.float32(1), np.float64(1), np.int64(1), np.uint8(1)])
@pytest.mark.parametrize(
    "check", [arguments.positive, arguments.non_negative, arguments.probability]
)
def test_numbers_of_python_and_numpy_become_pythons(check, x):
    for given in (x, np.asarray(x)):
        out = check("lr", given)
        assert out == 1 and type(out) in (int, float)


@pytest.mark.parametrize("x", NOT_NUMBERS, ids=lambda x: type(x).__name__)
def test_what_is_no_number_is_refused_by_the_name_of_the_argument(x):
    for check in (arguments.positive, arguments.non_negative, arguments.probability):
        with pytest.raises(TypeError, match="^lr must be a .*number.*, but got "):
            check("lr", x)
    with pytest.raises(TypeError, match="^epochs must be an integer, but got "):
        arguments.integer("epochs", x)


@pytest.mark.parametrize(
    ("check", "x"),
    [
        (arguments.positive, 0),
        (arguments.positive, -1e-300),
        (arguments.non_negative, -1),
        (arguments.non_negative, np.float32(-1)),
        (arguments.probability, 1.0000001),
        (arguments.decay_rate, 1),
        *[(check, math.nan) for check in (arguments.positive, arguments.probability)],
        *[(check, math.inf) for check in (arguments.positive, arguments.non_negative)],
        (lambda name, x: arguments.number(name, x, finite=False), math.nan),
        (lambda name, x: arguments.integer(name, x, at_least=1), np.int64(0)),
        (lambda name, x: arguments.integer(name, x, at_least=1, at_most=3), 4),
    ],
)
def test_numbers_outside_the_range_are_value_errors(check, x):
    with pytest.raises(ValueError, match=f"^lr must be an? .*, but got {re.escape(repr(x))}"):
        check("lr", x)


def test_what_was_expected_is_put_into_words_only_for_errors(monkeypatch):
    monkeypatch.setattr(arguments, "range_text", None)
    assert arguments.number("lr", 1, at_least=0) == arguments.integer("n", 1, at_least=0) == 1


def test_integers_beyond_int64_are_floats():
    """NumPy can't compute with them beside float32."""
    for x, wanted in ((2**63, 2.0**63), (-(10**20), -1e20), (2**63 - 1, 2**63 - 1)):
        out = arguments.number("x", x)
        assert out == wanted and type(out) is type(wanted)
    with pytest.raises(ValueError, match="x must be a finite number, but got 1000"):
        arguments.number("x", 10**400)
    assert arguments.number("x", -(10**400), finite=False) == -math.inf


@pytest.mark.parametrize("x", ["f4", np.float64, float, np.dtype(">f8"), np.longdouble], ids=repr)
def test_dtypes(x):
    assert arguments.dtype_of("dtype", x) == np.dtype(x)


@pytest.mark.parametrize("x", [None, "x", 3, int, bool, complex, object, [1], np.datetime64])
def test_what_is_no_dtype_is_refused_by_name(x):
    with pytest.raises(TypeError, match="^dtype must be a floating-point dtype, such as .*, but"):
        arguments.dtype_of("dtype", x)
    if x not in (int, bool):
        with pytest.raises(TypeError, match="^dtype must be a dtype of real numbers, such as"):
            arguments.dtype_of("dtype", x, "biuf")


def test_a_bound_may_be_infinite():
    with pytest.raises(ValueError, match="^max_val must be a number >= inf, but got 1$"):
        arguments.number("max_val", 1, at_least=math.inf, finite=False)


def test_integers_are_whole_by_type():
    assert arguments.integer("n", np.array(7)) == 7
    assert type(arguments.integer("n", np.uint8(255))) is int
    for x in (1.0, np.float64(2.0)):
        with pytest.raises(TypeError, match="n must be an integer"):
            arguments.integer("n", x)


def test_pairs():
    for x in (3, np.int64(3), (3, 3), [np.int32(3), 3], np.array([3, 3])):
        assert arguments.pair("kernel_size", x, at_least=1) == (3, 3)
    for x in ((1, 2, 3), (), [1]):
        with pytest.raises(ValueError, match="kernel_size must be one integer or two"):
            arguments.pair("kernel_size", x)
    with pytest.raises(ValueError, match=r"stride\[1\] must be an integer >= 1, but got 0"):
        arguments.pair("stride", (1, 0), at_least=1)
    for x in ("33", None, (1.5, 1), 2.0):
        with pytest.raises(TypeError, match=r"stride(\[0\])? must be an integer"):
            arguments.pair("stride", x)


def test_choices_flags_and_functions():
    for mode in ("min", np.str_("min")):
        assert type(arguments.one_of("mode", mode, ("min", "max"))) is str
    with pytest.raises(ValueError, match="mode must be 'min' or 'max', but got 'mni'"):
        arguments.one_of("mode", "mni", ("min", "max"))
    assert arguments.flag("bias", 1) is True and arguments.flag("bias", np.False_) is False
    for x in ("yes", None, 2, [], 0.0):
        with pytest.raises(TypeError, match="bias must be True or False"):
            arguments.flag("bias", x)
    assert arguments.function("loss", math.sqrt) is math.sqrt
    with pytest.raises(TypeError, match="loss must be a function, but got 'mse'.*not its name"):
        arguments.function("loss", "mse")
    with pytest.raises(TypeError, match=r"got the class dict; pass an instance: dict\(...\)"):
        arguments.function("loss", dict)


def test_instances_and_lists_of_them():
    assert arguments.instance_of("x", 1, int) == 1
    with pytest.raises(TypeError, match=r"x must be an int, but got the class bool; .*bool\(...\)"):
        arguments.instance_of("x", bool, int)
    assert arguments.sequence_of("steps", (1, 2), int) == [1, 2]
    with pytest.raises(
        TypeError, match=r"steps must be a list of int objects, but got 1; .*\[steps\]"
    ):
        arguments.sequence_of("steps", 1, int)
    with pytest.raises(TypeError, match=r"steps\[1\] must be an int, but got 'b'"):
        arguments.sequence_of("steps", [1, "b"], int)
    for x in (None, np.array(1), Tensor, len, "12"):
        with pytest.raises(TypeError, match="steps must be a list of int objects, but got"):
            arguments.sequence_of("steps", x, int)
