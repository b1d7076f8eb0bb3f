"""One operation, one record: `Op` holds all that is known about a differentiable operation."""

from __future__ import annotations

import math
import operator
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from inspect import CO_VARARGS, Parameter, signature
from itertools import count
from types import FunctionType
from typing import Any, Literal, TypeAlias

import numpy as np

from . import pytree
from .arguments import flag, function, instance_of, integer, number, one_of, type_error
from .shapes import shape_of

Data: TypeAlias = Any  # a float, or an array of any type that speaks NumPy's protocols
Rule: TypeAlias = Callable[..., Any]  # vjp(g, out, *args, **kwargs) -> gradient for one argument
Text: TypeAlias = str | Callable[..., str]  # a formula, or a function of the options that gives it


class NotDifferentiableError(TypeError):
    """A gradient was asked for where no derivative is defined."""

    __module__ = "autograd"


class Recorder:
    """Base class of operands that record the operations on them. `Node` is one."""

    __slots__ = ()

    _data: Data

    @staticmethod
    def _record(op: Op, operands: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Apply `op` to operands of which at least one is a recorder."""
        raise NotImplementedError

    @staticmethod
    def _stack(xs: Sequence[Any]) -> Any:
        """Return numbers and arrays, of which at least one is a recorder, joined as one."""
        raise NotImplementedError


def data_of(x: Any) -> Data:
    """Return the plain numbers of `x`, node or not."""
    return x._data if isinstance(x, Recorder) else x


def stack_nodes(x: Any) -> Any:
    """Return a list that holds nodes, nested or not, as one node, and anything else as it is."""
    if isinstance(x, (list, tuple)):
        for leaf in pytree.leaves(x):
            if isinstance(leaf, Recorder):
                return leaf._stack([stack_nodes(part) for part in x])
    return x


class Op:
    """A differentiable primitive: its forward function, its derivatives, and its other facts.

    `vjps[i](g, out, *args, **kwargs)` is the gradient for `args[i]`, given `g = dL/dout`, shaped
    like `out`. Rules use only `+ - *` and other primitives and never change `g`, so one rule
    serves floats, arrays, nodes (derivatives of derivatives) and the compiler. Positional
    arguments are operands, keyword arguments are options; `None` in place of a rule says that
    there is no derivative. Only the first three arguments are required. The others let an
    operation be checked, compiled and written in formulas.

    Args:
        name: the name in messages, pictures and source.
        forward: the function on floats and on arrays.
        vjps: one rule per argument; `per_argument(make)` if their number is open.
        broadcasts: the operands broadcast against each other. Rules are then written as if all
            shapes were equal, and the backward loop sums each gradient back.
        analytic: `forward` continues to complex arrays, so that complex steps can check it.
        elementwise: each entry of the result depends only on the operands' entries at its own
            place. Then pictures show local derivatives, and `compile` computes whole columns.
            `False`: it does not; `compile` refuses it. `None`: unknown; `compile` checks shapes.
        linear: the operands in which the operation is linear. `True`: in all of them together, as
            `x + y` is; `"each"`: in each while the others are held, as `x * y`; a tuple of
            positions: in these together while the others are held, as `(0,)` for `x / y`.
        commutes: `op(x, y)` equals `op(y, x)`, bit for bit.
        identity: the number `y` for which `op(x, y)` is `x`, bit for bit.
        boolean: the result is true or false, not a number.
        text: the operation as a Python expression in the names of the rules' arguments, such as
            `"x @ w.T + b"`; or a function of the options that returns it. `None`: `name(x, y)`.
        formula: the same, where a reader wants to see what it computes: `"1 - tanh(x)**2"`.
        tex: its TeX in the same names, where it doesn't follow from `formula`.
        on_float: the function on Python floats, for compiled source. It may raise where IEEE 754
            has an answer. `None`: `forward`.
        on_array: the function on arrays, for compiled source. `None`: `ufunc`, or else `forward`.
        ufunc: the NumPy ufunc that computes the same. Applied to nodes it finds this operation.

    Raises:
        TypeError: a field has the wrong type.
        ValueError: fields contradict each other.
    """

    def __init__(
        self,
        name: str,
        forward: Callable[..., Any],
        vjps: Sequence[Rule | None] | PerArgument,
        *,
        broadcasts: bool = False,
        analytic: bool = False,
        elementwise: bool | None = None,
        linear: bool | Literal["each"] | tuple[int, ...] = False,
        commutes: bool = False,
        identity: float | None = None,
        boolean: bool = False,
        text: Text | None = None,
        formula: Text | None = None,
        tex: str | None = None,
        on_float: Callable[..., Any] | None = None,
        on_array: Callable[..., Any] | None = None,
        ufunc: Any = None,
    ) -> None:
        self.name, self.forward = instance_of("name", name, str), called("forward", forward)
        self.vjps = vjps if isinstance(vjps, PerArgument) else rules_of(vjps)
        self.arity = None if isinstance(self.vjps, PerArgument) else len(self.vjps)
        self.broadcasts, self.analytic = flag("broadcasts", broadcasts), flag("analytic", analytic)
        self.elementwise = None if elementwise is None else flag("elementwise", elementwise)
        self.linear, self.commutes = linear, flag("commutes", commutes)
        self.identity = identity
        self.boolean = flag("boolean", boolean)
        self.text, self.formula, self.tex = text, formula, tex
        self.check_facts()
        if ufunc is not None:
            instance_of("ufunc", ufunc, np.ufunc, "a ufunc of NumPy")
            if (ufunc.nin, ufunc.nout) != (self.arity, 1):
                raise ValueError(
                    f"ufunc must take what {name} takes, and return one; got {ufunc!r}"
                )
        self.ufunc = ufunc or getattr(forward, "ufunc", None)  # kernels carry theirs with them
        self.on_float = called("on_float", on_float or getattr(forward, "on_float", forward))
        on_array = on_array or getattr(forward, "on_array", None) or self.ufunc or forward
        self.on_array = called("on_array", on_array)
        if self.ufunc is not None:
            OF_UFUNC.setdefault(self.ufunc, self)
        self.__module__ = getattr(self.rule or forward, "__module__", None) or "__main__"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        for arg in args:
            if isinstance(arg, Recorder):
                return arg._record(self, args, kwargs)
        try:
            return self.forward(*args, **kwargs)
        except TypeError:
            stacked = [stack_nodes(arg) for arg in args]  # NumPy can't read lists of nodes
            if any(map(operator.is_not, stacked, args)):
                return self(*stacked, **kwargs)
            self.check_call(args, kwargs)
            raise

    def __get__(self, node: Any, owner: type | None = None) -> Any:
        return self if node is None else partial(self, node)  # `exp = rules.exp` makes a method

    def __repr__(self) -> str:
        return f"<op {self.name}>"

    def __reduce__(self) -> str | tuple[Any, ...]:
        return self.name  # pickled by reference, like a function: as its module's variable

    def __deepcopy__(self, memo: Any) -> Op:
        return self

    def check_facts(self) -> None:
        """Refuse facts that are none, or not of so many operands."""
        if isinstance(self.linear, (tuple, list)):
            last = math.inf if self.arity is None else self.arity - 1
            self.linear = tuple(
                integer("a position in linear", i, at_least=0, at_most=last) for i in self.linear
            )
        elif type(self.linear) is not bool:
            one_of("linear", self.linear, (True, False, "each"))
        if self.identity is not None:
            self.identity = float(number("identity", self.identity, finite=False))
            if self.arity != 2:
                raise ValueError(f"identity needs an op of two operands; {self.name} is none")
        if self.boolean and self.rule:
            raise ValueError(f"{self.name} is boolean, without derivatives: its vjps must be None")
        for field in ("text", "formula"):
            x = getattr(self, field)
            if not (x is None or isinstance(x, str) or callable(x)):
                raise type_error(field, "a str, or a function of the options that returns it", x)
        if self.tex is not None:
            bare = re.sub(r"\\.", "", instance_of("tex", self.tex, str))
            if bare.count("{") != bare.count("}"):
                raise ValueError(f"tex must have as many {{ as }}, but got {self.tex!r}")

    @property
    def rule(self) -> Rule | None:
        """The first rule, if there is one; all have the same signature."""
        rules = self.vjps if self.arity is not None else (self.vjps[0],)
        return next((vjp for vjp in rules if vjp), None)

    @cached_property
    def arguments(self) -> list[Parameter]:
        """The operands and options, as the rules have them after `g` and `out`."""
        return list(signature(self.rule).parameters.values())[2:] if self.rule else []

    @property
    def parameters(self) -> list[str]:
        """The names of the operands: one for all of them, such as "xs", if their number is open."""
        if not self.arguments:
            return ["x", "y", "z"][: self.arity]
        operands = self.arguments[: self.arity]
        return [x.name for x in operands if x.kind is not x.KEYWORD_ONLY]

    @property
    def options(self) -> set[str]:
        """The names of the options."""
        named = {x.name for x in self.arguments if x.kind in (x.KEYWORD_ONLY, POSITIONAL)}
        return named - set(self.parameters)

    @property
    def public_name(self) -> str:
        """The name under which `autograd` exports it: "multiply" for `mul`."""
        exported = vars(sys.modules["autograd"]).items()
        return next((name for name, x in exported if x is self), self.name)

    def check_call(self, operands: Sequence[Any], options: Mapping[str, Any]) -> None:
        """Refuse the wrong number of operands, and options that the op does not have.

        Raises:
            TypeError: in place of what Python says of the forward function.
        """
        if self.arity is not None and len(operands) != self.arity:
            word = "operand" if self.arity == 1 else "operands"
            raise TypeError(f"{self.public_name} takes {self.arity} {word}, got {len(operands)}")
        if self.rule:
            for option in options.keys() - self.options:
                raise TypeError(f"{self.public_name} has no option {option!r} here; leave it out")

    def explain_error(
        self, error: Exception, operands: Sequence[Any], data: Sequence[Data], options: Any
    ) -> None:
        """Raise a clearer error in place of one of the forward function, where there is one."""
        if isinstance(error, TypeError):
            self.check_call(operands, options)
        elif type(error) is ValueError:  # NumPy's AxisError and LinAlgError say enough
            raise self.shape_error(data, error) from None

    def shape_error(self, operands: Sequence[Data], error: Exception) -> ValueError:
        """Return NumPy's complaint about shapes, with the op and the shapes by name."""
        shapes = " and ".join(str(shape_of(x)) for x in operands)
        return ValueError(f"{self.name} of shapes {shapes}: {error}")


POSITIONAL = Parameter.POSITIONAL_OR_KEYWORD
OF_UFUNC: dict[Any, Op] = {}  # the operation of each ufunc: the first that was defined


class PerArgument:
    """The rules of an op that takes any number of operands: `make(i)` is the i-th argument's."""

    def __init__(self, make: Callable[[int], Rule]) -> None:
        self.make = function("make", make)

    def __iter__(self) -> Iterator[Rule]:
        return map(self.make, count())

    def __getitem__(self, i: int) -> Rule:
        return self.make(i)


per_argument = PerArgument


def called(name: str, x: Any) -> Any:
    """Return `x`, if it can be called; unlike for others, a class such as `float` is a function."""
    return x if callable(x) else function(name, x)


def rules_of(vjps: Any) -> tuple[Rule | None, ...]:
    """Return the rules of an op, if each is None or takes as many operands as there are rules."""
    if not isinstance(vjps, (tuple, list)):
        hint = "put the rule in a tuple: (rule,)" if isinstance(vjps, FunctionType) else ""
        expected = "a tuple with a rule for each operand, or per_argument(make)"
        raise type_error("vjps", expected, vjps, hint)
    for i, rule in enumerate(vjps):
        if isinstance(rule, FunctionType):  # others are not looked into
            code = rule.__code__
            if code.co_argcount < 2 + len(vjps) and not code.co_flags & CO_VARARGS:
                names = ", ".join(code.co_varnames[: code.co_argcount])
                raise ValueError(
                    f"vjps[{i}] must take g, out and an operand for each of the {len(vjps)} rules, "
                    f"but takes ({names})"
                )
        elif rule is not None:
            called(f"vjps[{i}]", rule)
    return tuple(vjps)


# --- kinds of rows of the table -------------------------------------------------------------------


def elementwise(name: str, forward: Rule, *vjps: Rule | None, **facts: Any) -> Op:
    """Return a row whose entries depend only on the operands' entries at their own place."""
    return Op(name, forward, vjps, elementwise=True, broadcasts=len(vjps) > 1, **facts)


def analytic(name: str, forward: Rule, *vjps: Rule, **facts: Any) -> Op:
    """Return an elementwise row whose function continues to complex numbers."""
    return elementwise(name, forward, *vjps, analytic=True, **facts)


def relation(name: str, forward: Rule, **facts: Any) -> Op:
    """Return an elementwise row whose result is true or false, without derivatives."""
    facts.update(ufunc=getattr(np, name), boolean=True)
    return elementwise(name, forward, *[None] * facts["ufunc"].nin, **facts)


def of_arrays(name: str, forward: Rule, *vjps: Rule, **facts: Any) -> Op:
    """Return a row whose entries depend on several entries of its operands."""
    return Op(name, forward, vjps, elementwise=False, **facts)


def linear_map(name: str, forward: Rule, *vjps: Rule, **facts: Any) -> Op:
    """Return a row for arrays that is linear, such as moves and sums of entries."""
    return of_arrays(name, forward, *vjps, linear=True, analytic=True, **facts)
