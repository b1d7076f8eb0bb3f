"""A minimal automatic-differentiation engine.

>>> from autograd import Value
>>> x = Value(3.0)
>>> y = x * x
>>> y.backward()
>>> x.grad
6.0
"""

# ruff: noqa: I001  # grouped by what they are for, not by the alphabet
# fmt: off
from importlib import import_module as _import_module
import typing as _typing

from .numpy_api import linalg
from .value import Value
from .tensor import from_numpy, Tensor
from .core.op import NotDifferentiableError, Op, per_argument
from .transforms.derivatives import (
    elementwise_grad, ggnvp, grad, grad_and_aux, hessian, hvp, jacobian, jvp, value_and_grad, vjp,
)
from .transforms.raveling import ravel_pytree
from .core.anomaly import AnomalyError
from .transforms.checkpoint import checkpoint
from .core.scope import scope
from .core.modes import detect_anomaly, enable_grad, is_grad_enabled, no_grad
from .transforms.gradient_check import check_gradients, GradientCheckError
from .draw import draw
from .compiler import DataDependentError, compile as compile
from .core.rules import (
    add, arccos, arccosh, arcsin, arcsinh, arctan, arctan2, arctanh, cbrt, ceil, copysign, cos,
    cosh, div as divide, erf, erfc, erfinv, exp, exp2, expm1, floor,
    floor_divide, fmod, heaviside, hypot, lgamma, log, log10, log1p, log2, logaddexp, maximum,
    minimum, mod, mul as multiply, neg as negative, pow as power, relu, sigmoid,
    sign, sin, sinh, softsign, sqrt, sub as subtract, tan, tanh, trunc, xlogy,
)
from .numpy_api.functions import (
    celu, clip, deg2rad, digamma, elu, fabs, fix, float_power, fmax, fmin, gelu, glu, hardsigmoid,
    hardswish, hardtanh, leaky_relu, logaddexp2, logit, logsigmoid, mish, modf, nan_to_num,
    polygamma, rad2deg, reciprocal, relu6, rint, selu, silu, sinc, softmax_cross_entropy, softplus,
    square, stop_gradient, where,
)
from .numpy_api.reductions import (
    amax, amin, argmax, argmin, count_nonzero, cumprod, cumsum, cumulative_prod, cumulative_sum,
    diff, log_softmax, logsumexp, mean, prod, ptp, softmax, softmin, std, var,
)
from .numpy_api.statistics import (
    average, corrcoef, cov, median, nanargmax, nanargmin, nancumprod, nancumsum, nanmax, nanmean,
    nanmedian, nanmin, nanpercentile, nanprod, nanquantile, nanstd, nansum, nanvar, percentile,
    quantile, trapezoid,
)
from .numpy_api.manipulation import (
    astype, atleast_1d, atleast_2d, atleast_3d, bincount, broadcast_arrays, broadcast_to, compress,
    delete, diag, diagflat, diagonal, expand_dims, extract, flip, fliplr, flipud, full, full_like,
    meshgrid, moveaxis, partition, ravel, repeat, reshape, resize, roll, rollaxis, rot90, sort,
    squeeze, swapaxes, take, take_along_axis, tile, transpose, tril, trim_zeros, triu, unique,
)
from .numpy_api.joining import (
    append, array_split, block, choose, column_stack, concatenate, dsplit, dstack, hsplit, hstack,
    insert, select, split, stack, unstack, vsplit, vstack,
)
from .numpy_api.signals import (
    convolve, correlate, ediff1d, geomspace, gradient, interp, linspace, logspace, polyval, vander,
)
from .numpy_api.trigonometry import (
    arccot, arccoth, arccsc, arccsch, arcsec, arcsech, cot, coth, csc, csch, sec, sech,
)
from .numpy_api.padding import pad
from .numpy_api.products import (
    cross, dot, einsum, inner, kron, matmul, matrix_transpose, matvec, outer, tensordot, trace,
    vdot, vecdot, vecmat,
)

# Python's own names are for `ag.sum(x)`: `from autograd import *` leaves the built-in ones alone.
# `as` makes them public for type checkers
from .numpy_api.functions import round as round
from .numpy_api.reductions import all as all, any as any, max as max, min as min, sum as sum
from .core.rules import abs as abs, pow as pow

# Other names that NumPy has for some of them.
from .core.rules import (
    abs as absolute, arccos as acos, arccosh as acosh, arcsin as asin, arcsinh as asinh, arctan as
    atan, arctan2 as atan2, arctanh as atanh, div as true_divide, mod as remainder,
)
from .numpy_api.functions import deg2rad as radians, rad2deg as degrees, round as around
from .numpy_api.joining import concatenate as concat
from .numpy_api.manipulation import transpose as permute_dims

if _typing.TYPE_CHECKING:
    from .draw.explain import explain as explain
    from .draw.explorer import explore as explore

__all__ = [
    "AnomalyError", "DataDependentError", "GradientCheckError", "NotDifferentiableError", "Op",
    "Tensor", "Value", "absolute", "acos", "acosh", "add", "amax", "amin", "append", "arccos",
    "arccosh", "arccot", "arccoth", "arccsc", "arccsch", "arcsec", "arcsech", "arcsin",
    "arcsinh", "arctan", "arctan2", "arctanh", "argmax", "argmin", "around", "array_split",
    "asin", "asinh", "astype", "atan", "atan2", "atanh", "atleast_1d", "atleast_2d",
    "atleast_3d", "average", "bincount", "block", "broadcast_arrays", "broadcast_to", "cbrt",
    "ceil", "celu", "check_gradients", "checkpoint", "choose", "clip", "column_stack",
    "compress", "concat", "concatenate", "convolve", "copysign", "corrcoef", "correlate",
    "cos", "cosh", "cot", "coth", "count_nonzero", "cov", "cross", "csc", "csch", "cumprod",
    "cumsum", "cumulative_prod", "cumulative_sum", "deg2rad", "degrees", "delete",
    "detect_anomaly", "diag", "diagflat", "diagonal", "diff", "digamma", "divide", "dot",
    "draw", "dsplit", "dstack", "ediff1d", "einsum", "elementwise_grad", "elu", "enable_grad",
    "erf", "erfc", "erfinv", "exp", "exp2", "expand_dims", "explain", "explore", "expm1",
    "extract", "fabs", "fix", "flip", "fliplr", "flipud", "float_power", "floor",
    "floor_divide", "fmax", "fmin", "fmod", "from_numpy", "full", "full_like", "gelu",
    "geomspace", "ggnvp", "glu", "grad", "grad_and_aux", "gradient", "hardsigmoid",
    "hardswish", "hardtanh", "heaviside", "hessian", "hsplit", "hstack", "hvp", "hypot",
    "inner", "insert", "interp", "is_grad_enabled", "jacobian", "jvp", "kron", "leaky_relu",
    "lgamma", "linalg", "linspace", "log", "log1p", "log2", "log10", "log_softmax",
    "logaddexp", "logaddexp2", "logit", "logsigmoid", "logspace", "logsumexp", "matmul",
    "matrix_transpose", "matvec", "maximum", "mean", "median", "meshgrid", "minimum", "mish",
    "mod", "modf", "moveaxis", "multiply", "nan_to_num", "nanargmax", "nanargmin",
    "nancumprod", "nancumsum", "nanmax", "nanmean", "nanmedian", "nanmin", "nanpercentile",
    "nanprod", "nanquantile", "nanstd", "nansum", "nanvar", "negative", "no_grad", "outer",
    "pad", "partition", "per_argument", "percentile", "permute_dims", "polygamma", "polyval",
    "power", "prod", "ptp", "quantile", "rad2deg", "radians", "ravel", "ravel_pytree",
    "reciprocal", "relu", "relu6", "remainder", "repeat", "reshape", "resize", "rint", "roll",
    "rollaxis", "rot90", "scope", "sec", "sech", "select", "selu", "sigmoid", "sign", "silu",
    "sin", "sinc", "sinh", "softmax", "softmax_cross_entropy", "softmin", "softplus",
    "softsign", "sort", "split", "sqrt", "square", "squeeze", "stack", "std", "stop_gradient",
    "subtract", "swapaxes", "take", "take_along_axis", "tan", "tanh", "tensordot", "tile",
    "trace", "transpose", "trapezoid", "tril", "trim_zeros", "triu", "true_divide", "trunc",
    "unique", "unstack", "value_and_grad", "vander", "var", "vdot", "vecdot", "vecmat", "vjp",
    "vsplit", "vstack", "where", "xlogy",
]


if not _typing.TYPE_CHECKING:  # for which there would be no wrong names left

    def __getattr__(name: str) -> _typing.Any:
        """Import what is slow to import at its first use."""
        if room := {"explain": "explain", "explore": "explorer"}.get(name):
            globals()[name] = getattr(_import_module(f".draw.{room}", __name__), name)
            return globals()[name]
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *"abs all any compile max min pow round sum".split()])
