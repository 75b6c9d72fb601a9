"""Approximating instructions: sections 9.7.3.8 and 9.7.3.13 to 22, 9.7.4.9 and 10 of the PTX ISA.

Expected is the true value to 20 digits with the largest error that the ISA documents, written ~value+-bound; for the
inputs in the ISA's tables of special cases, the tables' results. The true values come from Python's decimal at 80 digits.
"""
from decimal import Decimal, getcontext
from fractions import Fraction

import formats
import values
from emit import Family, draw, instruction

getcontext().prec = 80
LN2 = Decimal(2).ln()


def decimal(number):
    return Decimal(number.numerator) / Decimal(number.denominator)


def pi():
    """Machin: pi = 16 atan(1/5) - 4 atan(1/239)."""
    def arctangent(inverse):
        total, term, n = Decimal(0), Decimal(1) / inverse, 1
        while abs(term) > Decimal(10) ** -90:
            total += term / n * (1 if n % 4 == 1 else -1)
            term /= inverse * inverse
            n += 2
        return total

    return 16 * arctangent(5) - 4 * arctangent(239)


PI = pi()


def sine(x):
    x = x % (2 * PI)
    total, term, n = Decimal(0), x, 1
    while abs(term) > Decimal(10) ** -75:
        total += term
        term *= -x * x / ((n + 1) * (n + 2))
        n += 2
    return total


def cosine(x):
    return sine(x + PI / 2)


def exponential(x):
    return (min(max(x, Decimal(-5000)), Decimal(5000)) * LN2).exp()


def logarithm(x):
    return x.ln() / LN2


def hyperbolic_tangent(x):
    if abs(x) < Decimal("1e-20"):
        return x
    e = (2 * min(max(x, Decimal(-500)), Decimal(500))).exp()
    return (e - 1) / (e + 1)


def about(value, bound):
    return "~%s+-%s" % ("%.20e" % value, "%.6e" % bound)


def power(exponent):
    """2 to a decimal exponent, as the ISA writes its bounds: 2^-22.9."""
    return (Decimal(str(exponent)) * LN2).exp()


def ulp(form, value):
    return decimal(form.quantum(max(Fraction(abs(value)), form.smallest_normal())))


class Bound:
    """A documented error: relative or absolute, as a power of two; or so many units in the last place."""

    def __init__(self, kind, size, rounding=False):
        self.kind, self.size, self.rounding = kind, size, rounding

    def __str__(self):
        return "%s %s" % (self.kind, self.size if self.kind == "ulp" else "2^%s" % self.size)

    def of(self, form, value):
        if self.kind == "absolute":
            return power(self.size)
        if self.kind == "relative":
            # Among denormals no result can be nearer than half their distance.
            tiny = abs(value) < decimal(form.smallest_normal())
            return power(self.size) * abs(value) + (ulp(form, value) / 2 if tiny else 0)
        return ulp(form, value) * (Decimal(self.size) + (Decimal("0.5") if self.rounding else 0))


def approximate(kind, value, bound, ftz):
    """The judgement of a finite true value: flushed, overflown or within the bound; None on an edge between those."""
    form = formats.FORMATS[kind]
    least = decimal(form.smallest_normal())
    most = decimal(form.decode(form.largest())[2])
    sign = form.sign_bit if value < 0 else 0
    margin = bound.of(form, value)
    if abs(value) > most:
        return sign | form.infinity() if abs(value) > most + 4 * margin else None
    if abs(value) > most - 4 * margin and most * Decimal("0.9") < abs(value):
        return None
    if ftz and abs(value) < least:
        return sign if abs(value) < least - margin or value == 0 else None
    return about(value, margin)


def unary(kind, name, function, bound, special, inputs, ftz=False, bound_at=None):
    """Rows of a function of one operand. special: results by class of input; domain: where there is a true value."""
    form = formats.FORMATS[kind]
    rows = []
    for raw in dict.fromkeys(inputs):
        seen = values.flush(kind, raw) if ftz else raw
        value = form.decode(seen)
        key = classify(form, value)
        if key in special:
            result = special[key]
        else:
            x = decimal(formats.signed(value))
            at = bound_at(x) if bound_at else bound
            result = "?" if at is None else approximate(kind, function(x), at, ftz)
        if result is not None:
            rows.append(((raw,), (result,)))
    return rows


def classify(form, value):
    if value[0] == "nan":
        return "nan"
    sign = "-" if value[1] else "+"
    if value[0] == "inf":
        return sign + "inf"
    if value[2] == 0:
        return sign + "0"
    return sign + "number"


def spread(kind, name, low, high, positive=False):
    """The edges, and numbers between two bounds: evenly, near whole numbers, and tiny."""
    form = formats.FORMATS[kind]
    chance = draw(name)
    own = list(values.edges(kind))
    for _ in range(20):
        own.append(form.encode(formats.exact(Fraction(chance.uniform(low, high)))))
    for _ in range(8):
        own.append(form.encode(formats.exact(Fraction(round(chance.uniform(low, high))))))
    for _ in range(8):
        own.append(chance.randrange(1, form.infinity()) | (0 if positive else chance.getrandbits(1) * form.sign_bit))
    return own


def names(op, ftz, kind):
    return op + ".approx" + (".ftz" if ftz else "") + "." + kind


NEGATIVE = {"nan": "nan", "-number": "nan", "-inf": "nan"}


def singles():
    f = Family("approximate", "Approximations in single precision, PTX ISA 9.7.3")
    one, most = 0x3F800000, 0x7F800000
    for ftz in (False, True):
        def put(op, function, bound, special, low, high, positive=False, bound_at=None):
            name = names(op, ftz, "f32")
            rows = unary("f32", name, function, bound, special, spread("f32", name, low, high, positive), ftz, bound_at)
            f.add(name, instruction(name, ["d"], ["a"]), "f32", "f32", rows, error=str(bound))

        put("rcp", lambda x: 1 / x, Bound("ulp", 1), {"nan": "nan", "-inf": 1 << 31, "+inf": 0, "-0": 1 << 31 | most, "+0": most}, -8, 8)
        root = dict(NEGATIVE, **{"-0": 1 << 31, "+0": 0, "+inf": most})
        put("sqrt", lambda x: x.sqrt(), Bound("relative", -23), root, 0, 100, True)
        inverse = dict(NEGATIVE, **{"-0": 1 << 31 | most, "+0": most, "+inf": 0})
        put("rsqrt", lambda x: 1 / x.sqrt(), Bound("relative", -22.9), inverse, 0, 100, True)
        near, far = Bound("absolute", -20.5), Bound("absolute", -14.7)

        def within(x):
            return near if abs(x) <= 2 * PI else far if abs(x) <= 100 * PI else None

        angle = {"nan": "nan", "-inf": "nan", "+inf": "nan"}
        put("sin", sine, near, dict(angle, **{"-0": 1 << 31, "+0": 0}), -7, 7, bound_at=within)
        put("cos", cosine, near, dict(angle, **{"-0": one, "+0": one}), -7, 7, bound_at=within)
        log = dict(NEGATIVE, **{"-0": 1 << 31 | most, "+0": 1 << 31 | most, "+inf": most})
        outside = Bound("relative", -22)

        def logarithmic(x):
            return Bound("absolute", -22) if Decimal("0.5") < x < 2 else outside

        put("lg2", logarithm, outside, log, 0, 4, True, logarithmic)
        put("ex2", exponential, Bound("ulp", 2, True), {"nan": "nan", "-inf": 0, "+inf": most, "-0": one, "+0": one}, -160, 135)
    tanh = {"nan": "nan", "-0": 1 << 31, "+0": 0, "-inf": 1 << 31 | one, "+inf": one}
    rows = unary("f32", "tanh", hyperbolic_tangent, Bound("relative", -11), tanh, spread("f32", "tanh", -6, 6))
    f.add("tanh.approx.f32", "tanh.approx.f32 d, a;", "f32", "f32", rows, error="relative 2^-11")
    for mode in ("approx", "full"):
        for ftz in (False, True):
            name = "div." + mode + (".ftz" if ftz else "") + ".f32"
            f.add(name, instruction(name, ["d"], ["a", "b"]), "f32 f32", "f32", quotients(name, mode, ftz), error="ulp 2")
    doubles(f)
    return f


def quotients(name, mode, ftz):
    form = formats.F32
    chance = draw(name)
    own, rest = values.edges("f32"), values.random("f32")
    big = [0x7E800000, 0x7E800001, 0x7F000000, 0xFF7FFFFF, 0x00800000, 0x7E000000]  # around 2^126, and 2^-126
    pairs = [(a, b) for a in own[:10] for b in own[:4]] + [(chance.choice(own), b) for b in big * 2] + [(rest(chance), rest(chance)) for _ in range(16)]
    rows = []
    for a, b in dict.fromkeys(pairs):
        x, y = (form.decode(values.flush("f32", raw) if ftz else raw) for raw in (a, b))
        exact = formats.divide(x, y)
        large = y[0] == "finite" and y[2] > Fraction(2) ** 126
        small = y[0] == "finite" and 0 < y[2] < Fraction(2) ** -126
        if mode == "approx" and small and x[2] != 0:
            result = "?"  # the ISA bounds the error for divisors of 2^-126 and more
        elif mode == "approx" and large:
            # Said to be zero, or NaN for an infinite dividend; devices do better without .ftz.
            zero = form.sign_bit * exact[1]
            result = zero if x[0] == "finite" else "nan"
            if not ftz and x[0] != "nan":
                better = form.encode(exact) if x[0] == "inf" else approximate("f32", decimal(formats.signed(exact)), Bound("ulp", 2), ftz)
                result = (result, better if better is not None else result) if x[0] == "inf" or exact[2] else zero
        elif exact[0] != "finite" or exact[2] == 0:
            result = form.encode(exact)
        else:
            result = approximate("f32", decimal(formats.signed(exact)), Bound("ulp", 2), ftz)
        if result is not None:
            rows.append(((a, b), (result,)))
    return rows


def doubles(f):
    own = spread("f64", "doubles", 0, 100, True)
    most = formats.F64.infinity()
    inverse = dict(NEGATIVE, **{"-0": 1 << 63 | most, "+0": most, "+inf": 0})
    rows = unary("f64", "", lambda x: 1 / x.sqrt(), Bound("ulp", 2), inverse, own)
    f.add("rsqrt.approx.f64", "rsqrt.approx.f64 d, a;", "f64", "f64", rows, error="ulp 2",
          note="the ISA gives no bound; CUDA's rsqrt, which is this instruction, promises 1 ulp, and 2 are allowed here")
    canonical = 0x7FFFFFFF00000000
    for op, function, special in (
        ("rcp", lambda x: 1 / x, {"nan": canonical, "-inf": 1 << 63, "+inf": 0, "-0": 1 << 63 | most, "+0": most}),
        ("rsqrt", lambda x: 1 / x.sqrt(), dict(inverse, nan=canonical)),
    ):
        name = op + ".approx.ftz.f64"
        # Only the upper word counts, so that a NaN must show there.
        upper = [raw >> 32 << 32 for raw in own if formats.F64.decode(raw)[0] != "nan"] + [0x7FF8000000000000, 0xFFF8000100000000]
        rows = []
        for (raw,), (result,) in unary("f64", name, function, Bound("relative", -18), special, upper, True):
            rows.append(((raw | (0x9ABCDEF0 if "~" in str(result) else 0),), (result, 0)))
        f.add(name, [instruction(name, ["d"], ["a"]), "mov.b64 {d1, junk}, d;"], "f64", "f64 b32", rows, error="relative 2^-18",
              registers=[".b32 junk"],
              note="a gross approximation of a's upper word, its lower word is ignored and the result's is zero; the ISA gives no bound, 2^-18 is taken from its 20 bits")


def halves(kind, version, target, forms):
    f = Family("approximate_" + kind, "Approximations in %s, PTX ISA 9.7.4" % kind, version, target)
    form = formats.FORMATS[kind]
    one, most = values.bits(kind, 1), form.infinity()
    for op, function, bound, ftz, low, high, special in forms:
        table = {"nan": "nan", "+inf": most, "-inf": 0, "+0": one, "-0": one} if op == "ex2" else {
            "nan": "nan", "+0": 0, "-0": form.sign_bit, "+inf": one, "-inf": form.sign_bit | one}
        name = names(op, ftz, kind)
        rows = unary(kind, name, function, bound, table, spread(kind, name, low, high), ftz)
        f.add(name, instruction(name, ["d"], ["a"]), [kind], [kind], rows, error=str(bound))
        rows = [((x[0][0] | y[0][0] << 16,), (x[1][0], y[1][0])) for x, y in zip(rows, rows[7:] + rows[:7])]
        f.add(name + "x2", ["%sx2 pair, a;" % name, "mov.b32 {d, d1}, pair;"], [kind + "x2"], [kind, kind], rows, error=str(bound), registers=[".b32 pair"])
    return f


def half():
    return halves("f16", "7.8", "sm_80", [
        ("tanh", hyperbolic_tangent, Bound("absolute", -10.987), False, -5, 5, None),
        ("ex2", exponential, Bound("relative", -9.9), False, -20, 17, None)])


def bfloat():
    return halves("bf16", "7.8", "sm_90", [
        ("tanh", hyperbolic_tangent, Bound("absolute", -8), False, -5, 5, None),
        ("ex2", exponential, Bound("relative", -7), True, -130, 129, None)])


FAMILIES = [singles, half, bfloat]
