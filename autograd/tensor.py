"""`Tensor`, an array as a node: construction, shapes, indexing, changes in place."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from numbers import Real
from typing import Any

import numpy as np

from .core import arguments, array_libraries, array_rules, rules
from .core.array_libraries import is_operand
from .core.changes import (
    changed_in_place,
    copy_if_small,
    ensure_unshared,
    mark_changed,
    mark_exposed,
)
from .core.modes import current_mode
from .core.node import Node
from .core.op import Data, Op, data_of
from .core.shapes import Shape, shape_of
from .node_methods import Operators
from .numpy_api import joining, linalg, manipulation, products, reductions, statistics

REAL = "fiub"  # the kinds of NumPy dtype that a tensor can hold

# The C library returns the memory of large arrays to the system, which clears it page by page for
# the next ones. After 32 MB were allocated and freed, glibc keeps up to 64 MB, where Linux uses
# large pages: an expression of 10^6 elements takes 0.25 of the time. Nothing is written here, so no
# memory is used.
for _ in range(2):
    np.empty(2**25 - 2**16, np.uint8)


def check_real(data: Data) -> Data:
    """Return `data`, which must hold real numbers.

    Raises:
        TypeError: it holds text, objects, dates or complex numbers.
    """
    if data.dtype.kind not in REAL:
        raise TypeError(f"a Tensor holds real numbers, but got an array of dtype {data.dtype}")
    return data


def as_constant(x: Any) -> Data:
    """Return `x`, a number, an array or a list of numbers, as a plain operand beside tensors.

    Raises:
        TypeError: `x` holds no real numbers, or is a list of nodes (`stack` joins those).
    """
    if type(x) is np.ndarray:
        return check_real(x)
    if type(x) in (float, int, bool):
        return x
    x = array_libraries.as_operand(x)
    if hasattr(x, "dtype") and not isinstance(x, (type, Node)):
        return check_real(x)
    if isinstance(x, (list, tuple)):
        return check_real(np.array(x))
    if isinstance(x, Real):
        return float(x)
    raise TypeError(f"a Tensor's operand is a number or an array, but got {type(x).__name__} {x!r}")


def in_place(op: Op, update: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Return the method for an augmented assignment, such as `w -= lr * w.grad`."""

    def method(self: Tensor, other: Any) -> Any:
        if not is_operand(other):
            return NotImplemented
        if current_mode().recording and (self.level or (isinstance(other, Node) and other.level)):
            if self.op is None and self.level:
                raise ValueError(
                    f"{op.name} in place on {self.describe()}, a leaf that requires a gradient; "
                    "update it under no_grad(), or write x = x + y for a new tensor"
                )
            return op(self, other)
        y = as_constant(data_of(other))
        self._before_write()
        data = self._data
        if self.op is None and isinstance(data, np.ndarray) and data.flags.writeable:
            update(data, y)
            self.mark_changed()
        else:
            self._replace(op.forward(data, y))
        return self

    return method


def of_data(name: str) -> Callable[..., Any]:
    """Return the method for a function of NumPy that is not differentiable."""
    function = array_libraries.no_fallback(getattr(np, name))

    def method(self: Tensor, *args: Any, **options: Any) -> Any:
        return function(self._data, *map(data_of, args), **options)

    return method


def in_place_method(name: str) -> Callable[..., Any]:
    """Return a method that refuses what a method of NumPy's arrays does in place."""

    def method(self: Tensor, *args: Any, **options: Any) -> Any:
        raise TypeError(
            f"t.{name}() is not defined: it changes an array in place; use np.{name}(t)"
        )

    return method


class Tensor(Operators):
    """An array of real numbers that records how it was computed.

    >>> x = Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    array([[2., 4.],
           [6., 8.]])

    Args:
        data: a number, nested lists of numbers, or an array of any shape. Arrays are copied and
            keep their dtype; `from_numpy` shares the memory instead.
        requires_grad: whether to differentiate with respect to this tensor.
        dtype: a NumPy dtype to convert to.
        label: a name for messages and pictures.

    Raises:
        TypeError: the data are no real numbers, or are integers and a gradient is required.
    """

    __slots__ = ("made_at",)

    def __init__(
        self,
        data: Any,
        requires_grad: bool = False,
        dtype: Any = None,
        label: str | None = None,
    ) -> None:
        if isinstance(data, Node):
            raise TypeError(
                f"a Tensor is made from numbers, but got {data.describe()}; "
                "use t.detach() for a constant, or stack([t]) to stay in the graph"
            )
        if data is None:
            raise TypeError("a Tensor is made from numbers, but got None")
        if getattr(getattr(data, "dtype", None), "kind", "") == "c":
            check_real(data)  # before dtype drops the imaginary part
        data = array_libraries.as_plain_array(data)
        if isinstance(data, np.ndarray) or not hasattr(data, "__array_function__"):
            data = np.array(data, dtype=dtype)
        else:  # an array of another library
            data = data.copy() if dtype is None else data.astype(dtype)
        if not data.dtype.isnative:  # as gradients are, which get the dtype of the data
            data = data.astype(data.dtype.newbyteorder("="))
        self._check_and_begin(check_real(data), requires_grad, label)

    def _check_and_begin(self, data: Data, requires_grad: bool, label: str | None) -> None:
        if type(requires_grad) is not bool:
            requires_grad = arguments.flag("requires_grad", requires_grad)
        if requires_grad and data.dtype.kind != "f":
            raise TypeError(
                f"only floating-point numbers have gradients, but this tensor holds {data.dtype}; "
                "give dtype=float, or numbers with a decimal point"
            )
        self._begin(data, int(requires_grad), label)

    @property
    def data(self) -> Data:
        """The array itself, read-only if it was computed.

        To change a leaf, assign: `w.data = x`, `w.data -= x`, or `w -= x` under `no_grad()`.
        """
        if self.op is not None:
            return self.numpy()
        if not self.level:
            self._before_write()
        mark_exposed(self._data)
        return self._data

    @data.setter
    def data(self, data: Any) -> None:
        self._check_leaf("be given new data. Change its inputs and compute it again")
        data = as_constant(data)
        if shape_of(data) != self.shape:
            raise ValueError(f"the data of {self.describe()} can't get shape {shape_of(data)}")
        self._before_write()
        if data is self._data:
            self.mark_changed()
        else:
            if isinstance(self._data, np.ndarray) and isinstance(data, (np.ndarray, Real)):
                given, data = data, np.empty_like(self._data)  # with the same memory layout
                data[...] = given
            else:
                data = data if hasattr(data, "dtype") else np.array(data)
                data = array_libraries.copy_array(array_libraries.to_library_of(data, self._data))
            self._replace(data)

    def _replace(self, data: Data) -> None:
        """Set other data, converted to this tensor's dtype: results computed before are stale."""
        self._data = data.astype(self.dtype, copy=False)  # mutants 2: an extra copy

    def mark_changed(self) -> None:
        """Record that the array was changed in place: results computed from it before are stale.

        Backward passes detect it by the memory of the array, or, for arrays of other libraries, by
        the new array object that replaces it here.
        """
        data = self._data
        mark_changed(data)
        view = data[...]
        self._data = view if view is not data else data.copy()  # Dask's [...] is no new object

    @staticmethod
    def constant(x: Any) -> Data:
        return copy_if_small(as_constant(x))

    def seed(self, seed: Any) -> Data:
        if self._data.dtype.kind != "f":
            raise TypeError(
                f"only floating-point results can be differentiated, but this is a "
                f"{self.describe()} of {self.dtype}; leave out the conversion"
            )
        if seed is None:
            if self._data.size != 1:
                raise ValueError(
                    f"backward() needs a scalar, but this is a {self.describe()}; "
                    "sum() or mean() it, or pass the gradient of each entry: backward(seed)"
                )
            data = self._data
            # mutants 1: only faster
            return data.dtype.type(1) if isinstance(data, np.generic) else np.ones_like(data)
        seed = array_libraries.to_library_of(as_constant(data_of(seed)), self._data)
        if shape_of(seed) != self.shape:
            raise ValueError(
                f"the seed of backward() must have the shape {self.shape} of the tensor, "
                f"but has {shape_of(seed)}"
            )
        if isinstance(seed, Real):
            return np.full_like(self._data, seed)
        # mutants 2: an extra copy
        return seed.astype(self.dtype, copy=False)  # it may be a gradient that stays

    def fit(self, part: Data, op: Op) -> Data:
        shape, dtype = self._data.shape, self._data.dtype
        if part.__class__ is np.ndarray and part.shape == shape and part.dtype is dtype:
            return part
        if not hasattr(part, "dtype"):  # a float or a Value: the gradient of every entry
            ones = np.ones_like(self._data)
            # mutants 1: divides by ones
            part = part * (from_numpy(ones) if isinstance(part, Node) else ones)
        elif part.shape != shape:
            if not op.broadcasts:
                raise ValueError(
                    f"a derivative of {op.name} has shape {part.shape}, "
                    f"but its argument has shape {shape}"
                )
            part = array_rules.sum_to(part, shape=shape)
        # mutants 1: only faster
        return part if part.dtype == dtype else rules.astype(part, dtype=dtype)

    def stale(self, op: Op, graph: bool = False) -> None:  # mutants 1: ignored for arrays
        raise changed_in_place(self.describe(), op.name)

    def accumulate(self, g: Data, taken: set[int]) -> None:
        if self.grad is not None:
            g = self.grad + g
        self.grad = ensure_unshared(np.asarray(g) if isinstance(g, np.generic) else g, taken)

    def detach(self) -> Tensor:
        """Return the data as a constant: no gradient flows through it.

        It shares the memory of a computed tensor, read-only; a leaf, which can change, is copied.
        """
        out = from_numpy(self._data[...] if self.op else array_libraries.copy_array(self._data))
        out.label = self.label
        if self.op and isinstance(out._data, np.ndarray):
            out._data.flags.writeable = False
        return out

    def numpy(self) -> Data:
        """Return the data as a read-only array, which shares the memory.

        It is an array of the tensor's own library; `t.to(np).numpy()` is always NumPy's.
        """
        data = self._data[...]
        if isinstance(data, np.ndarray):
            data.flags.writeable = False
        return data

    def to(self, place: Any) -> Any:
        """Return a tensor of another library's arrays, or this tensor if its array is one.

        It is differentiable: the gradient is converted back to this tensor's library.

        Args:
            place: a library, such as `numpy`, or a function from NumPy's arrays to its arrays.

        Raises:
            TypeError: `place` is neither.
        """
        out = rules.to(self, make=array_libraries.converter(place))
        return self if out._data is self._data else out

    def tolist(self) -> Any:
        return array_libraries.to_numpy(self._data).tolist()

    @property
    def shape(self) -> Shape:
        return self._data.shape

    @property
    def ndim(self) -> int:
        return self._data.ndim

    @property
    def size(self) -> int:
        return self._data.size

    @property
    def dtype(self) -> Any:
        return self._data.dtype

    @property
    def T(self) -> Tensor:
        return self.transpose()

    def __len__(self) -> int:
        return len(self._data)

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        data = self._data
        if isinstance(data, (np.ndarray, np.generic)):
            body = np.array2string(np.asarray(data), separator=", ", prefix="Tensor(")
        else:
            body = repr(data)
        dtype = f", dtype={self.dtype}" if self.dtype != np.float64 else ""
        label = f", label={self.label!r}" if self.label else ""
        grad = ", requires_grad=True" if self.level else ""
        return f"Tensor({body}{dtype}{label}{grad})"

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else repr(self)

    __iadd__ = in_place(rules.add, operator.iadd)
    __isub__ = in_place(rules.sub, operator.isub)
    __imul__ = in_place(rules.mul, operator.imul)
    __itruediv__ = in_place(rules.div, operator.itruediv)
    __ipow__ = in_place(rules.pow, operator.ipow)

    __ifloordiv__ = in_place(rules.floor_divide, operator.ifloordiv)
    __imod__ = in_place(rules.mod, operator.imod)

    def __matmul__(self, other: Any) -> Any:
        return products.matmul(self, other) if is_operand(other) else NotImplemented

    def __rmatmul__(self, other: Any) -> Any:
        return products.matmul(other, self) if is_operand(other) else NotImplemented

    def __getitem__(self, index: Any) -> Any:
        return manipulation.getitem(self, index)

    def __setitem__(self, index: Any, value: Any) -> None:
        if self.level or (isinstance(value, Node) and value.level):
            raise ValueError(
                f"assigning to entries of {self.describe()} would drop a gradient; "
                "use where(mask, new, old), or build the tensor with stack or concatenate"
            )
        value = as_constant(data_of(value))
        self._before_write()
        if isinstance(self._data, np.ndarray) and not self._data.flags.writeable:
            self._data = array_libraries.copy_array(self._data)  # it may be shared
        self._data[index] = value
        self.mark_changed()

    def reshape(self, *shape: Any, order: str = "C", copy: bool | None = None) -> Any:
        if not shape:
            raise TypeError("reshape() needs a shape; () is that of a single number")
        return manipulation.reshape(self, shape[0] if len(shape) == 1 else shape, order, copy=copy)

    def transpose(self, *axes: Any) -> Any:
        if not axes:
            return manipulation.transpose(self)
        return manipulation.transpose(self, axes[0] if len(axes) == 1 else axes)

    def astype(self, dtype: Any) -> Any:
        if np.dtype(dtype).kind not in REAL:
            raise TypeError(f"a Tensor holds real numbers, and can't be made {np.dtype(dtype)}")
        return rules.astype(self, dtype=np.dtype(dtype))

    def compress(self, condition: Any, axis: int | None = None, out: Any = None) -> Any:
        return manipulation.compress(condition, self, axis, out)

    def fill(self, value: Any) -> None:
        self[...] = value

    argsort, argpartition = of_data("argsort"), of_data("argpartition")
    nonzero, searchsorted = of_data("nonzero"), of_data("searchsorted")
    partition, resize, sort = (in_place_method(name) for name in ("partition", "resize", "sort"))

    # Methods that NumPy's arrays or PyTorch's tensors have, with the same arguments.
    sum, mean, var, std, prod = (
        reductions.sum, reductions.mean, reductions.var, reductions.std, reductions.prod,
    )  # fmt: skip
    max, min, median, cumsum, cumprod = (
        reductions.max, reductions.min, statistics.median, reductions.cumsum, reductions.cumprod,
    )  # fmt: skip
    logsumexp, softmax, log_softmax, norm = (
        reductions.logsumexp, reductions.softmax, reductions.log_softmax, linalg.norm,
    )  # fmt: skip
    argmax, argmin, any, all = reductions.argmax, reductions.argmin, reductions.any, reductions.all
    ravel, squeeze, swapaxes, repeat = (
        manipulation.ravel, manipulation.squeeze, manipulation.swapaxes, manipulation.repeat,
    )  # fmt: skip
    flatten, take, diagonal = manipulation.ravel, manipulation.take, manipulation.diagonal
    dot, trace, choose = products.dot, products.trace, joining.choose
    mT = property(products.matrix_transpose)  # noqa: N815  # NumPy's name


def from_numpy(array: Data, requires_grad: bool = False, label: str | None = None) -> Tensor:
    """Return a tensor that shares the array's memory: a change of one changes the other.

    Raises:
        TypeError: the argument is no array of real numbers, or may have to be copied.
    """
    if not hasattr(array, "dtype") or array_libraries.is_convertible(array):
        raise TypeError(
            f"from_numpy() takes an array, but got {type(array).__name__}; "
            "use Tensor(x), which copies"
        )
    out: Tensor = object.__new__(Tensor)
    out._check_and_begin(check_real(array_libraries.as_plain_array(array)), requires_grad, label)
    return out


Tensor.kind = Node.array = Tensor
