"""Integer arithmetic, bit fields and logic: sections 9.7.1, 9.7.2, 9.7.9 and prmt of the PTX ISA."""
from emit import Family, draw, instruction, tuples, width

UNSIGNED = ["u16", "u32", "u64"]
SIGNED = ["s16", "s32", "s64"]
BOTH = UNSIGNED + SIGNED
BITS = ["b16", "b32", "b64"]


def wrap(value, bits):
    return value & ((1 << bits) - 1)


def read(bits, kind):
    """A register's bits as the number that a type sees."""
    size = width(kind)
    bits = wrap(bits, size)
    return bits - (1 << size) if kind[0] == "s" and bits >> (size - 1) else bits


def least(kind):
    return -(1 << (width(kind) - 1)) if kind[0] == "s" else 0


def greatest(kind):
    return (1 << (width(kind) - (kind[0] == "s"))) - 1


def clamp(value, kind):
    return min(max(value, least(kind)), greatest(kind))


def edges(kind):
    size = width(kind)
    top = 1 << (size - 1)
    most = (1 << size) - 1
    pattern = 0x123456789ABCDEF0 >> (64 - size)
    return [0, 1, most, top, top - 1, 2, most - 1, top + 1, pattern, 0x5555555555555555 & most, 3, size]


def anything(kind):
    def value(chance):
        size = width(kind)
        bits = chance.getrandbits(size)
        return bits >> chance.randrange(size) if chance.random() < 0.3 else bits

    return value


def calculate(family, opcode, kinds, out, function, own=None, **more):
    """A form whose result is a function of the operands, each read as its type."""
    rows = []
    for row in tuples(opcode, own or [edges(k) for k in kinds], [anything(k) for k in kinds]):
        result = function(*[read(v, k) for v, k in zip(row, kinds)])
        rows.append((row, (result,)))
    letters = "a b c e".split()[: len(kinds)]
    family.add(opcode, instruction(opcode, ["d"], letters), kinds, [out], rows, **more)


def double(kind):
    return kind[0] + str(2 * width(kind))


def arithmetic():
    f = Family("integer", "Integer arithmetic, PTX ISA 9.7.1")
    for t in BOTH:
        n = width(t)
        calculate(f, "add." + t, [t, t], t, lambda a, b: a + b)
        calculate(f, "sub." + t, [t, t], t, lambda a, b: a - b)
        calculate(f, "mul.lo." + t, [t, t], t, lambda a, b: a * b)
        calculate(f, "mul.hi." + t, [t, t], t, lambda a, b: a * b >> n)
        calculate(f, "mad.lo." + t, [t, t, t], t, lambda a, b, c: a * b + c)
        calculate(f, "mad.hi." + t, [t, t, t], t, lambda a, b, c: (a * b >> n) + c)
        if n < 64:
            calculate(f, "mul.wide." + t, [t, t], double(t), lambda a, b: a * b)
            calculate(f, "mad.wide." + t, [t, t, double(t)], double(t), lambda a, b, c: a * b + c)
        calculate(f, "sad." + t, [t, t, t], t, lambda a, b, c: c + abs(a - b))
        calculate(f, "div." + t, [t, t], t, lambda a, b: quotient(a, b, t), note=UNSPECIFIED)
        calculate(f, "rem." + t, [t, t], t, lambda a, b: remainder(a, b, t), note=UNSPECIFIED)
        calculate(f, "min." + t, [t, t], t, min)
        calculate(f, "max." + t, [t, t], t, max)
    for t in SIGNED:
        calculate(f, "abs." + t, [t], t, abs)
        calculate(f, "neg." + t, [t], t, lambda a: -a)
    calculate(f, "add.sat.s32", ["s32", "s32"], "s32", lambda a, b: clamp(a + b, "s32"))
    calculate(f, "sub.sat.s32", ["s32", "s32"], "s32", lambda a, b: clamp(a - b, "s32"))
    calculate(f, "mad.hi.sat.s32", ["s32"] * 3, "s32", lambda a, b, c: clamp((a * b >> 32) + c, "s32"))
    for t in ("u32", "s32"):
        def low24(a, t=t):
            a = wrap(a, 24)
            return a - (1 << 24) if t == "s32" and a >> 23 else a

        own = [edges(t) + [0x7FFFFF, 0x800000, 0xFFFFFF, 0xFF800000]] * 2
        note = "operands are 24-bit values held in 32-bit registers: bits 24 to 31 must not matter"
        calculate(f, "mul24.lo." + t, [t, t], t, lambda a, b: low24(a) * low24(b), own, note=note)
        calculate(f, "mul24.hi." + t, [t, t], t, lambda a, b: low24(a) * low24(b) >> 16, own, note=note)
        three = own + [edges(t)]
        calculate(f, "mad24.lo." + t, [t] * 3, t, lambda a, b, c: low24(a) * low24(b) + c, three, note=note)
        calculate(f, "mad24.hi." + t, [t] * 3, t, lambda a, b, c: (low24(a) * low24(b) >> 16) + c, three, note=note)
        if t == "s32":
            calculate(f, "mad24.hi.sat.s32", [t] * 3, t, lambda a, b, c: clamp((low24(a) * low24(b) >> 16) + c, t), three)
    for a in ("u32", "s32"):
        for b in ("u32", "s32"):
            c = "u32" if a == b == "u32" else "s32"
            calculate(f, "dp4a.%s.%s" % (a, b), [a, b, c], c, lambda x, y, z: dot(x, y, z, a, b, 8, 0))
            calculate(f, "dp2a.lo.%s.%s" % (a, b), [a, b, c], c, lambda x, y, z: dot(x, y, z, a, b, 16, 0))
            calculate(f, "dp2a.hi.%s.%s" % (a, b), [a, b, c], c, lambda x, y, z: dot(x, y, z, a, b, 16, 2))
    return f


UNSPECIFIED = "? marks results that the ISA leaves unspecified: division by zero, and the overflow of least / -1"


def quotient(a, b, kind):
    if b == 0 or a == least(kind) and b == -1:
        return "?"
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def remainder(a, b, kind):
    if b == 0 or a == least(kind) and b == -1:
        return "?"
    return abs(a) % abs(b) * (-1 if a < 0 else 1)


def dot(a, b, c, a_kind, b_kind, size, first):
    def parts(value, kind, size):
        return [read(wrap(value, 32) >> at & ((1 << size) - 1), kind[0] + str(size)) for at in range(0, 32, size)]

    left = parts(a, a_kind, size)
    right = parts(b, b_kind, 8)[first:]
    return c + sum(x * y for x, y in zip(left, right))


def packed():
    f = Family("integer90", "Integer arithmetic that needs sm_90, PTX ISA 9.7.1", "8.0", "sm_90")

    def halves(function, kind):
        def apply(a, b):
            result = 0
            for at in (0, 16):
                x, y = read(a >> at & 0xFFFF, kind), read(b >> at & 0xFFFF, kind)
                result |= wrap(function(x, y), 16) << at
            return result

        return apply

    own = [[0, 0x00010001, 0xFFFFFFFF, 0x80007FFF, 0x7FFF8000, 0x12348765, 0xFFFF0000, 0x0000FFFF]] * 2
    for t in ("u16", "s16"):
        for op, function in (("add", lambda x, y: x + y), ("min", min), ("max", max)):
            calculate(f, "%s.%sx2" % (op, t), ["b32", "b32"], "b32", halves(function, t), own)
    for op, function in (("min", min), ("max", max)):
        calculate(f, op + ".relu.s32", ["s32", "s32"], "s32", lambda x, y: max(0, function(x, y)))
        calculate(f, op + ".relu.s16x2", ["b32", "b32"], "b32", halves(lambda x, y: max(0, function(x, y)), "s16"), own)
    return f


def carries():
    """Two instructions that hand over the carry flag: the second one's result shows it."""
    f = Family("carry", "Extended-precision arithmetic, PTX ISA 9.7.2")
    for t in ("u32", "s32", "u64", "s64", "b32", "b64"):
        n = width(t)
        if t[0] == "b":
            continue
        for first, second, sign in (("add.cc", "addc", 1), ("sub.cc", "subc", -1)):
            rows = []
            for a, b, c, e in tuples(first + t, [edges(t)] * 4, [anything(t)] * 4):
                total = a + sign * b
                # The carry of a + b, or the borrow of a - b.
                over = int(total >> n != 0)
                rows.append(((a, b, c, e), (total, c + sign * e + sign * over)))
            body = ["%s.%s d, a, b;" % (first, t), "%s.%s d1, c, e;" % (second, t)]
            f.add("%s_%s_%s" % (first, second, t), body, [t] * 4, [t] * 2, rows)
            # Three words: the middle one takes and gives the flag.
            rows = []
            for row in tuples(first + "3" + t, [edges(t)] * 6, [anything(t)] * 6, more=8):
                left = row[0] | row[1] << n | row[2] << 2 * n
                right = row[3] | row[4] << n | row[5] << 2 * n
                total = left + sign * right
                rows.append((row, tuple(total >> k * n for k in range(3))))
            body = ["%s.%s d, a, e;" % (first, t), "%s.cc.%s d1, b, f;" % (second, t), "%s.%s d2, c, g;" % (second, t)]
            f.add("%s_%s.cc_%s" % (first, second, t), body, [t] * 6, [t] * 3, rows)
        for part in ("lo", "hi"):
            rows = []
            for a, b, c, e, g in tuples("mad.cc" + part + t, [edges(t)] * 5, [anything(t)] * 5):
                product = read(a, t) * read(b, t)
                half = wrap(product if part == "lo" else product >> n, n)
                total = half + c
                rows.append(((a, b, c, e, g), (total, e + g + (total >> n))))
            body = ["mad.%s.cc.%s d, a, b, c;" % (part, t), "addc.%s d1, e, f;" % t]
            f.add("mad.%s.cc_addc_%s" % (part, t), body, [t] * 5, [t] * 2, rows)
            rows = []
            for a, b, c, e, g in tuples("madc" + part + t, [edges(t)] * 5, [anything(t)] * 5):
                product = read(a, t) * read(b, t)
                half = wrap(product if part == "lo" else product >> n, n)
                rows.append(((a, b, c, e, g), (e + g, half + c + (e + g >> n))))
            body = ["add.cc.%s d, e, f;" % t, "madc.%s.%s d1, a, b, c;" % (part, t)]
            f.add("add.cc_madc.%s_%s" % (part, t), body, [t] * 5, [t] * 2, rows)
            rows = []
            for a, b, c, e, g, h in tuples("madc.cc" + part + t, [edges(t)] * 6, [anything(t)] * 6, more=8):
                product = read(a, t) * read(b, t)
                half = wrap(product if part == "lo" else product >> n, n)
                total = half + c + (e + g >> n)
                rows.append(((a, b, c, e, g, h), (total, h + (total >> n))))
            body = ["add.cc.%s d1, e, f;" % t, "madc.%s.cc.%s d, a, b, c;" % (part, t), "addc.%s d1, g, 0;" % t]
            f.add("madc.%s.cc_%s" % (part, t), body, [t] * 6, [t] * 2, rows)
    # 64 x 64 = 128 bits in 32-bit words, as compilers write it.
    rows = []
    for a, b in tuples("wide128", [edges("u64")] * 2, [anything("u64")] * 2):
        words = (a & 0xFFFFFFFF, a >> 32, b & 0xFFFFFFFF, b >> 32)
        rows.append((words, tuple(a * b >> 32 * k for k in range(4))))
    body = [
        "mul.lo.u32 d, a, c;", "mul.hi.u32 d1, a, c;",
        "mad.lo.cc.u32 d1, a, e, d1;", "madc.hi.u32 d2, a, e, 0;",
        "mad.lo.cc.u32 d1, b, c, d1;", "madc.hi.cc.u32 d2, b, c, d2;", "madc.hi.u32 d3, b, e, 0;",
        "mad.lo.cc.u32 d2, b, e, d2;", "addc.u32 d3, d3, 0;",
    ]
    f.add("multiply 64 by 64 bits", body, ["u32"] * 4, ["u32"] * 4, rows, note="the exact product of 64-bit integers")
    return f


def shift(a, b, kind, left):
    """Counts beyond the width are clamped to it; the count is always 32 bits, unsigned."""
    size = width(kind)
    b = min(wrap(b, 32), size)
    return a << b if left else a >> b


def find(a, kind, amount):
    if a < 0:
        a = ~a
    if a == 0:
        return -1
    found = a.bit_length() - 1
    return width(kind) - 1 - found if amount else found


def extract(a, b, c, kind):
    top = width(kind) - 1
    start, length = b & 0xFF, c & 0xFF
    bits = wrap(a, width(kind))
    sign = 0 if kind[0] == "u" or length == 0 else bits >> min(start + length - 1, top) & 1
    return sum((bits >> (start + i) & 1 if i < length and start + i <= top else sign) << i for i in range(top + 1))


def insert(a, b, c, e, kind):
    top = width(kind) - 1
    start, length = c & 0xFF, e & 0xFF
    for i in range(length):
        if start + i <= top:
            b = b & ~(1 << (start + i)) | (a >> i & 1) << (start + i)
    return b


def nth(mask, base, offset):
    offset = read(offset, "s32")
    if offset == 0:
        return base if mask >> base & 1 else -1
    left = abs(offset)
    position = base
    while 0 <= position < 32:
        left -= mask >> position & 1
        if left == 0:
            return position
        position += 1 if offset > 0 else -1
    return -1


def extend(a, b, kind, mode):
    length = min(b, 32) if mode == "clamp" else b & 31
    if length == 0:
        return 0
    return read(wrap(a, length), "s%d" % length) if kind == "s32" else wrap(a, length)


def mask(a, b, mode):
    start, length = (a, b) if mode == "clamp" else (a & 31, b & 31)
    return sum(1 << i for i in range(32) if start <= i < start + length)


def bits():
    f = Family("bits", "Bit counts, bit fields, shifts and logic, PTX ISA 9.7.1, 9.7.9")
    counts = [0, 1, 15, 16, 17, 31, 32, 33, 63, 64, 65, 255, 256, 0x80000000, 0xFFFFFFFF]
    for t in ("b32", "b64"):
        n = width(t)
        calculate(f, "popc." + t, [t], "u32", lambda a: bin(a).count("1"))
        calculate(f, "clz." + t, [t], "u32", lambda a: n - a.bit_length())
        calculate(f, "brev." + t, [t], t, lambda a: int(format(a, "0%db" % n)[::-1], 2))
        own = [edges(t), edges(t), counts, counts]
        calculate(f, "bfi." + t, [t, t, "u32", "u32"], t, lambda a, b, c, e: insert(a, b, c, e, t), own)
    for t in ("u32", "s32", "u64", "s64"):
        calculate(f, "bfind." + t, [t], "u32", lambda a: find(a, t, False))
        calculate(f, "bfind.shiftamt." + t, [t], "u32", lambda a: find(a, t, True))
        own = [edges(t), counts, counts]
        calculate(f, "bfe." + t, [t, "u32", "u32"], t, lambda a, b, c: extract(a, b, c, t), own)
    own = [[0, 1, 0x80000000, 0xFFFFFFFF, 0x0F0F0F0F, 0x80000001], [0, 1, 15, 30, 31], [0, 1, 2, 5, 32, 33, -1, -2, -5, -32]]
    rows = [(row, (nth(*row),)) for row in tuples("fns", own, [anything("b32"), lambda r: r.randrange(32), lambda r: r.randrange(-9, 9)])]
    f.add("fns.b32", instruction("fns.b32", ["d"], ["a", "b", "c"]), "b32 b32 s32", "b32", rows)
    for mode in ("clamp", "wrap"):
        for t in ("u32", "s32"):
            calculate(f, "szext.%s.%s" % (mode, t), [t, "u32"], t, lambda a, b: extend(wrap(a, 32), b, t, mode), [edges(t), counts])
        calculate(f, "bmsk.%s.b32" % mode, ["b32", "b32"], "b32", lambda a, b: mask(a, b, mode), [counts, counts])
    for t in BITS:
        for op, function in (("and", int.__and__), ("or", int.__or__), ("xor", int.__xor__)):
            calculate(f, "%s.%s" % (op, t), [t, t], t, function)
        calculate(f, "not." + t, [t], t, lambda a: ~a)
        calculate(f, "cnot." + t, [t], t, lambda a: int(a == 0))
        calculate(f, "shl." + t, [t, "u32"], t, lambda a, b: shift(a, b, t, True), [edges(t), counts])
        calculate(f, "shr." + t, [t, "u32"], t, lambda a, b: shift(a, b, t, False), [edges(t), counts])
    for t in BOTH:
        calculate(f, "shr." + t, [t, "u32"], t, lambda a, b: shift(a, b, t, False), [edges(t), counts])
    predicates(f)
    for table in (0x00, 0x01, 0x80, 0x96, 0xE8, 0xCA, 0xFE, 0x1A, 0xAA, 0xCC, 0xF0, 0xFF):
        calculate_table(f, table)
    for side in ("l", "r"):
        for mode in ("clamp", "wrap"):
            def funnel(a, b, c, side=side, mode=mode):
                count = min(c, 32) if mode == "clamp" else c & 31
                both = b << 32 | a
                return both << count >> 32 if side == "l" else both >> count

            calculate(f, "shf.%s.%s.b32" % (side, mode), ["b32", "b32", "u32"], "b32", funnel, [edges("b32"), edges("b32"), counts])
    permutes(f)
    return f


def predicates(f):
    truth = [(a, b) for a in (0, 1) for b in (0, 1)]
    for op, function in (("and", int.__and__), ("or", int.__or__), ("xor", int.__xor__)):
        f.add(op + ".pred", instruction(op + ".pred", ["p"], ["a", "b"]), "pred pred", "pred", [(t, (function(*t),)) for t in truth])
    f.add("not.pred", "not.pred p, a;", "pred", "pred", [((a,), (1 - a,)) for a in (0, 1)])
    f.add("mov.pred", "mov.pred p, a;", "pred", "pred", [((a,), (a,)) for a in (0, 1)])


def calculate_table(f, table):
    """lop3: bit i of the table is the result for the bits (a, b, c) = binary i."""
    def look_up(a, b, c):
        return sum((table >> ((a >> i & 1) << 2 | (b >> i & 1) << 1 | c >> i & 1) & 1) << i for i in range(32))

    rows = []
    for row in tuples("lop3", [[0xF0F0F0F0, 0, 0xFFFFFFFF], [0xCCCCCCCC, 0, 0xFFFFFFFF], [0xAAAAAAAA, 0, 0xFFFFFFFF]], [anything("b32")] * 3):
        rows.append((row, (look_up(*row),)))
    f.add("lop3.b32 0x%02x" % table, "lop3.b32 d, a, b, c, 0x%02x;" % table, "b32 b32 b32", "b32", rows)


def tables():
    f = Family("bits82", "lop3 with a predicate, PTX ISA 9.7.9", "8.2", "sm_80")
    for word, function in (("or", int.__or__), ("and", int.__and__)):
        for turned in ("", "!"):
            rows = []
            for a, b, c in tuples("lop3" + word, [[0, 0xF0, 0xFFFFFFFF], [0, 0xF0, 0x0F], [0, 0xFF]], [anything("b32")] * 3, more=6):
                for q in (0, 1):
                    result = a ^ b ^ c
                    rows.append(((a, b, c, q), (result, function(int(result != 0), q ^ (turned == "!")))))
            f.add("lop3.%s.b32 %s" % (word, "turned" if turned else ""), "lop3.%s.b32 d|p, a, b, c, 0x96, %se;" % (word, turned), "b32 b32 b32 pred", "b32 pred", rows,
                  outputs=["d", "p"])
    rows = [((a, b, c), (int((a & b & c) != 0),)) for a, b, c in tuples("lop3sink", [[0, 0xF0, 0xFFFFFFFF]] * 3, [anything("b32")] * 3)]
    f.add("lop3.or.b32 sink", ["setp.ne.u32 q, 0, 0;", "lop3.or.b32 _|p, a, b, c, 0x80, q;"], "b32 b32 b32", "pred", rows, registers=[".pred q"])
    return f


def video():
    """Absolute differences of packed parts; their sum goes to c where it says .add, else c is not looked at."""
    f = Family("video", "vabsdiff2 and vabsdiff4, PTX ISA 9.7.20.2")
    for count in (2, 4):
        size = 32 // count
        own = [[0, 0xFFFFFFFF, 0x80008000, 0x7FFF7FFF, 0x80808080, 0x7F7F7F7F, 0x01020304, 0x00FF00FF], [0, 0xFFFFFFFF, 0x7F7F7F7F, 0x80808080, 0x00010001], [0, 100, 0xFFFFFFFF]]
        for to in ("u32", "s32"):
            for a_kind, b_kind in (("u32", "u32"), ("s32", "s32")):
                for add in (False, True):
                    name = "vabsdiff%d.%s.%s.%s%s" % (count, to, a_kind, b_kind, ".add" if add else "")
                    rows = []
                    for row in tuples(name, own, [anything("b32")] * 3):
                        parts = [[read(raw >> at & (1 << size) - 1, kind[0] + str(size)) for at in range(0, 32, size)] for raw, kind in zip(row, (a_kind, b_kind))]
                        apart = [abs(x - y) for x, y in zip(*parts)]
                        rows.append((row, (row[2] + sum(apart) if add else sum(wrap(v, size) << i * size for i, v in enumerate(apart)),)))
                    f.add(name, instruction(name, ["d"], ["a", "b", "c"]), [a_kind, b_kind, "b32"], [to], rows)
    return f


MODES = {  # bytes of the result from the highest, for selectors 0 to 3
    "f4e": ["3210", "4321", "5432", "6543"],
    "b4e": ["5670", "6701", "7012", "0123"],
    "rc8": ["0000", "1111", "2222", "3333"],
    "ecl": ["3210", "3211", "3222", "3333"],
    "ecr": ["0000", "1110", "2210", "3210"],
    "rc16": ["1010", "3232", "1010", "3232"],
}


def permutes(f):
    def byte(a, b, i):
        return (b << 32 | a) >> 8 * i & 0xFF

    def general(a, b, c):
        result = 0
        for i in range(4):
            select = c >> 4 * i & 15
            value = byte(a, b, select & 7)
            result |= ((0xFF if value >> 7 else 0) if select & 8 else value) << 8 * i
        return result

    sources = [0x83828180, 0x03020100, 0x7F80FF00, 0x12345678]
    own = [sources, [0x87868584, 0x07060504, 0xFEDCBA98], [0x3210, 0x7654, 0xFEDC, 0xBA98, 0x0123, 0x5410, 0x7632, 0xFFFF3210, 0x8888]]
    calculate(f, "prmt.b32", ["b32"] * 3, "b32", general, own)
    for mode, table in MODES.items():
        def special(a, b, c, table=table):
            return sum(byte(a, b, int(digit)) << 8 * (3 - i) for i, digit in enumerate(table[c & 3]))

        calculate(f, "prmt.b32." + mode, ["b32"] * 3, "b32", special, own[:2] + [[0, 1, 2, 3, 4, 0xFFFFFFFF]])


def immediates():
    """Literals as operands: signs, bases, and values that need all bits."""
    f = Family("immediate", "Literal operands, PTX ISA 4.5")
    cases = [
        ("add.s32 d, a, -1;", "s32", lambda a: a - 1),
        ("add.s32 d, a, 0x7fffffff;", "s32", lambda a: a + 0x7FFFFFFF),
        ("add.u32 d, a, 0xffffffffU;", "u32", lambda a: a - 1),
        ("add.s32 d, a, 017;", "s32", lambda a: a + 15),
        ("xor.b32 d, a, 0b1011;", "b32", lambda a: a ^ 11),
        ("and.b64 d, a, -256;", "b64", lambda a: a & ~255),
        ("add.s64 d, a, -2147483649;", "s64", lambda a: a - 2147483649),
        ("add.u64 d, a, 0xfedcba9876543210;", "u64", lambda a: a + 0xFEDCBA9876543210),
        ("mul.wide.s32 d, a, -3;", "s32", lambda a: a * -3),
        ("mul.wide.u32 d, a, 0xfffffffd;", "u32", lambda a: a * 0xFFFFFFFD),
        ("add.s16 d, a, -300;", "s16", lambda a: a - 300),
        ("shr.s64 d, a, 65;", "s64", lambda a: a >> 64),
        ("sub.s32 d, 100, a;", "s32", lambda a: 100 - a),
        ("add.s32 d, a, (3 * 5 - (1 << 4)) ^ 0x10;", "s32", lambda a: a + (-1 ^ 16)),
        ("add.s32 d, a, 7 > 3 ? 40 : 2;", "s32", lambda a: a + 40),
        ("mad.lo.s32 d, a, 12, -5;", "s32", lambda a: a * 12 - 5),
        ("div.s32 d, a, -7;", "s32", lambda a: quotient(a, -7, "s32")),
        ("rem.u64 d, a, 1000000007;", "u64", lambda a: a % 1000000007),
    ]
    for number, (body, kind, function) in enumerate(cases):
        out = double(kind) if ".wide" in body else kind
        rows = [(row, (function(read(row[0], kind)),)) for row in tuples(body, [edges(kind)], [anything(kind)], more=8)]
        f.add("literal %d %s" % (number, body.split()[0]), body, [kind], [out], rows)
    for name, body, kind, result in (
        ("mov f32 hex", "mov.f32 d, 0f3FC00000;", "f32", 0x3FC00000),
        ("mov f32 decimal", "mov.f32 d, 1.5;", "f32", 0x3FC00000),
        ("mov f32 exponent", "mov.f32 d, -2.5e-1;", "f32", 0xBE800000),
        ("mov f32 nan", "mov.f32 d, 0f7FC12345;", "f32", 0x7FC12345),
        ("mov f64 hex", "mov.f64 d, 0d400921FB54442D18;", "f64", 0x400921FB54442D18),
        ("mov f64 decimal", "mov.f64 d, 0.1;", "f64", 0x3FB999999999999A),
        ("mov b32 float", "mov.b32 d, 0fBF800000;", "b32", 0xBF800000),
        ("mov u64 most", "mov.u64 d, 18446744073709551615;", "u64", (1 << 64) - 1),
        ("mov s64 least", "mov.s64 d, -9223372036854775808;", "s64", 1 << 63),
        ("mov u16", "mov.u16 d, -2;", "u16", 0xFFFE),
    ):
        f.add(name, body, [], [kind], [((), (result,))])
    return f


FAMILIES = [arithmetic, packed, carries, bits, tables, video, immediates]
