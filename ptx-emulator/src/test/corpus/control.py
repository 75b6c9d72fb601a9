"""Guards, branches, loops, divergence, calls, and the ways to end: sections 9.3, 9.7.14 and 7 of the PTX ISA."""
import integers
from emit import Family, draw

NUMBERS = [0, 1, 2, 3, 5, 7, 10, 16, 27, 31, 32, 33, 63, 64, 97, 100]


def rows(function, count=48, low=0, high=120):
    chance = draw("control" + str(low) + str(high))
    inputs = NUMBERS + [chance.randrange(low, high) for _ in range(count - len(NUMBERS))]
    return [((n,), tuple(integers.wrap(v, 32) for v in function(n))) for n in inputs]


def collatz(n):
    steps = 0
    while n > 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps


def branches():
    f = Family("branch", "Guards, branches, loops and divergence, PTX ISA 9.3, 9.5 and 9.7.14", before='\n.file 1 "branch.cu"\n')
    p = [".pred p, q"]

    def put(name, body, function, more=(), outs="u32", **extra):
        f.add(name, body, "u32", outs, rows(function), registers=p + list(more), **extra)

    put("guard", ["mov.u32 d, 5;", "setp.gt.u32 p, a, 20;", "@p mov.u32 d, 6;", "@!p add.u32 d, d, 10;"], lambda n: (6 if n > 20 else 15,))
    put("guard on itself", ["setp.gt.u32 p, a, 20;", "@p setp.lt.u32 p, a, 40;", "selp.u32 d, 1, 0, p;"], lambda n: (int(20 < n < 40),))
    put("guarded load", ["mov.u32 d, 9;", "setp.lt.u32 p, a, 30;", "add.u64 x, from, 0;", "@!p mov.u64 x, 0;", "@p ld.global.u32 d, [x];"],
        lambda n: (n if n < 30 else 9,), [".b64 x"], note="a guarded load does not happen, whatever its address")
    put("if else", ["setp.lt.u32 p, a, 16;", "@p bra SMALL;", "mul.lo.u32 d, a, 3;", "bra END;", "SMALL:", "add.u32 d, a, 100;", "END:", "add.u32 d, d, 1;"],
        lambda n: ((n + 100 if n < 16 else n * 3) + 1,))
    put("nested if", ["setp.lt.u32 p, a, 50;", "@!p bra BIG;", "and.b32 d, a, 1;", "setp.eq.u32 q, d, 0;", "@q bra EVEN;", "mov.u32 d, 1;", "bra END;", "EVEN:",
                      "mov.u32 d, 2;", "bra END;", "BIG:", "mov.u32 d, 3;", "END:", "mad.lo.u32 d, d, 10, a;"],
        lambda n: ((3 if n >= 50 else 1 if n % 2 else 2) * 10 + n,))
    put("uniform branch", ["mov.u32 d, 1;", "bra.uni NEXT;", "mov.u32 d, 2;", "NEXT:", "add.u32 d, d, a;"], lambda n: (n + 1,))
    put("loop", ["mov.u32 d, 0;", "mov.u32 i, 0;", "TOP:", "setp.ge.u32 p, i, a;", "@p bra END;", "add.u32 d, d, i;", "add.u32 i, i, 1;", "bra TOP;", "END:"],
        lambda n: (n * (n - 1) // 2,), [".b32 i"], note="each lane leaves after a number of rounds of its own: 0 + ... + a - 1")
    put("collatz", ["mov.u32 d, 0;", "TOP:", "setp.le.u32 p, a, 1;", "@p bra END;", "add.u32 d, d, 1;", "and.b32 i, a, 1;", "setp.eq.u32 q, i, 0;", "@q bra HALF;",
                    "mad.lo.u32 a, a, 3, 1;", "bra TOP;", "HALF:", "shr.u32 a, a, 1;", "bra TOP;", "END:"], lambda n: (collatz(n),), [".b32 i"])
    put("nested loops", ["mov.u32 d, 0;", "and.b32 n, a, 7;", "mov.u32 i, 0;", "OUTER:", "setp.ge.u32 p, i, n;", "@p bra END;", "mov.u32 j, 0;", "INNER:",
                         "mad.lo.u32 d, i, j, d;", "add.u32 j, j, 1;", "setp.le.u32 q, j, i;", "@q bra INNER;", "add.u32 i, i, 1;", "bra OUTER;", "END:"],
        lambda n: (sum(i * j for i in range(n & 7) for j in range(i + 1)),), [".b32 i, j, n"])
    put("early return", ["setp.gt.u32 p, a, 30;", "mov.u32 d, 1;", "st.global.u32 [to], d;", "@p ret;", "mov.u32 d, 2;"], lambda n: (1 if n > 30 else 2,))
    put("early exit", ["setp.gt.u32 p, a, 30;", "mov.u32 d, 1;", "st.global.u32 [to], d;", "@p exit;", "mov.u32 d, 2;"], lambda n: (1 if n > 30 else 2,))
    put("branch table", ["and.b32 i, a, 3;", "TABLE: .branchtargets ZERO, ONE, TWO, ONE;", "brx.idx i, TABLE;", "ZERO:", "mov.u32 d, 10;", "bra END;", "ONE:",
                         "mov.u32 d, 20;", "bra END;", "TWO:", "mov.u32 d, 30;", "END:", "add.u32 d, d, a;"],
        lambda n: ([10, 20, 30, 20][n & 3] + n,), [".b32 i"])
    put("scopes", ["mov.u32 d, a;", "{", ".reg .u32 inner;", "add.u32 inner, a, 5;", "{", ".reg .u32 inner;", "mov.u32 inner, 1000;", "add.u32 d, d, inner;", "}",
                   "add.u32 d, d, inner;", "}"], lambda n: (n + 1000 + n + 5,), note="an inner register hides an outer one of its name")
    put("register ranges", ["mov.u32 many0, a;", "add.u32 many1, many0, 1;", "add.u32 many2, many1, many0;", "mov.u32 d, many2;"], lambda n: (2 * n + 1,), [".u32 many<3>"])
    put("labels in scopes", ["setp.gt.u32 p, a, 10;", "mov.u32 d, 0;", "{", "@p bra OVER;", "add.u32 d, d, 1;", "OVER:", "}", "{", "@!p bra OVER;", "add.u32 d, d, 2;", "OVER:", "}"],
        lambda n: (2 if n > 10 else 1,), note="a label belongs to its scope")
    shared = [".shared .align 4 .b32 room[64];", "mov.u32 i, %tid.x;", "shl.b32 i, i, 2;", "mov.u32 s, room;", "add.u32 s, s, i;"]
    put("divergent stores", shared + ["setp.lt.u32 p, a, 40;", "@p bra LOW;", "st.shared.u32 [s], 7;", "bra END;", "LOW:", "st.shared.u32 [s], a;", "END:",
                                      "ld.shared.u32 d, [s];"], lambda n: (n if n < 40 else 7,), [".b32 i, s"])
    comments(f)
    return f


def comments(f):
    body = ["/* a comment", "   over lines; mov.u32 d, 3; */ mov.u32 d, /* within */ a; // to the end", "add.u32", "  d,d", "  , 1 ;add.u32 d, d, 1;"]
    f.add("layout of text", body, "u32", "u32", rows(lambda n: (n + 2,)))
    f.add("locations", ['.loc 1 12 3', "add.u32 d, a, 4;", ".loc 1 13 1", "add.u32 d, d, 1;"], "u32", "u32",
          rows(lambda n: (n + 5,)))
    f.add("pragma", [".pragma \"nounroll\";", "add.u32 d, a, 4;"], "u32", "u32", rows(lambda n: (n + 4,)))


FUNCTIONS = """
.func (.reg .u32 result) twice(.reg .u32 x)
{
  add.u32 result, x, x;
  ret;
}
.func (.param .b32 result) add_three(.param .b32 x, .param .b64 y, .param .b8 z)
{
  .reg .u32 a, b;
  .reg .u64 c;
  .reg .u16 h;
  ld.param.u32 a, [x];
  ld.param.u64 c, [y];
  ld.param.u8 h, [z];
  cvt.u32.u64 b, c;
  add.u32 a, a, b;
  cvt.u32.u16 b, h;
  add.u32 a, a, b;
  st.param.b32 [result], a;
  ret;
}
.func (.param .b32 result) six_times(.param .b32 x)
{
  .reg .u32 a, b;
  ld.param.u32 a, [x];
  {
    .param .b32 argument;
    .param .b32 back;
    mul.lo.u32 b, a, 2;
    st.param.b32 [argument], b;
    call.uni (back), three_times, (argument);
    ld.param.b32 b, [back];
  }
  st.param.b32 [result], b;
  ret;
}
.func (.param .b32 result) three_times(.param .b32 x)
{
  .reg .u32 a;
  ld.param.u32 a, [x];
  mul.lo.u32 a, a, 3;
  st.param.b32 [result], a;
  ret;
}
.func store(.param .b64 place, .param .b32 x)
{
  .reg .u64 p;
  .reg .u32 a;
  ld.param.u64 p, [place];
  ld.param.u32 a, [x];
  st.u32 [p], a;
  ret;
}
.func (.param .align 8 .b8 result[16]) pair(.param .align 8 .b8 x[16])
{
  .reg .u64 a, b;
  ld.param.v2.u64 {a, b}, [x];
  st.param.u64 [result], b;
  st.param.u64 [result+8], a;
  ret;
}
.func (.param .b32 result) early(.param .b32 x)
{
  .reg .u32 a;
  .reg .pred p;
  ld.param.u32 a, [x];
  setp.gt.u32 p, a, 40;
  @p bra BIG;
  add.u32 a, a, 1;
  st.param.b32 [result], a;
  ret;
BIG:
  st.param.b32 [result], 0;
  ret;
}
.func (.param .b32 result) squares(.param .b32 x)
{
  .reg .u32 a, i, s;
  .reg .u64 p, q;
  .reg .pred done;
  .local .align 4 .b8 table[64];
  ld.param.u32 a, [x];
  and.b32 a, a, 15;
  mov.u64 p, table;
  mov.u32 i, 0;
FILL:
  mul.lo.u32 s, i, i;
  mad.wide.u32 q, i, 4, p;
  st.local.u32 [q], s;
  add.u32 i, i, 1;
  setp.lt.u32 done, i, 16;
  @done bra FILL;
  mad.wide.u32 q, a, 4, p;
  ld.local.u32 s, [q];
  st.param.b32 [result], s;
  ret;
}
.visible .func (.param .b32 result) declared_later(.param .b32 x);
"""

LATER = """
.visible .func (.param .b32 result) declared_later(.param .b32 x)
{
  .reg .u32 a;
  ld.param.u32 a, [x];
  xor.b32 a, a, 255;
  st.param.b32 [result], a;
  ret;
}
"""


def single(name, argument="a"):
    return ["{", ".param .b32 given;", ".param .b32 back;", "st.param.b32 [given], %s;" % argument, "call.uni (back), %s, (given);" % name, "ld.param.b32 d, [back];", "}"]


def early(n):
    return 0 if n > 40 else n + 1


def calls():
    # Functions must be declared before they are called.
    order = FUNCTIONS.replace(".func (.param .b32 result) six_times", ".func (.param .b32 result) three_times(.param .b32 x);\n.func (.param .b32 result) six_times", 1)
    f = Family("call", "Device functions: parameters, results, nesting, locals, PTX ISA 7.1 and 9.7.14.5", before=order)

    def put(name, body, function, more=(), **extra):
        f.add(name, body, "u32", "u32", rows(function), registers=[".pred p"] + list(more), **extra)

    put("register parameters", ["call.uni (d), twice, (a);", "add.u32 d, d, 1;"], lambda n: (2 * n + 1,))
    put("register parameters, nested", ["call (d), twice, (a);", "call (d), twice, (d);"], lambda n: (4 * n,))
    three = ["{", ".param .b32 x;", ".param .b64 y;", ".param .b8 z;", ".param .b32 back;", "st.param.b32 [x], a;", "st.param.b64 [y], 1000;", "st.param.b8 [z], 7;",
             "call.uni (back), add_three, (x, y, z);", "ld.param.b32 d, [back];", "}"]
    put("parameters by value", three, lambda n: (n + 1007,))
    put("function in function", single("six_times"), lambda n: (6 * n,))
    put("call under a guard", ["mov.u32 d, 1;", "setp.gt.u32 p, a, 30;", "@p call (d), twice, (a);"], lambda n: (2 * n if n > 30 else 1,))
    put("call in a branch", ["mov.u32 d, 4;", "setp.gt.u32 p, a, 30;", "@!p bra OVER;"] + single("three_times") + ["OVER:"], lambda n: (3 * n if n > 30 else 4,))
    put("return in a branch", single("early"), lambda n: (0 if n > 40 else n + 1,))
    put("early return, twice", single("early") + ["mov.u32 k, d;"] + single("early", "k"), lambda n: (early(early(n)),), [".u32 k"])
    put("local array", single("squares"), lambda n: ((n & 15) ** 2,))
    put("local array, twice", single("squares") + ["mov.u32 k, d;", "add.u32 a, a, 1;"] + single("squares") + ["add.u32 d, d, k;"],
        lambda n: ((n & 15) ** 2 + (n + 1 & 15) ** 2,), [".u32 k"])
    put("pointer to local", [".local .align 4 .b8 spot[4];", "mov.u64 x, spot;", "cvta.local.u64 x, x;", "{", ".param .b64 place;", ".param .b32 given;", "st.param.b64 [place], x;",
                             "st.param.b32 [given], a;", "call.uni store, (place, given);", "}", "ld.local.u32 d, [spot];"], lambda n: (n,), [".b64 x"])
    put("pointer to shared", [".shared .align 4 .b8 spots[256];", "mov.u32 k, %tid.x;", "mov.u64 x, spots;", "mad.wide.u32 x, k, 4, x;", "cvta.shared.u64 y, x;", "{",
                              ".param .b64 place;", ".param .b32 given;", "st.param.b64 [place], y;", "st.param.b32 [given], a;", "call store, (place, given);", "}",
                              "ld.shared.u32 d, [x];"], lambda n: (n,), [".b64 x, y", ".b32 k"])
    put("declared before", single("declared_later"), lambda n: (n ^ 255,))
    put("loop of calls", ["mov.u32 k, 0;", "mov.u32 s, 0;", "TOP:"] + single("three_times", "k") + ["add.u32 s, s, d;", "add.u32 k, k, 1;", "and.b32 m, a, 7;", "setp.le.u32 p, k, m;",
                          "@p bra TOP;", "mov.u32 d, s;"], lambda n: (3 * sum(range((n & 7) + 1)),), [".u32 k, s, m"])
    body = ["{", ".param .align 8 .b8 given[16];", ".param .align 8 .b8 back[16];", "st.param.v2.b64 [given], {a, b};", "call.uni (back), pair, (given);",
            "ld.param.v2.b64 {d, d1}, [back];", "}"]
    f.add("struct by value", body, "b64 b64", "b64 b64", [((i * 0x0101010101010101, 77 + i), (77 + i, i * 0x0101010101010101)) for i in range(8)], note="the function exchanges the halves")
    f.add("later", single("declared_later"), "u32", "u32", rows(lambda n: (n ^ 255,)), before=LATER)
    return f


def endings():
    f = Family("ending", "trap, failed assertions and printing, PTX ISA 9.7.21 and CUDA's system calls", before=SYSTEM)
    f.add("trap", ["setp.eq.u32 p, a, 3;", "@p trap;", "mov.u32 d, a;"], "u32", "u32", [((i,), ("?",)) for i in range(8)], registers=[".pred p"], fault="CUDA_ERROR_LAUNCH_FAILED|CUDA_ERROR_ILLEGAL_INSTRUCTION")
    f.add("no trap", ["setp.eq.u32 p, a, 33;", "@p trap;", "mov.u32 d, a;"], "u32", "u32", [((i,), (i,)) for i in range(8)], registers=[".pred p"])
    assertion = ["setp.ne.u32 p, a, %d;", "@p bra FINE;", "{", ".param .b64 message;", ".param .b64 file;", ".param .b32 line;", ".param .b64 function;", ".param .b64 size;",
                 "mov.u64 x, words;", "cvta.global.u64 x, x;", "st.param.b64 [message], x;", "st.param.b64 [file], x;", "st.param.b32 [line], 12;", "st.param.b64 [function], x;",
                 "st.param.b64 [size], 1;", "call.uni __assertfail, (message, file, line, function, size);", "}", "FINE:", "mov.u32 d, a;"]
    for number, fault in ((3, "CUDA_ERROR_ASSERT"), (99, None)):
        body = [assertion[0] % number] + assertion[1:]
        f.add("assertion " + ("fails" if fault else "holds"), body, "u32", "u32", [((i,), ("?" if fault else i,)) for i in range(8)], registers=[".pred p", ".b64 x"], fault=fault)
    printing = [".local .align 8 .b8 list[16];", "st.local.u32 [list], a;", "mov.u64 x, list;", "cvta.local.u64 x, x;", "mov.u64 y, words;", "cvta.global.u64 y, y;", "{", ".param .b64 text;",
                ".param .b64 values;", ".param .b32 back;", "st.param.b64 [text], y;", "st.param.b64 [values], x;", "call.uni (back), vprintf, (text, values);", "ld.param.b32 d, [back];", "}"]
    f.add("printing", printing, "u32", "s32", [((i,), (1,)) for i in range(2)], registers=[".b64 x, y"], note="vprintf gives the number of its arguments: CUDA's guide on formatted output")
    f.add("memory fault", ["mov.u64 x, 0;", "ld.global.u32 d, [x];"], "u32", "u32", [((0,), ("?",))], registers=[".b64 x"], fault="CUDA_ERROR_ILLEGAL_ADDRESS")
    f.add("misaligned", ["ld.global.u32 d, [from+1];"], "u32", "u32", [((0,), ("?",))], fault="CUDA_ERROR_MISALIGNED_ADDRESS")
    f.add("exit", ["st.global.u32 [to], a;", "mov.u32 d, 5;", "exit;"], "u32", "u32", [((i,), (i,)) for i in range(8)])
    f.add("hints", ["nanosleep.u32 20;", "pmevent 1;", "mov.u32 d, a;"], "u32", "u32", [((i,), (i,)) for i in range(8)])
    return f


SYSTEM = """
.extern .func __assertfail(.param .b64 message, .param .b64 file, .param .b32 line, .param .b64 function, .param .b64 size);
.extern .func (.param .b32 result) vprintf(.param .b64 text, .param .b64 values);
.global .align 1 .b8 words[11] = {99, 111, 114, 112, 117, 115, 32, 37, 117, 10, 0};
"""

FAMILIES = [branches, calls, endings]
