"""Mutants that change nothing, or nothing that a test could hold: by module and name, and why."""

from __future__ import annotations

ROUNDING = "other roundings only"
PARTS_THAT_SELECT_ONCE = (
    "i is None or i is ... or isinstance(i, (int, slice)) or (getattr(i, 'dtype', None) == bool)"
)
NOT_ALL_ITS_OWN = (
    "getattr(g.base, 'nbytes', None) != g.nbytes or not getattr(g.flags, 'writeable', True)"
)
FITTED = "in float64 and then fitted to the argument: slower, and no less exact"
FASTER = "a shorter way to the same numbers"
OPEN = "any size below 0 is open"
MASK = "ones are true"
COPIED = "copies more than it has to"
UNITS = "what the means are counted in cancels out"
LAST_AXIS = "of two axes, 1 is the last, which is the default"
SCRATCH = "the number of a scratch array may be any but 0"


EQUIVALENT: dict[str, dict[str, str]] = {
    "autograd.core.rules": {
        "_swap: transpose(x, axes=(*stack, columns, rows)) if stack else x.T"
        " -> transpose(x, axes=(*stack, columns, rows))": FASTER,
        "_einsum_vjp: part if shape == shape_of(part) else broadcast_to(part, shape=shape)"
        " -> broadcast_to(part, shape=shape)": FASTER,
        "_power_below: x if y == 2 else pow(x, y - (y != 0)) -> pow(x, y - (y != 0))": FASTER,
        "_cholesky_vjp: 1 -> 2": "the matrices are square",
        "_cholesky_vjp: np.ones_like(data_of(x), shape=(n, n)) -> np.ones_like(data_of(x))":
            "one triangle for each matrix of a stack, all the same",
        **dict.fromkeys(
            (
                "maximum: x < y -> x <= y", "maximum: x > y -> x >= y",
                "minimum: x < y -> x <= y", "minimum: x > y -> x >= y",
            ),
            "ties are shared out before",
        ),
    },
    "autograd.core.kernels": {
        "elementary: math_name or name -> name": "runs when the table is made, and not again",
        "power: 1 -> 2": FASTER,
        "maximum: x > y -> x >= y": "which of two zeros it is, is NumPy's choice",
        "minimum: x < y -> x <= y": "which of two zeros it is, is NumPy's choice",
        "sigmoid: x >= 0.0 -> x > 0.0": "at 0 both are one half",
        "sigmoid: x >= 0 -> x > 0": "at 0 both are one half",
        "_scaled_erfc: 2 -> 3": ROUNDING,
        "erf: 1.0 -> 1.0 and a bit (2)": ROUNDING,
        "erf: size < 1.0 -> size <= 1.0": "at 1 both ways hold",
        "_scaled_erfc: 0.0701 -> 0.0701 and a bit": ROUNDING,
        "exp_of_minus_square: 16.0 -> 16.0 and a bit": ROUNDING,
        "exp_of_minus_square: 30.0 -> 30.0 and a bit": "beyond 27 it is 0",
        "cosine: elementary('hypot')(x, y) -> elementary('hypot')(y, x)": "a sum of both squares",
        "erf_below_1: 0.0 * u -> 0.0": "takes on its shape with the first summand",
        "erf_below_1: 19 -> 20": "a summand more",
        "erfc: 1.0 -> 1.0 and a bit (2)": "what it changes is not used",
        "erfc: 1.0 -> 1.0 and a bit (3)": "what it changes is not used",
        "erfc: np.abs(x) < 1.0 -> np.abs(x) <= 1.0": "at 1 both ways hold",
        "erfc: x < 0.0 -> x <= 0.0": "at 0 the other way is taken",
        "erfc: 0.0 -> 0.0 and a bit": "at 0 the other way is taken",
        "added: np.result_type(out, np.float32) -> np.result_type(np.float32, out)": "symmetric",
        "added: out.astype(dtype, copy=False) -> out.astype(dtype)": COPIED,
        "added: False -> True": COPIED,
        "logsumexp: 0.0 -> 0.0 and a bit": "any finite shift will do",
        "maximum_of: x if hasattr(x, 'dtype') else np.array(x) -> np.array(x)": COPIED,
        "einsum: np.result_type(dtype, np.float32) -> np.result_type(np.float32, dtype)":
            "symmetric",
        "sinc: np.abs(x) < 1.0 -> np.abs(x) <= 1.0": "at 1 both ways hold",
        "sinc: 1.0 -> 1.0 and a bit": "near 1 both ways hold",
        "sinc: 0.0 -> 0.0 and a bit": "a series that is not used",
        "sinc: 1.0 -> 1.0 and a bit (2)": "a recurrence that is not used",
        "sinc: 13 -> 14": "a summand more",
        "sinc: 0.0 -> 0.0 and a bit (2)": "0 times it is added",
        **dict.fromkeys(
            (
                f"selects_once: {PARTS_THAT_SELECT_ONCE} -> {other}"
                for other in (
                    PARTS_THAT_SELECT_ONCE.replace(" or ", " and "),
                    "i is ... or isinstance(i, (int, slice)) or getattr(i, 'dtype', None) == bool",
                    "i is None or isinstance(i, (int, slice)) or getattr(i, 'dtype', None) == bool",
                    "i is None or i is ... or getattr(i, 'dtype', None) == bool",
                    "i is None or i is ... or isinstance(i, (int, slice))",
                )
            ),
            FASTER,
        ),
        "selects_once: index if isinstance(index, tuple) else (index,) -> (index,)": FASTER,
        **dict.fromkeys(
            (
                f"short_axes.forward: {change}"
                for change in (
                    "not 1 < count <= 16 or math.prod(shape) < 64 * count -> not 1 < count <= 16",
                    "1 < count <= 16 -> 1 <= count <= 16",
                    "1 < count <= 16 -> 1 >= count <= 16",
                    "1 < count <= 16 -> 1 < count < 16",
                    "1 -> 2",
                    "16 -> 17",
                    "math.prod(shape) < 64 * count -> math.prod(shape) <= 64 * count",
                    "math.prod(shape) < 64 * count -> math.prod(shape) >= 64 * count",
                    "64 * count -> 64 / count",
                    "64 * count -> 64",
                    "64 * count -> count",
                    "64 -> 65",
                )
            ),
            FASTER,
        ),
        "elementary: forward.__qualname__ = name -> nothing":
            "runs when the table is made, and not again",
        "entries: np.asarray(x) if type(x) is float else x -> x": FASTER,
        "entries: 1 -> 2 (2)": OPEN,
        "is_at_hand: index if isinstance(index, tuple) else (index,) -> index":
            "the rows of an array are where it is",
        "count: False -> True": FASTER,
        "count: x.astype(np.int8, copy=False) -> x.astype(np.int8)": FASTER,
        **dict.fromkeys(
            (
                "alike: x + np.zeros_like(y, dtype=x.dtype) -> x - np.zeros_like(y, dtype=x.dtype)",
                "alike: y + np.zeros_like(x, dtype=y.dtype) -> y - np.zeros_like(x, dtype=y.dtype)",
            ),
            "there are only zeros to add",
        ),
        "alike: np.zeros_like(x, dtype=y.dtype) -> np.zeros_like(x)":
            "summed in float64, and converted afterwards",
    },
    "autograd.core.precision": {
        "as_wide_integers: 0 -> 1": "only the dtype is used",
        "as_wide_integers: dtype is None or dtype.kind not in 'iub' -> dtype is None": COPIED,
        **dict.fromkeys(
            (
                ("in_wide_numbers: on_converted(function, as_wide_integers)"
                " -> on_converted(as_wide_integers, function)"),
                "on_reals: on_converted(function, as_real) -> on_converted(as_real, function)",
            ),
            "runs when a module is imported, and not again",
        ),
    },
    "autograd.core.determinants": {
        "minors: i > j -> i >= j": "the entries of a permutation differ",
        "minors: np.einsum(subscripts, others, *directions, one, optimize=True)"
        " -> np.einsum(subscripts, others, *directions, one)": FASTER,
        "minors: True -> False": FASTER,
        **dict.fromkeys(
            (
                "_identity: np.arange(shape_of(s)[-1], like=s) -> np.arange(shape_of(s)[-1])",
                ("products_of_others: np.arange(shape_of(s)[-1], like=s)"
                " -> np.arange(shape_of(s)[-1])"),
            ),
            "only CuPy's arrays need others like them",
        ),
        **dict.fromkeys(
            (
                "products_of_others: 0.0 -> 0.0 and a bit",
                ("products_of_others: np.where(x == y, 0.0, products)"
                " -> np.where(0.0, x == y, products)"),
            ),
            "terms with one entry twice cancel, but for rounding",
        ),
        "products_of_others: np.meshgrid(*[i] * count, indexing='ij')"
        " -> np.meshgrid(*[i] * count)": "symmetric in all choices",
        "cofactors: 0.0 -> 0.0 and a bit": "of what becomes nan",
        "cofactors: np.linalg.det(u) * np.linalg.det(vt)"
        " -> np.linalg.det(u) / np.linalg.det(vt)": "both are 1 or -1",
    },
    "autograd.core.changes": {
        **dict.fromkeys(
            ("Clock.__init__: 0 -> 1", "Clock.__init__: self.now = 0 -> nothing",
             "Memory.__init__: 0 -> 1", "Memory.__init__: 0 -> 1 (2)", "mark_changed: 1 -> 2",
             "mark_exposed: 1 -> 2"),
            "the clock runs when the tests begin, and may run faster",
        ),
        **dict.fromkeys(
            (f"memory_of.forget: key in memories and memories[key].owner is dead -> {other}"
             for other in ("key in memories or memories[key].owner is dead",
                           "memories[key].owner is dead", "key in memories")),
            "an id that is taken again before the old owner is forgotten, in another thread",
        ),
        "first_stale: memory.lent > time -> memory.lent >= time": "compared, and found equal",
    },
    "autograd.core.backward": {
        **dict.fromkeys(
            (
                f"operands_first: {x} is not None and {x}.level >= level and ({x} not in seen)"
                f" -> {x} is not None and {x}.level >= level"
                for x in ("left", "right", "arg")
            ),
            "looked up again when its turn comes",
        ),
        "backpropagate: notes is not None and notes.hooks -> notes is not None":
            "no hooks change nothing",
        "backpropagate: type(node) is array and node.made_at != clock.now -> type(node) is array":
            FASTER,
        **dict.fromkeys(
            (
                f"own: getattr(g, 'base', None) is not None and ({NOT_ALL_ITS_OWN}) -> {other}"
                for other in (
                    f"getattr(g, 'base', None) is not None or ({NOT_ALL_ITS_OWN})",
                    NOT_ALL_ITS_OWN,
                    "getattr(g, 'base', None) is not None",
                )
            ),
            COPIED,
        ),
        "own: True -> False": COPIED,
    },
    "autograd.transforms.derivatives": {
        **dict.fromkeys(
            ("selected: 0 <= argnums < count -> 0 < argnums < count",
             "selected: 0 <= argnums < count -> 0 > argnums < count", "selected: 0 -> 1"),
            FASTER,
        ),
        "Trace.__init__: self.is_attached(args, kwargs) -> self.is_attached(kwargs, args)":
            "in either order",
        "Trace.is_attached: 1 -> 2": "the second level was drawn before the tests begin",
        "plain: isinstance(data, np.ndarray) and data.ndim == 0 -> isinstance(data, np.ndarray)":
            "[()] of more dimensions is all of them",
        "jvp.linearized.push.slope: dot(trace.pull(g), direction)"
        " -> dot(direction, trace.pull(g))": "the same products",
        "dot: 0.0 -> 0.0 and a bit": "only its slope is asked for",
        "ones: np.ones_like(data) if hasattr(data, 'dtype') else 1.0 -> np.ones_like(data)":
            "a seed for a number is made a float anyway",
    },
    "autograd.numpy_api.manipulation": {
        "ravel: 1 -> 2": OPEN,
        "column_stack: 1 -> 2 (2)": OPEN,
        "atleast_2d: 1 -> 2 (2)": OPEN,
        "atleast_3d: 1 -> 2 (3)": OPEN,
        "pad: np.ones_like(zeros, dtype=bool) -> np.ones_like(zeros)": MASK,
        "_all_true: np.ones_like(data_of(x), dtype=bool, shape=shape_of(x)[-2:])"
        " -> np.ones_like(data_of(x), shape=shape_of(x)[-2:])": MASK,
        "_all_true: np.ones_like(data_of(x), dtype=bool, shape=shape_of(x)[-2:])"
        " -> np.ones_like(data_of(x), dtype=bool)": "one mask for each, all the same",
        "_all_true: 2 -> 3": "a mask for some, all the same",
    },
    "autograd.core.shapes": {
        "shape_of: () if type(x) is float else x.shape if hasattr(x, 'shape') else np.shape(x)"
        " -> x.shape if hasattr(x, 'shape') else np.shape(x)": FASTER,
        "shape_of: x.shape if hasattr(x, 'shape') else np.shape(x) -> np.shape(x)": FASTER,
        "axes_to_sum: 1 -> 2 (4)": "any number below 0",
    },
    "autograd.tensor": {
        "Tensor.seed: data.dtype.type(1) if isinstance(data, np.generic) else np.ones_like(data)"
        " -> np.ones_like(data)": FASTER,
        "Tensor._replace: data.astype(self.dtype, copy=False) -> data.astype(self.dtype)": COPIED,
        "Tensor._replace: False -> True": COPIED,
        "Tensor.seed: seed.astype(self.dtype, copy=False) -> seed.astype(self.dtype)": COPIED,
        "Tensor.seed: False -> True": COPIED,
        "Tensor.fit: part * (from_numpy(ones) if isinstance(part, Node) else ones)"
        " -> part / (from_numpy(ones) if isinstance(part, Node) else ones)": "by ones",
        "Tensor.fit: part if part.dtype == dtype else rules.astype(part, dtype=dtype)"
        " -> rules.astype(part, dtype=dtype)": FASTER,
        "Tensor.stale: graph=False -> True": "an array is stale either way",
    },
    "autograd.core.node": {
        "record: op.forward(*saved, **kwargs) if kwargs else op.forward(*saved)"
        " -> op.forward(*saved, **kwargs)": FASTER,
        "record: kwargs or NO_KWARGS -> kwargs": "an empty dict more in memory",
        "record: node if doing is ORDINARY else noted(node, doing) -> noted(node, doing)": FASTER,
        "taken_apart: False -> True": FASTER,
        "taken_apart: x.level > level -> x.level >= level": "the same one again",
        "taken_apart: kind is Node.scalar and any(map(has_axes, compress(saved, checked)))"
        " -> any(map(has_axes, compress(saved, checked)))": FASTER,
        "ThisThread.__init__: self.key = object() -> nothing": "runs in other threads, unseen",
        "current_mode: found is ORDINARY or found.thread is this_thread.key"
        " -> found.thread is this_thread.key": FASTER,
        "Node.stale: graph=False -> True": "each kind has its own",
    },
    "autograd.transforms.checkpoint": {
        "Again.gradients: same(out._data, value) -> same(value, out._data)": "in either order",
        "Tape.before_write: copied(data) if own else None -> copied(data)": COPIED,
    },
    "nn.layers": {
        "Dropout.__init__: 1 -> 2": "one more, for nobody",
        "Dropout.forward: drawn >= self.p -> drawn > self.p": "hardly ever equal",
        "Dropout.forward: generator_from(self.rng).random(shape_of(x), dtype=np.float32)"
        " -> generator_from(self.rng).random(shape_of(x))": "other draws, as even",
    },
    "nn.conv": {
        "conv2d: 1 -> 2 (2)": OPEN,
        **dict.fromkeys(
            (
                f"Pool2d.forward: {change}"
                for change in (
                    "h % kh -> h * kh", "h % kh -> h", "h % kh -> kh",
                    "w % kw -> w * kw", "w % kw -> w", "w % kw -> kw",
                )
            ),
            "nothing is cut off where nothing is left over",
        ),
        "Pool2d.forward: h // kh -> h / kh (2)": "a shape is rounded down",
        "Pool2d.forward: w // kw -> w / kw (2)": "a shape is rounded down",
    },
    "nn.norm": {
        "BatchNorm.forward: 1 -> 2 (3)": OPEN,
        "BatchNorm.track: 1 -> 2 (2)": OPEN,
        "BatchNorm.track: 1 -> 2 (4)": OPEN,
        "BatchNorm.forward: math.prod(shape) // shape[1] -> math.prod(shape) / shape[1]":
            "it divides",
        **dict.fromkeys(
            (
                f"{norm}.forward: self.weight is None or self.bias is None -> {other}"
                for norm in ("BatchNorm", "LayerNorm")
                for other in (
                    "self.weight is None and self.bias is None",
                    "self.bias is None",
                    "self.weight is None",
                )
            ),
            "both are there, or neither",
        ),
    },
    "nn.module": {
        "Module.__call__: current() is ORDINARY or current_mode().scope is None"
        " -> current_mode().scope is None": FASTER,
        "Module.state_dict: copied(x._data) if isinstance(x, Tensor) else np.array(x._data)"
        " -> copied(x._data)": "an array either way",
    },
    "nn.losses": {
        "cross_entropy: abs(total - 1) > 0.001 -> abs(total - 1) >= 0.001":
            "no sum of floats is off by 0.001 exactly",
        "cross_entropy: ag.log_softmax(logits, axis=1) -> ag.log_softmax(logits)": LAST_AXIS,
        "expected_loss: ag.log_softmax(logits, axis=1) -> ag.log_softmax(logits)": LAST_AXIS,
        "huber_loss: ag.clip(off, -delta, delta) -> ag.clip(-delta, off, delta)":
            "the middle one of three, in either order",
    },
    "nn.optimizer": {
        "Optimizer._step_values: idle and is_array(x) -> is_array(x)":
            "copies what is not put back",
        "Optimizer.step: new is data or new is None -> new is None": FASTER,
        "Optimizer.step: g is not None and type(g) is not type(p._data) -> g is not None": FASTER,
    },
    "nn.squares": {
        **dict.fromkeys(
            (
                "safe_range: 2 -> 3",
                "safe_range: 32 -> 33",
                "safe_range: math.sqrt(limits.tiny) / float(limits.eps) -> math.sqrt(limits.tiny)",
                "need_roots: eps < least_eps -> eps <= least_eps",
                "need_roots: np.vdot(flat, flat) <= largest -> np.vdot(flat, flat) < largest",
                "norm: order <= 2 -> order < 2",
                "norm: 2 -> 3",
                "norm: 1e-12 < direct < math.inf -> 1e-12 <= direct < math.inf",
                "norm: 1e-12 -> 1e-12 and a bit",
                "norm: 0 < largest < math.inf -> 0 <= largest < math.inf",
                "norm: 0 < largest < math.inf -> 0 < largest <= math.inf",
                "norm: 1.0 -> 1.0 and a bit",
                "norm: math.frexp(largest)[1] - 1 -> math.frexp(largest)[1] + 1",
                "norm: math.frexp(largest)[1] - 1 -> math.frexp(largest)[1]",
                "norm: 1 -> 2 (2)",
            ),
            "either way gives the same numbers there, to rounding",
        ),
        **dict.fromkeys(
            (
                "need_roots: x.ravel(order='K') -> x.ravel()",
                ("denominator: np.multiply(x, math.sqrt(share), out=scratch)"
                " -> np.multiply(x, math.sqrt(share))"),
                ("denominator: np.hypot(root, part, out=root if is_numpy(root) else None)"
                " -> np.hypot(root, part)"),
                "denominator: root if is_numpy(root) else None -> None",
                "denominator: np.add(root, eps, out=scratch) -> np.add(root, eps)",
                "denominator: 1 -> 2",
                ("scaled: x if factor == 1 else np.multiply(x, factor, out=scratch)"
                " -> np.multiply(x, factor, out=scratch)"),
            ),
            FASTER,
        ),
        "denominator: np.hypot(root, part, out=root if is_numpy(root) else None)"
        " -> np.hypot(part, root, out=root if is_numpy(root) else None)": "symmetric",
        "denominator: state['squares'] = squares -> nothing": "where arrays change in place",
        "norm: np.errstate(over='ignore', under='ignore') -> np.errstate(over='ignore')":
            "nobody is warned of underflow by default",
        "norm: np.abs(wide).max(initial=0.0) -> np.abs(wide).max()": "it isn't empty",
    },
    "nn.optim": {
        "SGD.update: 1 -> 2": SCRATCH,
        "Adagrad.update: 1 -> 2 (2)": SCRATCH,
        "RMSprop.update: 1 -> 2": SCRATCH,
        "Adam.update: 1 -> 2 (4)": SCRATCH,
        "Adam.update: 1 - keep -> 1 + keep": UNITS,
        "Adam.update: 1 - keep -> 1": UNITS,
        "Adam.update: 1 -> 2": UNITS,
        "Adam.update: 1 - keep_squares -> 1 + keep_squares": UNITS,
        "Adam.update: 1 - keep_squares -> 1": UNITS,
        "Adam.update: 1 -> 2 (2)": UNITS,
    },
    "nn.schedule": {
        "LRScheduler.follow: found != given and given -> given": "times 1 where they are equal",
    },
    "nn.init": {
        "xavier_std: 1 -> 2": "only where there are no entries",
        "orthogonal_: np.diag(r) < 0 -> np.diag(r) <= 0": "none is 0",
        "orthogonal_: np.diag(r) < 0 -> np.diag(r) >= 0": "all signs turned are as even",
        "orthogonal_: rows >= columns -> rows > columns": "square ones transposed are as even",
    },
}  # fmt: skip
