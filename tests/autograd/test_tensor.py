"""`Tensor`: broadcasting, dtypes, construction, indexing, changes in place."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import autograd as ag
from autograd import Tensor, Value
from autograd.core import array_rules


def parameter(data: object) -> Tensor:
    return Tensor(data, requires_grad=True)


def test_broadcast_gradients_are_summed_back() -> None:
    b = parameter(np.zeros(3))
    (np.ones((4, 3)) + b).sum().backward()
    assert b.grad.tolist() == [4.0, 4.0, 4.0]
    x, y = parameter([[1.0], [2.0]]), parameter([[3.0, 4.0, 5.0]])
    (x * y).sum().backward()
    assert x.grad.tolist() == [[12.0], [12.0]] and y.grad.tolist() == [[3.0, 3.0, 3.0]]
    s = parameter(2.0)
    (s * np.ones((2, 3))).sum().backward()
    assert s.grad == 6.0 and s.grad.shape == ()
    x = parameter(np.ones((1, 3)))
    (x + np.ones((1, 3))).sum().backward()
    assert x.grad.tolist() == [[1.0, 1.0, 1.0]]
    x = parameter([1.0, 5.0])
    (x - x.mean()).sum().backward()
    assert x.grad.tolist() == [0.0, 0.0]


def test_repeated_indices_add_up() -> None:
    x = parameter([3.0, 4.0])
    x[[0, 0]].sum().backward()
    assert x.grad.tolist() == [2.0, 0.0]
    with pytest.raises(IndexError, match="out of bounds"):
        x[10]


def test_ties_share_the_gradient() -> None:
    for f in (lambda x: x.max(), lambda x: x.max(axis=0)):
        x = parameter([1.0, 3.0, 3.0])
        f(x).backward()
        assert x.grad.tolist() == [0.0, 0.5, 0.5]
    for dtype, rel in ((np.float32, 1e-5), (np.float16, 1e-2)):  # more than 16 bits can count
        x = parameter(np.ones(70_000, dtype))
        x.max().backward()
        assert x.grad.dtype == dtype and x.grad.sum(dtype=float) == pytest.approx(1, rel=rel)


def test_numpys_functions_and_operands_on_either_side() -> None:
    t = Tensor(np.array([1.0, 2.0], np.float32), requires_grad=True)
    a = np.array([3.0, 4.0], np.float32)
    for out in (a * t, np.multiply(a, t), t * a, np.float32(3) * t, 3 * t, [3, 4] * t, t**2, 2**t,
                np.tanh(t), np.sum(t), np.mean(t, axis=0), np.concatenate([t, t]), np.stack([t, t]),
                np.reshape(t, (2, 1)), np.where(t > 1, t, 0.0), a @ t, np.matmul(t, a), np.max(t),
                np.maximum(t, 0), np.exp(t), np.transpose(t), np.expand_dims(t, 0)):  # fmt: skip
        assert type(out) is Tensor and out.requires_grad
    assert (a * t).dtype == np.float32 and (t * 2.5).dtype == np.float32
    assert (np.float64(2) * t).dtype == np.float64  # promoted by NumPy 2's rules
    (np.ones(2) * t).sum().backward()
    assert t.grad.dtype == np.float32
    assert np.isnan(t).tolist() == [False, False] and np.shape(t) == (2,)
    assert (t > 1).tolist() == [False, True] and np.argmax(t) == 1


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda t: np.fft.fft(t), "np.fft"),
        (lambda t: np.subtract.reduce(t), "subtract.reduce"),
        (lambda t: np.add(t, t, out=np.zeros(2)), "no option 'out'"),
        (lambda t: np.exp(t, where=[True, False]), "np.exp on nodes: .*where"),
        (lambda t: np.asarray(t), "converting to a NumPy array would drop"),
        (lambda t: np.array([t, t]), "would drop the gradient"),
        (lambda t: float(t.sum()), r"float\(\) would drop"),
        (lambda t: t + "a", "unsupported operand"),
        (lambda t: t * None, "unsupported operand"),
        (lambda t: t @ None, "unsupported operand"),
        (lambda t: None @ t, "unsupported operand"),
        (lambda t: ag.add(t, None), "a number or an array, but got NoneType"),
        (lambda t: t.astype(complex), "can't be made complex128"),
        (lambda t: t * 1j, "unsupported operand"),
        (lambda t: t * np.array([1j, 2]), "complex128"),
    ],
)
def test_what_is_not_covered_says_so(use, message) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(TypeError, match=message):
        use(parameter([1.0, 2.0]))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("a", "dtype <U1"),
        (None, "got None"),
        ([1, None], "dtype object"),
        (1j, "complex128"),
        (Tensor([1.0]), "detach"),
        ([Value(1.0)], "would drop the gradient"),
    ],
)
def test_data_that_are_no_real_numbers_are_refused(data: object, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        Tensor(data)


def test_an_imaginary_part_is_never_dropped() -> None:
    with pytest.raises(TypeError, match="complex128"):
        Tensor(np.array([1j]), dtype=float)


def test_data_have_the_native_byte_order() -> None:
    t = parameter(np.array([1.0, 2.0], ">f8"))
    assert t.dtype.isnative and t.tolist() == [1.0, 2.0]
    (t * t).sum().backward()
    assert t.grad.dtype.isnative and t.grad.tolist() == [2.0, 4.0]


def test_integers_have_no_gradient() -> None:
    t = Tensor([1, 2, 3])
    assert t.dtype.kind == "i"
    with pytest.raises(TypeError, match="decimal point"):
        Tensor([1, 2], requires_grad=True)
    with pytest.raises(TypeError, match="int64"):
        ag.grad(ag.sum)(np.array([1, 2]))


def test_shapes_that_do_not_fit_are_named() -> None:
    t = parameter(np.ones((32, 784)))
    with pytest.raises(ValueError, match=r"matmul: \(32, 784\) @ \(128, 10\): inner dimensions"):
        t @ np.ones((128, 10))
    with pytest.raises(ValueError, match=r"add of shapes \(32, 784\) and \(3,\)"):
        t + np.ones(3)
    with pytest.raises(ValueError, match="single numbers"):
        t @ 3.0


def test_axes_out_of_bounds_are_refused() -> None:
    t = parameter(np.ones((2, 3)))
    for axis in (2, -3, (0, 2)):
        for f in (ag.sum, ag.max, ag.mean, ag.logsumexp):
            with pytest.raises(IndexError, match="out of bounds for array of dimension 2"):
                f(t, axis)
    with pytest.raises(ValueError, match="one axis twice|duplicate"):
        ag.mean(t, (0, -2))
    for shape in ((2,), (3, 3), (2, 2, 3)):
        with pytest.raises(ValueError, match=r"does not broadcast to \(2, 3\)"):
            array_rules.sum_to(np.ones((2, 3)), shape=shape)


def test_memory_layout_is_kept() -> None:
    """Then sums of the same numbers have the same bits, whatever they were copied from."""
    for lying in (np.ones((2, 3, 4)), np.ones((4, 3, 2)).T, np.ones((4, 2, 3)).transpose(1, 2, 0)):
        w = parameter(lying)
        for data in (np.zeros((2, 3, 4)), np.zeros((4, 3, 2)).T, np.zeros((2, 3, 4)).tolist()):
            w.data = data
            assert w.data.strides == lying.strides and not np.shares_memory(w.data, data)
            assert (w.data == 0).all()
    w = Tensor(1.0, requires_grad=True, dtype=np.float32)
    for number in (2, 2.0, np.float64(2), np.array(2)):
        w.data = number
        assert w.data == 2 and w.data.shape == () and w.dtype == np.float32


def test_augmented_assignment() -> None:
    w = parameter([1.0, 2.0])
    (w * w).sum().backward()
    same = w
    with ag.no_grad():
        w -= 0.25 * w.grad
    assert w is same and w.requires_grad and w.data.tolist() == [0.5, 1.0]
    with pytest.raises(ValueError, match="in place on Tensor of shape.*no_grad"):
        w += 1
    y = w * 2
    z = y
    z -= 1
    assert z is not y and z.op.name == "sub" and z.tolist() == [0.0, 1.0]
    c = Tensor([1.0, 2.0], dtype=np.float32)
    shared = c
    c *= 2
    assert shared is c and c.data.tolist() == [2.0, 4.0] and c.dtype == np.float32
    c += Tensor([1.0, 1.0])
    c -= Value(1.0).detach()
    assert shared is c and c.data.tolist() == [2.0, 4.0] and c.dtype == np.float32
    c += w
    assert c is not shared and c.requires_grad


def test_changes_in_place_spare_shared_arrays() -> None:
    x = parameter([1.0, 2.0])
    y = x * 1.0
    d = y.detach()
    d += 1
    assert y.data.tolist() == [1.0, 2.0] and d.data.tolist() == [2.0, 3.0]
    leaf = x.detach()
    leaf += 1
    assert x.data.tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="read-only"):
        y.numpy()[0] = 5.0
    turned = x.reshape(2, 1)
    with ag.no_grad():
        turned -= 5
    assert x.data.tolist() == [1.0, 2.0] and turned.data.tolist() == [[-4.0], [-3.0]]
    seen = x.detach()
    loss = (seen * y).sum()
    with ag.no_grad():
        x *= 0  # a detached leaf is a copy: the loss keeps its data
    (seen * y).sum()
    assert loss.item() == 5.0


def test_item_assignment() -> None:
    c = Tensor([1.0, 2.0])
    c[0] = 5
    assert c.data.tolist() == [5.0, 2.0]
    c[0], c[1] = Tensor(3.0), Value(4.0).detach()
    assert c.data.tolist() == [3.0, 4.0]
    w = parameter([1.0, 2.0])
    out = (c * w).sum()
    c[0] = 5
    with pytest.raises(ValueError, match="changed in place after mul had used it"):
        out.backward()
    for t, value in ((parameter([1.0]), 3.0), (c, Value(1.0))):
        with pytest.raises(ValueError, match="where\\(mask"):
            t[0] = value


def test_assigning_entries_copies_a_read_only_array() -> None:
    x = parameter([1.0, 2.0])
    y, c = x * 2, Tensor([1.0, 2.0])
    detached, wide = y.detach(), ag.broadcast_to(c, (2, 2))
    detached[0], wide[0, 0] = 5.0, 5.0
    assert detached.tolist() == [5.0, 4.0] and y.tolist() == [2.0, 4.0]
    assert wide.tolist() == [[5.0, 2.0], [1.0, 2.0]] and c.tolist() == [1.0, 2.0]


def test_whole_numbers_have_no_derivative() -> None:
    x = parameter([1.0, 2.0])
    for out in (x.astype(int).sum(), x.astype(int)):
        with pytest.raises(TypeError, match="only floating-point results .* of int64"):
            out.backward(None if out.size == 1 else np.ones(2))
    (x.astype(int) * 1.5).sum().backward()
    assert x.grad.tolist() == [0.0, 0.0]


def test_an_array_is_not_changed_in_place_by_a_node() -> None:
    for node in (Value(1.0), parameter([1.0, 2.0])):
        array = np.ones(2)
        with pytest.raises(TypeError, match=r"no option 'out'; write x = x \+ y"):
            array += node
        assert array.tolist() == [1.0, 1.0]


def test_data_takes_the_same_shape_only() -> None:
    w = Tensor(np.ones(2, np.float32), requires_grad=True)
    w.data = [3, 4]
    assert w.dtype == np.float32 and w.data.tolist() == [3.0, 4.0]
    w.data -= np.ones(2)
    assert w.dtype == np.float32 and w.data.tolist() == [2.0, 3.0]
    mine = np.zeros(2, np.float32)
    w.data = mine
    mine[0] = 9
    assert w.data.tolist() == [0.0, 0.0]
    with pytest.raises(ValueError, match=r"can't get shape \(3,\)"):
        w.data = np.ones(3)
    with pytest.raises(ValueError, match="computed by mul"):
        (w * 2).data = np.ones(2)


def test_data_must_be_no_node() -> None:
    w = parameter([1.0, 2.0])
    for x in (Tensor([3.0, 4.0]), parameter([3.0, 4.0]), Value(1.0)):
        with pytest.raises(TypeError, match="is a number or an array, but got (Tensor|Value)"):
            w.data = x


def test_from_numpy_shares() -> None:
    a = np.ones(2)
    t = ag.from_numpy(a, requires_grad=True)
    a[0] = 5
    assert t.data[0] == 5
    with ag.no_grad():
        t += 1
        t *= 2
    assert a.tolist() == [12.0, 4.0]
    for x in ([1.0], ArrayLike()):
        with pytest.raises(TypeError, match="takes an array, but got .*use Tensor"):
            ag.from_numpy(x)


class ArrayLike:
    """An array that NumPy can convert, but whose memory it may not share."""

    dtype = np.dtype(float)

    def __array__(self, dtype: object = None, copy: object = None) -> object:
        return np.ones(2)


def test_conversions_and_repr() -> None:
    t = parameter([[1.0, 2.0]])
    assert t.sum().item() == 3.0 and t.tolist() == [[1.0, 2.0]] and len(t) == 1
    assert f"{t}" == repr(t)
    assert not t.detach().requires_grad and np.asarray(t.detach()).tolist() == [[1.0, 2.0]]
    assert repr(t) == "Tensor([[1., 2.]], requires_grad=True)"
    assert repr(Tensor(np.float32(1), label="a")) == "Tensor(1., dtype=float32, label='a')"
    assert f"{t.sum():.2f}" == "3.00"
    assert [row.tolist() for row in t] == [[1.0, 2.0]] and t.T.shape == (2, 1)
    assert (t.ndim, t.size, t.shape) == (2, 2, (1, 2))


def test_shapes_are_given_as_numpys_methods_take_them() -> None:
    t = Tensor(np.arange(6.0).reshape(1, 2, 3))
    for out in (t.reshape(3, 2), t.reshape((3, 2)), t.reshape(3, -1)):
        assert out.tolist() == [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]
    assert t.reshape(-1).shape == t.reshape((6,)).shape == (6,)
    for out in (t.transpose(2, 0, 1), t.transpose((2, 0, 1))):
        assert out.shape == (3, 1, 2)
    assert t.transpose().shape == t.transpose(None).shape == (3, 2, 1)
    with pytest.raises(TypeError, match=r"reshape\(\) needs a shape; \(\) is that of a single num"):
        Tensor([1.0]).reshape()


def test_what_is_detached_keeps_its_label_and_its_numbers() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True, label="x")
    y = x * 2
    y.label = "y"
    leaf, computed = x.detach(), y.detach()
    assert (leaf.label, computed.label) == ("x", "y")
    assert np.shares_memory(computed.data, y.data) and not computed.data.flags.writeable
    leaf.data[0] = 9.0
    assert x.data.tolist() == [1.0, 2.0]


def test_fractions_and_lists_are_operands_of_functions() -> None:
    t = Tensor([1.0, 2.0], requires_grad=True)
    out = ag.add(ag.multiply(t, Fraction(1, 2)), [1, 2])
    assert out.tolist() == [1.5, 3.0]
    out.sum().backward()
    assert t.grad.tolist() == [0.5, 0.5]
    assert ([[1.0, 2.0]] @ t).tolist() == [5.0]
    with pytest.raises(TypeError, match="operand is a number or an array, but got type"):
        ag.add(t, np.float64)


def test_an_infinite_gradient_of_a_maximum_reaches_the_winner_alone() -> None:
    t = Tensor([1.0, 3.0, 2.0], requires_grad=True)
    ag.max(t).backward(np.inf)
    assert t.grad.tolist() == [0.0, np.inf, 0.0]


def test_a_single_number_is_its_own_product() -> None:
    v = Value(3.0)
    assert ag.prod(2.5) == 2.5
    ag.prod(v).backward()
    assert v.grad == 1.0


def test_the_smallest_entry_is_found() -> None:
    t = Tensor([[3.0, 1.0], [0.0, 0.0]], requires_grad=True)
    assert ag.argmin(t) == 2
    assert ag.argmin(t, axis=1).tolist() == [1, 0]


def test_methods_of_numpys_arrays_that_are_not_differentiated() -> None:
    x = np.array([3.0, 0.0, 2.0])
    t = Tensor(x, requires_grad=True)
    assert t.argsort().tolist() == [1, 2, 0] and t.argpartition(0)[0] == 1
    assert [i.tolist() for i in t.nonzero()] == [[0, 2]]
    assert Tensor([1.0, 2.0]).searchsorted(t).tolist() == [2, 0, 1]
    assert t.compress([True, False, True]).tolist() == [3.0, 2.0]
    assert Tensor([1, 0]).choose([t[:2], t[1:]]).tolist() == [0.0, 0.0]
    assert t.reshape(3, 1, order="F").shape == (3, 1)


def test_methods_that_change_an_array_in_place() -> None:
    t = Tensor([3.0, 1.0])
    t.fill(2.0)
    assert t.tolist() == [2.0, 2.0]
    with pytest.raises(ValueError, match="would drop a gradient"):
        Tensor([3.0], requires_grad=True).fill(2.0)
    for name, args in (("sort", ()), ("partition", (0,)), ("resize", (2,))):
        with pytest.raises(TypeError, match=rf"in place; use np\.{name}\(t\)"):
            getattr(t, name)(*args)
