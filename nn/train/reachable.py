"""Find everything that objects refer to: attributes, entries of containers, functions' variables.

Trainings find the random generators of transforms, losses and callbacks by it.
"""

from __future__ import annotations

import random
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextvars import ContextVar
from functools import cache, partial
from types import (
    BuiltinMethodType,
    CellType,
    CodeType,
    FunctionType,
    GeneratorType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Any, TypeAlias

import numpy as np

from autograd.core.node import Node

Parts: TypeAlias = Iterable[tuple[Any, Any]]  # with names

PLAIN = (bool, int, float, complex, str, bytes, type(None))
LONG = 10_000  # entries: longer containers are taken for data and not searched
MANY = 200_000  # objects: the search ends there


def reachable(owners: Mapping[str, Any], code: bool = True) -> Iterator[tuple[str, Any]]:
    """Everything in these objects, with dotted names: each object once, plain values each time.

    Args:
        owners: where to begin.
        code: whether to look at what functions and classes refer to as well: global variables and
            class attributes, of all but installed packages.
    """
    seen: dict[int, Any] = {}  # kept, so that nothing made on the way takes another's id
    stack = [*owners.items()][::-1]
    while stack and len(seen) < MANY:
        name, x = stack.pop()
        if isinstance(x, PLAIN):
            yield name, x
        elif id(x) not in seen:
            seen[id(x)] = x
            yield name, x
            inside = [(f"{name}.{key}", part) for key, part in parts_of(x, code)]
            stack += inside[::-1]


def parts_of(x: Any, code: bool) -> Parts:
    """What is directly in an object, with names."""
    if isinstance(x, (Node, ModuleType)):
        return ()
    if isinstance(x, np.ndarray):
        return enumerate(x.flat) if x.dtype == object and x.size <= LONG else ()
    if isinstance(x, type):
        return members(x) if code else ()
    if isinstance(x, FunctionType):
        return in_function(x, code)
    if isinstance(x, GeneratorType):
        return () if x.gi_frame is None else x.gi_frame.f_locals.items()
    if isinstance(x, (MethodType, BuiltinMethodType)):
        return [("self", x.__self__), ("function", getattr(x, "__func__", None))]
    if isinstance(x, partial):
        return [("function", x.func), ("args", x.args), ("keywords", x.keywords)]
    if isinstance(x, ContextVar):
        return [("value", x.get(None))]
    if isinstance(x, property):
        return [("get", x.fget), ("set", x.fset)]
    if isinstance(x, (classmethod, staticmethod)):
        return [("function", x.__func__)]
    own = [("class", type(x))] if code and not is_library(type(x).__module__) else []
    return [*entries(x), *attributes(x), *own]


def entries(x: Any) -> Parts:
    """What is in a container."""
    if isinstance(x, (dict, list, tuple, deque, AbstractSet)) and len(x) > LONG:
        return ()
    if isinstance(x, dict):
        return x.items()
    if isinstance(x, (list, tuple, deque)):
        return enumerate(x)
    if isinstance(x, AbstractSet):
        return enumerate(sorted(x, key=order))
    return ()


def order(x: Any) -> str:
    """What the entries of a set are sorted by: the same in every process."""
    state: Any = x if isinstance(x, PLAIN) else ""
    if isinstance(x, np.random.Generator):
        state = x.bit_generator.state
    elif isinstance(x, np.random.RandomState):
        state = x.get_state()
    elif isinstance(x, random.Random) and not isinstance(x, random.SystemRandom):
        state = x.getstate()
    return f"{type(x).__qualname__} {state!r}"


def attributes(x: Any) -> Parts:
    """Attributes, those in `__slots__` too."""
    yield from getattr(x, "__dict__", {}).items()
    for kind in type(x).__mro__:
        if is_library(kind.__module__) and not kind.__module__.startswith("nn."):
            continue
        for name, slot in vars(kind).items():
            if isinstance(slot, MemberDescriptorType):
                yield name, getattr(x, name, None)


def members(kind: type) -> Parts:
    """The attributes of a class and its bases."""
    for base in kind.__mro__:
        if not is_library(base.__module__):
            yield from ((k, x) for k, x in vars(base).items() if not isinstance(x, PLAIN))


def in_function(f: FunctionType, code: bool) -> Parts:
    """What a function closes over, its defaults, its attributes, and its global variables."""
    for name, cell in zip(f.__code__.co_freevars, f.__closure__ or ()):
        yield from ((name, x) for x in content(cell))
    yield "defaults", f.__defaults__
    yield "keywords", f.__kwdefaults__
    yield from vars(f).items()
    if code and not is_library(f.__globals__.get("__name__") or ""):
        yield from global_variables(f)


def global_variables(f: FunctionType) -> Parts:
    """The global variables that a function names, and the attributes of modules among them."""
    names = names_in(f.__code__)
    for name in names:
        x = f.__globals__.get(name, sys.modules.get(name))  # it may import it by itself
        if not isinstance(x, ModuleType):
            yield name, x
        elif not is_library(x.__name__):
            inside = vars(x)
            yield from ((f"{name}.{key}", inside[key]) for key in names if key in inside)


def names_in(code: CodeType) -> list[str]:
    """All names that some code, and the functions inside it, look up."""
    nested = [names_in(x) for x in code.co_consts if isinstance(x, CodeType)]
    return list(dict.fromkeys([*code.co_names, *(name for names in nested for name in names)]))


def content(cell: CellType) -> list[Any]:
    """What is in a variable that a function closes over: nothing, if it has not been set."""
    try:
        return [cell.cell_contents]
    except ValueError:
        return []


@cache
def is_library(module: str) -> bool:
    """Whether a module is part of Python, of this project, or of an installed package."""
    top = module.partition(".")[0]
    if top in {"autograd", "nn"} or top in sys.stdlib_module_names:
        return True
    file = getattr(sys.modules.get(top), "__file__", None) or ""
    return "site-packages" in file or "dist-packages" in file
