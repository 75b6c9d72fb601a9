"""Binary floating point in exact rational arithmetic: the formats of PTX, and rounding to them.

Nothing here uses the machine's own floating point. A value is a tuple (kind, sign, magnitude): kind is "nan", "inf" or
"finite", sign is 0 or 1, magnitude a Fraction.
"""
from fractions import Fraction
from math import isqrt

NAN = ("nan", 0, Fraction(0))


def inf(sign):
    return ("inf", sign, Fraction(0))


def finite(sign, magnitude):
    return ("finite", sign, Fraction(magnitude))


def exact(number):
    """A rational as a value; zero is +0."""
    number = Fraction(number)
    return finite(int(number < 0), abs(number))


def signed(value):
    return -value[2] if value[1] else value[2]


class Format:
    """A binary format: so many bits, of which so many are exponent and mantissa."""

    def __init__(self, name, bits, exponent, mantissa, canonical):
        self.name = name
        self.bits = bits
        self.mantissa = mantissa
        self.exponent = exponent
        self.bias = (1 << (exponent - 1)) - 1
        self.least = 1 - self.bias
        self.most = self.bias
        self.canonical = canonical  # the canonical NaN
        self.shift = bits - 1 - exponent - mantissa  # unused low bits: 13 in tf32
        self.sign_bit = 1 << (bits - 1)

    def infinity(self, sign=0):
        return (sign << (self.bits - 1)) | (((1 << self.exponent) - 1) << (self.mantissa + self.shift))

    def largest(self, sign=0):
        return self.infinity(sign) - (1 << self.shift)

    def smallest_normal(self):
        return Fraction(2) ** self.least

    def decode(self, bits):
        sign = bits >> (self.bits - 1) & 1
        field = bits >> (self.mantissa + self.shift) & ((1 << self.exponent) - 1)
        low = bits >> self.shift & ((1 << self.mantissa) - 1)
        if field == (1 << self.exponent) - 1:
            return inf(sign) if low == 0 else NAN
        if field == 0:
            return finite(sign, Fraction(low) * Fraction(2) ** (self.least - self.mantissa))
        return finite(sign, Fraction(low | 1 << self.mantissa) * Fraction(2) ** (field - self.bias - self.mantissa))

    def quantum(self, magnitude):
        """The distance of neighbours at a magnitude."""
        return Fraction(2) ** (max(floor_log2(magnitude), self.least) - self.mantissa)

    def encode(self, value, mode="rn"):
        """Bits of a value rounded: rn, rz, rm, rp or rna (ties away from zero). A NaN is the string "nan"."""
        kind, sign, magnitude = value
        if kind == "nan":
            return "nan"
        if kind == "inf":
            return self.infinity(sign)
        if magnitude == 0:
            return sign << (self.bits - 1)
        quantum = self.quantum(magnitude)
        steps = round_fraction(magnitude / quantum, sign, mode)
        if steps * quantum >= Fraction(2) ** (self.most + 1):
            up = mode in ("rn", "rna") or mode == "rp" and not sign or mode == "rm" and sign
            return self.infinity(sign) if up else self.largest(sign)
        exponent = max(floor_log2(magnitude), self.least)
        # A normal number's hidden bit adds one to the exponent field by itself, a carry out of the mantissa another.
        field = exponent - self.least
        return (sign << (self.bits - 1)) | (((field << self.mantissa) + steps) << self.shift)


def floor_log2(magnitude):
    exponent = magnitude.numerator.bit_length() - magnitude.denominator.bit_length()
    return exponent if Fraction(2) ** exponent <= magnitude else exponent - 1


def round_fraction(number, sign, mode):
    """A magnitude rounded to an integer, in a mode; the sign matters to the directed ones."""
    below = number.numerator // number.denominator
    rest = number - below
    if rest == 0:
        return below
    if mode == "rz" or mode == "rp" and sign or mode == "rm" and not sign:
        return below
    if mode in ("rp", "rm"):
        return below + 1
    half = Fraction(1, 2)
    if rest != half:
        return below + (rest > half)
    return below + (1 if mode == "rna" else below & 1)


F16 = Format("f16", 16, 5, 10, 0x7FFF)
BF16 = Format("bf16", 16, 8, 7, 0x7FFF)
TF32 = Format("tf32", 32, 8, 10, 0x7FFFFFFF)
F32 = Format("f32", 32, 8, 23, 0x7FFFFFFF)
F64 = Format("f64", 64, 11, 52, 0x7FFFFFFFFFFFFFFF)
FORMATS = {"f16": F16, "bf16": BF16, "tf32": TF32, "f32": F32, "f64": F64}


def add(x, y, mode):
    if x[0] == "nan" or y[0] == "nan":
        return NAN
    if x[0] == "inf" or y[0] == "inf":
        if x[0] == y[0]:
            return x if x[1] == y[1] else NAN
        return x if x[0] == "inf" else y
    total = signed(x) + signed(y)
    if total == 0:
        # IEEE 754, section 6.3: equal signs keep theirs, else +0, or -0 when rounding down.
        same = x[1] == y[1]
        return finite(x[1] if same else int(mode == "rm"), 0)
    return exact(total)


def negate(x):
    return x if x[0] == "nan" else (x[0], 1 - x[1], x[2])


def subtract(x, y, mode):
    return add(x, negate(y), mode)


def multiply(x, y, mode=None):
    if x[0] == "nan" or y[0] == "nan":
        return NAN
    sign = x[1] ^ y[1]
    if x[0] == "inf" or y[0] == "inf":
        zero = x[0] == "finite" and x[2] == 0 or y[0] == "finite" and y[2] == 0
        return NAN if zero else inf(sign)
    return finite(sign, x[2] * y[2])


def multiply_add(x, y, z, mode):
    return add(multiply(x, y), z, mode)


def divide(x, y, mode=None):
    if x[0] == "nan" or y[0] == "nan":
        return NAN
    sign = x[1] ^ y[1]
    if x[0] == "inf":
        return NAN if y[0] == "inf" else inf(sign)
    if y[0] == "inf":
        return finite(sign, 0)
    if y[2] == 0:
        return NAN if x[2] == 0 else inf(sign)
    return finite(sign, x[2] / y[2])


def square_root(x, mode=None):
    """The root to 200 bits, nudged off any tie or representable number when it is not exact."""
    if x[0] == "nan" or x[0] == "finite" and x[2] == 0:
        return x
    if x[1]:
        return NAN
    if x[0] == "inf":
        return x
    scale = 1 << 1400
    square = x[2].numerator * x[2].denominator * scale * scale
    root = isqrt(square)
    twice = 2 * root + (root * root != square)
    return finite(0, Fraction(twice, 2 * scale * x[2].denominator))
