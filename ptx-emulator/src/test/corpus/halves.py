"""Half precision, single and in pairs: section 9.7.4 and 9.7.7 of the PTX ISA.

A pair's two results are taken apart and stored one by one, the lower first, so that each is judged by itself.
"""
import formats
import values
from emit import Family, instruction, tuples
from floats import TWO, operands


def pack(low, high):
    return low | high << 16


def both(f, name, kind, count, one, note=None):
    """A form on a scalar, and on pairs made of two of its rows."""
    rows = operands(kind, name, count) if count > 1 else [(raw,) for raw in values.edges(kind)]
    results = [one(row) for row in rows]
    letters = ["a", "b", "c"][:count]
    f.add(name, instruction(name, ["d"], letters), [kind] * count, [kind], [(r, (v,)) for r, v in zip(rows, results)], note=note)
    turned = rows[5:] + rows[:5]
    pairs = []
    for low, high, x, y in zip(rows, turned, results, results[5:] + results[:5]):
        pairs.append((tuple(pack(a, b) for a, b in zip(low, high)), (x, y)))
    body = [instruction(name + "x2", ["pair"], letters), "mov.b32 {d, d1}, pair;"]
    f.add(name + "x2", body, [kind + "x2"] * count, [kind] * 2, pairs, registers=[".b32 pair"], note=note)


def name_of(*parts):
    return ".".join(part for part in parts if part)


def arithmetic(f, kind, op, function, count, variants):
    for mode, ftz, sat, relu in variants:
        name = name_of(op, mode, ftz and "ftz", sat and "sat", relu and "relu", kind)
        both(f, name, kind, count, lambda row: values.operate(kind, function, row, "rn", ftz, sat, relu))


def half():
    f = Family("half", "Arithmetic in f16 and f16x2, PTX ISA 9.7.4")
    flags = [(m, z, s, False) for m in ("", "rn") for z in (False, True) for s in (False, True)]
    for op, function in TWO.items():
        arithmetic(f, "f16", op, function, 2, flags)
    fused = [("rn", z, s, r) for z in (False, True) for s, r in ((False, False), (True, False), (False, True))]
    arithmetic(f, "f16", "fma", formats.multiply_add, 3, fused)
    signs(f, "f16")
    return f


def bfloat():
    f = Family("bfloat", "Arithmetic in bf16 and bf16x2 of sm_80, PTX ISA 9.7.4")
    arithmetic(f, "bf16", "fma", formats.multiply_add, 3, [("rn", False, False, False), ("rn", False, False, True)])
    signs(f, "bf16")
    return f


def bfloat90():
    f = Family("bfloat90", "Arithmetic in bf16 and bf16x2 of sm_90, PTX ISA 9.7.4", target="sm_90")
    for op, function in TWO.items():
        arithmetic(f, "bf16", op, function, 2, [("", False, False, False), ("rn", False, False, False)])
    comparisons(f, "bf16")
    return f


def signs(f, kind):
    sign = formats.FORMATS[kind].sign_bit
    for ftz in ([False, True] if kind == "f16" else [False]):
        for op, function in (("abs", lambda raw: raw & ~sign), ("neg", lambda raw: raw ^ sign)):
            def one(row):
                raw = values.flush(kind, row[0]) if ftz else row[0]
                return "nan" if values.is_nan(kind, raw) else function(raw)

            both(f, name_of(op, ftz and "ftz", kind), kind, 1, one)
        for op in ("min", "max"):
            for nan in (False, True):
                both(f, name_of(op, ftz and "ftz", nan and "NaN", kind), kind, 2,
                     lambda row: values.extreme(kind, op == "min", row, ftz, nan))


def comparisons(f, kind):
    own, rest = values.edges(kind), values.random(kind)
    for ftz in ([False, True] if kind == "f16" else [False]):
        for operator in values.FLOATING:
            name = name_of("setp", operator, ftz and "ftz", kind)
            rows = tuples(name, [own, own], [rest, rest], cross=6, more=6)
            rows = (rows + [(rows[-1][0],) * 2])[-64:]
            results = [values.compare(kind, operator, a, b, ftz) for a, b in rows]
            f.add(name, instruction(name, ["p"], ["a", "b"]), [kind] * 2, "pred", [(r, (v,)) for r, v in zip(rows, results)])
            pairs = []
            for (a, b), (c, e), x, y in zip(rows, rows[3:], results, results[3:]):
                pairs.append(((pack(a, c), pack(b, e)), (x, y)))
            f.add(name + "x2", "%sx2 p|q, a, b;" % name, [kind + "x2"] * 2, "pred pred", pairs[:40])
    for word, function in (("and", int.__and__), ("or", int.__or__), ("xor", int.__xor__)):
        name = name_of("setp.lt", word, kind)
        rows = [(a, b, c) for a, b in tuples(name, [own, own], [rest, rest], cross=4, more=4)[:30] for c in (0, 1)]
        f.add(name, "%s p, a, b, !c;" % name, [kind, kind, "pred"], "pred",
              [(r, (function(values.compare(kind, "lt", *r[:2]), 1 - r[2]),)) for r in rows])
    one = values.bits(kind, 1)
    for operator in ("lt", "geu", "nan"):
        rows = tuples("set" + operator, [own, own], [rest, rest], cross=5, more=6)[:40]
        for to, true in (("u32", 0xFFFFFFFF), ("s32", 0xFFFFFFFF), ("u16", 0xFFFF), (kind, one)):
            name = name_of("set", operator, to, kind)
            f.add(name, instruction(name, ["d"], ["a", "b"]), [kind] * 2, [to],
                  [(r, (true * values.compare(kind, operator, *r),)) for r in rows])
        name = name_of("set", operator, kind + "x2", kind + "x2")
        pairs = []
        for (a, b), (c, e) in zip(rows, rows[3:]):
            result = pack(one * values.compare(kind, operator, a, b), one * values.compare(kind, operator, c, e))
            pairs.append(((pack(a, c), pack(b, e)), (result,)))
        f.add(name, instruction(name, ["d"], ["a", "b"]), [kind + "x2"] * 2, [kind + "x2"], pairs)


def half_comparisons():
    f = Family("half_compare", "Comparisons of f16 and f16x2, PTX ISA 9.7.7")
    comparisons(f, "f16")
    return f


FAMILIES = [half, bfloat, bfloat90, half_comparisons]
