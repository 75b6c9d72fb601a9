"""Makes the polynomial coefficients of FloatMath.java: minimax fits by Lawson's reweighted least squares, each coefficient
rounded to a float in turn, the lowest power first, and the rest fitted anew around it.

    python3 minimax.py        needs numpy and mpmath; prints Java constants and the error each polynomial keeps
"""
import numpy as np
from mpmath import mp, mpf, exp, expm1, log1p, erfc, sqrt, log

mp.dps = 40
POINTS = 600


def hexadecimal(x):
    """Exact, as Java writes it."""
    return float(x).hex().replace("0000000p", "p") + "f"


def lawson(basis, values, rounds=400):
    """Coefficients c that nearly minimise max |basis @ c - values|."""
    weights = np.ones(len(values)) / len(values)
    best, least = None, np.inf
    for _ in range(rounds):
        root = np.sqrt(weights)
        c = np.linalg.lstsq(basis * root[:, None], values * root, rcond=None)[0]
        error = np.abs(basis @ c - values)
        if error.max() < least:
            best, least = c, error.max()
        weights = weights * error
        weights /= weights.sum()
    return best


def rounded(name, argument, target, weight, low, high, degree):
    """Prints float coefficients of a polynomial in argument(x); errors are relative, by way of the weight."""
    middle, radius = (mpf(low) + mpf(high)) / 2, (mpf(high) - mpf(low)) / 2
    # Chebyshev points, none of them 0, where targets are 0 / 0.
    points = [middle + radius * mp.cos(mp.pi * (i + mpf("0.37")) / POINTS) for i in range(POINTS)]
    w = np.array([float(weight(x)) for x in points])
    t = np.array([float(target(x)) for x in points])
    powers = np.array([[float(argument(x) ** p) for p in range(degree + 1)] for x in points])
    c = lawson(powers * w[:, None], t * w)
    ideal = np.abs((powers @ c - t) * w).max()
    for p in range(degree + 1):
        c[p] = np.float32(c[p])
        if p < degree:
            known = powers[:, : p + 1] @ c[: p + 1]
            c[p + 1:] = lawson(powers[:, p + 1:] * w[:, None], (t - known) * w)
    error = np.abs((powers @ c - t) * w).max()
    print(f"// {name}: relative error 2^{np.log2(error):.1f} (2^{np.log2(ideal):.1f} before rounding)")
    print(",\n".join(f"      {hexadecimal(k)}" for k in c[::-1]))


def exponential(degree):
    """expm1(r) = r + r^2 * Q(r); relative to expm1, so that tanh keeps its digits near 0."""
    half = log(2) / 2 * mpf("1.0001")
    rounded("Q(r) = (expm1(r) - r) / r^2", lambda r: r, lambda r: (expm1(r) - r) / r ** 2,
            lambda r: r ** 2 / expm1(r), -half, half, degree)


def logarithm(degree):
    """log1p(f) = f - f^2 / 2 + f^3 * P(f)."""
    rounded("P(f) = (log1p(f) - f + f^2 / 2) / f^3", lambda f: f, lambda f: (log1p(f) - f + f ** 2 / 2) / f ** 3,
            lambda f: f ** 3 / log1p(f), sqrt(mpf(1) / 2) - 1, sqrt(mpf(2)) - 1, degree)


def normal_tail(k, degree, last=mpf("14.5")):
    """1 - Phi(a) = e^(-a^2 / 2) * T(q) / (a + k), q = (a - k) / (a + k)."""
    def scaled(a):
        return erfc(a / sqrt(mpf(2))) / 2 * exp(a * a / 2) * (a + k)
    rounded(f"T(q) = (1 - Phi(a)) * e^(a^2 / 2) * (a + {k}), q = (a - {k}) / (a + {k})", lambda a: (a - k) / (a + k),
            scaled, lambda a: 1 / scaled(a), 0, last, degree)


if __name__ == "__main__":
    for name, value in (("LN2", log(2)), ("LOG2E", 1 / log(2))):
        high = np.float32(float(value))
        print(f"{name}: {hexadecimal(high)} + {hexadecimal(np.float32(float(value - mpf(float(high)))))}")
    exponential(4)
    logarithm(7)
    normal_tail(mpf(4), 9)
