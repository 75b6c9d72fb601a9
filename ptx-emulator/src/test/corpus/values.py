"""Interesting floating-point operands, and operations with PTX's modifiers .ftz, .sat, .relu, .NaN and .xorsign.abs."""
from fractions import Fraction

from formats import FORMATS, NAN, finite


def bits(kind, text):
    """The bits of a literal such as 1.5 or 3/8, which must be exact."""
    form = FORMATS[kind]
    number = Fraction(text)
    value = form.encode(finite(int(str(text).startswith("-")), abs(number)))
    assert form.decode(value)[2] == abs(number), (kind, text)
    return value


def edges(kind):
    """Zeros, ones, denormals, extremes, infinities, NaNs, and neighbours of ties."""
    form = FORMATS[kind]
    step = 1 << form.shift
    one = bits(kind, 1)
    normal = form.encode(finite(0, form.smallest_normal()))
    quiet = form.infinity() | 1 << (form.mantissa - 1 + form.shift)
    payload = quiet | 5 << form.shift
    signal = form.infinity() | 3 << form.shift
    sign = form.sign_bit
    return [
        0, sign | one, form.infinity(), quiet, step, normal,
        sign, one, sign | form.infinity(), sign | payload, sign | step, sign | normal,
        signal, form.largest(), form.largest(1), normal - step, sign | normal - step,
        one + step, one - step, bits(kind, Fraction(3, 2)), bits(kind, 2), sign | bits(kind, Fraction(1, 2)), normal + step, 3 * step,
    ]


def random(kind):
    """Any bits; or near one; or near the ends of the range."""
    form = FORMATS[kind]

    def draw(chance):
        choice = chance.random()
        if choice < 0.35:
            return chance.getrandbits(form.bits) >> form.shift << form.shift
        sign = chance.getrandbits(1) << (form.bits - 1)
        if choice < 0.8:
            field = form.bias + chance.randrange(-3, 4)
        else:
            field = chance.choice([0, 1, 2, form.mantissa, 2 * form.bias - 1, 2 * form.bias])
        low = chance.getrandbits(form.mantissa)
        if chance.random() < 0.3:
            low = low >> form.mantissa // 2 << form.mantissa // 2
        return sign | (field << form.mantissa | low) << form.shift

    return draw


def is_nan(kind, raw):
    return FORMATS[kind].decode(raw)[0] == "nan"


def flush(kind, raw):
    """A denormal's bits as zero of its sign."""
    form = FORMATS[kind]
    value = form.decode(raw)
    if value[0] == "finite" and 0 < value[2] < form.smallest_normal():
        return value[1] << (form.bits - 1)
    return raw


def operate(kind, function, operands, mode="rn", ftz=False, sat=False, relu=False):
    """Bits of an operation's result, or a judgement; the function takes and gives exact values."""
    form = FORMATS[kind]
    if ftz:
        operands = [flush(kind, raw) for raw in operands]
    exact = function(*[form.decode(raw) for raw in operands], mode)
    result = form.encode(exact, mode)
    if sat:
        result = saturate(kind, result, exact)
        return flushed(kind, result, exact) if ftz else result
    if result == "nan":
        return "%x" % form.canonical if relu else "nan"
    if relu and result & form.sign_bit:
        return 0 if exact[2] or exact[0] == "inf" else (0, form.sign_bit)
    return flushed(kind, result, exact) if ftz else result


def flushed(kind, result, exact):
    """A result after .ftz: zero where it is denormal."""
    form = FORMATS[kind]
    if isinstance(result, tuple):
        return result
    zero = result & form.sign_bit
    if flush(kind, result) == zero:
        return zero
    tiny = exact[0] == "finite" and 0 < exact[2] < form.smallest_normal() and not (zero == 0 and exact[1])
    # Rounded up to the least normal number: whether that counts as denormal is not said.
    return (result, zero) if tiny else result


def saturate(kind, result, exact):
    """To [0, 1]; a NaN becomes +0. The sign of a zero is not said."""
    form = FORMATS[kind]
    if result == "nan" or exact[1]:
        negative_zero = result != "nan" and result == form.sign_bit and exact[0] == "finite" and exact[2] == 0
        return (0, form.sign_bit) if negative_zero else 0
    return min(result, bits(kind, 1))


def order(kind, raw):
    """A key that sorts numbers, -0 below +0."""
    form = FORMATS[kind]
    return -(raw & ~form.sign_bit) - 1 if raw & form.sign_bit else raw


def extreme(kind, least, raws, ftz=False, nan=False, xorsign=False, relu=False):
    """min or max of two, PTX ISA 9.7.3.11 and 9.7.4.8."""
    form = FORMATS[kind]
    if ftz:
        raws = [flush(kind, raw) for raw in raws]
    a, b = raws
    sign = (a ^ b) & form.sign_bit
    if xorsign:
        a, b = a & ~form.sign_bit, b & ~form.sign_bit
    nans = is_nan(kind, a) + is_nan(kind, b)
    if nans == 2 or nan and nans:
        # Said to be canonical where .NaN or .relu asks for it.
        return "%x" % form.canonical if nan or relu else "nan"
    if nans:
        result = b if is_nan(kind, a) else a
    else:
        result = (min if least else max)(a, b, key=lambda raw: order(kind, raw))
    if xorsign:
        result |= sign
    if relu and result & form.sign_bit:
        result = 0
    return result


def compare(kind, operator, a, b, ftz=False):
    """A floating comparison, PTX ISA 9.3.1.2."""
    form = FORMATS[kind]
    if ftz:
        a, b = flush(kind, a), flush(kind, b)
    unordered = is_nan(kind, a) or is_nan(kind, b)
    if operator == "num":
        return int(not unordered)
    if operator == "nan":
        return int(unordered)
    if unordered:
        return int(operator.endswith("u"))
    def number(raw):
        value = form.decode(raw)
        size = Fraction(2) ** 2000 if value[0] == "inf" else value[2]
        return -size if value[1] else size

    x, y = number(a), number(b)
    return int({"eq": x == y, "ne": x != y, "lt": x < y, "le": x <= y, "gt": x > y, "ge": x >= y}[operator[:2]])


FLOATING = ["eq", "ne", "lt", "le", "gt", "ge", "equ", "neu", "ltu", "leu", "gtu", "geu", "num", "nan"]
assert NAN[0] == "nan"
