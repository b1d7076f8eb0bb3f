"""Random programs, each written once, as source that every library runs under its own names.

A program is a Python function of numbers and arrays that returns one number. What it does is drawn
from the grammar below: control flow on data, closures, derivatives inside, broadcasting,
reductions, indexing, products, and constants of NumPy's beside the arguments. Its names are those
of `autograd`, and `array` and `number` for constants: what they mean, `libraries` says.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

Shape: TypeAlias = tuple[int, ...]
Names: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Program:
    """Source, and where to run it: floats and arrays, and a direction of their form."""

    source: str
    args: tuple[Any, ...]
    direction: tuple[Any, ...]

    def function(self, names: Names) -> Callable[..., Any]:
        """The program in a library's words."""
        words = dict(names)
        exec(self.source, words)
        return words["program"]

    def __str__(self) -> str:
        parameters = ast.parse(self.source).body[0].args.args  # type: ignore[attr-defined]
        at = (f"{p.arg} = {x!r}" for p, x in zip(parameters, self.args, strict=True))
        return "\n".join((self.source, "", "at", *at))


def listed(text: str) -> list[str]:
    return text.split()


def templates(text: str) -> list[str]:
    return [x.strip() for line in text.splitlines() for x in line.split(" | ")]


# --- words ----------------------------------------------------------------------------------------

SMOOTH = """sin({}) | cos({}) | tanh({}) | sigmoid({}) | softplus({}) | logsigmoid({}) | erf({})
    arctan({}) | arcsinh({}) | silu({}) | gelu({}) | square(sin({})) | -{} | ({}) ** 2
    exp(-square({})) | exp(sin({})) | exp2(tanh({})) | expm1(tanh({})) | log(1.5 + square({}))
    log2(1.5 + square({})) | log10(1.5 + square({})) | log1p(square({})) | sqrt(0.5 + square({}))
    reciprocal(1.5 + square({})) | 2 / (1.5 + square({})) | (1.5 + square({})) ** -0.5
    sinh(tanh({})) | cosh(tanh({})) | tan(0.5 * sin({})) | arcsin(0.9 * sin({})) | 1.7 ** sin({})
    arccos(0.9 * sin({})) | arctanh(0.9 * tanh({})) | arccosh(1.5 + square({})) | sin({}) ** 3"""
KINKED = """abs({}) | relu({}) | leaky_relu({}) | elu({}) | selu({}) | softsign({}) | hardtanh({})
    clip({}, -1.0, 1.0) | clip({}, None, 0.5) | sign({}) * {} | stop_gradient({})"""
BINARY = """{} + {} | {} - {} | {} * {} | {} * {} | {} / (1.5 + square({}))
    (1.5 + square({})) ** sin({}) | maximum({}, {}) | minimum({}, {}) | hypot(1.5 + square({}), {})
    arctan2({}, 1.5 + square({})) | logaddexp({}, {}) | xlogy({}, 1.5 + square({}))"""
REDUCTIONS = """sum({}{}) | mean({}{}) | max({}{}) | min({}{}) | var({}{}) | std({}{}) | prod({}{})
    logsumexp({}{})"""
ALONG = """softmax({}, axis={}) | log_softmax({}, axis={}) | cumsum({}, axis={})
    cumprod({}, axis={}) | sort({}, axis={}) | flip({}, axis={}) | roll({}, 1, axis={})"""
MATRICES = "inv(3.0 * eye({n}) + tanh({x})) | triu({x}) | tril({x}, -1) | {x} @ {x}"
EINSUMS = """i,i-> | ij,ij-> | ii-> | ij,j-> | ij,j->i | i,ij->j | ij,ij->i | ii->i | ji->ij
    ik,kj->ij | i,j->ij | ij,j->ij | ki,kj->ij | ijk,k->ij | i,ijk->jk | ik,jk->ijk
    ijk,ijl,kl->i"""

# Where each library has its own opinion, or where rounding decides: no closer than MARGIN.
MARGIN = 1e-3
KINKS = {name: [0.0] for name in listed("abs relu leaky_relu elu selu softsign sign")}
KINKS |= {"hardtanh": [-1.0, 1.0], "clip": [-1.0, 0.5, 1.0]}


SMOOTH_FORMS, KINKED_FORMS, BINARY_FORMS, REDUCTION_FORMS, ALONG_FORMS = map(
    templates, (SMOOTH, KINKED, BINARY, REDUCTIONS, ALONG)
)
MATRIX_FORMS, EINSUM_FORMS = templates(MATRICES), templates(EINSUMS)


ARRAYS = {"x": (3,), "y": (2,), "A": (2, 3), "B": (3, 2), "C": (3, 3), "D": (2, 1), "E": (1, 3)}

# --- grammar --------------------------------------------------------------------------------------


class Author:
    """Writes a program.

    Args:
        rng: what all is drawn from.
        numbers: whether there are single numbers only, and no arrays.
        decides: whether data may decide what comes next.
        nested: how deep derivatives may stand in one another, as written.
        derivatives: how many there may be.
        stops: whether gradients may be stopped: numerical ones can't.
    """

    def __init__(
        self,
        rng: np.random.Generator,
        numbers: bool,
        decides: bool = True,
        nested: int = 2,
        derivatives: int = 6,
        stops: bool = True,
    ) -> None:
        self.rng, self.numbers, self.decides, self.nested = rng, numbers, decides, nested
        self.derivatives = derivatives
        self.kinked = KINKED_FORMS if stops else KINKED_FORMS[:-1]
        self.scope: dict[str, Shape] = {"a": (), "b": ()}  # what has which name now
        arrays = rng.permutation([*ARRAYS])[:3].tolist()
        self.scope |= {"c": ()} if numbers else {name: ARRAYS[name] for name in arrays}
        self.functions: dict[str, tuple[list[Shape], Shape]] = {}
        self.counts: dict[str, int] = {}
        self.lines: list[str] = []
        self.indent = "    "

    def program(self, statements: int) -> Program:
        shapes = list(self.scope.values())
        head = f"def program({', '.join(self.scope)}):"
        for _ in range(statements):
            self.statement()
        made = (f"sum(sin({n}))" if s else n for n, s in list(self.scope.items())[len(shapes) :])
        self.write(f"return {' + '.join([self.expression((), 3), *made])}")
        source = ast.unparse(ast.parse("\n".join([head, *self.lines])))
        return Program(source, self.point(shapes), self.point(shapes))

    def point(self, shapes: list[Shape]) -> tuple[Any, ...]:
        return tuple(self.rng.uniform(-1.5, 1.5, shape or None) for shape in shapes)

    def maybe(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def one_of(self, options: Any) -> Any:
        options = list(options)
        return options[self.rng.integers(len(options))]

    def number(self) -> float:
        return round(float(self.rng.uniform(-1.5, 1.5)), 2)

    def name(self, letter: str) -> str:
        self.counts[letter] = self.counts.get(letter, 0) + 1
        return f"{letter}{self.counts[letter]}"

    def shape(self) -> Shape:
        return () if self.numbers else self.one_of([(), (), (3,), (2,), (2, 3), (3, 3), (2, 1)])

    # Statements.

    def write(self, line: str) -> None:
        self.lines.append(self.indent + line)

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """What is written inside is indented; what is named inside is forgotten."""
        self.write(head)
        scope, functions = dict(self.scope), dict(self.functions)
        self.indent += "    "
        yield
        self.indent = self.indent[:-4]
        self.scope, self.functions = scope, functions

    def statement(self) -> None:
        kinds = [self.assignment, self.loop, self.definition, self.definition]
        if self.decides:
            kinds += [self.branch, self.shrinking, self.growing, self.recursion]
        if not self.numbers:
            kinds += [self.collection]
        self.one_of(kinds)()

    def assignment(self) -> None:
        shape = self.shape()
        self.assign(self.name("t"), shape, self.expression(shape, 3))

    def assign(self, name: str, shape: Shape, text: str) -> None:
        self.write(f"{name} = {text}")
        self.scope[name] = shape

    def fresh(self) -> tuple[str, Shape]:
        """A new variable, to be changed by what follows."""
        name, shape = self.name("v"), self.shape()
        self.assign(name, shape, self.expression(shape, 1))
        return name, shape

    def loop(self) -> None:
        name, shape = self.fresh()
        i = self.name("i")
        with self.block(f"for {i} in range({self.one_of([2, 3])}):"):
            if self.decides and self.maybe(0.3):
                self.write(f"if {self.condition((), 1)}: {self.one_of(['break', 'continue'])}")
            inside = self.expression(shape, 2)
            if (3,) in self.scope.values() and self.maybe(0.5):
                vector = self.one_of(n for n, s in self.scope.items() if s == (3,))
                inside = f"{vector}[{i}] * {inside}"
            before = self.one_of([f"{name} / ({i} + 2)", f"sin({name})"])
            self.write(f"{name} = {before} + {inside}")

    def branch(self) -> None:
        name, shape = self.name("v"), self.shape()
        for head in (f"if {self.condition((), 2)}:", "else:"):
            with self.block(head):
                if self.maybe(0.3):
                    self.statement()
                self.write(f"{name} = {self.expression(shape, 2)}")
        self.scope[name] = shape

    def size(self, name: str) -> str:
        return f"square({name})" if self.numbers else f"sum(square({name}))"

    def shrinking(self) -> None:
        name, shape = self.fresh()
        with self.block(f"while {self.size(name)} > {self.one_of([0.3, 1.0])}:"):
            self.write(f"{name} = {name} * (0.6 + 0.1 * {self.bounded(shape)})")

    def growing(self) -> None:
        name = self.name("v")
        self.assign(name, (), self.bounded(()))
        with self.block(f"while {name} < 2:"):
            self.write(f"{name} = {name} + 0.7 + 0.2 * {self.bounded(())}")

    def bounded(self, shape: Shape) -> str:
        return f"{self.one_of(['sin', 'tanh'])}({self.expression(shape, 1)})"

    def recursion(self) -> None:
        name, p, shape = self.name("f"), self.name("p"), self.shape()
        with self.block(f"def {name}({p}):"):
            self.scope[p] = shape
            with self.block(f"if {self.size(p)} < 0.5:"):
                self.write(f"return {self.expression(shape, 1)}")
            self.write(f"return {self.bounded(shape)} * {name}(0.6 * {p})")
        self.functions[name] = ([shape], shape)

    def definition(self) -> None:
        """A function, which closes over what is there, and over what is there later."""
        name, out = self.name("f"), self.shape()
        shapes = [self.shape() for _ in range(self.one_of([1, 2]))]
        parameters = [self.name("p") for _ in shapes]
        with self.block(f"def {name}({', '.join(parameters)}):"):
            self.scope |= dict(zip(parameters, shapes, strict=True))
            if self.maybe(0.3):
                self.statement()
            self.write(f"return {self.expression(out, 3)}")
        self.functions[name] = (shapes, out)

    def collection(self) -> None:
        """A list of numbers, each made from another entry."""
        parts, p, name = self.name("l"), self.name("p"), self.name("t")
        vector = self.expression((3,), 1)
        self.write(f"{parts} = []")
        with self.block(f"for {p} in {vector}:"):
            self.scope[p] = ()
            self.write(f"{parts}.append({self.expression((), 2)})")
        self.assign(name, (3,), f"stack({parts})")

    # Expressions. Each depends on an argument: constants stand beside something that does.

    def expression(self, shape: Shape, depth: int) -> str:
        if depth <= 0 or self.maybe(0.1):
            return self.variable(shape)
        kinds = [self.unary, self.unary, self.binary, self.binary, self.binary, self.chosen]
        kinds += [self.call, self.with_constant]
        if self.nested and self.derivatives:
            kinds += [self.derivative] * 2
        if not self.numbers:
            kinds += [self.reduced, self.indexed, self.product, self.einsum, self.moved]
            if shape:
                kinds += [self.along, self.joined]
            if shape in ((2, 2), (3, 3)):
                kinds += [self.matrix]
        return f"({self.one_of(kinds)(shape, depth - 1)})"

    def variable(self, shape: Shape) -> str:
        names = [n for n, s in self.scope.items() if s == shape]
        if names:
            return self.one_of(names[-3:] + names)  # rather what came last
        wide = [n for n, s in self.scope.items() if shape and s[1:] == shape]
        if wide:
            name = self.one_of(wide)
            return f"{name}[{self.one_of([0, -1])}]"
        arrays = [n for n, s in self.scope.items() if s]
        if shape == () or not arrays or self.maybe(0.3):
            return f"broadcast_to({self.variable(shape[1:])}, {shape})"
        name = self.one_of(arrays)
        return f"({name}[{', '.join(['-1'] * len(self.scope[name]))}] * {self.constant(shape)})"

    def constant(self, shape: Shape) -> str:
        if shape:
            return f"array({self.rng.uniform(-1.5, 1.5, shape).round(2).tolist()})"
        return self.one_of([f"{self.number()}", f"number({self.number()})", "2", "(-3)"])

    def unary(self, shape: Shape, depth: int) -> str:
        forms = SMOOTH_FORMS if self.maybe(0.7) else self.kinked
        return self.one_of(forms).replace("{}", f"({self.expression(shape, depth)})")

    def binary(self, shape: Shape, depth: int) -> str:
        parts = [self.expression(shape, depth), self.expression(self.narrower(shape), depth)]
        return self.one_of(BINARY_FORMS).format(*(parts if self.maybe(0.5) else parts[::-1]))

    def narrower(self, shape: Shape) -> Shape:
        """A shape that broadcasts to this one."""
        shape = shape[self.one_of([0, 0, len(shape)]) :]
        return tuple(self.one_of([n, n, 1]) for n in shape)

    def with_constant(self, shape: Shape, depth: int) -> str:
        part = self.expression(shape, depth)
        other = self.constant(self.narrower(shape) if shape else ())
        if self.maybe(0.2):
            return f"where({self.condition(shape, 0)}, {part}, {self.number()})"
        form = self.one_of(["{} + {}", "{} - {}", "{} * {}", "maximum({}, {})", "{} / (2 + {})"])
        return form.format(*((part, other) if "/" in form or self.maybe(0.5) else (other, part)))

    def condition(self, shape: Shape, depth: int) -> str:
        other = f"{self.number()}" if self.maybe(0.5) else self.expression(shape, depth)
        return f"{self.expression(shape, depth)} {self.one_of('<>')} {other}"

    def chosen(self, shape: Shape, depth: int) -> str:
        yes, no = self.expression(shape, depth), self.expression(self.narrower(shape), depth)
        return f"where({self.condition(shape, 1)}, {yes}, {no})"

    def call(self, shape: Shape, depth: int) -> str:
        fitting = [(f, shapes) for f, (shapes, out) in self.functions.items() if out == shape]
        if not fitting:
            return self.binary(shape, depth)
        f, shapes = self.one_of(fitting)
        return f"{f}({', '.join(self.expression(s, depth) for s in shapes)})"

    def derivative(self, shape: Shape, depth: int) -> str:
        """By a variable of its own; what it closes over is differentiated from outside."""
        self.derivatives -= 1
        own = [f for f, (shapes, out) in self.functions.items() if shapes == [shape] and out == ()]
        if own and self.maybe(0.5):
            return f"grad({self.one_of(own)})({self.expression(shape, depth)})"
        by, of = (shape[1:], shape[:1]) if len(shape) == 2 and self.maybe(0.5) else (shape, ())
        argument, p, scope = self.expression(by, depth), self.name("p"), self.scope
        self.scope = scope | {p: by}
        self.nested -= 1
        f = f"lambda {p}: {self.expression(of, 2)}"
        self.nested += 1
        self.scope = scope
        if of:
            return f"jacobian({f})({argument})"
        if not shape and self.maybe(0.4):
            return f"grad(grad({f}))({argument})"
        return self.one_of([f"grad({f})({argument})"] * 3 + [f"value_and_grad({f})({argument})[1]"])

    def reduced(self, shape: Shape, depth: int) -> str:
        form = self.one_of(REDUCTION_FORMS)
        if not shape and self.maybe(0.5):
            return form.format(self.expression(self.one_of([(3,), (2, 3), (2, 2)]), depth), "")
        n = self.one_of([2, 3])
        if 1 in shape and form.startswith(("sum", "mean")):
            k = shape.index(1)
            wide, options = (*shape[:k], n, *shape[k + 1 :]), f", axis={k}, keepdims=True"
        else:
            k = self.one_of(range(len(shape) + 1))
            wide, options = (*shape[:k], n, *shape[k:]), f", axis={k}"
        return form.format(self.expression(wide, depth), options)

    def along(self, shape: Shape, depth: int) -> str:
        axis = self.one_of(range(-len(shape), len(shape)))
        return self.one_of(ALONG_FORMS).format(self.expression(shape, depth), axis)

    def matrix(self, shape: Shape, depth: int) -> str:
        return self.one_of(MATRIX_FORMS).format(x=self.expression(shape, depth), n=shape[0])

    def indexed(self, shape: Shape, depth: int) -> str:
        options = [((2, *shape), "[1]"), ((3, *shape), "[-1]")]
        if not shape:
            options += [((2, 3), "[1, -2]")]
        else:
            n, *rest = shape
            options += [((n + 1, *rest), "[1:]"), ((n + 1, *rest), "[:-1]")]
            options += [((2 * n, *rest), "[::2]"), ((3, *rest), f"[array({([2, 0, 2] * n)[:n]})]")]
            options += [((*shape, 3), "[..., 1]")]
        if len(shape) == 2:
            options += [((shape[0], 3, shape[1]), "[:, 1]")]
            if 1 in shape:
                n = max(shape)
                options += [((n,), "[:, None]" if shape[1] == 1 else "[None]")]
        if shape == (2,):
            options += [((3,), "[array([True, False, True])]")]
            options += [((3, 2), "[array([2, 1]), array([0, 1])]")]
        if not shape and self.decides and self.maybe(0.2):
            x = self.variable((3,))
            return f"{x}[argmax({x})]"
        wide, index = self.one_of(options)
        return f"({self.expression(wide, depth)}){index}"

    def product(self, shape: Shape, depth: int) -> str:
        if len(shape) > 2:
            return self.binary(shape, depth)
        k = (self.one_of([2, 3]),)
        sides = [((*shape, *k), k), (k, (*k, *shape))]
        if len(shape) == 2:
            sides = [(shape[:1], shape[1:]), ((shape[0], *k), (*k, shape[1]))]
        which = self.one_of([0, 1, 1])
        x, y = (self.expression(side, depth) for side in sides[which])
        if len(shape) == 2 and which == 0:
            return f"outer({x}, {y})"
        return self.one_of([f"{x} @ {y}", f"{x} @ {y}", f"matmul({x}, {y})"])

    def einsum(self, shape: Shape, depth: int) -> str:
        fitting = [e for e in EINSUM_FORMS if len(e.split("->")[1]) == len(shape)]
        if not fitting:
            return self.unary(shape, depth)
        subscripts = self.one_of(fitting)
        inputs, out = subscripts.split("->")
        lengths = dict(zip(out, shape, strict=True))
        parts = []
        for letters in inputs.split(","):
            wide = tuple(lengths.setdefault(i, self.one_of([2, 3])) for i in letters)
            parts.append(self.expression(wide, depth))
        return f"einsum('{subscripts}', {', '.join(parts)})"

    def moved(self, shape: Shape, depth: int) -> str:
        """The same entries in another shape."""
        n = int(np.prod(shape))
        if not shape:
            return f"reshape({self.expression((1,), depth)}, ())"
        options = [f"reshape({self.expression((n,), depth)}, {shape})"]
        options += [f"transpose({self.expression(shape[::-1], depth)})"]
        options += [f"broadcast_to({self.expression(self.narrower(shape), depth)}, {shape})"]
        if 1 in shape:
            k = shape.index(1)
            narrow = self.expression((*shape[:k], *shape[k + 1 :]), depth)
            options += [f"expand_dims({narrow}, {k})"]
        return self.one_of(options)

    def joined(self, shape: Shape, depth: int) -> str:
        n = shape[0]
        if self.maybe(0.5) or n == 1:
            return f"stack([{', '.join(self.expression(shape[1:], depth) for _ in range(n))}])"
        parts = [self.expression((k, *shape[1:]), depth) for k in (1, n - 1)]
        return f"concatenate([{', '.join(parts)}])"


# --- what is left out -----------------------------------------------------------------------------


class NearTieError(Exception):
    """Somewhere in the program two numbers are so close that rounding, or taste, decides."""


def apart(x: Any, y: Any) -> None:
    if np.any(np.abs(np.asarray(x) - np.asarray(y)) < MARGIN):
        raise NearTieError


def careful(names: Names, data_of: Callable[[Any], Any]) -> Names:
    """The same words, which raise near kinks and ties."""

    def near_kink(f: Any, kinks: list[float]) -> Any:
        def g(x: Any, *options: Any) -> Any:
            for kink in kinks:
                apart(data_of(x), kink)
            return f(x, *options)

        return g

    def near_tie(f: Any) -> Any:
        def g(x: Any, axis: int | None = None) -> Any:
            ordered = np.sort(np.ravel(data_of(x)) if axis is None else data_of(x), axis=axis or 0)
            apart(np.diff(ordered, axis=axis or 0), 0.0)
            return f(x) if axis is None else f(x, axis=axis)

        return g

    def near_equal(f: Any) -> Any:
        def g(x: Any, y: Any) -> Any:
            apart(data_of(x), data_of(y))
            return f(x, y)

        return g

    def near_zero(f: Any) -> Any:
        def g(x: Any, axis: int | None = None) -> Any:
            out = f(x) if axis is None else f(x, axis=axis)
            apart(0.01 * np.asarray(data_of(out)), 0.0)  # its higher derivatives grow fast there
            return out

        return g

    return (
        names
        | {name: near_kink(names[name], kinks) for name, kinks in KINKS.items()}
        | {name: near_tie(names[name]) for name in ("max", "min", "sort", "argmax")}
        | {name: near_equal(names[name]) for name in ("maximum", "minimum")}
        | {"std": near_zero(names["std"]), "apart": lambda x, y: apart(data_of(x), data_of(y))}
    )


class Comparisons(ast.NodeTransformer):
    """Puts `apart(x, y)` before every comparison."""

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        sides = ast.unparse(node.left), ast.unparse(node.comparators[0])
        text = f"(apart({', '.join(sides)}), {ast.unparse(node)})[1]"
        return ast.parse(text, mode="eval").body


def guarded(program: Program) -> Program:
    """The program for `careful` words."""
    tree = ast.fix_missing_locations(Comparisons().visit(ast.parse(program.source)))
    return Program(ast.unparse(tree), program.args, program.direction)
