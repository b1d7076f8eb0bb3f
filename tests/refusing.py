"""Array types that speak NumPy's protocols and refuse to become ndarrays.

They stand for arrays that live elsewhere: on a GPU, on a cluster.
"""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin


class Refusing(NDArrayOperatorsMixin):
    """`Refusing(array)` takes an array elsewhere, `get()` brings a copy back.

    As CuPy's arrays do, it refuses to be converted, to stand beside an ndarray unless that is an
    index, and ufuncs' methods such as `np.add.at`. As Dask's do, it leaves `a += b` to Python,
    which makes a new array. It also refuses `out=`.

    Whatever crosses between here and there is noted: in which direction, and how many numbers.
    """

    __slots__ = ("_array", "base")
    __hash__ = None  # type: ignore[assignment]  # == compares entries

    crossings: ClassVar[list[tuple[str, int]]] = []

    def __init__(self, array: Any) -> None:
        self._array, self.base = np.array(array), None
        self.crossings.append(("there", self._array.size))

    @classmethod
    def asarray(cls, x: Any) -> Any:
        return x if type(x) is cls else cls(x)

    def get(self) -> Any:
        self.crossings.append(("back", self.size))
        return self._array.copy()

    def there(self, x: Any, *sources: Any) -> Any:
        """Arrays of this kind in place of the ndarrays in the result of a call."""
        if isinstance(x, (np.ndarray, np.generic)):
            out = object.__new__(type(self))
            out._array, out.base = np.asarray(x), None
            return out
        if isinstance(x, tuple):  # svd's has names
            return tuple(self.there(part, *sources) for part in x)
        return x

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        raise TypeError("this array refuses to become an ndarray")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        refuse_out(ufunc, kwargs)
        if any(isinstance(x, np.ndarray) for x in inputs):
            raise TypeError(f"{ufunc.__name__}: this array refuses to stand beside an ndarray")
        if method != "__call__" or not all(isinstance(x, (Refusing, Real)) for x in inputs):
            return NotImplemented
        return self.there(ufunc(*here(inputs), **kwargs))

    def __array_function__(
        self, function: Callable[..., Any], types: Any, args: Any, kwargs: Any
    ) -> Any:
        refuse_out(function, kwargs)
        if "device" in kwargs:  # np.ones(..., like=) hands it over, and CuPy's functions lack it
            raise TypeError(f"{function.__name__}: this array refuses the option device")
        if not all(issubclass(t, Refusing) for t in types):
            return NotImplemented
        self.note(args)  # what is told to lie beside this array, by like=
        out = function(*here(args), **here(kwargs))
        if function is np.count_nonzero:  # of older NumPys a plain int, of other libraries none
            out = np.asarray(out)
        return self.there(out, *args)

    def note(self, parts: Any) -> None:
        """Note the ndarrays that cross as part of a call, or of an index."""
        for x in parts if isinstance(parts, tuple) else (parts,):
            if isinstance(x, np.ndarray):
                self.crossings.append(("there", x.size))

    def __getitem__(self, index: Any) -> Any:
        self.note(index)
        return self.there(self._array[here(index)], self)

    def __setitem__(self, index: Any, value: Any) -> None:
        if isinstance(value, np.ndarray):
            raise TypeError("this array refuses to take in an ndarray")
        self._array[here(index)] = here(value)

    def item(self) -> Any:
        return self.get().item()

    def __float__(self) -> float:
        return float(self.get())

    def __int__(self) -> int:
        return int(self.get())

    def __bool__(self) -> bool:
        return bool(self.get())

    def __len__(self) -> int:
        return len(self._array)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._array})"

    shape = property(lambda self: self._array.shape)
    ndim = property(lambda self: self._array.ndim)
    size = property(lambda self: self._array.size)
    dtype = property(lambda self: self._array.dtype)
    nbytes = property(lambda self: self._array.nbytes)
    T = property(lambda self: self.there(self._array.T, self))


def method_of_numpy(name: str) -> Callable[..., Any]:
    def method(self: Refusing, *args: Any, **kwargs: Any) -> Any:
        return self.there(getattr(self._array, name)(*args, **kwargs), self)

    return method


METHODS = "all any argmax astype clip copy max mean min reshape sum"
OPERATORS = "add and floordiv matmul mod mul or pow sub truediv xor"

for name in METHODS.split():
    setattr(Refusing, name, method_of_numpy(name))
for name in OPERATORS.split():
    setattr(Refusing, f"__i{name}__", getattr(NDArrayOperatorsMixin, f"__{name}__"))


class Device(Refusing):
    """One step nearer to CuPy's: changed in place by `a += b` and `out=`, with views, which know
    what they view, and flags, which don't know of being writeable.
    """

    __slots__ = ()

    def there(self, x: Any, *sources: Any) -> Any:
        out = super().there(x, *sources)
        for source in sources:
            both = isinstance(out, Device) and isinstance(source, Device)
            if both and np.shares_memory(out._array, source._array):
                out.base = source if source.base is None else source.base
        return out

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        out = kwargs.pop("out", (None,))[0]
        new = super().__array_ufunc__(ufunc, method, *inputs, **kwargs)
        if out is None or new is NotImplemented:
            return new
        out[...] = new
        return out

    flags = property(lambda self: SimpleNamespace(fnc=self._array.flags.fnc))


for name in OPERATORS.split():
    setattr(Device, f"__i{name}__", getattr(NDArrayOperatorsMixin, f"__i{name}__"))


asarray = Device.asarray  # as a library has it


def refuse_out(function: Any, kwargs: Any) -> None:
    if kwargs.get("out") is not None:
        raise TypeError(f"{function.__name__}: this array refuses out=")


def here(x: Any) -> Any:
    """ndarrays in place of the refusing arrays in a call's arguments."""
    if isinstance(x, Refusing):
        return x._array
    if isinstance(x, dict):
        return {key: here(part) for key, part in x.items()}
    return type(x)(map(here, x)) if isinstance(x, (list, tuple)) else x
