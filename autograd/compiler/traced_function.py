"""Traced functions: what a function does with arguments of certain forms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd.transforms.derivatives import Argnums, select_arguments

from .forms import ONE, Form
from .targets.python import flattener
from .trace import Trace

other = object()  # what compiled functions return if they were handed something else than floats


class TracedFunction:
    """A function, called once with symbols in place of numbers.

    Args:
        f: the function.
        name: its name in source.
        parameters: the names and forms of its positional arguments.
        kwargs: its keyword arguments, which are compiled in.
    """

    def __init__(
        self, f: Callable[..., Any], name: str, parameters: list[tuple[str, Form]], kwargs: Any
    ) -> None:
        self.name, self.parameters = name, parameters
        labels = [label for name, form in parameters for label in form.labels(name)]
        self.trace = Trace(labels)
        numbers = iter(self.trace.inputs)
        self.out = self.trace.run(f, [form.filled(numbers) for _, form in parameters], kwargs)
        self.flatten = flattener(parameters, other)
        captured = list(self.trace.captured_values.values())
        self.values = [x for x, _ in captured]
        self.inputs = [*self.trace.inputs, *(symbol for _, symbol in captured)]
        self.levels = [symbol.level for _, symbol in captured]
        self.weights = [x for x, symbol in captured if symbol.level]
        self.programs: dict[Any, Any] = {}  # what it was lowered to: see lowered_program.lower()

    def outdated(self) -> bool:
        """Whether a weight was frozen or unfrozen since the function was traced."""
        return [x.level for x in self.values] != self.levels

    def variables(self, argnums: Argnums | None) -> tuple[list[int], Form]:
        """Return which inputs these arguments are, or the weights for None, and their form."""
        forms = [form for _, form in self.parameters]
        starts = [0]
        for form in forms:
            starts.append(starts[-1] + form.size())
        if argnums is None:
            weights = [k for k, level in enumerate(self.levels, starts[-1]) if level]
            return weights, Form(list, (ONE,) * len(weights))
        chosen = select_arguments(argnums, len(forms))
        if isinstance(chosen, int):
            return list(range(starts[chosen], starts[chosen + 1])), forms[chosen]
        positions = [k for i in chosen for k in range(starts[i], starts[i + 1])]
        return positions, Form(tuple, tuple(forms[i] for i in chosen))
