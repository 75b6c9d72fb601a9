"""Comparison and selection: section 9.7.7 of the PTX ISA."""
import integers
import values
from emit import Family, draw, instruction, tuples, width

OPERATORS = {"b": ["eq", "ne"], "u": ["eq", "ne", "lt", "le", "gt", "ge", "lo", "ls", "hi", "hs"],
             "s": ["eq", "ne", "lt", "le", "gt", "ge"], "f": values.FLOATING}
TYPES = ["b16", "b32", "b64", "u16", "u32", "u64", "s16", "s32", "s64", "f32", "f64"]
COMBINE = {"and": int.__and__, "or": int.__or__, "xor": int.__xor__}


def compare(kind, operator, a, b, ftz=False):
    if kind[0] == "f":
        return values.compare(kind, operator, a, b, ftz)
    x, y = integers.read(a, kind), integers.read(b, kind)
    plain = {"lo": "lt", "ls": "le", "hi": "gt", "hs": "ge"}.get(operator, operator)
    return int({"eq": x == y, "ne": x != y, "lt": x < y, "le": x <= y, "gt": x > y, "ge": x >= y}[plain])


def pairs(kind, name, more=8):
    if kind[0] == "f" or kind == "bf16":
        own, rest = values.edges(kind), values.random(kind)
        rows = tuples(name, [own, own], [rest, rest], cross=6, more=more)
    else:
        own, rest = integers.edges(kind), integers.anything(kind)
        rows = tuples(name, [own, own], [rest, rest], cross=5, more=more)
    return rows + [(rows[-1][0], rows[-1][0])]


def flushes(kind):
    return (False, True) if kind == "f32" else (False,)


def comparisons():
    f = Family("setp", "setp: comparisons into predicates, PTX ISA 9.7.7.2")
    for t in TYPES:
        for operator in OPERATORS[t[0]]:
            for ftz in flushes(t):
                name = "setp.%s%s.%s" % (operator, ".ftz" if ftz else "", t)
                rows = [((a, b), (compare(t, operator, a, b, ftz),)) for a, b in pairs(t, name)]
                f.add(name, instruction(name, ["p"], ["a", "b"]), [t, t], "pred", rows)
    for t in ("s32", "u64", "f32", "f64", "b16"):
        for word, function in COMBINE.items():
            for turned in (0, 1):
                operator = "lt" if t[0] != "b" else "ne"
                name = "setp.%s.%s.%s" % (operator, word, t)
                rows = []
                for a, b in pairs(t, name, 4):
                    for c in (0, 1):
                        result = compare(t, operator, a, b)
                        rows.append(((a, b, c), (function(result, c ^ turned), function(1 - result, c ^ turned))))
                body = "%s p|q, a, b, %sc;" % (name, "!" if turned else "")
                f.add(name + (" not c" if turned else ""), body, [t, t, "pred"], "pred pred", rows[:64])
    rows = [((a, b), (compare("s32", "gt", a, b), 1 - compare("s32", "gt", a, b))) for a, b in pairs("s32", "both")]
    f.add("setp.gt.s32 p|q", "setp.gt.s32 p|q, a, b;", "s32 s32", "pred pred", rows)
    rows = [((a, b), (1 - compare("s32", "gt", a, b),)) for a, b in pairs("s32", "sink")]
    f.add("setp.gt.s32 _|q", "setp.gt.s32 _|p, a, b;", "s32 s32", "pred", rows)
    rows = [((a,), (compare("s32", "ge", a, 0xFFFFFFF6),)) for a in integers.edges("s32") + [0xFFFFFFF5, 0xFFFFFFF6, 0xFFFFFFF7]]
    f.add("setp.ge.s32 literal", "setp.ge.s32 p, a, -10;", "s32", "pred", rows)
    rows = [((a,), (compare("f32", "lt", a, values.bits("f32", "1/2")),)) for a in values.edges("f32")]
    f.add("setp.lt.f32 literal", "setp.lt.f32 p, a, 0f3F000000;", "f32", "pred", rows)
    return f


def sets():
    f = Family("set", "set: comparisons into numbers, PTX ISA 9.7.7.1")
    chosen = {"b": ["eq", "ne"], "u": ["lt", "hs"], "s": ["le", "gt"], "f": ["lt", "ne", "geu", "num", "nan"]}
    for t in TYPES:
        for operator in chosen[t[0]]:
            for to in ("u32", "s32", "f32"):
                for ftz in flushes(t):
                    name = "set.%s%s.%s.%s" % (operator, ".ftz" if ftz else "", to, t)
                    rows = []
                    for a, b in pairs(t, name, 2)[-28:]:
                        rows.append(((a, b), (true(to) * compare(t, operator, a, b, ftz),)))
                    f.add(name, instruction(name, ["d"], ["a", "b"]), [t, t], [to], rows)
    for t in ("s32", "f32"):
        for word, function in COMBINE.items():
            for turned in (0, 1):
                name = "set.ge.%s.u32.%s" % (word, t)
                rows = []
                for a, b in pairs(t, name, 4):
                    for c in (0, 1):
                        rows.append(((a, b, c), (true("u32") * function(compare(t, "ge", a, b), c ^ turned),)))
                body = "%s d, a, b, %sc;" % (name, "!" if turned else "")
                f.add(name + (" not c" if turned else ""), body, [t, t, "pred"], "u32", rows[:64])
    return f


def true(kind):
    return 0x3F800000 if kind == "f32" else 0xFFFFFFFF


def selections():
    f = Family("select", "selp and slct, PTX ISA 9.7.7.3 and 9.7.7.4")
    chance = draw("select")
    for t in TYPES:
        rows = [((a, b, c), (a if c else b,)) for a, b in pairs(t, "selp" + t, 2)[:16] for c in (0, 1)]
        f.add("selp." + t, instruction("selp." + t, ["d"], ["a", "b", "c"]), [t, t, "pred"], [t], rows)
        rows = []
        for c in [0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF] * 4:
            a, b = chance.getrandbits(width(t)), chance.getrandbits(width(t))
            rows.append(((a, b, c), (b if c >> 31 else a,)))
        f.add("slct.%s.s32" % t, instruction("slct.%s.s32" % t, ["d"], ["a", "b", "c"]), [t, t, "s32"], [t], rows)
        for ftz in ("", ".ftz"):
            rows = []
            for c in values.edges("f32"):
                a, b = chance.getrandbits(width(t)), chance.getrandbits(width(t))
                if t[0] == "f":
                    a, b = values.bits(t, 1), values.bits(t, -2)
                zero = 0
                rows.append(((a, b, c), (a if compare("f32", "ge", c, zero, bool(ftz)) else b,)))
            name = "slct%s.%s.f32" % (ftz, t)
            f.add(name, instruction(name, ["d"], ["a", "b", "c"]), [t, t, "f32"], [t], rows)
    return f


FAMILIES = [comparisons, sets, selections]
