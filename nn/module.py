"""`Module`: something with parameters, and `Parameter`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from autograd import Tensor
from autograd.node import Node


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


class Module:
    """Anything with parameters: a layer, a net, a whole model.

    Parameters are found in attributes, and in lists, tuples, dicts and modules among the
    attributes, in the order in which they were set; a shared one is listed once. Subclasses
    define `forward`; calling the module calls it.
    """

    training = True

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The output for an input. Subclasses define it."""
        raise TypeError(f"{type(self).__name__} defines no forward()")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.forward(*args, **kwargs)

    def named_parameters(self) -> Iterator[tuple[str, Any]]:
        """Each parameter once, with its dotted name: `("0.weight", Parameter)`."""
        seen: set[int] = set()
        for name, x in _contents("", vars(self)):
            if isinstance(x, Node) and id(x) not in seen and is_parameter(x):
                seen.add(id(x))
                yield name, x

    def parameters(self) -> list[Any]:
        """All parameters, each once."""
        return [parameter for _, parameter in self.named_parameters()]

    def modules(self) -> Iterator[Module]:
        """This module and all modules in it, each once."""
        seen: set[int] = set()
        for _, x in _contents("", self):
            if isinstance(x, Module) and id(x) not in seen:
                seen.add(id(x))
                yield x

    def train(self, training: bool = True) -> Module:
        """Switch to training (dropout on), here and in all modules inside."""
        for module in self.modules():
            module.training = training
        return self

    def eval(self) -> Module:
        """Switch to evaluation (dropout off)."""
        return self.train(False)

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for parameter in self.parameters():
            parameter.grad = None

    def describe(self) -> str:
        """What stands in the parentheses of this module's `repr`."""
        return ""

    def __repr__(self) -> str:
        lines = [
            f"  ({name}): " + repr(module).replace("\n", "\n  ") for name, module in _children(self)
        ]
        head = f"{type(self).__name__}({self.describe()}"
        return "\n".join([head, *lines, ")"]) if lines else f"{head})"


def is_parameter(x: Node) -> bool:
    """A leaf that is trained: a `Parameter`, or a `Value`."""
    return isinstance(x, Parameter) or (x.kind is Node.scalar and x.op is None)


def _contents(name: str, x: Any) -> Iterator[tuple[str, Any]]:
    """`x` and all that is in it, with dotted names."""
    yield name, x
    inside: Any = ()
    if isinstance(x, Module):
        inside = vars(x).items()
    elif isinstance(x, dict):
        inside = x.items()
    elif isinstance(x, (list, tuple)):
        inside = enumerate(x)
    for key, child in inside:
        yield from _contents(f"{name}.{key}" if name else str(key), child)


def _children(module: Module) -> Iterator[tuple[str, Module]]:
    """The modules directly inside, in attributes and in lists and dicts of them."""

    def search(name: str, x: Any) -> Iterator[tuple[str, Module]]:
        if isinstance(x, Module):
            yield name, x
        elif isinstance(x, (list, tuple, dict)):
            for key, child in x.items() if isinstance(x, dict) else enumerate(x):
                yield from search(f"{name}.{key}" if name else str(key), child)

    return search("", vars(module))
