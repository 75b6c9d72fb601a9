"""cp.async: section 9.7.10.28 of the PTX ISA. Rows are threads, in order."""
from emit import Family, draw

START = [".shared .align 16 .b8 room[2048];", "mov.u32 i, %tid.x;", "mov.u32 r, room;", "mad.lo.u32 s, i, 32, r;",
         "st.shared.v2.b64 [s], {0x5555555555555555, 0x5555555555555555};"]
READ = ["xor.b32 t, i, 37;", "mad.lo.u32 t, t, 32, r;", "ld.shared.v2.b64 {d, d1}, [t];"]
REGISTERS = [".b32 i, s, r, t", ".b64 x"]
OLD = 0x5555555555555555


def copies():
    f = Family("cp_async", "cp.async, its groups and waits, PTX ISA 9.7.10.28")
    chance = draw("cp")
    data = [(chance.getrandbits(64), chance.getrandbits(64)) for _ in range(64)]

    def arrived(row, size, given=None):
        """The destination after a copy of so many bytes of which so many come from the source, the rest zero."""
        given = size if given is None else given
        source = row[0] | row[1] << 64
        whole = OLD | OLD << 64
        whole = whole >> 8 * size << 8 * size | source & (1 << 8 * given) - 1
        return whole & (1 << 64) - 1, whole >> 64

    def put(name, body, function, note=None):
        rows = [(row, function(data[i ^ 37])) for i, row in enumerate(data)]
        f.add(name, START + ["bar.sync 0;"] + body + READ, "b64 b64", "b64 b64", rows, launch=(1, 64), registers=REGISTERS, note=note)

    wait = ["cp.async.wait_all;", "bar.sync 0;"]
    for size in (4, 8, 16):
        put("cp.async.ca %d" % size, ["cp.async.ca.shared.global [s], [from], %d;" % size] + wait, lambda row: arrived(row, size))
        for given in (0, 1, 3, size):
            put("cp.async.ca %d of %d" % (given, size), ["mov.u32 t, %d;" % given, "cp.async.ca.shared.global [s], [from], %d, t;" % size] + wait,
                lambda row: arrived(row, size, given), "bytes beyond the source's size are zero")
    put("cp.async.cg 16", ["cp.async.cg.shared.global [s], [from], 16;"] + wait, lambda row: arrived(row, 16))
    put("cp.async.cg 9 of 16", ["cp.async.cg.shared.global [s], [from], 16, 9;"] + wait, lambda row: arrived(row, 16, 9))
    for hint in ("L2::64B", "L2::128B", "L2::256B"):
        put("cp.async.cg %s" % hint, ["cp.async.cg.shared.global.%s [s], [from], 16;" % hint] + wait, lambda row: arrived(row, 16))
    put("cp.async.ca shared::cta", ["cp.async.ca.shared::cta.global [s], [from], 8;"] + wait, lambda row: arrived(row, 8))
    group = ["cp.async.ca.shared.global [s], [from], 8;", "cp.async.commit_group;", "cp.async.ca.shared.global [s+8], [from+8], 8;", "cp.async.commit_group;"]
    put("groups, all awaited", group + ["cp.async.wait_group 0;", "bar.sync 0;"], lambda row: arrived(row, 16))
    put("groups, awaited in turn", group + ["cp.async.wait_group 1;", "cp.async.wait_group 0;", "bar.sync 0;"], lambda row: arrived(row, 16))
    first = START + ["bar.sync 0;"] + group + ["cp.async.wait_group 1;", "bar.sync 0;", "xor.b32 t, i, 37;", "mad.lo.u32 t, t, 32, r;", "ld.shared.b64 d, [t];", "cp.async.wait_all;"]
    f.add("the older group only", first, "b64 b64", "b64", [(row, (data[i ^ 37][0],)) for i, row in enumerate(data)], launch=(1, 64), registers=REGISTERS)
    empty = START + ["cp.async.commit_group;", "cp.async.wait_group 0;", "cp.async.wait_all;", "ld.shared.b64 d, [s];"]
    f.add("empty groups", empty, [], "b64", [((), (OLD,))] * 64, launch=(1, 64), registers=REGISTERS)
    guarded = START + ["bar.sync 0;", "and.b32 t, i, 1;", "setp.eq.u32 p, t, 0;", "@p cp.async.cg.shared.global [s], [from], 16;"] + wait + READ
    f.add("cp.async under a guard", guarded, "b64 b64", "b64 b64", [(row, data[i ^ 37] if i % 2 else (OLD, OLD)) for i, row in enumerate(data)], launch=(1, 64),
          registers=REGISTERS + [".pred p"])
    return f


FAMILIES = [copies]
