"""cvt and cvt.pack: sections 9.7.10.24 and 25 of the PTX ISA, 9.4.1 for registers wider than the type."""
from fractions import Fraction

import formats
import integers
import values
from emit import Family, draw, instruction, tuples, width

INTEGERS = ["u8", "s8", "u16", "s16", "u32", "s32", "u64", "s64"]
ROUNDINGS = ["rn", "rz", "rm", "rp"]
WHOLE = {"rni": "rn", "rzi": "rz", "rmi": "rm", "rpi": "rp"}
EXTENDED = {"u8": "u16", "s8": "s16"}  # the narrowest register of such a type; it shows the extension


def numbers(kind):
    """Interesting bits of a type, integer or floating."""
    chance = draw("numbers " + kind)
    if kind in formats.FORMATS:
        form = formats.FORMATS[kind]
        own = list(values.edges(kind))
        near = [Fraction(n, 4) for n in range(-11, 12)]
        for power in (7, 8, 15, 16, 31, 32, 63, 64):
            for offset in (Fraction(-1), Fraction(-1, 2), 0, Fraction(1, 2)):
                near += [2 ** power + offset, -(2 ** power) + offset]
        for number in near:
            raw = form.encode(formats.exact(number), "rz")
            own += [raw] if number % 1 == 0 or form.decode(raw)[2] == abs(number) else []
        return list(dict.fromkeys(own + [values.random(kind)(chance) for _ in range(16)]))
    size = width(kind)
    own = integers.edges(kind)
    for power in (7, 8, 11, 15, 16, 24, 31, 32, 53, 63):
        if power < size:
            own += [1 << power, (1 << power) - 1, -(1 << power), -(1 << power) - 1, (1 << power) + 1]
            own += [(1 << power) + (1 << power - 8) if power > 8 else 3, (1 << power) - (1 << power - 9) if power > 9 else 5]
    own += [integers.anything(kind)(chance) for _ in range(12)]
    return list(dict.fromkeys(integers.wrap(n, size) for n in own))


def choose(kind, name, count):
    own = numbers(kind)
    head = own[: count // 3]
    rest = own[count // 3 :]
    draw(name).shuffle(rest)
    return (head + rest)[:count]


def whole(f):
    """Integers to integers."""
    for to in INTEGERS:
        for of in INTEGERS:
            rows = [((raw,), (integers.read(integers.read(raw, of), to),)) for raw in choose(of, to, 20)]
            put(f, "cvt.%s.%s" % (to, of), of, to, rows)
            if integers.least(of) < integers.least(to) or integers.greatest(of) > integers.greatest(to):
                rows = [((raw,), (integers.clamp(integers.read(raw, of), to),)) for raw in choose(of, to + "sat", 24)]
                put(f, "cvt.sat.%s.%s" % (to, of), of, to, rows)


def put(f, name, of, to, rows):
    f.add(name, instruction(name, ["d"], ["a"]), [of], [EXTENDED.get(to, to)], rows)


def wide(f):
    """Source and destination registers of 64 bits: the source is cut, the destination extended by the type's sign."""
    chance = draw("wide")
    for to in INTEGERS[:6]:
        for of in INTEGERS[:6]:
            rows = []
            for raw in choose(of, to, 12):
                junk = chance.getrandbits(64) >> width(of) << width(of)
                rows.append(((raw | junk,), (integers.read(integers.read(raw, of), to),)))
            f.add("cvt.%s.%s wide" % (to, of), "cvt.%s.%s d, a;" % (to, of), "b64", "b64", rows)
    for of in ("f32", "f64"):
        for to in ("s8", "u8", "s16", "u16", "s32", "u32"):
            rows = [((raw,), (to_integer(raw, of, to, "rzi"),)) for raw in choose(of, to, 20)]
            f.add("cvt.rzi.%s.%s wide" % (to, of), "cvt.rzi.%s.%s d, a;" % (to, of), [of], "b64", rows)
    rows = [((raw | 0xABCD0000,), (to_float(raw, "f16", "f32", "rn"),)) for raw in choose("f16", "wide", 24)]
    f.add("cvt.f32.f16 wide", "cvt.f32.f16 d, a;", "b32", "f32", rows)
    rows = [((raw,), (to_float(raw, "f32", "f16", "rn"),)) for raw in choose("f32", "wide", 24) if not values.is_nan("f32", raw)]
    f.add("cvt.rn.f16.f32 wide", "cvt.rn.f16.f32 d, a;", "f32", "b32", rows)


def to_integer(raw, of, to, mode, ftz=False):
    value = formats.FORMATS[of].decode(values.flush(of, raw) if ftz else raw)
    if value[0] == "nan":
        return 0 if of != "f64" and width(to) < 64 else integers.read(1 << (width(to) - 1), to)
    if value[0] == "inf":
        return integers.least(to) if value[1] else integers.greatest(to)
    number = formats.round_fraction(value[2], value[1], WHOLE[mode])
    return integers.clamp(-number if value[1] else number, to)


def to_float(raw, of, to, mode, ftz=False, sat=False, relu=False, finite=False, whole_mode=None):
    target = formats.FORMATS[to]
    if of in formats.FORMATS:
        value = formats.FORMATS[of].decode(values.flush(of, raw) if ftz and of == "f32" else raw)
    else:
        value = formats.exact(integers.read(raw, of))
    if whole_mode and value[0] == "finite":
        value = formats.finite(value[1], formats.round_fraction(value[2], value[1], WHOLE[whole_mode]))
    result = target.encode(value, mode)
    if sat:
        result = values.saturate(to, result, value)
        return values.flushed(to, result, value) if ftz and to == "f32" else result
    if result == "nan":
        return "%x" % target.canonical if relu and to != "tf32" else "nan"
    if finite:
        result = target.largest(value[1]) if result & ~target.sign_bit == target.infinity() else result
    if relu and result & target.sign_bit:
        return 0 if value[2] or value[0] == "inf" else (0, target.sign_bit)
    return values.flushed(to, result, value) if ftz and to == "f32" else result


def between(f, of, to, modes, flags):
    for mode in modes:
        for flag in flags:
            ftz, sat, relu, finite = "ftz" in flag, "sat" in flag, "relu" in flag, "satfinite" in flag
            name = ".".join(p for p in ["cvt", mode] + flag + [to, of] if p)
            rows = []
            for raw in choose(of, name, 44):
                at = mode if mode in WHOLE else None
                rows.append(((raw,), (to_float(raw, of, to, "rn" if at or not mode else mode, ftz, sat, relu, finite, at),)))
            body = [instruction(name, ["d"], ["a"])]
            if to == "tf32":
                body.append("and.b32 d, d, 0xffffe000;")  # tf32 has no more bits
            f.add(name, body, [of], [to], rows)


def to_integers(f, of, ftzs):
    for to in INTEGERS:
        for mode in WHOLE:
            for ftz in ftzs:
                name = ".".join(p for p in ["cvt", mode, ftz and "ftz", to, of] if p)
                rows = [((raw,), (to_integer(raw, of, to, mode, ftz),)) for raw in choose(of, name, 28)]
                put(f, name, of, to, rows)
        for mode in WHOLE:
            for ftz in ftzs:
                # Results are clamped without .sat as well.
                name = ".".join(p for p in ["cvt", mode, ftz and "ftz", "sat", to, of] if p)
                put(f, name, of, to, [((raw,), (to_integer(raw, of, to, mode, ftz),)) for raw in choose(of, name, 12)])


def from_integers(f, to, modes=ROUNDINGS):
    for of in INTEGERS:
        for mode in modes:
            name = "cvt.%s.%s.%s" % (mode, to, of)
            rows = [((raw,), (to_float(raw, of, to, mode),)) for raw in choose(of, name, 20)]
            if to == "bf16" and width(of) == 8:
                # Registers wider than the type are not allowed beside bf16.
                body = ["ld.global.%s n, [from];" % of, "cvt.%s.%s.%s d, n;" % (mode, to, of)]
                f.add(name, body, [of], [to], rows, registers=[".%s n" % of])
            else:
                f.add(name, instruction(name, ["d"], ["a"]), [of], [to], rows)


def saturating(f, to, modes=ROUNDINGS):
    """Integers to floating point, limited to 0 and 1; .ftz changes nothing, for no integer is denormal."""
    for of in INTEGERS:
        for mode in modes:
            for flag in SINGLE[1:] if to == "f32" else PLAIN[1:]:
                name = ".".join(["cvt", mode] + flag + [to, of])
                rows = [((raw,), (to_float(raw, of, to, mode, "ftz" in flag, "sat" in flag),)) for raw in choose(of, name, 8)]
                f.add(name, instruction(name, ["d"], ["a"]), [of], [to], rows)


PLAIN = [[], ["sat"]]
SINGLE = [[], ["ftz"], ["sat"], ["ftz", "sat"]]


def integral():
    f = Family("convert_integer", "cvt between integers, PTX ISA 9.7.10.24")
    whole(f)
    wide(f)
    pack(f)
    return f


def mixed():
    f = Family("convert_mixed", "cvt between integers and floating point, PTX ISA 9.7.10.24")
    for kind in ("f16", "f32", "f64"):
        to_integers(f, kind, (False, True) if kind == "f32" else (False,))
        from_integers(f, kind)
        saturating(f, kind)
    return f


def floating():
    f = Family("convert_float", "cvt between floating-point types, PTX ISA 9.7.10.24")
    between(f, "f32", "f16", ROUNDINGS, SINGLE)
    between(f, "f64", "f16", ROUNDINGS, PLAIN)
    between(f, "f64", "f32", ROUNDINGS, SINGLE)
    between(f, "f16", "f32", [None], SINGLE)
    between(f, "f16", "f64", [None], PLAIN)
    between(f, "f32", "f64", [None], SINGLE)
    between(f, "f32", "f32", [None] + list(WHOLE), SINGLE)
    between(f, "f64", "f64", [None] + list(WHOLE), PLAIN)
    between(f, "f16", "f16", [None] + list(WHOLE), PLAIN)
    between(f, "bf16", "f32", [None], [[]])
    between(f, "f32", "f16", ["rn", "rz"], [["relu"]])
    between(f, "f32", "bf16", ["rn", "rz"], [["relu"]])
    between(f, "f32", "bf16", ROUNDINGS, [[], ["ftz"]])
    between(f, "f32", "tf32", ["rna"], [[]])
    pairs(f, [[], ["relu"]])
    return f


def pairs(f, flags):
    for to in ("f16", "bf16"):
        for mode in ("rn", "rz"):
            for flag in flags:
                name = ".".join(["cvt", mode] + flag + [to + "x2", "f32"])
                own = choose("f32", name, 44)
                rows = []
                for a, b in zip(own, own[9:] + own[:9]):
                    result = [to_float(raw, "f32", to, mode, relu="relu" in flag, finite="satfinite" in flag) for raw in (a, b)]
                    rows.append(((a, b), (result[1], result[0])))
                body = [instruction(name, ["pair"], ["a", "b"]), "mov.b32 {d, d1}, pair;"]
                f.add(name, body, "f32 f32", [to, to], rows, registers=[".b32 pair"], note="a goes into the upper half")


def finite():
    f = Family("convert_finite", "cvt with .satfinite, PTX ISA 9.7.10.24", "8.1", "sm_80")
    for to in ("f16", "bf16"):
        between(f, "f32", to, ["rn", "rz"], [["satfinite"], ["relu", "satfinite"]])
    between(f, "f32", "tf32", ["rna"], [["satfinite"]])
    pairs(f, [["satfinite"], ["relu", "satfinite"]])
    return f


def later():
    f = Family("convert90", "cvt that needs sm_90: bf16 and tf32, PTX ISA 9.7.10.24", "7.8", "sm_90")
    between(f, "f32", "tf32", ["rn", "rz"], [[], ["relu"]])
    between(f, "bf16", "f32", [None], [["ftz"]])
    between(f, "bf16", "f64", [None], [[]])
    between(f, "f64", "bf16", ROUNDINGS, [[]])
    between(f, "bf16", "bf16", [None] + list(WHOLE), [[]])
    between(f, "f16", "bf16", ROUNDINGS, [[]])
    between(f, "bf16", "f16", ROUNDINGS, [[]])
    from_integers(f, "bf16")
    for to in INTEGERS:
        for mode in WHOLE:
            name = "cvt.%s.%s.bf16" % (mode, to)
            rows = [((raw,), (to_integer(raw, "bf16", to, mode),)) for raw in choose("bf16", name, 24)]
            if width(to) == 8:
                body = ["cvt.%s.%s.bf16 n, a;" % (mode, to), "cvt.%s.%s d, n;" % (to, to)]
                f.add(name, body, "bf16", [EXTENDED[to]], rows, registers=[".%s n" % to])
            else:
                put(f, name, "bf16", to, rows)
    return f


def pack(f):
    own = [0, 1, 0xFFFFFFFF, 127, 128, 255, 256, 0xFFFFFF80, 0xFFFFFF7F, 32767, 32768, 65535, 65536, 0xFFFF8000, 0x80000000, 0x7FFFFFFF, 7, 8, 0xFFFFFFF8]
    rest = integers.anything("s32")
    for to in ("u16", "s16"):
        name = "cvt.pack.sat.%s.s32" % to
        rows = []
        for a, b in tuples(name, [own, own], [rest, rest], cross=5):
            low, high = (integers.wrap(integers.clamp(integers.read(n, "s32"), to), 16) for n in (b, a))
            rows.append(((a, b), (high << 16 | low,)))
        f.add(name, instruction(name, ["d"], ["a", "b"]), "s32 s32", "u32", rows)
    for to in ("u8", "s8", "u4", "s4", "u2", "s2"):
        size = int(to[1:])
        low, high = (-(1 << size - 1), (1 << size - 1) - 1) if to[0] == "s" else (0, (1 << size) - 1)
        name = "cvt.pack.sat.%s.s32.b32" % to
        rows = []
        for a, b, c in tuples(name, [own, own, [0, 0xFFFFFFFF, 0x12345678]], [rest] * 3):
            x, y = (integers.wrap(min(max(integers.read(n, "s32"), low), high), size) for n in (a, b))
            rows.append(((a, b, c), (c << 2 * size | x << size | y,)))
        f.add(name, instruction(name, ["d"], ["a", "b", "c"]), "s32 s32 b32", "u32", rows)


FAMILIES = [integral, mixed, floating, finite, later]
