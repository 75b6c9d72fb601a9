"""Warp-level matrices: ldmatrix, stmatrix, movmatrix, mma.sync and wmma; section 9.7.16 of the PTX ISA.

Where an element lies, by lane and index, is written from the formulas there. Values are small whole numbers, whose sums
are exact in any order; and random ones, with a bound on the error in proportion to the sum of the magnitudes.
"""
from decimal import Decimal
from fractions import Fraction

import formats
from approximations import about, decimal
from emit import Family, draw


def rows8(lane, i):
    return lane >> 2, (lane & 3) * 2 + i


def accumulator16(lane, i):
    """C and D of 16 x 8."""
    return (lane >> 2) + (8 if i >= 2 else 0), (lane & 3) * 2 + (i & 1)


class Shape:
    """A product's shape: for A, B and C, how many elements a lane holds, and which."""

    def __init__(self, name, m, n, k, a, b, c):
        self.name, self.m, self.n, self.k = name, m, n, k
        self.a, self.b, self.c = a, b, c


HALF8 = Shape("m16n8k8", 16, 8, 8, (4, lambda l, i: ((l >> 2) + (8 if i >= 2 else 0), (l & 3) * 2 + (i & 1))), (2, lambda l, i: ((l & 3) * 2 + i, l >> 2)), (4, accumulator16))
HALF16 = Shape("m16n8k16", 16, 8, 16,
               (8, lambda l, i: ((l >> 2) + (0 if i < 2 or 4 <= i < 6 else 8), (l & 3) * 2 + (i & 1) + (8 if i >= 4 else 0))),
               (4, lambda l, i: ((l & 3) * 2 + (i & 1) + (8 if i >= 2 else 0), l >> 2)), (4, accumulator16))
TENSOR4 = Shape("m16n8k4", 16, 8, 4, (2, lambda l, i: ((l >> 2) + 8 * i, l & 3)), (1, lambda l, i: (l & 3, l >> 2)), (4, accumulator16))
TENSOR8 = Shape("m16n8k8", 16, 8, 8, (4, lambda l, i: ((l >> 2) + 8 * (i & 1), (l & 3) + 4 * (i >> 1))), (2, lambda l, i: ((l & 3) + 4 * i, l >> 2)), (4, accumulator16))
DOUBLE4 = Shape("m8n8k4", 8, 8, 4, (1, lambda l, i: (l >> 2, l & 3)), (1, lambda l, i: (l & 3, l >> 2)), (2, rows8))
BYTE8 = Shape("m8n8k16", 8, 8, 16, (4, lambda l, i: (l >> 2, (l & 3) * 4 + i)), (4, lambda l, i: ((l & 3) * 4 + i, l >> 2)), (2, rows8))
BYTE16 = Shape("m16n8k16", 16, 8, 16, (8, lambda l, i: ((l >> 2) + (8 if i >= 4 else 0), (l & 3) * 4 + (i & 3))), (4, lambda l, i: ((l & 3) * 4 + i, l >> 2)), (4, accumulator16))
BYTE32 = Shape("m16n8k32", 16, 8, 32,
               (16, lambda l, i: ((l >> 2) + (0 if i < 4 or 8 <= i < 12 else 8), (l & 3) * 4 + (i & 3) + (16 if i >= 8 else 0))),
               (8, lambda l, i: ((l & 3) * 4 + (i & 3) + (16 if i >= 4 else 0), l >> 2)), (4, accumulator16))


def encode(kind, number):
    if kind in formats.FORMATS:
        return formats.FORMATS[kind].encode(formats.exact(number))
    return int(number) & (1 << int(kind[1:])) - 1


def matrix(kind, rows, columns, draw_one):
    """Bits and numbers of a random matrix."""
    bits = [[encode(kind, draw_one()) for _ in range(columns)] for _ in range(rows)]
    if kind in formats.FORMATS:
        numbers = [[formats.signed(formats.FORMATS[kind].decode(b)) for b in row] for row in bits]
    else:
        size = int(kind[1:])
        numbers = [[b - (1 << size) if kind[0] == "s" and b >> size - 1 else b for b in row] for row in bits]
    return bits, numbers


def registers(bits, size, of=32):
    """Elements packed into registers, the first lowest."""
    per = max(1, of // size)
    return [sum(b << size * i for i, b in enumerate(bits[at : at + per])) for at in range(0, len(bits), per)]


def mma(f, shape, a_kind, c_kind, b_kind=None, exact=True, saturate=False, version=None):
    b_kind = b_kind or a_kind
    flag = ".satfinite" if saturate else ""
    name = "mma.sync.aligned.%s.row.col%s.%s.%s.%s.%s" % (shape.name, flag, c_kind, a_kind, b_kind, c_kind)
    chance = draw(name + str(exact))
    size = {"f64": 64, "tf32": 32, "f16": 16, "bf16": 16}.get(a_kind, 8)
    register = "f64" if a_kind == "f64" else "b32"
    packed = c_kind == "f16"
    rows = []
    for _ in range(2):
        if a_kind[0] in "su":
            low, high = (-128, 127) if a_kind[0] == "s" else (0, 255)
            low2, high2 = (-128, 127) if b_kind[0] == "s" else (0, 255)
            big = (1 << 31) - 1 if saturate else 1 << 20
            one, two, three = (lambda: chance.randint(low, high)), (lambda: chance.randint(low2, high2)), (lambda: chance.choice([-big, 0, big, chance.randint(-big, big)]))
        elif exact:
            one = two = three = lambda: chance.randint(-8, 8)
        else:
            one = two = three = lambda: Fraction(chance.gauss(0, 1))
        a_bits, a = matrix(a_kind, shape.m, shape.k, one)
        b_bits, b = matrix(b_kind, shape.k, shape.n, two)
        c_bits, c = matrix(c_kind, shape.m, shape.n, three)
        for lane in range(32):
            def of(bits, part):
                return [bits[r][col] for r, col in (part[1](lane, i) for i in range(part[0]))]

            ins = registers(of(a_bits, shape.a), size, max(32, size)) + registers(of(b_bits, shape.b), size, max(32, size))
            ins += registers(of(c_bits, shape.c), 16 if packed else 32) if c_kind != "f64" else of(c_bits, shape.c)
            outs = []
            for i in range(shape.c[0]):
                r, col = shape.c[1](lane, i)
                products = [a[r][k] * b[k][col] for k in range(shape.k)]
                outs.append(result(c_kind, sum(products) + c[r][col], sum(map(abs, products)) + abs(c[r][col]), exact, saturate))
            rows.append((tuple(ins), tuple(outs)))
    body, ins, outs, more = frame(shape, name, size, register, c_kind, packed)
    f.add(name + ("" if exact else " random"), body, ins, outs, rows, launch=(2, 32), registers=more,
          note=None if exact else "bound: %s of the sum of the magnitudes" % {"f64": "2^-50", "f32": "2^-20", "f16": "2^-9"}[c_kind])


def result(kind, value, magnitude, exact, saturate):
    if kind == "s32":
        return min(max(value, -(1 << 31)), (1 << 31) - 1) if saturate else value
    if exact:
        return encode(kind, value)
    bound = decimal(Fraction(magnitude)) * Decimal(2) ** {"f64": -50, "f32": -20, "f16": -9}[kind]
    return about(decimal(Fraction(value)), bound)


def frame(shape, name, size, register, c_kind, packed):
    per = max(1, 32 // size)
    counts = [shape.a[0] // per, shape.b[0] // per, shape.c[0] // (2 if packed else 1)]
    c_register = "f64" if c_kind == "f64" else "b32" if packed else c_kind
    ins = [register] * (counts[0] + counts[1]) + [c_register] * counts[2]
    names = ["a b c e f g h k".split()[i] if len(ins) <= 8 else "a%d" % i for i in range(len(ins))]
    a, b, c = names[: counts[0]], names[counts[0] : counts[0] + counts[1]], names[counts[0] + counts[1] :]
    outs = [c_kind] * shape.c[0]
    d = ["d"] + ["d%d" % i for i in range(1, shape.c[0])]
    to = ["pair0", "pair1"][: counts[2]] if packed else d

    def group(items):
        return "{%s}" % ", ".join(items)

    body = ["%s %s, %s, %s, %s;" % (name, group(to), group(a), group(b), group(c))]
    if packed:
        body += ["mov.b32 {%s, %s}, %s;" % (d[2 * i], d[2 * i + 1], p) for i, p in enumerate(to)]
    return body, ins, outs, [".b32 pair0, pair1"] if packed else []


def products():
    f = Family("mma", "mma.sync, PTX ISA 9.7.16")
    for shape in (HALF8, HALF16):
        for exact in (True, False):
            mma(f, shape, "f16", "f32", exact=exact)
            mma(f, shape, "f16", "f16", exact=exact)
            mma(f, shape, "bf16", "f32", exact=exact)
    for shape in (TENSOR4, TENSOR8):
        for exact in (True, False):
            mma(f, shape, "tf32", "f32", exact=exact)
    for exact in (True, False):
        mma(f, DOUBLE4, "f64", "f64", exact=exact)
    for shape in (BYTE8, BYTE16, BYTE32):
        for a, b in (("s8", "s8"), ("u8", "u8"), ("s8", "u8"), ("u8", "s8")):
            mma(f, shape, a, "s32", b)
        mma(f, shape, "s8", "s32", saturate=True)
    unusual(f)
    return f


def unusual(f):
    """Infinities and NaNs: a row of A with one makes a row of D of them; zeros keep to their sums."""
    name = "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32"
    one, infinite, nan = 0x3C00, 0x7C00, 0x7E00
    a = [[one] * 16 for _ in range(16)]
    a[2][5], a[3][9], a[11][0] = infinite, nan, infinite | 0x8000
    rows = []
    for lane in range(32):
        part = [a[r][c] for r, c in (HALF16.a[1](lane, i) for i in range(8))]
        ins = registers(part, 16) + registers([one] * 4, 16) + [0x3F800000] * 4
        outs = []
        for i in range(4):
            r, _ = accumulator16(lane, i)
            outs.append({2: 0x7F800000, 3: "nan", 11: 0xFF800000}.get(r, 0x41880000))  # else 16 + 1
        rows.append((tuple(ins), tuple(outs)))
    body, ins, outs, more = frame(HALF16, name, 16, "b32", "f32", False)
    f.add(name + " unusual", body, ins, outs, rows, launch=(1, 32), registers=more)


def tiles():
    f = Family("matrix", "ldmatrix and movmatrix, PTX ISA 9.7.16")
    chance = draw("ldmatrix")
    memory = [[chance.getrandbits(16) for _ in range(8)] for _ in range(32)]
    start = [".shared .align 16 .b8 room[512];", "mov.u32 i, %laneid;", "mov.u32 r, room;", "mad.lo.u32 s, i, 16, r;", "st.shared.v4.b32 [s], {a, b, c, e};", "bar.warp.sync 0xffffffff;",
             "mad.lo.u32 t, i, 5, 3;", "and.b32 t, t, 31;", "mad.lo.u32 t, t, 16, r;"]
    for count in (1, 2, 4):
        for trans in ("", ".trans"):
            for space in (".shared", "", ".shared::cta"):
                rows = []
                for lane in range(32):
                    ins = tuple(registers(memory[lane], 16))
                    outs = []
                    for m in range(count):
                        # Lane 8 m + n gives the address of row n of matrix m.
                        tile = [memory[((8 * m + n) * 5 + 3) & 31] for n in range(8)]
                        pairs = [(lane >> 2, (lane & 3) * 2 + j) for j in (0, 1)]
                        low, high = (tile[y][x] if trans else tile[x][y] for x, y in pairs)
                        outs.append(low | high << 16)
                    rows.append((ins, tuple(outs)))
                d = ["d"] + ["d%d" % n for n in range(1, count)]
                own = start + (["cvt.u64.u32 x, t;", "cvta.shared.u64 x, x;"] if not space else [])
                name = "ldmatrix.sync.aligned.m8n8.x%d%s%s.b16" % (count, trans, space)
                f.add(name, own + ["%s {%s}, [%s];" % (name, ", ".join(d), "t" if space else "x")], "b32 b32 b32 b32", ["b32"] * count, rows, launch=(1, 32),
                      registers=[".b32 i, r, s, t", ".b64 x"], note="lane i gives the address of memory row 5 i + 3")
    tile = [[chance.getrandbits(16) for _ in range(8)] for _ in range(8)]
    rows = []
    for lane in range(32):
        pairs = [(lane >> 2, (lane & 3) * 2 + j) for j in (0, 1)]
        rows.append(((tile[pairs[0][0]][pairs[0][1]] | tile[pairs[1][0]][pairs[1][1]] << 16,), (tile[pairs[0][1]][pairs[0][0]] | tile[pairs[1][1]][pairs[1][0]] << 16,)))
    f.add("movmatrix", "movmatrix.sync.aligned.m8n8.trans.b16 d, a;", "b32", "b32", rows, launch=(1, 32))
    return f


def stored():
    f = Family("stmatrix", "stmatrix, PTX ISA 9.7.16", "7.8", "sm_90")
    chance = draw("stmatrix")
    for count in (1, 2, 4):
        for trans in ("", ".trans"):
            held = [[chance.getrandbits(32) for _ in range(count)] for _ in range(32)]
            memory = [[0] * 8 for _ in range(32)]
            for m in range(count):
                for lane in range(32):
                    for j in (0, 1):
                        x, y = lane >> 2, (lane & 3) * 2 + j
                        x, y = (y, x) if trans else (x, y)
                        memory[((8 * m + x) * 5 + 3) & 31][y] = held[lane][m] >> 16 * j & 0xFFFF
            rows = [(tuple(held[lane]), tuple(registers(memory[lane], 16))) for lane in range(32)]
            letters = "a b c e".split()[:count]
            name = "stmatrix.sync.aligned.m8n8.x%d%s.shared.b16" % (count, trans)
            body = [".shared .align 16 .b8 room[512];", "mov.u32 i, %laneid;", "mov.u32 r, room;", "mad.lo.u32 s, i, 16, r;", "st.shared.v4.b32 [s], {0, 0, 0, 0};", "bar.warp.sync 0xffffffff;",
                    "mad.lo.u32 t, i, 5, 3;", "and.b32 t, t, 31;", "mad.lo.u32 t, t, 16, r;", "%s [t], {%s};" % (name, ", ".join(letters)), "bar.warp.sync 0xffffffff;",
                    "ld.shared.v4.b32 {d, d1, d2, d3}, [s];"]
            f.add(name, body, ["b32"] * count, ["b32"] * 4, rows, launch=(1, 32), registers=[".b32 i, r, s, t"])
    return f


def wmma(f, m, n, k, a_kind, c_kind, a_layout, b_layout, c_layout):
    """Through shared memory: which lane holds what is the device's affair."""
    shape = "m%dn%dk%d" % (m, n, k)
    chance = draw("wmma" + shape + a_kind + c_kind + a_layout + b_layout)
    size = {"f16": 16, "bf16": 16, "f64": 64, "tf32": 32}.get(a_kind, 8)
    wide = {"f16": 16, "f64": 64}.get(c_kind, 32)
    a_bits, a = matrix(a_kind, m, k, lambda: chance.randint(-8, 8))
    b_bits, b = matrix(a_kind, k, n, lambda: chance.randint(-8, 8))
    c_bits, c = matrix(c_kind, m, n, lambda: chance.randint(-8, 8))
    d = [[encode(c_kind, sum(a[i][x] * b[x][j] for x in range(k)) + c[i][j]) for j in range(n)] for i in range(m)]

    def laid(bits, layout):
        return [v for row in (bits if layout == "row" else zip(*bits)) for v in row]

    def words(bits, layout, of):
        flat = laid(bits, layout)
        flat = registers(flat, of) if of < 64 else [half for v in flat for half in (v & 0xFFFFFFFF, v >> 32)]
        return [flat[lane * len(flat) // 32 : (lane + 1) * len(flat) // 32] for lane in range(32)]

    parts = [words(a_bits, a_layout, size), words(b_bits, b_layout, size), words(c_bits, c_layout, wide)]
    results = words(d, c_layout, wide)
    slots = [len(p[0]) for p in parts]
    rows = [(tuple(parts[0][i] + parts[1][i] + parts[2][i]), tuple(results[i])) for i in range(32)]
    # How many registers a fragment has is fixed, PTX ISA 9.7.16; what lies in them is not.
    fragments = {"f16": (8, 8, 4 if c_kind == "f16" else 8), "bf16": (4, 4, 8), "tf32": (4, 4, 8), "f64": (1, 1, 2)}[a_kind]
    if a_kind == "bf16" and m != 16:
        fragments = (8, 2, 8) if m == 32 else (2, 8, 8)
    register = "f64" if a_kind == "f64" else "b32"
    c_register = {"f64": "f64", "f32": "f32", "s32": "s32"}.get(c_kind, "b32")
    names = [["%s%d" % (p, i) for i in range(count)] for p, count in zip(("fa", "fb", "fc", "fd"), fragments + (fragments[2],))]
    group = ["{%s}" % ", ".join(x) for x in names]
    ld = {"row": {"a": k, "b": n, "c": n}, "col": {"a": m, "b": k, "c": m}}
    total = sum(slots)
    bases = [0, 128 * slots[0], 128 * (slots[0] + slots[1])]
    body = [".shared .align 32 .b8 room[%d];" % (128 * total), "mov.u32 i, %laneid;", "mov.u32 r, room;"]
    letters = "a b c e f g h k".split()[:total] if total <= 8 else ["a%d" % i for i in range(total)]
    at = 0
    for base, count in zip(bases, slots):
        body.append("mad.lo.u32 s, i, %d, r;" % (4 * count))
        for j in range(count):
            body.append("st.shared.b32 [s+%d], %s;" % (base + 4 * j, letters[at]))
            at += 1
    rounding = ".rn" if a_kind == "f64" else ""
    body += ["bar.warp.sync 0xffffffff;", "add.u32 s, r, %d;" % bases[1], "add.u32 t, r, %d;" % bases[2],
             "wmma.load.a.sync.aligned.%s.%s.shared.%s %s, [r], %d;" % (a_layout, shape, a_kind, group[0], ld[a_layout]["a"]),
             "wmma.load.b.sync.aligned.%s.%s.shared.%s %s, [s], %d;" % (b_layout, shape, a_kind, group[1], ld[b_layout]["b"]),
             "wmma.load.c.sync.aligned.%s.%s.shared.%s %s, [t], %d;" % (c_layout, shape, c_kind, group[2], ld[c_layout]["c"])]
    types = "%s.%s" % (c_kind, c_kind) if a_kind == "f16" else "%s.%s.%s.%s" % (c_kind, a_kind, a_kind, c_kind)
    name = "wmma.mma.sync.aligned.%s.%s.%s%s.%s" % (a_layout, b_layout, shape, rounding, types)
    body += ["%s %s, %s, %s, %s;" % (name, group[3], group[0], group[1], group[2]), "bar.warp.sync 0xffffffff;",
             "wmma.store.d.sync.aligned.%s.%s.shared.%s [t], %s, %d;" % (c_layout, shape, c_kind, group[3], ld[c_layout]["c"]), "bar.warp.sync 0xffffffff;",
             "mad.lo.u32 s, i, %d, t;" % (4 * slots[2])]
    outs = ["d"] + ["d%d" % i for i in range(1, slots[2])]
    body += ["ld.shared.b32 %s, [s+%d];" % (o, 4 * j) for j, o in enumerate(outs)]
    f.add("%s to %s" % (name, c_layout), body, ["b32"] * total, ["b32"] * slots[2], rows, launch=(1, 32),
          registers=[".b32 i, r, s, t", ".%s %s" % (register, ", ".join(names[0] + names[1])), ".%s %s" % (c_register, ", ".join(names[2] + names[3]))])


def older():
    f = Family("wmma", "wmma: load, multiply, store, PTX ISA 9.7.16")
    for a_layout in ("row", "col"):
        for b_layout in ("row", "col"):
            wmma(f, 16, 16, 16, "f16", "f32", a_layout, b_layout, "row")
            wmma(f, 16, 16, 16, "f16", "f16", a_layout, b_layout, "col")
    for m, n in ((32, 8), (8, 32)):
        wmma(f, m, n, 16, "f16", "f32", "row", "col", "row")
        wmma(f, m, n, 16, "bf16", "f32", "row", "col", "row")
    wmma(f, 16, 16, 16, "bf16", "f32", "row", "col", "row")
    wmma(f, 16, 16, 16, "bf16", "f32", "col", "row", "col")
    wmma(f, 16, 16, 8, "tf32", "f32", "row", "col", "row")
    wmma(f, 8, 8, 4, "f64", "f64", "row", "col", "row")
    return f


FAMILIES = [products, tiles, stored, older]
