"""Forms and families: how the corpus is written down. See README.md for the files' format."""
import os
import random

LETTERS = "a b c e f g h k".split()

REGISTER = {
    "u8": "u16", "s8": "s16", "b8": "b16", "f16": "b16", "bf16": "b16", "f16x2": "b32", "bf16x2": "b32", "tf32": "b32",
    "u16x2": "b32", "s16x2": "b32", "pred": "pred",
}

HEADER = """// {title}
// Made by src/test/corpus/make.py: change that, not this.
.version {version}
.target {target}
.address_size 64
"""

PROLOGUE = """.visible .entry {name}(.param .u64 in, .param .u64 out, .param .u32 count{parameters})
{{
  .reg .pred outside;
  .reg .b32 thread, word;
  .reg .b64 from, to;
{registers}
  mov.u32 thread, %tid.x;
{blocks}  ld.param.u32 word, [count];
  setp.ge.u32 outside, thread, word;
  @outside ret;
  ld.param.u64 from, [in];
  ld.param.u64 to, [out];
  mad.wide.u32 from, thread, {stride_in}, from;
  mad.wide.u32 to, thread, {stride_out}, to;
"""


def width(kind):
    """Bits of a type; a predicate is stored as a word."""
    if kind == "pred":
        return 32
    if kind.endswith("x2"):
        return 32
    return int("".join(c for c in kind[-3:] if c.isdigit()))


def register(kind):
    return REGISTER.get(kind, kind)


def token(value, kind):
    """How a value is written: hexadecimal digits, or a judgement such as nan, ~1.5 or 0|80000000."""
    if isinstance(value, str):
        return value
    if isinstance(value, tuple):
        return "|".join(token(v, kind) for v in value)
    return "%0*x" % (width(kind) // 4, value & ((1 << width(kind)) - 1))


BLOCKS = """  mov.u32 word, %ctaid.x;
  mad.lo.u32 thread, word, {0}, thread;
"""
BLOCK = 64  # threads, where a form says nothing


class Form:
    """One instruction, or a small program around it, with rows of inputs and expected outputs."""

    def __init__(self, name, body, ins, outs, rows, **more):
        self.name = name
        self.body = [body] if isinstance(body, str) else body
        self.ins = ins.split() if isinstance(ins, str) else ins
        self.outs = outs.split() if isinstance(outs, str) else outs
        self.rows = rows
        self.error = more.pop("error", None)
        self.note = more.pop("note", None)
        self.launch = more.pop("launch", None)  # (blocks, threads); the rows are then the threads, in order
        self.shape = more.pop("shape", None)  # six sizes, for grids and blocks of more axes
        self.shared = more.pop("shared", 0)
        self.arguments = more.pop("arguments", [])  # (declaration, alignment, hex bytes)
        self.registers = more.pop("registers", [])  # extra declarations
        self.fault = more.pop("fault", None)
        self.before = more.pop("before", "")  # module-level declarations of its own
        self.directives = more.pop("directives", "")  # .maxntid and the like
        self.raw = more.pop("raw", None)  # a whole kernel, when the usual frame does not fit
        self.outputs = more.pop("outputs", None)
        assert not more, more

    def entry(self):
        return "".join(c if c.isalnum() else "_" for c in self.name).strip("_")

    def input_names(self):
        return LETTERS[: len(self.ins)] if len(self.ins) <= len(LETTERS) else ["a%d" % i for i in range(len(self.ins))]

    def output_names(self):
        if self.outputs:
            return self.outputs
        names = ["p", "q"] if self.outs and self.outs[0] == "pred" else ["d"] + ["d%d" % i for i in range(1, len(self.outs))]
        return names[: len(self.outs)]

    def kernel(self):
        if self.raw:
            return self.before + self.raw.replace("NAME", self.entry())
        names = dict(zip(self.input_names(), self.ins))
        declared = {}
        for name, kind in list(names.items()) + list(zip(self.output_names(), self.outs)):
            declared.setdefault(register(kind), []).append(name)
        registers = ["  .reg .%s %s;" % (kind, ", ".join(dict.fromkeys(of))) for kind, of in declared.items()]
        registers += ["  .reg %s;" % r for r in self.registers]
        text = PROLOGUE.format(
            name=self.entry(),
            parameters="".join(", " + a[0] for a in self.arguments),
            registers="\n".join(registers),
            blocks=self.blocks(),
            stride_in=8 * len(self.ins),
            stride_out=8 * len(self.outs),
        )
        if self.directives:
            text = text.replace(")\n{", ")\n%s\n{" % self.directives, 1)
        lines = []
        for i, (name, kind) in enumerate(names.items()):
            lines += self.load(name, kind, 8 * i)
        lines += self.body
        for i, (name, kind) in enumerate(zip(self.output_names(), self.outs)):
            lines += self.store(name, kind, 8 * i)
        lines.append("ret;")
        return self.before + text + "".join("  %s\n" % line for line in lines) + "}\n"

    def blocks(self):
        """What tells the threads of several blocks apart."""
        threads = self.launch[1] if self.launch else BLOCK
        several = self.launch[0] > 1 if self.launch else len(self.rows) > BLOCK
        return BLOCKS.format(threads) if several and not self.shape else ""

    @staticmethod
    def load(name, kind, at):
        if kind == "pred":
            return ["ld.global.u32 word, [from+%d];" % at, "setp.ne.u32 %s, word, 0;" % name]
        if width(kind) == 8:
            return ["ld.global.%s %s, [from+%d];" % ("s8" if kind == "s8" else "u8", name, at)]
        return ["ld.global.%s %s, [from+%d];" % (register(kind), name, at)]

    @staticmethod
    def store(name, kind, at):
        if kind == "pred":
            return ["selp.u32 word, 1, 0, %s;" % name, "st.global.u32 [to+%d], word;" % at]
        if width(kind) == 8:
            return ["st.global.u8 [to+%d], %s;" % (at, name)]
        return ["st.global.%s [to+%d], %s;" % (register(kind), at, name)]

    def text(self):
        lines = ["form %s" % self.entry(), "ptx %s" % " ".join(self.body if not self.raw else [self.name])]
        if self.note:
            lines.append("# " + self.note)
        lines.append("in " + " ".join(self.ins))
        lines.append("out " + " ".join(self.outs))
        if self.error:
            lines.append("error " + self.error)
        if self.shape:
            lines.append("shape " + " ".join(str(n) for n in self.shape))
        elif self.launch:
            lines.append("shape %d 1 1 %d 1 1" % self.launch)
        if self.shared:
            lines.append("shared %d" % self.shared)
        for _, alignment, content in self.arguments:
            lines.append("argument %d %s" % (alignment, content))
        if self.fault:
            lines.append("fault " + self.fault)
        for ins, outs in self.rows:
            left = " ".join(token(v, k) for v, k in zip(ins, self.ins))
            right = " ".join(token(v, k) for v, k in zip(outs, self.outs))
            lines.append((left + " > " + right).strip())
        return "\n".join(lines) + "\n"


class Family:
    """Forms that go into one module."""

    def __init__(self, name, title, version="7.8", target="sm_80", before=""):
        self.name = name
        self.title = title
        self.version = version
        self.target = target
        self.before = before
        self.forms = []

    def add(self, *args, **more):
        form = Form(*args, **more)
        assert form.rows or form.fault, form.name
        for ins, outs in form.rows:
            assert len(ins) == len(form.ins) and len(outs) == len(form.outs), (form.name, ins, outs)
        assert all(other.entry() != form.entry() for other in self.forms), form.name
        self.forms.append(form)

    def write(self, folder):
        ptx = HEADER.format(title=self.title, version=self.version, target=self.target) + self.before
        for form in self.forms:
            ptx += "\n// form %s\n%s" % (form.entry(), form.kernel())
        values = "# %s\n# Made by src/test/corpus/make.py: change that, not this.\n" % self.title
        for form in self.forms:
            values += "\n" + form.text()
        for suffix, content in (("ptx", ptx), ("txt", values)):
            with open(os.path.join(folder, "%s.%s" % (self.name, suffix)), "w") as file:
                file.write(content)
        return len(self.forms), sum(len(f.rows) * len(f.outs) for f in self.forms)


def instruction(opcode, outs, ins):
    """add.s32 d, a, b;"""
    return "%s %s;" % (opcode, ", ".join(outs + ins))


def draw(name):
    """Random numbers that depend on nothing but a name."""
    return random.Random("tandem " + name)


def tuples(name, edges, rest, cross=5, more=10):
    """Rows of operands: the edges against each other, then random ones.

    edges: a list of edge values for each operand. rest: for each operand, a function of a Random.
    """
    chance = draw(name)
    rows = []
    if len(edges) == 1:
        rows = [(v,) for v in edges[0]]
    elif len(edges) == 2:
        left, right = edges
        first = left[:cross]
        second = right[:cross]
        rows = [(x, y) for x in first for y in second]
        rows += [(x, chance.choice(right)) for x in left[cross:]]
        rows += [(chance.choice(left), y) for y in right[cross:]]
    else:
        for i, own in enumerate(edges):
            for v in own if len(edges) < 4 else own[:6]:
                row = [chance.choice(e) for e in edges]
                row[i] = v
                rows.append(tuple(row))
    rows += [tuple(f(chance) for f in rest) for _ in range(more)]
    seen = list(dict.fromkeys(rows))
    return seen[:64]
