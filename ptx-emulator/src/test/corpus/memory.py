"""Loads and stores in every space: sections 9.7.10.8 to 11 of the PTX ISA, 5.1, 5.4 and 5.5 for spaces and initialisers."""
import integers
from emit import Family, Form, draw, width

TYPES = ["b8", "u8", "s8", "b16", "u16", "s16", "b32", "u32", "s32", "f32", "b64", "u64", "s64", "f64"]
FILL = 0xCCCCCCCCCCCCCCCC  # what the output buffer holds before a launch


def contents(name, count=12, slots=1):
    chance = draw(name)
    fixed = [0x8182838485868788, 0x7F7E7D7C7B7A7978, (1 << 64) - 1][: max(1, 3 // slots)]
    rows = [tuple(value for _ in range(slots)) for value in fixed]
    return rows + [tuple(chance.getrandbits(64) for _ in range(slots)) for _ in range(count - len(rows))]


def number(slots):
    """Slots as one number, the first the lowest: memory is little-endian."""
    return sum(slot << 64 * i for i, slot in enumerate(slots))


def element(slots, kind, index):
    raw = number(slots) >> index * width(kind) & ((1 << width(kind)) - 1)
    return integers.read(raw, kind) if kind[0] == "s" else raw


def vectors(kind):
    yield 1
    for count in (2, 4):
        if count * width(kind) <= 128:
            yield count


def wider(kind):
    """Registers that a load of an integer type may fill: its own size and wider ones."""
    if kind[0] == "f":
        return [kind]
    return [r for r in ("b16", "b32", "b64") if width(r) >= width(kind)]


def group(names):
    return names[0] if len(names) == 1 else "{%s}" % ", ".join(names)


def vector(count):
    return ".v%d" % count if count > 1 else ""


def loads():
    f = Family("ld", "ld from global memory: types, vectors, extension, PTX ISA 9.7.10.8")
    for kind in TYPES:
        for count in vectors(kind):
            for register in wider(kind):
                slots = max(1, count * width(kind) // 64)
                outs = ["d"] + ["d%d" % i for i in range(1, count)]
                name = "ld.global%s.%s into %s" % (vector(count), kind, register)
                rows = [(row, tuple(element(row, kind, i) for i in range(count))) for row in contents(name, 8, slots)]
                f.add(name, "ld.global%s.%s %s, [from];" % (vector(count), kind, group(outs)), ["b64"] * slots, [register] * count, rows)
    for hint in ("ca", "cg", "cs", "lu", "cv", "nc", "ca.nc", "nc.L1::no_allocate", "L1::evict_last", "L1::evict_first", "L1::evict_unchanged",
                 "L1::evict_normal", "L2::64B", "L2::128B", "L2::256B", "L1::no_allocate.L2::128B"):
        if hint == "ca.nc":
            hint = "ca.nc"
        rows = [(row, (row[0] & 0xFFFFFFFF,)) for row in contents(hint, 4)]
        f.add("ld.global.%s.u32" % hint, "ld.global.%s.u32 d, [from];" % hint, "b64", "u32", rows)
    for hint in ("nc.v4.f32", "nc.v2.f64", "cs.v4.u32"):
        count, register = int(hint.split(".")[1][1]), hint.split(".")[2]
        outs = ["d"] + ["d%d" % i for i in range(1, count)]
        rows = [(row, tuple(element(row, register, i) for i in range(count))) for row in contents(hint, 4, 2)]
        f.add("ld.global.%s" % hint, "ld.global.%s %s, [from];" % (hint, group(outs)), "b64 b64", [register] * count, rows)
    for order in ("weak", "volatile", "relaxed.cta", "relaxed.gpu", "relaxed.sys", "acquire.cta", "acquire.gpu", "acquire.sys"):
        dot = "." + order
        rows = [(row, (row[0],)) for row in contents(order, 4)]
        f.add("ld%s.global.b64" % dot, "ld%s.global.b64 d, [from];" % dot, "b64", "b64", rows)
        f.add("ld%s.b64" % dot, "ld%s.b64 d, [from];" % dot, "b64", "b64", rows, note="a generic address in global memory is its own")
    rows = [(row, (row[0],)) for row in contents("ldu", 4)]
    f.add("ldu.global.b64", "ldu.global.b64 d, [from];", "b64", "b64", rows)
    body = ["createpolicy.fractional.L2::evict_last.b64 policy, 0.5;", "ld.global.L2::cache_hint.b64 d, [from], policy;"]
    f.add("ld.global.L2::cache_hint.b64", body, "b64", "b64", rows, registers=[".b64 policy"])
    body = ["prefetch.global.L2 [from];", "prefetch.global.L1 [from];", "prefetchu.L1 [from];", "ld.global.b64 d, [from];"]
    f.add("prefetch", body, "b64", "b64", rows)
    offsets(f)
    return f


def offsets(f):
    rows = [(row, (row[1] >> 32, row[0] >> 8 & 0xFF, row[1])) for row in contents("offsets", 6, 2)]
    body = ["ld.global.u32 d, [from+12];", "add.u64 x, from, 64;", "ld.global.u8 d1, [x+-63];", "ld.global.b64 d2, [x+-56];"]
    f.add("ld with offsets", body, "b64 b64", "u32 u16 b64", rows, registers=[".b64 x"])


def stores():
    f = Family("st", "st to global memory: types, vectors, registers wider than the type, PTX ISA 9.7.10.11")
    for kind in TYPES:
        for count in vectors(kind):
            for register in wider(kind):
                size = width(kind)
                slots = max(1, count * width(register) // 64)
                outs = max(1, count * size // 64)
                name = "st.global%s.%s of %s" % (vector(count), kind, register)
                names = ["n%d" % i for i in range(count)]
                body = ["ld.global%s.%s %s, [from];" % (vector(count), register, group(names))] if count * width(register) <= 128 else [
                    "ld.global.%s %s, [from+%d];" % (register, n, i * width(register) // 8) for i, n in enumerate(names)]
                body += ["st.global%s.%s [to], %s;" % (vector(count), kind, group(names))]
                body += ["ld.global.b64 %s, [to+%d];" % ("d" if i == 0 else "d1", 8 * i) for i in range(outs)]
                rows = []
                for row in contents(name, 6, slots):
                    written = sum((number(row) >> i * width(register) & ((1 << size) - 1)) << i * size for i in range(count))
                    keep = number([FILL] * outs) >> count * size << count * size
                    whole = written | keep
                    rows.append((row, tuple(whole >> 64 * i & ((1 << 64) - 1) for i in range(outs))))
                f.add(name, body, ["b64"] * slots, ["b64"] * outs, rows, registers=[".%s %s" % (register, ", ".join(names))])
    for hint in ("wb", "cg", "cs", "wt", "L1::no_allocate", "L1::evict_first", "L1::evict_last"):
        hinted(f, "st.global.%s.b32" % hint)
    for order in ("weak", "volatile", "relaxed.cta", "relaxed.gpu", "relaxed.sys", "release.cta", "release.gpu", "release.sys"):
        hinted(f, "st.%s.global.b32" % order)
        hinted(f, "st.%s.b32" % order)
    return f


def hinted(f, name):
    rows = [(row, (row[0] & 0xFFFFFFFF | FILL >> 32 << 32,)) for row in contents(name, 4)]
    body = ["cvt.u32.u64 n, a;", "%s [to], n;" % name, "ld.global.b64 d, [to];"]
    f.add(name, body, "b64", "b64", rows, registers=[".b32 n"])


def rooms():
    """Written in a space and read back in halves: shared, local, a module's global variable, and each by generic address."""
    before = "\n.global .align 16 .b8 plain[4096];\n"
    f = Family("spaces", "ld and st in shared, local and generic space, PTX ISA 5.1", before=before)
    declare = {
        "shared": [".shared .align 16 .b8 room[2048];", "mov.u64 x, room;"],
        "local": [".local .align 16 .b8 room[2048];", "mov.u64 x, room;"],
        "global": ["mov.u64 x, plain;"],
    }
    for space, start in declare.items():
        own = start + ["mov.u32 y, %tid.x;", "mad.wide.u32 x, y, 32, x;"]
        for generic in (False, True):
            place = "" if generic else "." + space
            turn = ["cvta.%s.u64 x, x;" % space] if generic else []
            for kind in TYPES:
                for count in vectors(kind):
                    size = width(kind)
                    outs = max(1, count * size // 64)
                    names = ["n%d" % i for i in range(count)]
                    register = kind if kind[0] == "f" else "b%d" % max(16, size)
                    step = width(register)
                    slots = max(1, count * step // 64)
                    name = "%s%s%s.%s" % (space, " generic" if generic else "", vector(count), kind)
                    body = own + turn + ["st%s.b64 [x], %d;" % (place, FILL - (1 << 64)), "st%s.b64 [x+8], 0;" % place]
                    body += ["ld.global.%s %s, [from+%d];" % (register, n, i * step // 8) for i, n in enumerate(names)]
                    body += ["st%s%s.%s [x], %s;" % (place, vector(count), kind, group(names))]
                    body += ["ld%s%s.%s %s, [x];" % (place, vector(count), kind, group(names))]
                    body += ["st.global.%s [to+%d], %s;" % (register, 8 * outs, names[-1])]
                    body += ["ld%s.b64 %s, [x+%d];" % (place, "d" if i == 0 else "d%d" % i, 8 * i) for i in range(outs)]
                    body += ["ld.global.b64 d%d, [to+%d];" % (outs, 8 * outs)]
                    rows = []
                    for row in contents(name, 3, slots):
                        parts = [number(row) >> i * step & ((1 << size) - 1) for i in range(count)]
                        whole = sum(part << i * size for i, part in enumerate(parts))
                        before_it = FILL if outs == 1 else number([FILL, 0])
                        whole |= before_it >> count * size << count * size
                        last = integers.read(parts[-1], kind) if kind[0] == "s" else parts[-1]
                        last = integers.wrap(last, step) | FILL >> step << step
                        rows.append((row, tuple(whole >> 64 * i & ((1 << 64) - 1) for i in range(outs)) + (last,)))
                    f.add(name, body, ["b64"] * slots, ["b64"] * (outs + 1), rows, registers=[".%s %s" % (register, ", ".join(names)), ".b64 x", ".b32 y"])
    qualified(f, declare)
    return f


def qualified(f, declare):
    for space in ("shared", "global"):
        for store, load in (("volatile", "volatile"), ("relaxed.cta", "relaxed.cta"), ("release.gpu", "acquire.gpu"), ("weak", "weak"), ("relaxed.sys", "acquire.sys")):
            body = declare[space] + ["mov.u32 y, %tid.x;", "mad.wide.u32 x, y, 32, x;", "st.%s.%s.b64 [x], a;" % (store, space), "ld.%s.%s.b64 d, [x];" % (load, space)]
            f.add("st.%s ld.%s %s" % (store, load, space), body, "b64", "b64", [(r, r) for r in contents(store + space, 4)], registers=[".b64 x", ".b32 y"])
    body = declare["shared"] + ["mov.u32 y, %tid.x;", "mad.wide.u32 x, y, 32, x;", "st.shared::cta.b64 [x], a;", "ld.shared::cta.b64 d, [x];"]
    f.add("shared::cta", body, "b64", "b64", [(r, r) for r in contents("cta", 4)], registers=[".b64 x", ".b32 y"])


INITIAL = """
.const .align 4 .u32 number = 305419896;
.const .align 4 .s32 numbers[4] = {1, -2, 0x7fffffff, -2147483648};
.const .align 4 .f32 reals[3] = {1.5, 0f80000000, -0.25};
.const .align 8 .f64 large = 0d400921FB54442D18;
.const .align 1 .b8 bytes[7] = {1, 2, 0xff, 4, 5};
.const .align 2 .s16 shorts[2][3] = {{1, 2, 3}, {-4, -5, -6}};
.global .align 4 .u32 plain = 77;
.global .align 8 .u64 longs[3] = {0xfedcba9876543210, 1};
.global .align 4 .b32 empty[4];
.global .align 1 .b8 text[6] = {104, 101, 108, 108, 111, 0};
.visible .global .align 8 .u64 pointer = plain;
.global .align 8 .u64 inner = longs+8;
.global .align 8 .u64 flat[2] = {generic(longs), generic(longs)+16};
.global .align 4 .f32 single = 0f40490FDB;
"""


def initialised():
    f = Family("initial", "Variables with initial contents, PTX ISA 5.4.4 and 5.4.5", before=INITIAL)

    def one(name, body, outs, expected, registers=(), note=None):
        f.add(name, body, [], outs, [((), tuple(expected))], registers=list(registers), note=note)

    one("const scalar", "ld.const.u32 d, [number];", "u32", [0x12345678])
    one("const array", [
        "ld.const.s32 d, [numbers];", "ld.const.s32 d1, [numbers+4];", "ld.const.s32 d2, [numbers+8];", "ld.const.s32 d3, [numbers+12];"],
        "s32 s32 s32 s32", [1, -2, 0x7FFFFFFF, -0x80000000])
    one("const into wider", "ld.const.s32 d, [numbers+4];", "b64", [-2])
    one("const reals", ["ld.const.f32 d, [reals];", "ld.const.f32 d1, [reals+4];", "ld.const.f32 d2, [reals+8];", "ld.const.f64 d3, [large];"],
        "f32 f32 f32 f64", [0x3FC00000, 0x80000000, 0xBE800000, 0x400921FB54442D18])
    one("const bytes", ["ld.const.u8 d, [bytes+2];", "ld.const.s8 d1, [bytes+2];", "ld.const.u8 d2, [bytes+6];"], "u32 s32 u32", [255, -1, 0],
        note="what an initialiser leaves out is zero")
    one("const rows", ["mov.u64 x, shorts;", "ld.const.s16 d, [x+6];", "ld.const.s16 d1, [x+10];", "ld.const.u16 d2, [x+4];"], "s32 s32 u32", [-4, -6, 3], [".b64 x"])
    one("const generic", ["mov.u64 x, numbers;", "cvta.const.u64 x, x;", "ld.s32 d, [x+4];"], "s32", [-2], [".b64 x"])
    f.add("const indexed", ["mul.wide.u32 x, a, 4;", "mov.u64 y, numbers;", "add.u64 x, x, y;", "ld.const.s32 d, [x];"], "u32", "s32",
          [((i,), (v,)) for i, v in enumerate([1, -2, 0x7FFFFFFF, -0x80000000])], registers=[".b64 x, y"])
    one("global scalar", "ld.global.u32 d, [plain];", "u32", [77])
    one("global array", ["ld.global.u64 d, [longs];", "ld.global.u64 d1, [longs+8];", "ld.global.u64 d2, [longs+16];"], "u64 u64 u64", [0xFEDCBA9876543210, 1, 0])
    one("global zero", ["ld.global.u32 d, [empty];", "ld.global.u32 d1, [empty+12];"], "u32 u32", [0, 0],
        note="global memory without an initialiser begins as zero")
    one("global text", ["ld.global.u8 d, [text+4];", "ld.global.u8 d1, [text+5];"], "u32 u32", [111, 0])
    one("global address", ["ld.global.u64 x, [pointer];", "ld.global.u32 d, [x];"], "u32", [77], [".b64 x"])
    one("global inner address", ["ld.global.u64 x, [inner];", "ld.global.u64 d, [x];"], "u64", [1], [".b64 x"])
    one("global generic address", ["ld.global.u64 x, [flat];", "ld.u64 d, [x];", "ld.global.u64 x, [flat+8];", "ld.u64 d1, [x];"], "u64 u64",
        [0xFEDCBA9876543210, 0], [".b64 x"])
    one("global real", "ld.global.f32 d, [single];", "f32", [0x40490FDB])
    return f


def parameters():
    f = Family("param", "Kernel parameters: types, alignment, structs, PTX ISA 5.1.6 and 7.1")
    chance = draw("param")
    for kind in TYPES:
        size = width(kind) // 8
        raw = chance.getrandbits(8 * size) | 1 << 8 * size - 1
        register = wider(kind)[-1]
        value = integers.read(raw, kind) if kind[0] == "s" else raw
        f.add("ld.param." + kind, "ld.param.%s d, [extra];" % kind, [], [register], [((), (value,))],
              arguments=[(".param .%s extra" % kind, size, raw.to_bytes(size, "little").hex())])
    content = bytes(range(0x81, 0x81 + 24))
    def at(offset, size, kind="u"):
        return integers.read(int.from_bytes(content[offset : offset + size], "little"), "%s%d" % (kind, 8 * size))

    struct = [(".param .align 8 .b8 extra[24]", 8, content.hex())]
    body = ["ld.param.b64 d, [extra+16];", "ld.param.u16 d1, [extra+2];", "ld.param.s8 d2, [extra+7];", "ld.param.f32 d3, [extra+8];"]
    f.add("struct", body, [], "b64 u16 s32 f32", [((), (at(16, 8), at(2, 2), at(7, 1, "s"), at(8, 4)))], arguments=struct)
    body = ["ld.param.v2.b32 {d, d1}, [extra+8];", "mov.u64 x, extra;", "ld.param.u32 d2, [x+4];"]
    f.add("struct by address", body, [], "b32 b32 u32", [((), (at(8, 4), at(12, 4), at(4, 4)))], arguments=struct, registers=[".b64 x"])
    several = [(".param .u8 one", 1, "f1"), (".param .u16 two", 2, "e2e1"), (".param .u8 three", 1, "d1"), (".param .u64 four", 8, "0102030405060708"),
               (".param .f32 five", 4, "0000803f"), (".param .align 16 .b8 six[16]", 16, bytes(range(16)).hex())]
    body = ["ld.param.u8 d, [one];", "ld.param.u16 d1, [two];", "ld.param.u8 d2, [three];", "ld.param.u64 d3, [four];", "ld.param.f32 d4, [five];",
            "ld.param.v4.u32 {d5, d6, d7, d8}, [six];"]
    f.add("several, each at its own alignment", body, [], "u32 u32 u32 u64 f32 u32 u32 u32 u32",
          [((), (0xF1, 0xE1E2, 0xD1, 0x0807060504030201, 0x3F800000, 0x03020100, 0x07060504, 0x0B0A0908, 0x0F0E0D0C))], arguments=several)
    f.add("pointer attributes", ["ld.param.u64 d, [extra];"], [], "u64", [((), (0x1122334455667788,))],
          arguments=[(".param .u64 .ptr .global .align 16 extra", 8, "8877665544332211")])
    return f


def dynamic():
    before = "\n.extern .shared .align 16 .b8 pool[];\n"
    f = Family("dynamic", "Dynamic shared memory, PTX ISA 5.1.7", before=before)
    body = ["mov.u32 x, pool;", "mov.u32 y, %tid.x;", "mad.lo.u32 x, y, 8, x;", "st.shared.b64 [x], a;", "bar.sync 0;",
            "xor.b32 y, y, 33;", "mov.u32 x, pool;", "mad.lo.u32 x, y, 8, x;", "ld.shared.b64 d, [x];"]
    rows = contents("dynamic", 64)
    f.add("extern shared", body, "b64", "b64", [((row[0],), (rows[i ^ 33][0],)) for i, row in enumerate(rows)], registers=[".b32 x, y"], launch=(1, 64), shared=512,
          note="thread i reads what thread i ^ 33 wrote")
    body = [".shared .align 4 .b32 fixed[64];", "mov.u32 y, %tid.x;", "shl.b32 x, y, 2;", "mov.u32 z, fixed;", "add.u32 z, z, x;", "st.shared.u32 [z], y;",
            "mov.u32 w, pool;", "add.u32 x, x, w;", "st.shared.u32 [x], a;", "ld.shared.u32 d, [z];", "ld.shared.u32 d1, [x];"]
    f.add("extern shared beside static", body, "u32", "u32 u32", [((i * 77,), (i, i * 77)) for i in range(64)], registers=[".b32 x, y, z, w"], launch=(1, 64), shared=256)
    return f


FAMILIES = [loads, stores, rooms, initialised, parameters, dynamic]
assert Form
