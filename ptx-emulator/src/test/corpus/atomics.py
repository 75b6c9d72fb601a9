"""atom and red: section 9.7.15 of the PTX ISA."""
import formats
import integers
import values
from emit import Family, draw, width
from memory import FILL


def minimum(kind):
    return lambda old, b: min(old, b, key=lambda raw: integers.read(raw, kind))


def maximum(kind):
    return lambda old, b: max(old, b, key=lambda raw: integers.read(raw, kind))


OPERATIONS = []
for t in ("b32", "b64"):
    OPERATIONS += [("and", t, lambda old, b: old & b), ("or", t, lambda old, b: old | b), ("xor", t, lambda old, b: old ^ b), ("exch", t, lambda old, b: b)]
for t in ("u32", "s32", "u64"):
    OPERATIONS.append(("add", t, lambda old, b: old + b))
for t in ("u32", "s32", "u64", "s64"):
    OPERATIONS += [("min", t, minimum(t)), ("max", t, maximum(t))]
OPERATIONS += [
    ("inc", "u32", lambda old, b: 0 if old >= b else old + 1),
    ("dec", "u32", lambda old, b: b if old == 0 or old > b else old - 1),
]
RESETS = {"global": [], "shared": [".shared .align 8 .b8 room[1024];", "mov.u32 y, %tid.x;", "mov.u64 x, room;", "mad.wide.u32 x, y, 8, x;"]}


def own(name, kind, count):
    chance = draw(name)
    edges, rest = integers.edges(kind), integers.anything(kind)
    rows = [tuple(chance.choice(edges) for _ in range(count)) for _ in range(10)]
    rows += [tuple(rest(chance) for _ in range(count)) for _ in range(5)]
    return rows + [(rows[-1][0],) * count]


def place(space, generic, slot):
    """Instructions that leave in x the address of a location of this thread's own, and the space as written."""
    if space == "global":
        return ["add.u64 x, to, %d;" % (8 * slot)], "" if generic else ".global"
    return RESETS["shared"] + (["cvta.shared.u64 x, x;"] if generic else []), "" if generic else ".shared"


def put(f, name, opcode, kind, rows, operands, space, generic=False, order=""):
    """Rows of (old, operands...) to (old, new). The location holds other bits beyond the type's, which must stay."""
    body, dot = place(space, generic, 0 if opcode.startswith("red") else 1)
    register = "b16" if width(kind) == 16 else kind if kind in ("f32", "f64") else "b%d" % width(kind)
    fill = "st%s.b64 [x], %d;" % (dot, FILL - (1 << 64))
    text = opcode.replace("@", order + dot)
    reduction = opcode.startswith("red")
    instruction = "%s %s[x], %s;" % (text, "" if reduction else "d, ", ", ".join("b c".split()[:operands]))
    body = body + [fill, "st%s.%s [x], a;" % (dot, register), instruction, "ld%s.b64 d1, [x];" % dot]
    out = []
    for row, old, new in rows:
        stored = new if isinstance(new, tuple) else (new,)
        stored = tuple(integers.wrap(n, width(kind)) | FILL >> width(kind) << width(kind) if not isinstance(n, str) else n for n in stored)
        out.append((row, (stored if len(stored) > 1 else stored[0],) if reduction else (old, stored if len(stored) > 1 else stored[0])))
    f.add(name, body, [kind] * (operands + 1), ["b64"] if reduction else [kind, "b64"], out,
          registers=[".b64 x", ".b32 y"], outputs=["d1"] if reduction else ["d", "d1"])


def atomics():
    f = Family("atom", "atom and red, each thread on a location of its own, PTX ISA 9.7.15")
    for space, generic in (("global", False), ("global", True), ("shared", False), ("shared", True)):
        label = space + (" generic" if generic else "")
        for op, kind, function in OPERATIONS:
            rows = [(row, row[0], function(*row)) for row in own(op + kind + label, kind, 2)]
            put(f, "atom.%s.%s %s" % (op, kind, label), "atom@.%s.%s" % (op, kind), kind, rows, 1, space, generic)
            if op != "exch":
                put(f, "red.%s.%s %s" % (op, kind, label), "red@.%s.%s" % (op, kind), kind, rows, 1, space, generic)
        for kind in ("b16", "b32", "b64"):
            rows = []
            for old, b, c in own("cas" + kind + label, kind, 3):
                rows.append(((old, b, c), old, c if old == b else old))
                rows.append(((old, old, c), old, c))
            put(f, "atom.cas.%s %s" % (kind, label), "atom@.cas.%s" % kind, kind, rows, 2, space, generic)
        floating(f, space, generic, label)
    for order in ("relaxed.cta", "relaxed.gpu", "relaxed.sys", "acquire.gpu", "release.gpu", "acq_rel.cta", "acq_rel.gpu", "acq_rel.sys"):
        rows = [(row, row[0], row[0] + row[1]) for row in own(order, "u32", 2)[:8]]
        put(f, "atom.%s.add" % order, "atom@.add.u32", "u32", rows, 1, "global", False, "." + order)
        if order.split(".")[0] in ("relaxed", "release"):
            put(f, "red.%s.add" % order, "red@.add.u32", "u32", rows, 1, "global", False, "." + order)
    return f


def floating(f, space, generic, label):
    for kind, word in (("f32", "add.f32"), ("f64", "add.f64"), ("f16", "add.noftz.f16")):
        chance = draw("atomic" + kind + label)
        edges, rest = values.edges(kind), values.random(kind)
        rows = []
        for _ in range(20):
            a, b = (chance.choice(edges), chance.choice(edges)) if chance.random() < 0.4 else (rest(chance), rest(chance))
            exact = formats.add(formats.FORMATS[kind].decode(a), formats.FORMATS[kind].decode(b), "rn")
            if exact[0] == "nan":
                continue
            new = values.operate(kind, formats.add, (a, b))
            flushed = values.operate(kind, formats.add, (a, b), ftz=True) if kind == "f32" and space == "global" or generic else new
            # On global memory an f32 sum may be flushed, and a generic address is not told apart by all devices.
            rows.append(((a, b), a, (new, flushed) if kind == "f32" and flushed != new and not isinstance(flushed, tuple) else new))
        put(f, "atom.%s %s" % (word, label), "atom@.%s" % word, kind, rows, 1, space, generic)
        put(f, "red.%s %s" % (word, label), "red@.%s" % word, kind, rows, 1, space, generic)
    one, two, three = 0x3C00, 0x4000, 0x4200
    rows = [((one | two << 16, two | one << 16), one | two << 16, three | three << 16), ((0, 0x8000 | one << 16), 0, one << 16),
            ((0x7BFF | 1 << 16, 0x7BFF | 1 << 16), 0x7BFF | 1 << 16, 0x7C00 | 2 << 16)]
    put(f, "atom.add.noftz.f16x2 " + label, "atom@.add.noftz.f16x2", "f16x2", rows, 1, space, generic)


def bfloats():
    f = Family("atom90", "atom on bf16, PTX ISA 9.7.15", "7.8", "sm_90")
    one, two, three = 0x3F80, 0x4000, 0x4040
    rows = [((one, two), one, three), ((1, 1), 1, 2), ((0x7F7F, 0x7F7F), 0x7F7F, 0x7F80), ((one, 0x3B80), one, one)]
    pairs = [((one | two << 16, two | one << 16), one | two << 16, three | three << 16)]
    for space in ("global", "shared"):
        put(f, "atom.add.noftz.bf16 " + space, "atom@.add.noftz.bf16", "bf16", rows, 1, space)
        put(f, "atom.add.noftz.bf16x2 " + space, "atom@.add.noftz.bf16x2", "bf16x2", pairs, 1, space)
    return f


def contended():
    """All threads on one location: a barrier, then all read the outcome."""
    before = "\n.global .align 8 .b64 wells[16];\n"
    f = Family("contended", "atom and red, all threads on one location, PTX ISA 9.7.15", before=before)
    number = 0
    for space in ("global", "shared"):
        for op, kind, start in (("add", "u32", 5), ("add", "u64", 1 << 40), ("min", "s32", 1000), ("max", "u64", 3), ("xor", "b32", 0), ("or", "b64", 0),
                                ("and", "b32", 0xFFFFFFFF), ("inc", "u32", 0), ("add", "f32", 0)):
            size = width(kind)
            one = 64
            if space == "shared":
                begin = [".shared .align 8 .b64 well;", "mov.u64 x, well;"]
            else:
                begin = ["mov.u64 x, wells+%d;" % (8 * (number % 16))]
                number += 1
            register = kind if kind[0] == "f" else "b%d" % size
            body = begin + ["mov.u32 y, %tid.x;", "setp.eq.u32 p, y, 0;", "mov.b%d v, %d;" % (size, start) if kind[0] != "f" else "mov.f32 v, 0f00000000;",
                            "@p st.%s.%s [x], v;" % (space, register), "bar.sync 0;", "red.%s.%s.%s [x], a;" % (space, op, kind), "bar.sync 0;",
                            "ld.%s.%s d, [x];" % (space, register)]
            chance = draw(op + kind + space)
            if kind[0] == "f":
                ints = [chance.randrange(-500, 500) for _ in range(one)]
                inputs = [formats.F32.encode(formats.exact(i)) for i in ints]
                outcome = formats.F32.encode(formats.exact(sum(ints)))
            else:
                inputs = [chance.getrandbits(size) for _ in range(one)]
                if op == "inc":
                    inputs = [40] * one  # 0 to 40 and again: 64 increments end at 64 mod 41
                function = {"add": lambda o, b: o + b, "min": minimum(kind), "max": maximum(kind), "xor": lambda o, b: o ^ b, "or": lambda o, b: o | b,
                            "and": lambda o, b: o & b, "inc": lambda o, b: 0 if o >= b else o + 1}[op]
                outcome = start
                for value in inputs:
                    outcome = integers.wrap(function(outcome, value), size)
            f.add("%s.%s %s" % (op, kind, space), body, [kind], [kind], [((v,), (outcome,)) for v in inputs], launch=(1, one),
                  registers=[".b64 x", ".b32 y", ".%s v" % register, ".pred p"],
                  note="the sum is of whole numbers, so that no order rounds" if kind[0] == "f" else None)
    body = [".shared .align 4 .b32 well;", ".shared .align 4 .b32 sum;", ".shared .align 4 .b32 places[64];", "mov.u32 y, %tid.x;", "setp.eq.u32 p, y, 0;",
            "@p st.shared.u32 [well], 0;", "@p st.shared.u32 [sum], 0;", "bar.sync 0;", "atom.shared.add.u32 ticket, [well], 1;", "mov.u32 x, places;",
            "mad.lo.u32 z, ticket, 4, x;", "st.shared.u32 [z], y;", "bar.sync 0;", "mad.lo.u32 z, y, 4, x;", "ld.shared.u32 z, [z];", "red.shared.add.u32 [sum], z;",
            "bar.sync 0;", "ld.shared.u32 d, [well];", "ld.shared.u32 d1, [sum];"]
    f.add("tickets", body, [], "u32 u32", [((), (64, 2016))] * 64, launch=(1, 64), registers=[".b32 x, y, z, ticket", ".pred p"],
          note="each thread puts its number where its ticket says; all arrive: 0 + ... + 63 = 2016")
    lock = [".shared .align 4 .b32 lock;", ".shared .align 4 .b32 tally;", "mov.u32 y, %tid.x;", "setp.eq.u32 p, y, 0;", "@p st.shared.u32 [lock], 0;",
            "@p st.shared.u32 [tally], 0;", "bar.sync 0;", "and.b32 z, y, 31;", "setp.ne.u32 p, z, 0;", "@p bra DONE;",
            "TRY:", "atom.acquire.cta.shared.cas.b32 z, [lock], 0, 1;", "setp.ne.u32 p, z, 0;", "@p bra TRY;",
            "ld.shared.u32 z, [tally];", "add.u32 z, z, 1;", "st.shared.u32 [tally], z;", "membar.cta;", "atom.release.cta.shared.exch.b32 z, [lock], 0;",
            "DONE:", "bar.sync 0;", "ld.shared.u32 d, [tally];"]
    f.add("lock", lock, [], "u32", [((), (4,))] * 128, launch=(1, 128), registers=[".b32 y, z", ".pred p"],
          note="one thread of each of four warps adds one under a lock")
    return f


FAMILIES = [atomics, bfloats, contended]
