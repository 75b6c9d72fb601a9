"""Makes one CUDA source of random kernels that g++ compiles for the host too: generate.py <seed> <kernels> > fuzz.cu

Each kernel changes the State of its threads (see fuzz.h) by functions of random statements, and between these exchanges
parts of it among threads. Nothing in it is undefined: sums wrap as unsigned ones, shifts are held to the width, divisors are
not zero, indices are held to the array.
"""
import random, sys

FIELDS = dict(c0="schar", c1="uchar", s0="short", s1="ushort", i0="int", i1="int", i2="int", u0="uint", u1="uint",
              u2="uint", l0="long", l1="long", w0="ulong", w1="ulong", f0="float", f1="float", f2="float",
              d0="double", d1="double", h0="half", h1="half", b0="bf16")
INTS = ["schar", "uchar", "short", "ushort", "int", "uint", "long", "ulong"]
CT = dict(schar="signed char", uchar="unsigned char", short="short", ushort="unsigned short", int="int", uint="unsigned",
          long="long long", ulong="unsigned long long", float="float", double="double", half="hf", bf16="bf")
BITS = dict(schar=8, uchar=8, short=16, ushort=16, int=32, uint=32, long=64, ulong=64)

class Gen:
    def __init__(self, r):
        self.r = r
        self.n = 0

    def name(self):
        self.n += 1
        return "v%d" % self.n

    def var(self, t, scope):
        c = [n for n, k in FIELDS.items() if k == t]
        c = ["s." + n for n in c] + [n for n, k in scope if k == t]
        return self.r.choice(c)

    def const(self, t):
        r = self.r
        if t in ("float", "double"):
            v = r.choice(["0.0", "1.0", "-1.0", "0.5", "3.25", "1e-3", "-7.75", "1e10", "1e-38", "123456.789", "-0.0"])
            return "(" + v + ("f" if t == "float" else "") + ")"
        if t == "half":
            return "H_bits(0x%04x)" % r.choice([0, 0x3c00, 0xbc00, 0x3555, 0x7bff, 1, 0x8000, 0x7c00, r.randrange(0x7c00)])
        if t == "bf16":
            return "B_bits(0x%04x)" % r.choice([0, 0x3f80, 0xbf80, 0x3eaa, 0x7f7f, 0x8000, r.randrange(0x3000, 0x4800)])
        b = BITS[t]
        v = r.choice([0, 1, 2, 3, 5, 7, 255, 256, (1 << b) - 1, 1 << b - 1, (1 << b - 1) - 1, r.getrandbits(b), r.getrandbits(b // 2)])
        v &= (1 << b) - 1
        return "((%s)0x%xull)" % (CT[t], v)

    def expr(self, t, d, scope):
        r = self.r
        if d <= 0 or r.random() < 0.12:
            return self.var(t, scope) if r.random() < 0.8 else self.const(t)
        e = lambda k=t: self.expr(k, d - 1, scope)
        if r.random() < 0.07:
            return "(%s ? %s : %s)" % (self.cond(d - 1, scope), e(), e())
        if t in INTS:
            b = BITS[t]
            uns = {8: "uchar", 16: "ushort", 32: "uint", 64: "ulong"}[b]
            U, T = CT[uns], CT[t]
            k = r.randrange(24)
            if k < 5:
                op = r.choice(["+", "-", "*"])
                W = "unsigned long long" if b == 64 else "unsigned"
                return "((%s)((%s)%s %s (%s)%s))" % (T, W, e(), op, W, e())
            if k < 8:
                return "((%s)(%s %s %s))" % (T, e(), r.choice("&|^"), e())
            if k == 8:
                return "((%s)~%s)" % (T, e())
            if k < 11:
                W = "unsigned long long" if b == 64 else "unsigned"
                return "((%s)((%s)%s << (%s & %d)))" % (T, W, e(), e("uint"), b - 1)
            if k < 13:
                return "((%s)(%s >> (%s & %d)))" % (T, e(), e("uint"), b - 1)
            if k == 13:
                return "((%s)(%s %s nz_%s(%s)))" % (T, e(), r.choice("/%"), t, e())
            if k == 14:
                c = r.choice([2, 3, 5, 7, 8, 10, 16, 100, 127])
                return "((%s)(%s %s (%s)%d))" % (T, e(), r.choice("/%"), T, c)
            if k == 15:
                return "((%s)(%s))" % (T, self.cond(d - 1, scope))
            if k < 19:
                o = r.choice(INTS)
                return "((%s)%s)" % (T, e(o))
            if k == 19 and t in ("int", "uint", "long", "ulong"):
                return self.toint(t, d, scope)
            if k == 20 and b >= 32:
                return "((%s)%s((%s)%s))" % (T, r.choice(["POPC", "CLZ", "BREV", "FFS"]) + str(b), U, e())
            if k == 21 and b == 32:
                return "((%s)%s)" % (T, r.choice([
                    "MULHI(%s, %s)" % (e("int"), e("int")), "UMULHI(%s, %s)" % (e("uint"), e("uint")),
                    "PRMT(%s, %s, %s)" % (e("uint"), e("uint"), e("uint")),
                    "FSHL(%s, %s, %s)" % (e("uint"), e("uint"), e("uint")),
                    "FSHR(%s, %s, %s)" % (e("uint"), e("uint"), e("uint")),
                    "SAD(%s, %s, %s)" % (e("int"), e("int"), e("uint")),
                    "FBITS(%s)" % e("float"), "DP4A(%s, %s, %s)" % (e("int"), e("int"), e("int")),
                    "HBITS(%s)" % e("half"), "BBITS(%s)" % e("bf16")]))
            if k == 21 and b == 64:
                return "((%s)%s)" % (T, r.choice([
                    "UMUL64HI(%s, %s)" % (e("ulong"), e("ulong")), "MUL64HI(%s, %s)" % (e("long"), e("long")),
                    "DBITS(%s)" % e("double"), "((long long)%s * %s)" % (e("int"), e("int")),
                    "((unsigned long long)%s * %s)" % (e("uint"), e("uint"))]))
            if k == 22:
                return "((%s)m%s_%s(%s, %s))" % (T, r.choice(["in", "ax"]), t, e(), e())
            return "((%s)(%s + %s))" % (T, self.var(t, scope), self.const(t)) if b < 32 or t in ("uint", "ulong") else self.var(t, scope)
        if t in ("float", "double"):
            k = r.randrange(14)
            sfx = "f" if t == "float" else ""
            if k < 5:
                return "(%s %s %s)" % (e(), r.choice("+-*"), e())
            if k == 5:
                return "(%s / %s)" % (e(), e())
            if k == 6:
                return "fma%s(%s, %s, %s)" % (sfx, e(), e(), e())
            if k == 7:
                return "sqrt%s(fabs%s(%s))" % (sfx, sfx, e())
            if k == 8:
                return "m%s_%s(%s, %s)" % (r.choice(["in", "ax"]), t, e(), e())
            if k == 9:
                return "%s%s(%s)" % (r.choice(["floor", "ceil", "trunc", "rint", "fabs"]), sfx, e())
            if k == 10:
                return "(-(%s))" % e()
            if k == 11:
                return "((%s)%s)" % (t, e(r.choice(INTS)))
            if k == 12:
                return "((%s)%s)" % (t, e("double" if t == "float" else "float"))
            if t == "float":
                return r.choice(["H2F(%s)" % e("half"), "BITSF(%s)" % e("uint"), "B2F(%s)" % e("bf16"),
                                 "I2F_rz(%s)" % e("int"), "U2F_rd(%s)" % e("uint")])
            return "copysign(%s, NONAN(%s))" % (e(), e())
        if t == "half":
            return r.choice(["H_add(%s, %s)" % (e(), e()), "H_mul(%s, %s)" % (e(), e()), "H_sub(%s, %s)" % (e(), e()),
                             "H_fma(%s, %s, %s)" % (e(), e(), e()), "F2H(%s)" % e("float"), "H_neg(%s)" % e(),
                             "H_max(%s, %s)" % (e(), e()), "H_min(%s, %s)" % (e(), e()), "I2H(%s)" % e("int"), "F2H_rz(%s)" % e("float")])
        return r.choice(["B_add(%s, %s)" % (e(), e()), "B_mul(%s, %s)" % (e(), e()), "F2B(%s)" % e("float"), "F2B(%s)" % e("float")])

    def toint(self, t, d, scope):
        src = self.r.choice(["float", "double", "half"]) if t == "int" else self.r.choice(["float", "double"])
        mode = self.r.choice(["rz", "rn"]) if src != "half" else "rz"
        return "%s2%s_%s(%s)" % (src, t, mode, self.expr(src, d - 1, scope))

    def cond(self, d, scope):
        r = self.r
        k = r.randrange(8)
        if k == 0 and d > 0:
            return "(%s %s %s)" % (self.cond(d - 1, scope), r.choice(["&&", "||"]), self.cond(d - 1, scope))
        if k == 1 and d > 0:
            return "(!%s)" % self.cond(d - 1, scope)
        if k == 2:
            return "(%s & 1)" % self.expr("uint", d - 1, scope)
        if k == 3:
            return "H_%s(%s, %s)" % (r.choice(["lt", "ge", "eq"]), self.expr("half", d - 1, scope), self.expr("half", d - 1, scope))
        t = r.choice(INTS + ["float", "double"])
        return "(%s %s %s)" % (self.expr(t, d - 1, scope), r.choice(["<", "<=", ">", ">=", "==", "!="]), self.expr(t, d - 1, scope))

    def assign(self, scope, d=3):
        f, t = self.r.choice(list(FIELDS.items()))
        return "s.%s = %s;" % (f, self.expr(t, d, scope))

    def block(self, n, depth, scope, ind, inloop=False):
        out = []
        scope = list(scope)
        p = "  " * ind
        for _ in range(n):
            k = self.r.random()
            if depth <= 0 or k < 0.45:
                if self.r.random() < 0.25:
                    t = self.r.choice(list(CT))
                    v = self.name()
                    out.append(p + "%s %s = %s;" % (CT[t], v, self.expr(t, 3, scope)))
                    scope.append((v, t))
                else:
                    out.append(p + self.assign(scope))
            elif k < 0.60:
                out.append(p + "if (%s) {" % self.cond(2, scope))
                out += self.block(self.r.randint(1, 3), depth - 1, scope, ind + 1, inloop)
                if self.r.random() < 0.6:
                    out.append(p + "} else {")
                    out += self.block(self.r.randint(1, 3), depth - 1, scope, ind + 1, inloop)
                out.append(p + "}")
            elif k < 0.75:
                v = self.name()
                bound = self.r.choice(["%d" % self.r.randint(1, 6), "(int)(%s & 3)" % self.expr("uint", 1, scope), "(int)(%s %% 5)" % self.expr("uint", 1, scope)])
                out.append(p + "for (int %s = 0, e%s = %s; %s < e%s; %s++) {" % (v, v, bound, v, v, v))
                sc = scope + []
                out.append(p + "  s.u0 += %s;" % v)
                body = self.block(self.r.randint(1, 3), depth - 1, sc, ind + 1, True)
                out += body
                if self.r.random() < 0.4:
                    out.append(p + "  if (%s) %s;" % (self.cond(1, scope), self.r.choice(["break", "continue"])))
                    out += self.block(1, 0, sc, ind + 1, True)
                out.append(p + "}")
            elif k < 0.82:
                out.append(p + "switch (%s & 7) {" % self.expr("uint", 2, scope))
                for c in self.r.sample(range(8), self.r.randint(2, 7)):
                    out.append(p + "  case %d: {" % c)
                    out += self.block(self.r.randint(1, 2), depth - 1, scope, ind + 2, False)
                    out.append(p + "  }" + (" break;" if self.r.random() < 0.7 else ""))
                out.append(p + "  default: s.i0 ^= 17;")
                out.append(p + "}")
            elif k < 0.9:
                t = self.r.choice(INTS + ["float", "double"])
                v = self.name()
                m = self.r.choice([4, 8, 16])
                out.append(p + "%s %s[%d];" % (CT[t], v, m))
                q = self.name()
                out.append(p + "for (int %s = 0; %s < %d; %s++) %s[%s] = (%s)(%s);" % (q, q, m, q, v, q, CT[t], self.expr(t, 2, scope)))
                for _ in range(self.r.randint(1, 3)):
                    out.append(p + "%s[%s & %d] = %s;" % (v, self.expr("uint", 1, scope), m - 1, self.expr(t, 2, scope)))
                f, ft = self.r.choice([x for x in FIELDS.items() if x[1] == t])
                out.append(p + "s.%s = %s[%s & %d];" % (f, v, self.expr("uint", 1, scope), m - 1))
            elif k < 0.95 and not inloop:
                out.append(p + "if (%s) return;" % self.cond(2, scope))
            else:
                out.append(p + self.assign(scope, 4))
        return out


def kernel(r, k):
    g = Gen(r)
    out = []
    host, dev = [], []
    for ph in range(r.randint(1, 3)):
        kind = r.choice(["__noinline__", "__forceinline__", "__noinline__"])
        out.append("HD %s void k%dp%d(State& s, const Extra x) {" % ("KIND_" + kind.strip("_"), k, ph))
        out += g.block(r.randint(2, 4), 2, [], 1)
        out.append("}")
        call = "k%dp%d(S, x);" % (k, ph)
        dev.append("  " + call.replace("S", "s"))
        host.append("  EACH k%dp%d(st[t], x); }" % (k, ph))
        for _ in range(r.randint(1, 3)):
            e = r.randrange(12)
            f = r.choice(["u0", "u1", "u2", "i0", "i1", "f0", "f1"])
            w = r.choice(["l0", "w0", "w1", "d0", "d1", "u2", "s0", "c1", "h0"])
            n = r.randint(1, 15)
            if e == 0:
                a = ("XOR", f, n)
            elif e == 1:
                a = ("UP", f, n)
            elif e == 2:
                a = ("DOWN", f, n)
            elif e == 3:
                a = ("IDX", r.choice(["u0", "i1", "f2"]), n)
            elif e == 4:
                a = ("BALLOT", "u1", r.choice([1, 2, 4, 64]))
            elif e == 5:
                a = ("REDUCE", r.choice(["u0", "i2"]), r.choice(["add", "min", "max"]))
            elif e in (6, 7):
                a = ("ROTATE", w, r.randint(1, 79))
            elif e == 8:
                a = ("ATOMIC", "u2", r.choice([3, 7, 16]))
            elif e == 9:
                a = ("MATCH", "u0", r.choice([1, 3, 7]))
            elif e == 10:
                a = ("SUM", r.choice(["f0", "d0"]), 0)
            else:
                a = ("XOR64", r.choice(["l1", "w1", "d1"]), n)
            if a[0] == "REDUCE":
                line = "REDUCE(%s, %s)" % (a[1], a[2])
            else:
                line = "%s(%s, %s)" % a
            dev.append("  " + line)
            host.append("  " + line)
    out.append("#ifdef __CUDACC__")
    out.append("extern \"C\" __global__ void k%d(const State* in, State* res, const Extra x) {" % k)
    out.append("  DEVICE_BEGIN")
    out += dev
    out.append("  DEVICE_END")
    out.append("}")
    out.append("#else")
    out.append("static void k%d(const State* in, State* res, const Extra x) {" % k)
    out.append("  HOST_BEGIN")
    out += host
    out.append("  HOST_END")
    out.append("}")
    out.append("#endif")
    return out


seed, n = int(sys.argv[1]), int(sys.argv[2])
r = random.Random(seed)
print('#include "fuzz.h"')
for k in range(n):
    print("\n".join(kernel(r, k)))
print("#ifndef __CUDACC__\nstatic Kernel kernels[] = {%s};\n#include \"host.h\"\n#endif" % ", ".join("k%d" % k for k in range(n)))
