"""Exchanges within a warp: shfl, vote, match, redux, activemask, elect, and special registers; PTX ISA 9.7.10.6, 9.7.15, 10.

Rows are threads, in order, 32 to a warp.
"""
import integers
from emit import Family, draw


def partner(mode, lane, b, c):
    """The lane that shfl reads, and its predicate: PTX ISA 9.7.10.6."""
    segment, clamp, b = c >> 8 & 31, c & 31, b & 31
    most = lane & segment | clamp & ~segment & 31
    if mode == "up":
        other = lane - b
        inside = other >= most
    else:
        other = {"down": lane + b, "bfly": lane ^ b, "idx": lane & segment | b & ~segment & 31}[mode]
        inside = other <= most
    return (other if inside else lane), int(inside)


def shuffles():
    f = Family("shfl", "shfl.sync, PTX ISA 9.7.10.6")
    chance = draw("shfl")
    for mode in ("up", "down", "bfly", "idx"):
        full = 0 if mode == "up" else 0x1F
        settings = [(b, full) for b in (0, 1, 5, 16, 31, 33)] + [(b, full | 0x1800) for b in (1, 3, 7, 9)] + [(2, full | 0x1E00), (1, 0x0C07), (4, 0x0A05)]
        rows = []
        for b, c in settings:
            warp = [chance.getrandbits(32) for _ in range(32)]
            for lane in range(32):
                other, inside = partner(mode, lane, b, c)
                rows.append(((warp[lane], b, c), (warp[other], inside)))
        f.add("shfl.sync.%s.b32 with predicate" % mode, "shfl.sync.%s.b32 d|p, a, b, c, 0xffffffff;" % mode, "b32 b32 b32", "b32 pred", rows,
              launch=(len(settings), 32), outputs=["d", "p"])
        f.add("shfl.sync.%s.b32" % mode, "shfl.sync.%s.b32 d, a, b, c, 0xffffffff;" % mode, "b32 b32 b32", "b32", [(i, o[:1]) for i, o in rows[:128]], launch=(2, 64))
        rows = []
        warp = [chance.getrandbits(32) for _ in range(64)]
        counts = [chance.randrange(32) for _ in range(64)]
        for lane in range(64):
            other, inside = partner(mode, lane % 32, counts[lane], full)
            rows.append(((warp[lane], counts[lane]), (warp[lane // 32 * 32 + other], inside)))
        f.add("shfl.sync.%s.b32 by lane" % mode, "shfl.sync.%s.b32 d|p, a, b, %d, -1;" % (mode, full), "b32 b32", "b32 pred", rows, launch=(1, 64), outputs=["d", "p"],
              note="each lane has a b of its own")
        rows = []
        for lane in range(64):
            other, inside = partner(mode, lane % 32, 1, full)
            at = lane // 32 * 32 + other
            if lane % 32 < 16 and other < 16:
                rows.append(((warp[lane],), (warp[at],)))
            else:
                # Lane 15 reads a lane that does not take part: not defined.
                rows.append(((warp[lane],), (123,) if lane % 32 >= 16 else ("?",)))
        if mode in ("up", "bfly"):
            body = ["mov.u32 d, 123;", "mov.u32 i, %laneid;", "setp.lt.u32 p, i, 16;", "@p shfl.sync.%s.b32 d, a, 1, %d, 0xffff;" % (mode, full)]
            f.add("shfl.sync.%s.b32 of half a warp" % mode, body, "b32", "b32", rows, launch=(1, 64), registers=[".pred p", ".b32 i"])
    total = ["mov.u32 d, a;"]
    for step in (16, 8, 4, 2, 1):
        total += ["shfl.sync.bfly.b32 t, d, %d, 31, 0xffffffff;" % step, "add.u32 d, d, t;"]
    values = [chance.getrandbits(24) for _ in range(64)]
    f.add("sum of a warp", total, "b32", "b32", [((v,), (sum(values[i // 32 * 32 : i // 32 * 32 + 32]),)) for i, v in enumerate(values)], launch=(1, 64), registers=[".b32 t"])
    return f


def votes():
    f = Family("vote", "vote, match, redux, activemask, PTX ISA 9.7.15")
    chance = draw("vote")
    warps = [[0] * 32, [1] * 32, [int(i == 7) for i in range(32)], [int(i != 31) for i in range(32)], [chance.getrandbits(1) for _ in range(32)], [i & 1 for i in range(32)]]

    def judge(mode, bits):
        ballot = sum(b << i for i, b in enumerate(bits))
        return {"all": int(all(bits)), "any": int(any(bits)), "uni": int(len(set(bits)) == 1), "ballot": ballot}[mode]

    for mode in ("all", "any", "uni", "ballot"):
        for turned in (False, True):
            kind, out, word = ("b32", "d", "b32") if mode == "ballot" else ("pred", "p", "pred")
            rows = []
            for warp in warps:
                result = judge(mode, [b ^ turned for b in warp])
                rows += [((b,), (result,)) for b in warp]
            name = "vote.sync.%s.%s" % (mode, word)
            f.add(name + (" turned" if turned else ""), "%s %s, %sa, 0xffffffff;" % (name, out, "!" if turned else ""), "pred", kind, rows, launch=(3, 64))
    rows = []
    for warp in warps:
        ballot = sum(b << i for i, b in enumerate(warp) if i < 8)
        rows += [((b,), (ballot if i < 8 else 5,)) for i, b in enumerate(warp)]
    body = ["mov.u32 d, 5;", "mov.u32 i, %laneid;", "setp.lt.u32 q, i, 8;", "@q vote.sync.ballot.b32 d, a, 0xff;"]
    f.add("vote.sync.ballot.b32 of eight", body, "pred", "b32", rows, launch=(3, 64), registers=[".b32 i", ".pred q"])
    matches(f, chance)
    reductions(f, chance)
    body = ["mov.u32 i, %laneid;", "and.b32 i, i, 3;", "setp.eq.u32 p, i, 1;", "mov.u32 d, 0;", "@p bra THEN;", "bra END;", "THEN:", "activemask.b32 d;",
            "END:", "bar.warp.sync 0xffffffff;"]
    f.add("activemask.b32", ["activemask.b32 d;"], [], "b32", [((), (0xFFFFFFFF,))] * 64, launch=(1, 64), note="at a kernel's start all lanes are together")
    f.add("activemask.b32 in a branch", body, [], "b32", [((), (0x22222222 if i % 4 == 1 else 0,)) for i in range(64)], launch=(1, 64), registers=[".b32 i", ".pred p"],
          note="the lanes of the branch: a device may also split them, this shows the plain case")
    return f


def matches(f, chance):
    for kind in ("b32", "b64"):
        top = 1 << int(kind[1:]) - 1
        warps = [[9] * 32, list(range(32)), [chance.randrange(4) for _ in range(32)], [top | i // 8 for i in range(32)]]
        rows, alls = [], []
        for warp in warps:
            for lane in range(32):
                rows.append(((warp[lane],), (sum(1 << i for i in range(32) if warp[i] == warp[lane]),)))
                same = len(set(warp)) == 1
                alls.append(((warp[lane],), (0xFFFFFFFF if same else 0, int(same))))
        f.add("match.any.sync." + kind, "match.any.sync.%s d, a, 0xffffffff;" % kind, [kind], "b32", rows, launch=(2, 64))
        f.add("match.all.sync." + kind, "match.all.sync.%s d|p, a, 0xffffffff;" % kind, [kind], "b32 pred", alls, launch=(2, 64), outputs=["d", "p"])


def reductions(f, chance):
    def fold(values, function):
        result = values[0]
        for value in values[1:]:
            result = function(result, value)
        return result

    forms = [("add", "u32", lambda a, b: a + b), ("add", "s32", lambda a, b: a + b), ("min", "u32", min), ("max", "u32", max), ("min", "s32", min), ("max", "s32", max),
             ("and", "b32", lambda a, b: a & b), ("or", "b32", lambda a, b: a | b), ("xor", "b32", lambda a, b: a ^ b)]
    for op, kind, function in forms:
        rows = []
        for _ in range(4):
            warp = [chance.getrandbits(32) | (0x100 if op == "and" else 0) for _ in range(32)]
            result = fold([integers.read(v, kind) for v in warp], function)
            rows += [((v,), (result,)) for v in warp]
        f.add("redux.sync.%s.%s" % (op, kind), "redux.sync.%s.%s d, a, 0xffffffff;" % (op, kind), [kind], [kind], rows, launch=(2, 64))
    warp = [chance.getrandbits(32) for _ in range(32)]
    rows = [((v,), (sum(warp[8:16]) if 8 <= i < 16 else 3,)) for i, v in enumerate(warp)]
    body = ["mov.u32 d, 3;", "mov.u32 i, %laneid;", "sub.u32 i, i, 8;", "setp.lt.u32 p, i, 8;", "@p redux.sync.add.u32 d, a, 0xff00;"]
    f.add("redux.sync.add.u32 of eight", body, "u32", "u32", rows, launch=(1, 32), registers=[".b32 i", ".pred p"])


def elections():
    f = Family("elect", "elect.sync, PTX ISA 9.7.15", "8.0", "sm_90")
    body = ["elect.sync d|p, 0xffffffff;", "mov.u32 i, %laneid;", "setp.eq.u32 q, i, d;", "xor.pred p, p, q;", "setp.lt.u32 q, d, 32;",
            "selp.u32 t, 1, 0, q;", "shfl.sync.idx.b32 i, d, 0, 31, 0xffffffff;", "setp.eq.u32 q, i, d;"]
    f.add("elect.sync", body, [], "pred u32 pred", [((), (0, 1, 1))] * 32, launch=(1, 32), registers=[".b32 d, i"], outputs=["p", "t", "q"],
          note="which lane is chosen is the device's affair; one of the members, for all the same, and its predicate alone is true")
    return f


def specials():
    f = Family("special", "Special registers, PTX ISA 10")
    grid, block = (2, 3, 2), (4, 3, 2)
    index = ["mov.u32 d, %ctaid.z;", "mov.u32 t, %nctaid.y;", "mov.u32 u, %ctaid.y;", "mad.lo.u32 d, d, t, u;", "mov.u32 t, %nctaid.x;", "mov.u32 u, %ctaid.x;",
             "mad.lo.u32 d, d, t, u;", "mov.u32 t, %ntid.z;", "mov.u32 u, %tid.z;", "mad.lo.u32 d, d, t, u;", "mov.u32 t, %ntid.y;", "mov.u32 u, %tid.y;",
             "mad.lo.u32 d, d, t, u;", "mov.u32 t, %ntid.x;", "mov.u32 u, %tid.x;", "mad.lo.u32 d, d, t, u;", "ld.param.u64 to, [out];"]
    for prefix, sizes in (("tid", block), ("ctaid", grid), ("ntid", block), ("nctaid", grid)):
        rows = []
        for bz in range(grid[2]):
            for by in range(grid[1]):
                for bx in range(grid[0]):
                    for z in range(block[2]):
                        for y in range(block[1]):
                            for x in range(block[0]):
                                rows.append(((), {"tid": (x, y, z), "ctaid": (bx, by, bz), "ntid": block, "nctaid": grid}[prefix]))
        # The frame leaves threads beyond count along x out; here all lie within it.
        body = index + ["mad.wide.u32 to, d, 24, to;"] + ["mov.u32 %s, %%%s.%s;" % (n, prefix, axis) for n, axis in zip(("d", "d1", "d2"), "xyz")]
        f.add("%" + prefix, body, [], "u32 u32 u32", rows, shape=grid + block, registers=[".b32 t, u"])
    for name, value in (("laneid", lambda i: i % 32), ("warpid", lambda i: i // 32), ("nwarpid", None), ("lanemask_eq", lambda i: 1 << i % 32), ("lanemask_le", lambda i: (2 << i % 32) - 1),
                        ("lanemask_lt", lambda i: (1 << i % 32) - 1), ("lanemask_ge", lambda i: -(1 << i % 32)), ("lanemask_gt", lambda i: -(2 << i % 32))):
        rows = [((), (integers.wrap(value(i), 32) if value else "?",)) for i in range(96)]
        f.add("%" + name, "mov.u32 d, %%%s;" % name, [], "u32", rows, launch=(1, 96), note="%warpid may change on a device; within one block alone it counts the warps" if name == "warpid" else None)
    f.add("%clock", ["mov.u32 d1, %clock;", "mov.u64 x, %clock64;", "mov.u64 y, %clock64;", "setp.ge.u64 p, y, x;"], [], "pred", [((), (1,))] * 32, launch=(1, 32),
          registers=[".b32 d1", ".b64 x, y"])
    f.add("%globaltimer", ["mov.u64 x, %globaltimer;", "setp.ne.u64 p, x, 0;"], [], "pred", [((), (1,))] * 32, launch=(1, 32), registers=[".b64 x"])
    f.add("%smid", ["mov.u32 t, %smid;", "mov.u32 u, %nsmid;", "setp.lt.u32 p, t, u;"], [], "pred", [((), (1,))] * 32, launch=(1, 32), registers=[".b32 t, u"])
    f.add("%dynamic_smem_size", ["mov.u32 d, %dynamic_smem_size;"], [], "u32", [((), (384,))] * 32, launch=(1, 32), shared=384)
    f.add("thread and block size", ["mov.u32 t, %ntid.x;", "mov.u32 d, %tid.x;", "mad.lo.u32 d, d, 3, t;"],
          [], "u32", [((), (3 * i + 64,)) for i in range(64)], launch=(1, 64), registers=[".b32 t"])
    f.add("cvt of a special register", ["mov.u32 t, %tid.x;", "cvt.u64.u32 d, t;", "mov.u32 t, %laneid;", "cvt.rn.f32.u32 d1, t;"], [], "u64 f32",
          [((), (i, FLOATS[i % 32])) for i in range(64)], launch=(1, 64), registers=[".b32 t"])
    return f


def single_bits(n):
    if n == 0:
        return 0
    exponent = n.bit_length() - 1
    return (127 + exponent) << 23 | (n << 23 - exponent) & 0x7FFFFF


FLOATS = [single_bits(n) for n in range(32)]
FAMILIES = [shuffles, votes, elections, specials]
