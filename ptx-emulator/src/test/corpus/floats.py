"""Exactly rounded floating-point arithmetic: section 9.7.3 of the PTX ISA."""
import formats
import values
from emit import Family, instruction, tuples

MODES = ["rn", "rz", "rm", "rp"]
TWO = {"add": formats.add, "sub": formats.subtract, "mul": formats.multiply}


def ties(kind):
    """Pairs whose sum or product lies halfway between two neighbours, or just beside that."""
    form = formats.FORMATS[kind]
    one = values.bits(kind, 1)
    half = one - (form.mantissa + 1 << form.mantissa + form.shift)  # half a unit in the last place of 1
    step = 1 << form.shift
    sign = form.sign_bit
    rows = [(one, half), (one + step, half), (one, half + step), (one, half - step), (one + step, half - step)]
    rows += [(a | sign, b | sign) for a, b in rows] + [(one, half | sign), (one + step, half | sign)]
    return rows + [(one + step, one + step), (one + step, one + 3 * step), (form.largest(), one + step), (form.largest(), form.largest())]


def operands(kind, name, count, more=10):
    own, rest = values.edges(kind), values.random(kind)
    rows = tuples(name, [own] * count, [rest] * count, cross=5, more=more)
    if count == 2:
        rows = rows[:46] + ties(kind)
    if count == 3:
        one, largest = values.bits(kind, 1), formats.FORMATS[kind].largest()
        step = 1 << formats.FORMATS[kind].shift
        sign = formats.FORMATS[kind].sign_bit
        # Products whose low half decides: a rounding between multiplication and addition would show.
        rows = rows[:44] + [(one + step, one + step, one | sign), (one + step, one - step, one | sign), (largest, largest, sign | largest),
                            (one + step, one + step, (one + 2 * step) | sign), (largest, values.bits(kind, 2), largest | sign),
                            (step, values.bits(kind, "1/2"), one), (step, step, step), (one, sign | one, one), (sign, one, 0), (0, one, sign)]
    return list(dict.fromkeys(rows))


def rounded(family, name, kind, function, count, mode, **flags):
    rows = []
    for row in operands(kind, name, count):
        rows.append((row, (values.operate(kind, function, row, mode, **flags),)))
    family.add(name, instruction(name, ["d"], "a b c".split()[:count]), [kind] * count, [kind], rows)


def singles():
    f = Family("single", "Single precision, rounded exactly, PTX ISA 9.7.3")
    for op, function in TWO.items():
        for mode in [None] + MODES:
            for ftz in (False, True):
                for sat in (False, True):
                    name = ".".join(filter(None, [op, mode, "ftz" if ftz else "", "sat" if sat else "", "f32"]))
                    rounded(f, name, "f32", function, 2, mode or "rn", ftz=ftz, sat=sat)
    for mode in MODES:
        for ftz in (False, True):
            for sat in (False, True):
                name = ".".join(filter(None, ["fma", mode, "ftz" if ftz else "", "sat" if sat else "", "f32"]))
                rounded(f, name, "f32", formats.multiply_add, 3, mode, ftz=ftz, sat=sat)
            suffix = mode + (".ftz.f32" if ftz else ".f32")
            rounded(f, "div." + suffix, "f32", formats.divide, 2, mode, ftz=ftz)
            rounded(f, "rcp." + suffix, "f32", reciprocal("f32"), 1, mode, ftz=ftz)
            rounded(f, "sqrt." + suffix, "f32", formats.square_root, 1, mode, ftz=ftz)
        for flags in ("", "ftz.", "sat.", "ftz.sat."):
            rounded(f, "mad.%s.%sf32" % (mode, flags), "f32", formats.multiply_add, 3, mode, ftz="ftz" in flags, sat="sat" in flags)
    return f


def reciprocal(kind):
    one = formats.FORMATS[kind].decode(values.bits(kind, 1))
    return lambda x, mode: formats.divide(one, x, mode)


def doubles():
    f = Family("double", "Double precision, rounded exactly, PTX ISA 9.7.3")
    for mode in [None] + MODES:
        for op, function in TWO.items():
            rounded(f, ".".join(filter(None, [op, mode, "f64"])), "f64", function, 2, mode or "rn")
        if mode:
            rounded(f, "fma.%s.f64" % mode, "f64", formats.multiply_add, 3, mode)
            rounded(f, "mad.%s.f64" % mode, "f64", formats.multiply_add, 3, mode)
            rounded(f, "div.%s.f64" % mode, "f64", formats.divide, 2, mode)
            rounded(f, "rcp.%s.f64" % mode, "f64", reciprocal("f64"), 1, mode)
            rounded(f, "sqrt.%s.f64" % mode, "f64", formats.square_root, 1, mode)
    return f


def pairs(kind, name):
    own, rest = values.edges(kind), values.random(kind)
    return tuples(name, [own, own], [rest, rest], cross=6, more=10)


def signs(f, kind):
    """abs, neg, copysign, testp, min, max."""
    form = formats.FORMATS[kind]
    own = values.edges(kind)
    for ftz in ([False, True] if kind == "f32" else [False]):
        flag = ".ftz" if ftz else ""
        for op, function in (("abs", lambda raw: raw & ~form.sign_bit), ("neg", lambda raw: raw ^ form.sign_bit)):
            rows = []
            for raw in own:
                result = function(values.flush(kind, raw) if ftz else raw)
                rows.append(((raw,), ("nan" if values.is_nan(kind, raw) else result,)))
            f.add(op + flag + "." + kind, instruction(op + flag + "." + kind, ["d"], ["a"]), [kind], [kind], rows)
        for op in ("min", "max"):
            for nan in ([False, True] if kind == "f32" else [False]):
                name = op + flag + (".NaN" if nan else "") + "." + kind
                rows = [(row, (values.extreme(kind, op == "min", row, ftz, nan),)) for row in pairs(kind, name)]
                f.add(name, instruction(name, ["d"], ["a", "b"]), [kind, kind], [kind], rows)
    name = "copysign." + kind
    rows = []
    for a, b in pairs(kind, name):
        result = b & ~form.sign_bit | a & form.sign_bit
        rows.append(((a, b), ("nan" if values.is_nan(kind, b) and kind == "f32" else result,)))
    f.add(name, instruction(name, ["d"], ["a", "b"]), [kind, kind], [kind], rows, note="the sign of a, the magnitude of b")
    for op, function in TESTS.items():
        rows = [((raw,), (int(function(form, raw)),)) for raw in own]
        f.add("testp.%s.%s" % (op, kind), "testp.%s.%s p, a;" % (op, kind), [kind], "pred", rows)


def denormal(form, raw):
    value = form.decode(raw)
    return value[0] == "finite" and 0 < value[2] < form.smallest_normal()


TESTS = {
    "finite": lambda form, raw: form.decode(raw)[0] == "finite",
    "infinite": lambda form, raw: form.decode(raw)[0] == "inf",
    "number": lambda form, raw: form.decode(raw)[0] != "nan",
    "notanumber": lambda form, raw: form.decode(raw)[0] == "nan",
    "normal": lambda form, raw: form.decode(raw)[0] == "finite" and not denormal(form, raw),  # zeros count as normal
    "subnormal": denormal,
}


def sign_forms():
    f = Family("sign", "Signs, classes and extremes of single and double precision, PTX ISA 9.7.3")
    signs(f, "f32")
    signs(f, "f64")
    return f


def xorsigns():
    f = Family("xorsign", "min and max with .xorsign.abs, PTX ISA 9.7.3.11 and 9.7.4.8", target="sm_86")
    for kind in ("f32", "f16", "bf16"):
        for op in ("min", "max"):
            for ftz in ([False, True] if kind != "bf16" else [False]):
                for nan in (False, True):
                    name = op + (".ftz" if ftz else "") + (".NaN" if nan else "") + ".xorsign.abs." + kind
                    rows = [(row, (values.extreme(kind, op == "min", row, ftz, nan, True),)) for row in pairs(kind, name)]
                    f.add(name, instruction(name, ["d"], ["a", "b"]), [kind, kind], [kind], rows)
                    if kind != "f32":
                        two = []
                        for (low, (x,)), (high, (y,)) in zip(rows, rows[5:] + rows[:5]):
                            two.append(((low[0] | high[0] << 16, low[1] | high[1] << 16), (x, y)))
                        f.add(name + "x2", [name + "x2 pair, a, b;", "mov.b32 {d, d1}, pair;"], [kind + "x2"] * 2, [kind] * 2, two, registers=[".b32 pair"])
    return f


def packed():
    """Pairs of singles in 64 bits, the first in the low half."""
    f = Family("packed100", "Pairs of single precision, PTX ISA 9.7.3", "8.6", "sm_100")
    for op, function, count in [(op, function, 2) for op, function in TWO.items()] + [("fma", formats.multiply_add, 3)]:
        for mode in ([None] if count == 2 else []) + MODES:
            for ftz in (False, True):
                name = ".".join(filter(None, [op, mode, "ftz" if ftz else "", "f32x2"]))
                rows = operands("f32", name, count, 4)[:24]
                results = [values.operate("f32", function, row, mode or "rn", ftz=ftz) for row in rows]
                two = []
                for low, high, x, y in zip(rows, rows[5:] + rows[:5], results, results[5:] + results[:5]):
                    two.append((tuple(a | b << 32 for a, b in zip(low, high)), (x, y)))
                body = [instruction(name, ["pair"], "a b c".split()[:count]), "mov.b64 {d, d1}, pair;"]
                f.add(name, body, ["b64"] * count, "f32 f32", two, registers=[".b64 pair"])
    return f


FAMILIES = [singles, doubles, sign_forms, xorsigns, packed]
