"""A function as it was traced: what all that is computed of it starts from."""

from __future__ import annotations

from collections.abc import Callable
from threading import RLock
from typing import Any

from autograd.core import pytree
from autograd.transforms.derivatives import Argnums, check_differentiable, selected

from .forms import ONE, Form, filled, labels_of
from .lowered_program import Task, other
from .targets.python import flattener
from .trace import Trace

TRACING = RLock()  # two threads must not write one trace


class Version:
    """A function as it was traced with arguments of certain forms, and what was made of that."""

    def __init__(
        self, f: Callable[..., Any], name: str, parameters: list[tuple[str, Form]], kwargs: Any
    ) -> None:
        self.name, self.parameters = name, parameters
        labels = [label for name, form in parameters for label in labels_of(name, form)]
        self.trace = Trace(labels)
        numbers = iter(self.trace.inputs)
        args = [filled(form, numbers) for _, form in parameters]
        self.out = self.trace.run(f, args, kwargs)
        self.flat = flattener(parameters, other)
        closed_over = self.trace.closed_over.values()
        self.values = [x for x, _ in closed_over]
        self.levels = [symbol.level for _, symbol in closed_over]
        self.weights = [x for x, symbol in closed_over if symbol.level]
        self.weight_positions = [
            k for k, (_, symbol) in enumerate(closed_over, len(labels)) if symbol.level
        ]
        self.tasks: dict[Any, Task] = {}

    def outdated(self) -> bool:
        """Whether some weight was frozen, or is no longer, since the function was traced."""
        return [x.level for x in self.values] != self.levels

    def task(self, argnums: Argnums | None, order: int) -> Task:
        """The value and the derivatives by these arguments, or by weights, up to an order."""
        key = (argnums, order)
        with TRACING:
            if key not in self.tasks:
                for x in pytree.leaves(self.out) if order else ():
                    check_differentiable(x)
                positions, form = self.variables(argnums) if order else ([], ONE)
                self.tasks[key] = Task(self, positions, form, order)
            return self.tasks[key]

    def variables(self, argnums: Argnums | None) -> tuple[list[int], Form]:
        """Which inputs these arguments are, or the weights for None, and how they are nested."""
        if argnums is None:
            return self.weight_positions, Form(list, (ONE,) * len(self.weights))
        chosen = selected(argnums, len(self.parameters))
        forms = [form for _, form in self.parameters]
        starts = [0]
        for form in forms:
            starts.append(starts[-1] + form.size())
        positions: list[int] = []
        for i in (chosen,) if isinstance(chosen, int) else chosen:
            positions += range(starts[i], starts[i + 1])
        if isinstance(chosen, int):
            return positions, forms[chosen]
        return positions, Form(tuple, tuple(forms[i] for i in chosen))
