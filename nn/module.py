"""`Module`: something with parameters, and `Parameter`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from threading import get_ident
from typing import TYPE_CHECKING, Any, Self, TypeAlias
from weakref import WeakValueDictionary

import numpy as np

from autograd import Tensor, Value, draw, scope
from autograd.core.arguments import flag, type_error
from autograd.core.array_libraries import as_operand, converter, converter_like, copy_array
from autograd.core.modes import ORDINARY, current_mode, mode, this_thread
from autograd.core.node import Node
from autograd.core.op import Data
from autograd.core.scope import leaf_names
from autograd.core.shapes import Shape, shape_of
from nn.inputs import as_numbers

if TYPE_CHECKING:
    from autograd.draw.graph.picture import Picture

current = mode.get  # every call of every module asks
Watcher: TypeAlias = "Callable[[Module, tuple[Any, ...], Any], None]"
# The key of the thread that evaluates: one that inherits the context does not.
_evaluating: ContextVar[object] = ContextVar("nn evaluation", default=None)
_watcher: ContextVar[Watcher | None] = ContextVar("nn watcher", default=None)
_modules: WeakValueDictionary[int, Module] = WeakValueDictionary()  # all that are in use


class Parameter(Tensor):
    """A tensor that training changes: it requires a gradient.

    >>> Parameter([1.0, 2.0]).requires_grad
    True
    """

    __slots__ = ()

    def __init__(
        self,
        data: Any,
        requires_grad: bool = True,
        dtype: Any = None,
        label: str | None = None,
    ) -> None:
        super().__init__(data, requires_grad, dtype, label)


class Buffer(Tensor):
    """A tensor that belongs to a module and is saved with it, but is not trained.

    >>> Buffer([1.0, 2.0]).requires_grad
    False
    """

    __slots__ = ()


@contextmanager
def evaluation(on: bool = True) -> Iterator[None]:
    """Inside, all modules are in evaluation mode, in this thread or async task alone.

    No module is changed, so other threads may use the same model in any mode. With `on=False`
    modules are in the mode that they were set to, even inside another `evaluation()`.
    """
    token = _evaluating.set(this_thread.key if on else None)
    try:
        yield
    finally:
        _evaluating.reset(token)


@contextmanager
def watching(watch: Watcher) -> Iterator[None]:
    """Inside, `watch(module, args, out)` is called after every call of a module, in this thread
    or async task alone.
    """
    token = _watcher.set(watch)
    try:
        with scope(""):  # without one, modules take the short way
            yield
    finally:
        _watcher.reset(token)


class Module:
    """Anything with parameters: a layer, a net, a whole model.

    Parameters are found in attributes, and in lists, tuples, dicts and modules among the
    attributes, in the order in which they were set; a shared one is listed once. Subclasses
    define `forward`; calling the module calls it.

    >>> class Twice(Module):
    ...     def __init__(self):
    ...         self.gain = Parameter([2.0])
    ...
    ...     def forward(self, x):
    ...         return x * self.gain
    >>> Twice()(np.array([3.0]))
    Tensor([6.], requires_grad=True)
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        self = super().__new__(cls)
        vars(self)["training"] = True  # no attribute is added later, while a thread reads them
        _modules[id(self)] = self
        return self

    def __del__(self, is_finalizing: Callable[[], bool] = sys.is_finalizing) -> None:
        if is_finalizing():
            return
        with suppress(Exception):  # its attributes may be anything
            for name, parameter in self._named(is_parameter):
                notes = parameter.note()
                notes.place = notes.place or name  # a graph may still use it, and be drawn

    @property
    def training(self) -> bool:
        """Whether dropout is on and statistics are the batch's: set by `train()` and `eval()`.

        Inside `nn.predict` and `nn.evaluate` it is False, in their thread or async task alone.
        """
        thread = _evaluating.get()
        return vars(self)["training"] and (thread is None or thread is not this_thread.key)

    @training.setter
    def training(self, training: bool) -> None:
        vars(self)["training"] = training

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The output for an input. Subclasses define it."""
        raise TypeError(f"{type(self).__name__} defines no forward()")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        # mutants 1: only faster
        if current() is ORDINARY or current_mode().scope is None:  # no picture is asked for
            out = self.forward(*args, **kwargs)
        else:
            with self._scope():
                out = self.forward(*args, **kwargs)
            if watch := _watcher.get():
                watch(self, args, out)
        if out is None:
            raise TypeError(
                f"{type(self).__name__}.forward() returned None; it must return a result"
            )
        return out

    def _scope(self) -> scope:
        """The name of this call in pictures, as the module around it has it: "0: Linear"."""
        around = current_mode().scope
        assert around is not None
        siblings = () if around.owner is None else around.owner.children()
        name = next((f"{name}: " for name, child in siblings if child is self), "")
        return scope(name + type(self).__name__, owner=self)

    # What is inside.

    def _named(self, wanted: Callable[[Any], bool]) -> Iterator[tuple[str, Any]]:
        seen = {id(self)}
        for name, x in contents(self):
            if wanted(x) and id(x) not in seen:
                seen.add(id(x))
                yield name, x

    def named_parameters(self) -> Iterator[tuple[str, Any]]:
        """Each parameter once, with its dotted name: `("0.weight", Parameter)`."""
        return self._named(is_parameter)

    def parameters(self) -> list[Any]:
        """All parameters, each once."""
        return [parameter for _, parameter in self.named_parameters()]

    def named_buffers(self) -> Iterator[tuple[str, Buffer]]:
        """Each buffer once, with its dotted name."""
        return self._named(lambda x: isinstance(x, Buffer))

    def named_modules(self) -> Iterator[tuple[str, Module]]:
        """This module, under the empty name, and all modules in it, each once."""
        yield "", self
        yield from self._named(lambda x: isinstance(x, Module))

    def modules(self) -> Iterator[Module]:
        """This module and all modules in it, each once."""
        return (module for _, module in self.named_modules())

    def children(self) -> Iterator[tuple[str, Module]]:
        """The modules directly inside, with their names: in attributes, lists, tuples, dicts."""
        stack, seen = parts(self)[::-1], set()
        while stack:
            name, x = stack.pop()
            if isinstance(x, Module):
                yield name, x
            elif id(x) not in seen and (inside := parts(x)):
                seen.add(id(x))
                stack += [(f"{name}.{key}", part) for key, part in reversed(inside)]

    # Switches.

    def train(self, training: bool = True) -> Self:
        """Switch to training (dropout on, batch statistics), here and in all modules inside."""
        training = flag("training", training)
        for module in self.modules():
            module.training = training
        return self

    def eval(self) -> Self:
        """Switch to evaluation (dropout off, running statistics)."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Freeze all parameters with `False`, or thaw them."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def to(self, place: Any) -> Self:
        """Move all parameters, with their gradients, and buffers into another library's arrays.

        >>> import nn
        >>> model = nn.Linear(3, 2).to(np)  # where it is already; `model.to(cupy)` to a GPU

        The parameters stay the same objects: an optimizer goes on with them, and takes its own
        numbers along at its next step. If something can't be moved, nothing is.

        Args:
            place: a library, or a function that makes its arrays out of NumPy's.
        """
        make = converter(place)
        tensors = [x for _, x in self._named(is_state) if isinstance(x, Tensor)]
        moved = [(make(x._data), None if x.grad is None else make(x.grad)) for x in tensors]
        for x, (data, grad) in zip(tensors, moved):
            if data is not x._data:
                x._replace(data)
                x.grad = grad
        return self

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for parameter in self.parameters():
            parameter.grad = None

    # State.

    def state_dict(self) -> dict[str, Data]:
        """Copies of all parameters and buffers, by dotted name; a shared one under its first.

        They are where the model is; `nn.save` writes NumPy's.

        >>> from nn import Linear
        >>> {name: x.shape for name, x in Linear(2, 3).state_dict().items()}
        {'weight': (3, 2), 'bias': (3,)}
        """
        # mutants 1: an array either way
        return {
            name: copy_array(x._data) if isinstance(x, Tensor) else np.array(x._data)
            for name, x in self._named(is_state)
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over all parameters and buffers from `state_dict()` of a model of the same form.

        Raises:
            ValueError: a name is missing or unknown, or a shape differs; nothing is changed then.
            TypeError: something in it holds no real numbers; nothing is changed then either.
        """
        if not isinstance(state, Mapping):
            raise type_error("state", "a dict, as state_dict() gives it", state)
        own = dict(self._named(is_state))
        missing = [name for name in own if name not in state]
        unknown = [name for name in state if name not in own]
        misshapen = [
            f"{name} is {shape_of(state[name])} instead of {shape_of(x._data)}"
            for name, x in own.items()
            if name in state and shape_of(state[name]) != shape_of(x._data)
        ]
        if missing or unknown or misshapen:
            parts = (("missing", missing), ("unknown", unknown), ("of another shape", misshapen))
            what = "; ".join(f"{what}: {', '.join(names)}" for what, names in parts if names)
            raise ValueError(f"this is not the state of such a {type(self).__name__}: {what}")
        found = {name: as_numbers(name, state[name]) for name in own}  # all before any is taken
        for name, x in own.items():
            x.data = converter_like(x._data)(found[name]) if isinstance(x, Tensor) else found[name]

    # Looks.

    chained = False  # whether calling it calls its children one after the other

    def _picture_(self) -> Picture:
        """What `draw(model)` shows: the layers."""
        from nn.draw.layers import layers_of  # only pictures need it

        return layers_of(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return draw(self)._repr_mimebundle_() | {"text/plain": repr(self)}

    def multiply_adds(self, input_shape: Shape, output_shape: Shape) -> int:
        """How many products a call computes and adds up, for `nn.summary`: 0 if elementwise."""
        return 0

    def describe(self) -> str:
        """What stands in the parentheses of this module's `repr`."""
        return ""

    def __repr__(self) -> str:
        kind, key = type(self).__name__, (id(self), get_ident())
        if key in _showing:  # it is inside itself, as where a layer holds the net around it
            return f"{kind}(...)"
        _showing.add(key)
        try:
            inner = [(name, repr(child)) for name, child in self.children()]
            head = f"{kind}({self.describe()}"
        finally:
            _showing.discard(key)
        lines = [f"  ({name}): " + text.replace("\n", "\n  ") for name, text in inner]
        return "\n".join([head, *lines, ")"]) if lines else f"{head})"


def parameter_names(leaves: Sequence[Node]) -> Mapping[Node, str]:
    from nn.draw.layers import names_in  # only pictures need it

    modules = [ref() for ref in _modules.valuerefs()]  # a list at once: threads may make more
    return names_in(leaves, [module for module in modules if module is not None])


leaf_names.append(parameter_names)

_showing: set[tuple[int, int]] = set()  # modules whose repr is being made, by thread


def is_parameter(x: Any) -> bool:
    """A leaf that is trained: a `Parameter`, or a `Value`."""
    return isinstance(x, Parameter) or (isinstance(x, Value) and x.op is None)


def is_state(x: Any) -> bool:
    """What is saved with a module."""
    return is_parameter(x) or isinstance(x, Buffer)


def numbers(module: Module, x: Any) -> Any:
    """The input of a layer: a node, an array or a number as it is, a list of numbers as an array.

    Raises:
        TypeError: it is something else.
    """
    if isinstance(x, (Node, float)):  # numbers of a function that is being compiled too
        return x
    if hasattr(x, "__array_function__") and not isinstance(x, type) and x.dtype.kind in "fiub":
        return as_operand(x)
    if isinstance(x, (int, list, tuple)) or hasattr(x, "__array__"):
        try:
            array = np.asarray(x)
        except ValueError:  # rows of several lengths
            raise type_error(
                f"the input of {module!r}", "numbers in rows of one length", x
            ) from None
        if array.dtype.kind in "fiub":
            return array
    raise type_error(f"the input of {module!r}", "a Tensor or an array of real numbers", x)


def parts(x: Any) -> list[tuple[str, Any]]:
    """What is directly in a module, a list, a tuple or a dict, with names."""
    if isinstance(x, Module):
        return list(vars(x).items())
    if isinstance(x, dict):
        return [(str(key), part) for key, part in x.items()]
    return [(str(i), part) for i, part in enumerate(x)] if isinstance(x, (list, tuple)) else []


def contents(module: Module, above: Iterable[Module] = ()) -> Iterator[tuple[str, Any]]:
    """All that is in a module, with dotted names.

    Inside of shared and circular parts it looks once, and not inside of the modules `above`.
    """
    stack: list[tuple[str, Any]] = [("", module)]
    seen = {id(m) for m in above}
    while stack:
        name, x = stack.pop()
        yield name, x
        if id(x) not in seen and (inside := parts(x)):
            seen.add(id(x))
            before = f"{name}." if name else ""
            stack += [(before + key, part) for key, part in reversed(inside)]


def inner_modules(module: Module, above: tuple[Module, ...] = ()) -> list[tuple[str, Module]]:
    """The children of a module that are not the module itself, or one `above`, around it."""
    around = {id(m) for m in (module, *above)}
    return [(name, child) for name, child in module.children() if id(child) not in around]


def own_parameters(module: Module, above: tuple[Module, ...]) -> list[Any]:
    """The parameters of a module, without those it reaches through modules `above` it."""
    found = {id(x): x for _, x in contents(module, above) if is_parameter(x)}
    return list(found.values())
