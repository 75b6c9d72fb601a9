"""Barriers and fences: section 9.7.15 of the PTX ISA. Rows are threads, in order."""
from emit import Family, draw

START = [".shared .align 8 .b32 room[256];", "mov.u32 i, %tid.x;", "shl.b32 s, i, 2;", "mov.u32 r, room;", "add.u32 s, s, r;"]
REGISTERS = [".b32 i, s, r, t", ".pred x, y"]


def exchange(sync, mask=100, again=()):
    """Each thread writes its number and reads that of another."""
    return START + ["st.shared.u32 [s], a;", sync, "xor.b32 t, i, %d;" % mask, "shl.b32 t, t, 2;", "add.u32 t, t, r;", "ld.shared.u32 d, [t];"] + list(again)


def barriers():
    f = Family("barrier", "bar, barrier, membar and fence, PTX ISA 9.7.15")
    chance = draw("barrier")
    data = [chance.getrandbits(32) for _ in range(128)]
    swapped = [((v,), (data[i ^ 100],)) for i, v in enumerate(data)]
    for sync in ("bar.sync 0;", "bar.sync 15;", "bar.sync 3, 128;", "bar.cta.sync 1;", "barrier.sync 0;", "barrier.cta.sync 2;", "barrier.sync.aligned 1, 128;", "barrier.cta.sync.aligned 4;"):
        f.add(sync, exchange(sync), "b32", "b32", swapped, launch=(1, 128), registers=REGISTERS)
    f.add("bar.sync by register", exchange("mov.u32 t, 5; bar.sync t;"), "b32", "b32", swapped, launch=(1, 128), registers=REGISTERS)
    # Threads 0 to 63 meet at barrier 1, the rest at barrier 2.
    body = exchange("shr.u32 t, i, 6; add.u32 t, t, 1; bar.sync t, 64;", 36)
    f.add("two barriers side by side", body, "b32", "b32", [((v,), (data[i ^ 36],)) for i, v in enumerate(data)], launch=(1, 128), registers=REGISTERS)
    rounds = START + ["st.shared.u32 [s], a;", "bar.sync 0;"]
    for mask in (1, 2, 4, 8, 16, 32, 64):
        rounds += ["xor.b32 t, i, %d;" % mask, "shl.b32 t, t, 2;", "add.u32 t, t, r;", "ld.shared.u32 t, [t];", "add.u32 a, a, t;", "bar.sync 0;", "st.shared.u32 [s], a;", "bar.sync 0;"]
    f.add("sum of a block", rounds + ["mov.u32 d, a;"], "u32", "u32", [((v >> 8,), (sum(w >> 8 for w in data),)) for v in data], launch=(1, 128), registers=REGISTERS)
    flags = [int(v % 3 == 0) for v in data]
    for turned in ("", "!"):
        seen = [b ^ (turned == "!") for b in flags]
        f.add("bar.red.popc" + (" turned" if turned else ""), "bar.red.popc.u32 d, 0, %sa;" % turned, "pred", "u32", [((b,), (sum(seen),)) for b in flags], launch=(1, 128))
    for op, function in (("and", all), ("or", any)):
        for label, bits in (("mixed", flags), ("ones", [1] * 128), ("zeros", [0] * 128)):
            f.add("bar.red.%s %s" % (op, label), "bar.red.%s.pred p, 0, a;" % op, "pred", "pred", [((b,), (int(function(bits)),)) for b in bits], launch=(1, 128))
    f.add("barrier.red.popc aligned", "barrier.cta.red.popc.aligned.u32 d, 1, 128, a;", "pred", "u32", [((b,), (sum(flags),)) for b in flags], launch=(1, 128))
    # Warps 0 and 1 write and arrive; warps 2 and 3 wait and read. Then the other way round, at another barrier.
    body = START + ["setp.lt.u32 x, i, 64;", "xor.b32 t, i, 64;", "shl.b32 t, t, 2;", "add.u32 t, t, r;", "@!x bra READ;", "st.shared.u32 [s], a;", "bar.arrive 1, 128;", "bar.sync 2, 128;",
                    "ld.shared.u32 d, [t];", "bra END;", "READ:", "bar.sync 1, 128;", "ld.shared.u32 d, [t];", "st.shared.u32 [s], a;", "bar.arrive 2, 128;", "END:"]
    f.add("bar.arrive", body, "b32", "b32", [((v,), (data[i ^ 64],)) for i, v in enumerate(data)], launch=(1, 128), registers=REGISTERS)
    f.add("bar.warp.sync", exchange("bar.warp.sync 0xffffffff;", 21), "b32", "b32", [((v,), (data[i ^ 21],)) for i, v in enumerate(data)], launch=(1, 128), registers=REGISTERS)
    body = START + ["mov.u32 d, 7;", "and.b32 t, i, 31;", "setp.ge.u32 x, t, 16;", "@x bra END;", "st.shared.u32 [s], a;", "bar.warp.sync 0xffff;", "xor.b32 t, i, 9;", "shl.b32 t, t, 2;",
                    "add.u32 t, t, r;", "ld.shared.u32 d, [t];", "END:"]
    f.add("bar.warp.sync of half a warp", body, "b32", "b32", [((v,), (data[i ^ 9] if i % 32 < 16 else 7,)) for i, v in enumerate(data)], launch=(1, 128), registers=REGISTERS)
    for fence in ("membar.cta;", "membar.gl;", "membar.sys;", "fence.sc.cta;", "fence.sc.gpu;", "fence.sc.sys;", "fence.acq_rel.cta;", "fence.acq_rel.gpu;", "fence.acq_rel.sys;"):
        f.add(fence, ["st.global.u32 [to], a;", fence, "ld.global.u32 d, [to];"], "u32", "u32", [((v,), (v,)) for v in data[:32]], launch=(1, 32))
    partial = exchange("bar.sync 0;", 3)
    f.add("a block that ends in a part of a warp", partial, "b32", "b32", [((v,), (data[i ^ 3],)) for i, v in enumerate(data[:44])], launch=(1, 44), registers=REGISTERS)
    return f


FAMILIES = [barriers]
