"""PTX that must be refused when it is loaded: not PTX, not known, or known and not done. With the line and what to name."""

HEAD = """.version 8.6
.target sm_90
.address_size 64
"""
FRAME = HEAD + """.visible .entry k(.param .u64 in)
{
  .reg .pred p, q;
  .reg .b16 h;
  .reg .b32 a, b, c, d;
  .reg .b64 x, y;
  .reg .f32 f;
  ld.param.u64 x, [in];
%s
  ret;
}
"""
FIRST = 12  # the line of the first instruction put into FRAME

CASES = []


def case(name, word, text, line=None, error="CUDA_ERROR_INVALID_PTX"):
    """An instruction in the frame, or a whole module; the line counts from 1, 0 where none is asked for."""
    whole = text if ".version" in text or ".target" in text or ".entry" in text else FRAME % ("  " + text)
    CASES.append((name, FIRST if line is None else line, word, error, whole))


# Not opcodes, or not such forms of them.
case("unknown opcode", "frobnicate", "frobnicate.b32 a, b;")
case("unknown modifier", "add.furious.s32", "add.furious.s32 a, b, c;")
case("unknown type", "add.s33", "add.s33 a, b, c;")
case("type that the opcode lacks", "popc.f32", "popc.f32 a, f;")
case("no type", "add", "add a, b, c;")
case("too few operands", "add.s32", "add.s32 a, b;")
case("missing rounding", "div.f32", "div.f32 f, f, f;")
case("vector of three", "ld.global.v3.b32", "ld.global.v3.b32 {a, b, c}, [x];")
case("unknown special register", "%moon", "mov.u32 a, %moon;")
case("predicate as a value", "p", "add.s32 a, p, b;")
case("result is a literal", "add.s32", "add.s32 5, a, b;")
case("unknown comparison", "setp.near.s32", "setp.near.s32 p, a, b;")

# Well-formed PTX of instructions that the software GPU does not execute.
case("tcgen05", "tcgen05", "tcgen05.alloc.cta_group::1.sync.aligned.shared::cta.b32 [x], 32;")
case("wgmma", "wgmma", "wgmma.fence.sync.aligned;")
case("mbarrier", "mbarrier", "mbarrier.init.shared.b64 [x], 1;")
case("tex", "tex", "tex.1d.v4.f32.s32 {f, f, f, f}, [x, {a}];")
case("suld", "suld", "suld.b.1d.b32.trap a, [x, {b}];")
case("sust", "sust", "sust.b.1d.b32.trap [x, {b}], a;")
case("sparse mma", "mma.sp", "mma.sp.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {f, f, f, f}, {a, a}, {b, b}, {f, f, f, f}, c, 0;")
case("cp.async.bulk", "cp.async.bulk", "cp.async.bulk.commit_group;")
case("st.async", "st.async", "st.async.shared::cluster.mbarrier::complete_tx::bytes.u32 [x], a, [y];")
case("multimem", "multimem", "multimem.red.global.add.u32 [x], a;")
case("setmaxnreg", "setmaxnreg", "setmaxnreg.inc.sync.aligned.u32 64;")
case("cluster barrier", "barrier.cluster", "barrier.cluster.arrive;")
case("mapa", "mapa", "mapa.u64 x, y, a;")
case("shfl without sync", "shfl", "shfl.up.b32 a, b, 1, 0;")
case("vote without sync", "vote", "vote.ballot.b32 a, p;")
case("stacksave", "stacksave", "stacksave.u64 x;")
case("alloca", "alloca", "alloca.u64 x, y, 16;")
case("video instruction", "vadd", "vadd.s32.s32.s32 a, b, c;")

# Text that is not PTX.
case("missing semicolon", "", FRAME % "  add.s32 a, b, c\n  add.s32 a, a, c;", "12|13")
case("undeclared register", "nowhere", "add.s32 a, nowhere, c;")
case("undeclared label", "NOWHERE", "bra NOWHERE;")
case("undeclared variable", "nothing", "mov.u64 x, nothing;")
case("label twice", "TWICE", FRAME % "TWICE:\n  add.s32 a, b, c;\nTWICE:", FIRST + 2)
case("register twice", "a", FRAME % "  .reg .b32 a;", FIRST)
case("bad number", "", "add.s32 a, b, 0xfg;")
case("a character that PTX has not", "", "add.s32 a, b, ?c;")
case("unterminated comment", "", FRAME % "  /* add.s32 a, b, c;", FIRST)
case("open brace", "", HEAD + ".visible .entry k()\n{\n  ret;\n", 0)
case("unknown directive", ".frobnicate", HEAD + ".frobnicate 3;\n", 4)
case("no version", "version", ".target sm_80\n.address_size 64\n.visible .entry k() { ret; }\n", 0)
case("two kernels of a name", "k", HEAD + ".visible .entry k() { ret; }\n.visible .entry k() { ret; }\n", 5)
case("guard that is no predicate", "a", "@a add.s32 a, b, c;")
case("empty text", "", "\n.version\n", 0)

# Calls.
FUNCTION = """.func (.param .b32 result) %s(.param .b32 x)
{
  .reg .b32 a;
  ld.param.b32 a, [x];
  {
    .param .b32 given;
    .param .b32 back;
    st.param.b32 [given], a;
    call.uni (back), %s, (given);
    ld.param.b32 a, [back];
  }
  st.param.b32 [result], a;
  ret;
}
"""
CALLER = """.visible .entry k(.param .u64 in)
{
  .reg .b32 a;
  {
    .param .b32 given;
    .param .b32 back;
    st.param.b32 [given], 3;
    call.uni (back), first, (given);
    ld.param.b32 a, [back];
  }
  ret;
}
"""
case("recursion", "first", HEAD + FUNCTION % ("first", "first") + CALLER, 12)
case("mutual recursion", "first", HEAD + ".func (.param .b32 result) second(.param .b32 x);\n" + FUNCTION % ("first", "second") + FUNCTION % ("second", "first") + CALLER, 0)
case("function without a body", "first", HEAD + ".extern .func (.param .b32 result) first(.param .b32 x);\n" + CALLER, 12)
case("indirect call", "call", HEAD + """.visible .entry k(.param .u64 in)
{
  .reg .b64 x;
  ld.param.u64 x, [in];
  PROTOTYPE: .callprototype _ ();
  call x, PROTOTYPE;
  ret;
}
""", 9)

# Of another time or device.
case("newer version", "99.0", ".version 99.0\n.target sm_80\n.address_size 64\n.visible .entry k() { ret; }\n", 0, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION|CUDA_ERROR_INVALID_PTX")
case("newer target", "sm_120", ".version 8.7\n.target sm_120\n.address_size 64\n.visible .entry k() { ret; }\n", 0, "CUDA_ERROR_NO_BINARY_FOR_GPU|CUDA_ERROR_INVALID_PTX")
case("addresses of 32 bits", "32", ".version 7.8\n.target sm_80\n.address_size 32\n.visible .entry k() { ret; }\n", 3)


def text():
    """A paragraph a case: its name, line, word and error in a line of its own, then the module."""
    parts = ["# PTX that must be refused. Made by src/test/corpus/make.py: change that, not this.\n"]
    for name, line, word, error, module in CASES:
        parts.append("=== %s ; %s ; %s ; %s\n%s" % (name, line, word, error, module))
    return "".join(parts)


FAMILIES = []
FILES = {"refusals.txt": text}
