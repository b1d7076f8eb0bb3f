"""A model as its layers: what `autograd.draw(model)` shows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from autograd.core.node import Node
from autograd.core.shapes import shape_of
from autograd.draw.graph.groups import counted
from autograd.draw.graph.names import with_group_names
from autograd.draw.graph.picture import Box, Group, Picture
from nn.module import inner_modules, own_parameters

if TYPE_CHECKING:
    from nn.module import Module


def layers_of(model: Module) -> Picture:
    """A box for each layer, a group for each module that is made of others.

    Layers are linked where their order is known: in modules whose children are `chained`. What
    other modules do with theirs shows in the graph of a call, `draw(model, x)`.
    """
    return with_group_names(Picture(*Layers().of(model)))


class Layers:
    """Collects boxes and groups from modules."""

    def __init__(self) -> None:
        self.boxes: list[Box] = []
        self.groups: list[Group] = []

    def of(self, model: Module) -> tuple[tuple[Box, ...], tuple[Group, ...]]:
        self.add("", model, "", [], ())
        return tuple(self.boxes), tuple(self.groups)

    def add(
        self,
        name: str,
        module: Module,
        group: str,
        before: list[str],
        above: tuple[Module, ...],
    ) -> list[str]:
        """Add a module after the boxes `before`; return the ids of its last boxes.

        A child that is also one of the modules `above` is skipped.
        """
        children = inner_modules(module, above)
        if not children or alike(module, children):
            return [self.add_box(name, module, group, before, above)]
        inner = f"g{len(self.groups)}"
        title = (f"{name}: " if name else "") + type(module).__name__
        self.groups.append(Group(inner, title, group))
        ends: list[str] = []
        for child_name, child in children:
            after = self.add(child_name, child, inner, before, (*above, module))
            if module.chained:
                before = ends = after
            else:
                ends += after
        return ends

    def add_box(
        self,
        name: str,
        module: Module,
        group: str,
        before: list[str],
        above: tuple[Module, ...],
    ) -> str:
        name_of_box = f"n{len(self.boxes)}"
        children = inner_modules(module, above)
        about = "" if children or not module.describe() else f"({module.describe()})"
        title = type(module).__name__ + about
        self.boxes.append(
            Box(
                id=name_of_box,
                kind="group",
                value=None,
                label=(f"{name}: " if name else "") + title,
                operands=tuple(before),
                group=group,
                notes=tuple(notes_of(module, above)),
                times=len(children) or 1,
            )
        )
        return name_of_box


def alike(module: Module, children: list[tuple[str, Module]]) -> bool:
    """Whether all children of a module are equal, such as the neurons of a layer."""
    looks = {repr(child) for _, child in children}
    return len(looks) == 1 and not module.chained


def notes_of(module: Module, above: tuple[Module, ...]) -> Iterator[str]:
    children = [child for _, child in inner_modules(module, above)]
    if children:
        yield f"{len(children)} × {children[0]!r}"
    parameters = sum(math.prod(shape_of(x)) for x in own_parameters(module, above))
    if parameters:
        yield counted(parameters, "parameter")


def names_in(leaves: Sequence[Node], modules: Sequence[Module]) -> dict[Node, str]:
    """The names of the leaves that are parameters of modules: "0.weight".

    Args:
        leaves: which to name.
        modules: in the order in which they were made. A parameter has its name in the outermost
            one; of two that hold each other that is the older one.
    """
    wanted = {id(leaf): leaf for leaf in leaves}
    names: dict[Node, str] = {}
    for module in outermost(modules):
        for name, parameter in module.named_parameters():
            if id(parameter) in wanted:
                names.setdefault(wanted[id(parameter)], name)
    return names


def outermost(modules: Sequence[Module]) -> list[Module]:
    """The modules that are part of no other; of modules that hold each other, the first."""
    age = {id(module): i for i, module in enumerate(modules)}
    parts = {id(m): {id(part) for part in m.modules() if part is not m} for m in modules}
    inner = {
        part
        for module, within in parts.items()
        for part in within & parts.keys()
        if module not in parts[part] or age[module] < age[part]
    }
    return [module for module in modules if id(module) not in inner]
