"""The table: every primitive of single numbers, its forward function and its derivatives.

`vjps[i](g, out, *args)` is the gradient for `args[i]`, given `g = dL/dout` (shaped like `out`).
Only `+ - *` and other primitives appear, and `g` is never changed: so the one rule serves floats
(`Value`), arrays (`Tensor`), nodes themselves (derivatives of derivatives) and the compiler.
Rows that broadcast are written as if their operands had one shape; the loop sums the rest back.
The other facts of a row are described by `Op`. Rows for arrays and matrices stand in files of their
own; no rule here needs them.
"""

from __future__ import annotations

import builtins
import math
import operator

import numpy as np

from . import kernels, special_functions
from .array_libraries import converter_like
from .kernels import elementary, kernel, one_like, zeros_like
from .op import Data, analytic, data_of, elementwise, relation

LN2, LN10, TWO_OVER_ROOT_PI = math.log(2.0), math.log(10.0), 2.0 / math.sqrt(math.pi)


def _power_below(x: Data, y: Data, out: Data) -> Data:
    """Return x^(y-1), and 1 for y = 0."""
    if type(y) in (int, float):
        return x if y == 2 else pow(x, y - (y != 0))  # mutants 1: only faster
    return pow(x, y - where(data_of(y) != 0, one_like(out), 0.0))  # mutants 1: ones are true


def _square(x: Data) -> Data:
    return x * x


def _radius_or_one(x: Data, y: Data) -> Data:
    """Return the distance of (x, y) from the origin, and 1 there."""
    r = hypot(x, y)
    return where(data_of(r) == 0, 1.0, r)  # mutants 1: divides 0


def _over_square(x: Data, r: Data) -> Data:
    """Return x / r^2, also where r^2 overflows or underflows."""
    return div(div(x, r), r)


# The table is set in columns, to be read and printed like one in a calculus book.
# fmt: off

# --- arithmetic -----------------------------------------------------------------------------------

add = analytic("add", operator.add,                                  # d(x + y) = dx + dy
               lambda g, out, x, y: g,
               lambda g, out, x, y: g,
               text="x + y", ufunc=np.add, linear=True, commutes=True, identity=-0.0)

sub = analytic("sub", operator.sub,                                  # d(x - y) = dx - dy
               lambda g, out, x, y: g,
               lambda g, out, x, y: -g,
               text="x - y", ufunc=np.subtract, linear=True, identity=0.0)

mul = analytic("mul", operator.mul,                                  # d(xy) = y dx + x dy
               lambda g, out, x, y: g * y,
               lambda g, out, x, y: g * x,
               text="x * y", ufunc=np.multiply, linear="each", commutes=True, identity=1.0)

div = analytic("div", kernels.divide,                                # d(x/y) = dx/y - (x/y) dy/y
               lambda g, out, x, y: div(g, y),
               lambda g, out, x, y: -g * div(out, y),
               text="x / y", linear=(0,), identity=1.0)

# d(x^y) = y x^(y-1) dx + x^y log(x) dy. A zeroth power is flat, also at 0 where x^-1 is infinite;
# and 0^y is flat in y for y >= 0, where log(0) is not finite.
pow = elementwise("pow", kernels.power,
                  lambda g, out, x, y: g * (y * _power_below(x, y, out)),
                  lambda g, out, x, y:
                      g * (out * log(where((x == 0) & (y >= 0), one_like(out), x))),
                  text="x**y", ufunc=np.power, identity=1.0)

neg = analytic("neg", operator.neg, lambda g, out, x: -g,
               text="-x", ufunc=np.negative, linear=True)

mod = elementwise("mod", kernels.mod,                                # x - y floor(x/y)
                  lambda g, out, x, y: g,
                  lambda g, out, x, y: -g * floor_divide(x, y),
                  text="x % y")

fmod = elementwise("fmod", kernel(math.fmod, np.fmod),               # x - y trunc(x/y)
                   lambda g, out, x, y: g,
                   lambda g, out, x, y: -g * round(div(x - out, y)))

# --- elementary functions -------------------------------------------------------------------------

exp = analytic("exp", elementary("exp"), lambda g, out, x: g * out)              # d e^x = e^x dx
exp2 = elementwise("exp2", elementary("exp2"), lambda g, out, x: g * (LN2 * out))
expm1 = analytic("expm1", elementary("expm1"), lambda g, out, x: g * exp(x),     # exact near 0
                 formula="exp(x) - 1")
log = analytic("log", elementary("log"), lambda g, out, x: div(g, x))            # d log x = dx/x
log2 = analytic("log2", elementary("log2"), lambda g, out, x: div(g, LN2 * x))
log10 = analytic("log10", elementary("log10"), lambda g, out, x: div(g, LN10 * x))
log1p = analytic("log1p", elementary("log1p"), lambda g, out, x: div(g, 1.0 + x),    # likewise
                 formula="log(1 + x)")

sqrt = analytic("sqrt", elementary("sqrt"), lambda g, out, x: div(0.5 * g, out))
cbrt = elementwise("cbrt", elementary("cbrt"), lambda g, out, x: div(g, 3.0 * out * out))

# The root of a sum of squares has its least at 0, where lengths and deviations have slope 0.
flat_root = elementwise("flat_root", sqrt.forward,
                        lambda g, out, x: div(0.5 * g, where(data_of(out) == 0, np.inf, out)),
                        text="sqrt(x)")

sin = analytic("sin", elementary("sin"), lambda g, out, x: g * cos(x))
cos = analytic("cos", elementary("cos"), lambda g, out, x: -g * sin(x))
tan = analytic("tan", elementary("tan"), lambda g, out, x: g * (1.0 + out * out))

arcsin = analytic("arcsin", elementary("arcsin"),                    # dx / sqrt(1 - x^2)
                  lambda g, out, x: div(g, sqrt(one_minus_square(x))))
arccos = analytic("arccos", elementary("arccos"),
                  lambda g, out, x: div(-g, sqrt(one_minus_square(x))))
arctan = analytic("arctan", elementary("arctan"),                    # dx / (1 + x^2)
                  lambda g, out, x: _over_square(g, hypot(x, 1.0)))

sinh = analytic("sinh", elementary("sinh"), lambda g, out, x: g * cosh(x))
cosh = analytic("cosh", elementary("cosh"), lambda g, out, x: g * sinh(x))
tanh = analytic("tanh", elementary("tanh"), lambda g, out, x: g * sech2(x))

arcsinh = analytic("arcsinh", elementary("arcsinh"),                 # dx / sqrt(x^2 + 1)
                   lambda g, out, x: div(g, hypot(x, 1.0)))
arccosh = analytic("arccosh", elementary("arccosh"),                 # dx / sqrt(x^2 - 1)
                   lambda g, out, x: div(g, sqrt(x - 1.0) * sqrt(x + 1.0)))
arctanh = analytic("arctanh", elementary("arctanh"),                 # dx / (1 - x^2)
                   lambda g, out, x: div(g, one_minus_square(x)))

sinc = elementwise("sinc", kernels.sinc,                             # the n-th derivative of sinc
                   lambda g, out, x, *, n: g * sinc(x, n=n + 1),
                   text=lambda n: f"sinc(x, n={n})" if n else "sinc(x)")

erf = elementwise("erf", kernels.erf, lambda g, out, x: g * (TWO_OVER_ROOT_PI * exp(-(x * x))))
erfc = elementwise("erfc", kernels.erfc,                             # 1 - erf, exact far out
                   lambda g, out, x: g * (-TWO_OVER_ROOT_PI * exp(-(x * x))))

erfinv = elementwise("erfinv", special_functions.erfinv,
                     lambda g, out, x: g * (exp(out * out) * (1.0 / TWO_OVER_ROOT_PI)))

lgamma = elementwise("lgamma", special_functions.lgamma,             # log |Gamma(x)|
                     lambda g, out, x: g * polygamma(x, n=0))
polygamma = elementwise("polygamma", special_functions.polygamma,    # its (n+1)-th derivative
                        lambda g, out, x, *, n: g * polygamma(x, n=n + 1),
                        text=lambda n: f"polygamma({n}, x)" if n else "digamma(x)")

sigmoid = elementwise("sigmoid", kernels.sigmoid,                    # d s = s (1 - s) dx
                      lambda g, out, x: g * logistic_density(x))
logit = elementwise("logit", kernels.logit, lambda g, out, x: div(g, x * (1.0 - x)),
                    formula="log(x / (1 - x))")
softsign = elementwise("softsign", kernels.softsign,                 # x / (1 + |x|)
                       lambda g, out, x: g * _square(div(1.0, 1.0 + abs(x))))

hypot = elementwise("hypot", kernel(math.hypot, np.hypot),           # sqrt(x^2 + y^2)
                    lambda g, out, x, y: g * cosine(x, y),
                    lambda g, out, x, y: g * cosine(y, x),
                    formula="sqrt(x**2 + y**2)", commutes=True)

# The angle of (x, y), written arctan2(y, x); at the origin, where it has none, slope 0.
arctan2 = elementwise("arctan2", kernel(math.atan2, np.arctan2),
                      lambda g, out, y, x: g * _over_square(x, _radius_or_one(x, y)),
                      lambda g, out, y, x: -g * _over_square(y, _radius_or_one(x, y)))

logaddexp = elementwise("logaddexp", kernels.logaddexp,              # log(e^x + e^y)
                        lambda g, out, x, y: g * sigmoid(x - y),
                        lambda g, out, x, y: g * sigmoid(y - x), commutes=True)

xlogy = elementwise("xlogy", kernels.xlogy,                          # x log(y), and 0 where x is 0
                    lambda g, out, x, y: g * log(where((x == 0) & (y <= 0), one_like(out), y)),
                    lambda g, out, x, y: g * div(x, y), linear=(0,))

# Parts of slopes above. Where textbooks write 1 - tanh^2 x, s (1 - s), 1 - x^2 and 1 - (x/r)^2, a
# difference would cancel.
sech2 = elementwise("sech2", kernels.sech2,                          # 1 / cosh^2 x
                    lambda g, out, x: g * (-2.0 * tanh(x) * out), text="1 - tanh(x)**2")

logistic_density = elementwise("logistic_density", kernels.logistic_density,     # s(x) s(-x)
                               lambda g, out, x: -g * (tanh(0.5 * x) * out),
                               text="sigmoid(x) * (1 - sigmoid(x))")

one_minus_square = analytic("one_minus_square", kernels.one_minus_square,
                            lambda g, out, x: g * (-2.0 * x), text="1 - x**2")

cosine = elementwise("cosine", kernels.cosine,                       # x / r, where r = hypot(x, y)
                     lambda g, out, x, y: g * div(_square(cosine(y, x)), hypot(x, y)),
                     lambda g, out, x, y: -g * div(out * cosine(y, x), hypot(x, y)),
                     text="x / sqrt(x**2 + y**2)")

# --- kinks: flat on both sides has slope 0; a tie is shared equally -------------------------------

sign = elementwise("sign", kernels.sign, lambda g, out, x: zeros_like(x))
floor = elementwise("floor", kernels.floor, lambda g, out, x: zeros_like(x),
                    tex=r"\left\lfloor x \right\rfloor")
ceil = elementwise("ceil", kernels.ceil, lambda g, out, x: zeros_like(x),
                   tex=r"\left\lceil x \right\rceil")
trunc = elementwise("trunc", kernels.trunc, lambda g, out, x: zeros_like(x))
round = elementwise("round", kernels.round, lambda g, out, x, *, decimals=0: zeros_like(x))
nan_to_num = elementwise("nan_to_num", kernels.nan_to_num, None)

floor_divide = elementwise("floor_divide", kernels.floor_divide,
                           lambda g, out, x, y: zeros_like(out),
                           lambda g, out, x, y: zeros_like(out), text="x // y")

abs = elementwise("abs", operator.abs, lambda g, out, x: g * sign(x),    # |x|' = sign x, 0 at 0
                  ufunc=np.absolute, on_float=builtins.abs)

copysign = elementwise("copysign", kernel(math.copysign, np.copysign),  # |x| with the sign of y
                       lambda g, out, x, y: g * (sign(x) * copysign(one_like(out), y)),
                       lambda g, out, x, y: zeros_like(out))

heaviside = elementwise("heaviside", kernels.heaviside,              # 0, y, 1 for x <, =, > 0
                        lambda g, out, x, y: zeros_like(out),
                        lambda g, out, x, y: where(x == 0, g, 0.0))

relu = elementwise("relu", kernels.relu, lambda g, out, x: g * sign(out))    # slope 0 at 0

# mutants 2: ties are handled before
maximum = elementwise("maximum", kernels.maximum,
                      lambda g, out, x, y: where(x == y, 0.5 * g, where(x < y, 0.0, g)),
                      lambda g, out, x, y: where(x == y, 0.5 * g, where(x > y, 0.0, g)))

# mutants 2: ties are handled before
minimum = elementwise("minimum", kernels.minimum,
                      lambda g, out, x, y: where(x == y, 0.5 * g, where(x > y, 0.0, g)),
                      lambda g, out, x, y: where(x == y, 0.5 * g, where(x < y, 0.0, g)))

where = elementwise("where", kernels.where, None,                    # the condition is no variable
                    lambda g, out, condition, x, y: where(condition, g, 0.0),
                    lambda g, out, condition, x, y: where(condition, 0.0, g), linear=(1, 2),
                    formula="x if condition else y")

# --- conditions: true or false, without derivatives -----------------------------------------------

equal = relation("equal", operator.eq, text="x == y", commutes=True)
not_equal = relation("not_equal", operator.ne, text="x != y", commutes=True)
less = relation("less", operator.lt, text="x < y")
less_equal = relation("less_equal", operator.le, text="x <= y")
greater = relation("greater", operator.gt, text="x > y")
greater_equal = relation("greater_equal", operator.ge, text="x >= y")
logical_and = relation("logical_and", operator.and_, text="x & y", commutes=True)
logical_or = relation("logical_or", operator.or_, text="x | y", commutes=True)
logical_not = relation("logical_not", kernels.logical_not)

# --- the same numbers with another dtype, array library or node -----------------------------------

astype = elementwise("astype", lambda x, *, dtype: x.astype(dtype),      # whole numbers are steps
                     lambda g, out, x, *, dtype: astype(g, dtype=x.dtype) if dtype.kind == "f"
                     else zeros_like(x), text=lambda dtype: f"{dtype}(x)", formula="x")

to = analytic("to", lambda x, *, make: make(x),                      # the same numbers elsewhere
              lambda g, out, x, *, make: to(g, make=converter_like(data_of(x))),
              text="x", linear=True)

item = elementwise("item", float, lambda g, out, x: g, text="x", linear=True)    # an only entry
alias = analytic("alias", lambda x: x, lambda g, out, x: g, text="x", linear=True)   # a new node
