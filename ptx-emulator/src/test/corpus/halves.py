"""Half precision, single and in pairs: section 9.7.4 and 9.7.8 of the PTX ISA.

A pair's two results are taken apart and stored one by one, the lower first, so that each is judged by itself.
"""
import comparisons as comparing
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
    halves_of_truth(f, kind)
    for of in comparing.TYPES + ["f16", "bf16"]:
        if kind == "f16" and of == "bf16":
            continue
        for operator in ["geu"] if of in formats.FORMATS else ["ne"] if of[0] == "b" else ["ge"]:
            for ftz in ([False, True] if kind == "f16" and of in ("f16", "f32") else [False]):
                name = name_of("set", operator, ftz and "ftz", kind, of)
                rows = comparing.pairs(of, name, 2)[-24:]
                compare = values.compare if of in formats.FORMATS else comparing.compare
                true = values.bits(kind, 1)
                f.add(name, instruction(name, ["d"], ["a", "b"]), [of] * 2, [kind], [(r, (true * compare(of, operator, *r, ftz),)) for r in rows])


def halves_of_truth(f, kind):
    """set of halves, into integers; of pairs, half by half, into pairs of ones and zeros, or of masks."""
    own, rest = values.edges(kind), values.random(kind)
    one = values.bits(kind, 1)
    for operator in ("lt", "geu", "nan"):
        rows = tuples("set" + operator, [own, own], [rest, rest], more=6)[:40]
        for ftz in ([False, True] if kind == "f16" else [False]):
            results = [values.compare(kind, operator, a, b, ftz) for a, b in rows]
            for to, true in (("u32", 0xFFFFFFFF), ("s32", 0xFFFFFFFF), ("u16", 0xFFFF), ("s16", 0xFFFF)):
                name = name_of("set", operator, ftz and "ftz", to, kind)
                f.add(name, instruction(name, ["d"], ["a", "b"]), [kind] * 2, [to], [(r, (true * x,)) for r, x in zip(rows, results)])
            for to, true in ((kind + "x2", one), ("u32", 0xFFFF), ("s32", 0xFFFF)):
                name = name_of("set", operator, ftz and "ftz", to, kind + "x2")
                pairs = []
                for (a, b), (c, e), x, y in zip(rows, rows[3:], results, results[3:]):
                    pairs.append(((pack(a, c), pack(b, e)), (pack(true * x, true * y),)))
                f.add(name, instruction(name, ["d"], ["a", "b"]), [kind + "x2"] * 2, [to], pairs)


def half_comparisons():
    f = Family("half_compare", "Comparisons of f16 and f16x2, PTX ISA 9.7.8")
    comparisons(f, "f16")
    return f


FAMILIES = [half, bfloat, bfloat90, half_comparisons]
