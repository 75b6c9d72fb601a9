"""mov, packing and unpacking, registers of 8 and 128 bits, cvta and isspacep: section 9.7.10 of the PTX ISA."""
import integers
from emit import Family, draw, width


def words(name, kinds, count=16):
    chance = draw(name)
    rows = [tuple(0 for _ in kinds), tuple((1 << width(k)) - 1 for k in kinds), tuple(1 << width(k) - 1 for k in kinds)]
    return rows + [tuple(chance.getrandbits(width(k)) for k in kinds) for _ in range(count - 3)]


def moves():
    f = Family("mov", "mov, packs and unpacks, PTX ISA 9.7.10.3 and 4")
    for t in ("b16", "b32", "b64", "u16", "u32", "u64", "s16", "s32", "s64", "f32", "f64"):
        f.add("mov." + t, "mov.%s d, a;" % t, [t], [t], [(row, row) for row in words(t, [t])])
    for whole, parts in (("b16", ["b8"] * 2), ("b32", ["b8"] * 4), ("b32", ["b16"] * 2), ("b64", ["b16"] * 4), ("b64", ["b32"] * 2)):
        count, size = len(parts), width(parts[0])
        letters = "a b c e".split()[:count]
        name = "mov.%s of %d" % (whole, count)
        rows = []
        for row in words(name, parts):
            rows.append((row, (sum(part << i * size for i, part in enumerate(row)),)))
        load = []
        names = letters
        if size == 8:
            # Eight-bit registers are what a pack of eight-bit parts takes.
            names = ["n%d" % i for i in range(count)]
            load = ["ld.global.b8 %s, [from+%d];" % (n, 8 * i) for i, n in enumerate(names)]
        registers = [".b8 " + ", ".join(names)] if size == 8 else []
        f.add(name + " pack", load + ["mov.%s d, {%s};" % (whole, ", ".join(names))], parts, [whole], rows, registers=registers)
        back = [((out[0],), row) for row, out in rows]
        outs = ["d"] + ["d%d" % i for i in range(1, count)]
        body = ["mov.%s {%s}, a;" % (whole, ", ".join(names if size == 8 else outs))]
        if size == 8:
            body += ["cvt.u16.u8 %s, %s;" % (o, n) for o, n in zip(outs, names)]
        f.add(name + " unpack", body, [whole], parts, back, registers=registers)
    rows = [((a,), (a >> 32,)) for (a,) in words("sink", ["b64"])]
    f.add("mov.b64 unpack high", "mov.b64 {_, d}, a;", "b64", "b32", rows)
    rows = [((a,), (a & 0xFFFFFFFF,)) for (a,) in words("sink", ["b64"])]
    f.add("mov.b64 unpack low", "mov.b64 {d, _}, a;", "b64", "b32", rows)
    rows = [((a,), (a,)) for (a,) in words("bits", ["f32"])]
    f.add("mov.b32 f32 to b32", "mov.b32 d, a;", "f32", "b32", rows, note="bits, NaNs too, are kept")
    f.add("mov.b64 b64 to f64", "mov.b64 d, a;", "b64", "f64", [((a,), (a,)) for (a,) in words("bits", ["f64"])])
    f.add("mov.b64 pack literal", "mov.b64 d, {a, 7};", "b32", "b64", [((a,), (a | 7 << 32,)) for (a,) in words("literal", ["b32"])])
    return f


def wide():
    f = Family("mov128", "Registers of 128 bits, PTX ISA 9.7.10.4", "8.3", "sm_80")
    rows = [(row, row) for row in words("b128", ["b64"] * 2)]
    f.add("mov.b128 pack and unpack", ["mov.b128 q, {a, b};", "mov.b128 q2, q;", "mov.b128 {d, d1}, q2;"], "b64 b64", "b64 b64", rows, registers=[".b128 q, q2"])
    f.add("ld.global.b128", ["ld.global.b128 q, [from];", "mov.b128 {d, d1}, q;"], "b64 b64", "b64 b64", rows, registers=[".b128 q"])
    body = ["mov.b128 q, {a, b};", "st.global.b128 [to], q;", "ld.global.b64 d, [to];", "ld.global.b64 d1, [to+8];"]
    f.add("st.global.b128", body, "b64 b64", "b64 b64", rows, registers=[".b128 q"])
    return f


BEFORE = """
.global .align 8 .b8 here[16];
.const .align 8 .b8 fixed[16];
"""


def addresses():
    f = Family("address", "cvta, isspacep and generic addresses, PTX ISA 9.7.10.22 and 23", before=BEFORE)
    spaces = {
        "shared": ([".shared .align 8 .b8 near[64];"], "near"),
        "local": ([".local .align 8 .b8 near[64];"], "near"),
        "global": ([], "here"),
        "const": ([], "fixed"),
    }
    for space, (declare, name) in spaces.items():
        body = declare + ["mov.u64 x, %s;" % name, "cvta.%s.u64 y, x;" % space, "cvta.to.%s.u64 z, y;" % space]
        body += ["setp.eq.u64 p, x, z;"]
        order = ["const", "global", "local", "shared"]
        names = ["p%d" % i for i in range(len(order))]
        body += ["isspacep.%s %s, y;" % (other, n) for other, n in zip(order, names)]
        f.add("cvta." + space, body, [], ["pred"] * 5, [((), (1,) + tuple(int(o == space) for o in order))],
              registers=[".b64 x, y, z"], outputs=["p"] + names,
              note="there and back is the same address; a generic address lies in one space")
        if space == "const":
            continue
        rows = [((a,), (a, a)) for (a,) in words("cvta" + space, ["b64"], 1)]
        body = declare + ["mov.u64 x, %s;" % name, "cvta.%s.u64 y, x;" % space, "st.%s.b64 [x+8], a;" % space, "ld.b64 d, [y+8];",
                          "st.b64 [y], a;", "ld.%s.b64 d1, [x];" % space]
        f.add("generic " + space, body, "b64", "b64 b64", [((0x0123456789ABCDEF,), (0x0123456789ABCDEF,) * 2)], registers=[".b64 x, y"],
              note="written in one way, read in the other")
    body = ["cvta.to.global.u64 x, from;", "ld.global.b64 d, [x];", "isspacep.global p, from;", "selp.u32 d1, 1, 0, p;"]
    f.add("isspacep.global argument", body, "b64", "b64 u32", [((a,), (a, 1)) for (a,) in words("argument", ["b64"])], registers=[".b64 x", ".pred p"])
    body = [".shared .align 8 .b8 one[8];", ".shared .align 8 .b8 two[8];", ".local .align 8 .b8 three[16];",
            "cvta.shared.u64 x, one;", "cvta.local.u64 y, three;", "setp.ne.u64 p, x, y;", "add.u64 x, x, 7;", "isspacep.shared q, x;"]
    f.add("cvta of a variable", body, [], "pred pred", [((), (1, 1))], registers=[".b64 x, y"])
    body = ["mov.u32 d, near;", "mov.u32 e, far;", "sub.u32 d, e, d;", "and.b32 d, d, 15;"]
    f.add("mov.u32 shared address", [".shared .align 16 .b8 near[16];", ".shared .align 16 .b8 far[16];"] + body, [], "u32", [((), (0,))], registers=[".b32 e"],
          note="shared addresses fit 32 bits; the two differ by a multiple of their alignment")
    return f


FAMILIES = [moves, wide, addresses]
assert integers.wrap(-1, 8) == 255
