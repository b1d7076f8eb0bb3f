"""What NumPy lacks, for arrays. Compiled source has these functions written out at its head."""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, no-any-return"

from numpy import abs, exp, hypot, inf, isnan, log, square, where  # NumPy's names


def relu(x, out=None):
    return x.clip(0.0, inf, out=out)


def cosine(x, y):
    return x / hypot(x, y)


def logistic_density(x):
    small = exp(-abs(x))
    return small / square(1.0 + small)


def one_minus_square(x):
    return (1.0 - x) * (1.0 + x)


def sech2(x):
    small = exp(-2.0 * abs(x))
    return 4.0 * small / square(1.0 + small)


def sigmoid(x):
    small = exp(-abs(x))
    return where(x >= 0.0, 1.0, small) / (1.0 + small)


def softsign(x):
    return x / (1.0 + abs(x))


def xlogy(x, y):
    zero = (x == 0.0) & ~isnan(y)
    return where(zero, 0.0, x * log(where(zero, 1.0, y)))
