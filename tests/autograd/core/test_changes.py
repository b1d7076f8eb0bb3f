"""Arrays that are changed between an operation and its derivative."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import Tensor, Value
from autograd.core import changes, rules

NOTICED = r"was changed in place after \w+ had used it"


def set_data(t: Tensor) -> None:
    t.data *= 50.0


def set_entry(t: Tensor) -> None:
    t[0] = 100.0


def set_entry_of_data(t: Tensor) -> None:
    t.data[0] = 100.0


def add(t: Tensor) -> None:
    with ag.no_grad():
        t += 98.0


def step(t: Tensor) -> None:
    t.grad = np.ones_like(t.data)
    nn.SGD([t.requires_grad_()], lr=1.0).step()
    t.requires_grad_(False)


WRITES = [set_data, set_entry, set_entry_of_data, add, step]
VIEWS: dict[str, Callable[[Tensor], Any]] = {
    "itself": lambda c: c,
    "slice": lambda c: c[0:1],
    "new axis": lambda c: c[None],
    "reshape": lambda c: c.reshape(2, 1),
    "transpose": lambda c: c.reshape(1, 2).T,
    "swapaxes": lambda c: ag.swapaxes(c.reshape(1, 2), 0, 1),
    "broadcast": lambda c: ag.broadcast_to(c, (3, 2)),
    "flip": lambda c: ag.flip(c),
    "view of a view": lambda c: c[None].reshape(2)[0:1],
    "copy.copy": copy.copy,
    "from_numpy": lambda c: ag.from_numpy(c.data),
    "from_numpy twice": lambda c: ag.from_numpy(c.numpy()[0:1]),
    "alias": rules.alias,
}
OPS = {
    "mul": lambda w, v: w * v,
    "rmul": lambda w, v: v * w,
    "div": lambda w, v: v / w,
    "maximum": ag.maximum,
    "where": lambda w, v: ag.where(v > 0, w, v),
    "einsum": lambda w, v: ag.einsum("...,...->...", w, v),
}


@pytest.mark.parametrize("write", WRITES, ids=lambda f: f.__name__)
@pytest.mark.parametrize("view", VIEWS)
def test_a_change_is_noticed_through_every_view(view: str, write: Callable[[Tensor], None]) -> None:
    for combine in OPS.values():
        w, c = Tensor(5.0, requires_grad=True), Tensor([2.0, 3.0])
        y = combine(w, VIEWS[view](c)).sum()
        write(c)
        with pytest.raises(ValueError, match=NOTICED):
            y.backward()
        assert w.grad is None
        again = combine(w, VIEWS[view](c)).sum()  # after the change all is well
        again.backward()
        assert w.grad is not None


@pytest.mark.parametrize("write", WRITES[:4], ids=lambda f: f.__name__)
@pytest.mark.parametrize("order", [1, 2])
def test_a_change_of_a_leaf_is_noticed(order: int, write: Callable[[Tensor], None]) -> None:
    w = Tensor([1.0, 2.0], requires_grad=True, label="w")
    loss = (w * w).sum()
    if write is set_entry:
        w.requires_grad_(False)
    write(w)
    with pytest.raises(
        ValueError, match=r"Tensor 'w' of shape \(2,\) was changed in place after mul"
    ):
        loss.backward()

    def f(x: Any) -> Any:
        v = Tensor([1.0, 2.0])
        out = (x * v).sum() ** 3
        write(v)
        return out

    transform = ag.grad if order == 1 else lambda f: ag.hvp(f)
    with pytest.raises(ValueError, match=NOTICED):
        transform(f)(np.ones(2))


def test_a_change_of_the_memory_of_a_leaf_is_noticed_by_what_was_computed_from_its_view() -> None:
    w = nn.Parameter([[1.0, 2.0], [3.0, 4.0]])
    with ag.no_grad():
        frozen = w.T
    u = Tensor([1.0, 1.0], requires_grad=True)
    y = (u @ frozen).sum()
    w.grad = np.ones((2, 2))
    nn.Adam([w], lr=0.1).step()
    with pytest.raises(ValueError, match=r"Tensor of shape \(2, 2\).* after matmul"):
        y.backward()


def test_what_is_only_looked_at_is_not_changed() -> None:
    w, c = Tensor([1.0, 2.0], requires_grad=True), Tensor([2.0, np.nan])
    y = (w * c[0:1]).sum() + (w * w).sum()
    for _ in range(3):
        assert w.data[0] == 1.0 and c.data[0] == 2.0
        y = y + (w * c[0:1]).sum()
    y.backward()
    assert w.grad.tolist() == [2.0 + 8.0, 4.0 + 8.0]


def test_a_change_before_the_operation_is_no_matter() -> None:
    w = Tensor([1.0, 2.0], requires_grad=True)
    handed_out = w.data
    handed_out[0] = 3.0
    (w * w).sum().backward()
    assert w.grad.tolist() == [6.0, 4.0]
    w.grad = None
    w.data[0] = 5.0
    y = (w * w).sum()
    w.data  # noqa: B018  # looked at
    y.backward()
    assert w.grad.tolist() == [10.0, 4.0]


def test_a_change_through_an_older_array_is_noticed_when_looked_at_twice() -> None:
    w = Tensor([1.0, 2.0], requires_grad=True)
    early = (w * w).sum()
    handed_out = w.data
    handed_out[0] = 7.0
    late = (w * w).sum()
    w.data  # noqa: B018
    late.backward()
    assert w.grad.tolist() == [14.0, 4.0]
    with pytest.raises(ValueError, match=NOTICED):
        early.backward()


def test_looking_at_a_tensor_does_not_hide_that_it_was_changed() -> None:
    w, c = Tensor([5.0], requires_grad=True), Tensor([2.0, 3.0])
    assert c.data[0] == 2.0
    y = (w * c[0:1]).sum()
    c[0] = 100.0
    assert c.data[0] == 100.0
    with pytest.raises(ValueError, match=NOTICED):
        y.backward()


def test_changes_elsewhere_are_no_matter() -> None:
    w, c, other = Tensor([5.0], requires_grad=True), Tensor([2.0, 3.0]), Tensor([1.0])
    c[0] = 4.0
    total = c.sum()  # one number, which has no memory
    assert type(total.data) is np.float64
    y = (w * c[0:1]).sum() + (w * total).sum()
    other[0] = 2.0
    assert other.data[0] == 2.0
    y.backward()
    assert w.grad.tolist() == [4.0 + 7.0]


def test_training_loops_by_hand_go_on() -> None:
    for update in ("data", "no_grad", "assign"):
        w = Tensor([1.0, 2.0], requires_grad=True)
        for _ in range(3):
            loss = (w * w).sum()
            loss.backward()
            if update == "data":
                w.data -= 0.25 * w.grad
            elif update == "assign":
                w.data = w.data - 0.25 * w.grad
            else:
                with ag.no_grad():
                    w -= 0.25 * w.grad
            w.grad = None
        assert w.data.tolist() == [0.125, 0.25]


KINDS = [float, np.float32, int, bool]


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.__name__)
@pytest.mark.parametrize("name", OPS)
def test_a_small_plain_array_is_used_as_it_was(name: str, kind: type) -> None:
    for make in (Value, lambda x: Tensor([x, x], requires_grad=True)):
        grads = []
        for change in (False, True):
            w, array = make(5.0), np.array([2, 3], kind)
            y = OPS[name](w, array).sum()
            if change:
                array[:] = 0
            y.backward()
            grads.append(np.asarray(w.grad).tolist())
        assert grads[0] == grads[1]


KEPT: dict[str, tuple[Callable[..., Any], Any]] = {
    "index": (lambda w, i: w[i] * [1.0, 10.0], [0, 1]),
    "index in a tuple": (lambda w, i: ag.stack([w, w])[i, i] * [1.0, 10.0], [0, 1]),
    "take": (lambda w, i: ag.take(w, i) * [1.0, 10.0], [0, 1]),
    "take_along_axis": (lambda w, i: ag.take_along_axis(w, i, 0) * [1.0, 10.0], [0, 1]),
    "repeat": (lambda w, i: ag.repeat(w, i), [0, 1]),
    "mask": (lambda w, i: ag.where(i, w, 0.0), [False, True]),
    "np.where": (lambda w, i: np.where(i, w, 0.0), [False, True]),
    "boolean index": (lambda w, i: w[i], [False, True]),
    "clip": (lambda w, i: ag.clip(w, i, 9.0), [3.0, 1.0]),
    "labels": (lambda w, i: nn.cross_entropy(ag.stack([w, w]), i), [0, 1]),
    "class weights": (
        lambda w, i: nn.cross_entropy(ag.stack([w, 2 * w]), [0, 1], weight=i), [1.0, 5.0]
    ),
    "targets": (lambda w, i: nn.mse_loss(w, i), [0.0, 1.0]),
    "binary targets": (lambda w, i: nn.losses.binary_cross_entropy_with_logits(w, i), [0.0, 1.0]),
    "embedding": (lambda w, i: ag.reshape(w, (2, 1))[i] * [[1.0], [10.0]], [0, 1]),
}  # fmt: skip


OPERANDS = {"clip", "targets", "binary targets"}  # which as tensors are noticed to have changed


@pytest.mark.parametrize("as_tensor", [False, True], ids=["array", "tensor"])
@pytest.mark.parametrize("name", KEPT)
def test_small_indices_masks_labels_and_targets_are_used_as_they_were(
    name: str, as_tensor: bool
) -> None:
    f, numbers = KEPT[name]
    grads: list[Any] = []
    for change in (False, True):
        w = Tensor([2.0, 3.0], requires_grad=True)
        given: Any = Tensor(numbers) if as_tensor else np.array(numbers)
        y = f(w, given).sum()
        if change:
            given[0] = given[1]
        noticed = as_tensor and change and name in OPERANDS
        with pytest.raises(ValueError, match=NOTICED) if noticed else nullcontext():
            y.backward()
            grads.append(w.grad.tolist())
    assert len(grads) == 1 or grads[0] == grads[1]


def test_arguments_of_products_are_used_as_they_were() -> None:
    for product in (ag.vjp, ag.jvp, ag.hvp):
        x, factor = np.array([1.0, 2.0]), np.array([1.0, 1.0])
        _, call = product(lambda x, y=factor: (x**3 * y).sum())(x)
        direction = 1.0 if product is ag.vjp else np.ones(2)
        before = np.copy(call(direction))
        x[0], factor[1] = 100.0, 100.0
        np.testing.assert_array_equal(call(direction), before)


def test_what_was_computed_is_handed_out_read_only() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    y = ag.exp(x)
    with pytest.raises(ValueError, match="read-only"):
        y.data[0] = 5.0
    with pytest.raises(ValueError, match="read-only"):
        y.data += 1.0
    np.testing.assert_array_equal(y.data, np.exp([1.0, 2.0]))
    assert np.shares_memory(y.data, y._data)


def test_arrays_above_the_limit_are_not_copied() -> None:
    """As the page on arrays says: what is large is changed at one's own risk."""
    n = changes.SMALL // 8 + 1
    array, w = np.ones(n), Tensor(np.ones(n), requires_grad=True)
    y = w * array
    assert y.saved[1] is array and (w[1:] * array[1:]).saved[1].base is None
    for size in (n - 1, n):
        w.grad, t = None, Tensor(np.ones(n)[n - size :].copy())
        y = (w[0] * t).sum()
        t.data[0] = 100.0
        if size < n:
            with pytest.raises(ValueError, match=NOTICED):
                y.backward()
        else:
            y.backward()
            assert w.grad[0] == 100.0 + n - 1
    t = Tensor(np.ones(n))
    y = (w * t[1:].sum()).sum() + (w * t).sum()
    t[0] = 5.0  # but through the tensor it is noticed
    with pytest.raises(ValueError, match=NOTICED):
        y.backward()
    y = (w[1:] * t[1:]).sum()
    t.data -= 1.0
    with pytest.raises(ValueError, match=NOTICED):
        y.backward()
    y = (w * t.numpy()).sum()
    t[0] = 6.0
    with pytest.raises(ValueError, match=rf"an array of shape \({n},\) was changed .* after mul"):
        y.backward()
    index = Tensor(np.arange(n))
    y = w[index].sum()
    index[0] = 1
    with pytest.raises(ValueError, match=NOTICED):
        y.backward()


def test_what_is_known_of_memory_is_forgotten_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "memories", {})
    tensors = [Tensor(np.ones(3)) for _ in range(100)]
    for t in tensors:
        t[0] = 2.0
        t.data  # noqa: B018
    assert len(changes.memories) == 100
    del t, tensors
    assert not changes.memories


def test_a_copy_of_a_result_is_as_old_as_that() -> None:
    w, c = Tensor([5.0], requires_grad=True), Tensor([2.0])
    y = w * c[0:1]
    c[0] = 100.0
    with pytest.raises(ValueError, match=NOTICED):
        copy.copy(y).sum().backward()


@pytest.mark.parametrize(
    "again",
    [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))],
    ids=["deepcopy", "pickle"],
)
def test_copies_of_graphs_notice_what_was_changed_before_copying(again: Any) -> None:
    w, c = Tensor([5.0], requires_grad=True), Tensor([2.0, 3.0])
    stale = w * c[0:1]
    c[0] = 100.0
    fresh = w * c[0:1]
    stale, fresh, w = again((stale, fresh, w))
    with pytest.raises(ValueError, match=NOTICED):
        stale.sum().backward()
    fresh.sum().backward()
    assert w.grad.tolist() == [100.0]
