#!/usr/bin/python3
"""Makes the golden files beside this script: what PyTorch computes, for Java to be compared with.

    /usr/bin/python3 make_golden.py

Needs PyTorch 1.13 or later (Debian: python3-torch). Everything is computed in double, on inputs that F32 holds exactly, so
that one file serves F32 and F64; the optimizers, whose error gathers over steps, also run in float.

A file is lines of text. The first is its header: magic, version, content, tool, date. Then cases:

    case <name> <op>
    attribute <name> : <numbers>
    <kind> <name> <shape> : <numbers>

kind is `in` (an operand, in order), `fixed` (one that is not learned), `int` (an I32 operand), `out` (a result), `dy` (the
gradient that comes in) or `grad` (of
the operand of that name). Shapes are lengths joined by x, and `-` without axes.
"""

import datetime
import math
import os

import torch
import torch.nn.functional as F

VERSION = 1
HERE = os.path.dirname(os.path.abspath(__file__))


class Lcg:
    """Numbers that Java makes as well (golden/Lcg.java): Knuth's MMIX generator, its upper 24 bits."""

    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 40) * 2.0**-24

    def tensor(self, shape, low, high):
        """Spread evenly over [low, high), on a grid of 1/1024: exact in float32, and short to write."""
        numbers = [math.floor((low + (high - low) * self.next()) * 1024) / 1024 for _ in range(math.prod(shape))]
        return torch.tensor(numbers, dtype=torch.float64).reshape(shape)

    def ints(self, shape, bound):
        return torch.tensor([int(self.next() * bound) for _ in range(math.prod(shape))]).reshape(shape)


class File:
    def __init__(self, content, script="make_golden.py"):
        self.path = os.path.join(HERE, content + ".txt")
        self.lines = [
            f"tandem-golden {VERSION} | {content} | torch {torch.__version__} | {datetime.date.today()} | {script}"
        ]

    def case(self, name, op):
        self.lines.append(f"case {name} {op}")

    def attribute(self, name, *numbers):
        self.lines.append(f"attribute {name} : " + " ".join(repr(float(n)) for n in numbers))

    def put(self, kind, name, tensor):
        shape = "x".join(str(n) for n in tensor.shape) or "-"
        numbers = " ".join(repr(n) for n in tensor.detach().reshape(-1).tolist())
        self.lines.append(f"{kind} {name} {shape} : {numbers}")

    def write(self):
        with open(self.path, "w", encoding="ascii") as file:
            file.write("\n".join(self.lines) + "\n")
        print(self.path, len(self.lines), "lines", os.path.getsize(self.path), "bytes")


def case(file, name, op, inputs, function, random, attributes=None, ints=None, outputs=("y",), incoming=("dy",)):
    """Writes a case: inputs, results, incoming gradients that are nowhere all ones, and the gradients of all inputs.

    incoming names the gradients of the leading results: most ops have one, of their first.
    """
    file.case(name, op)
    for key, numbers in (attributes or {}).items():
        file.attribute(key, *numbers)
    leaves = {key: value.clone().requires_grad_() for key, value in inputs.items()}
    for key, value in leaves.items():
        file.put("in", key, value)
    for key, value in (ints or {}).items():
        file.put("int", key, value)
    results = function(*leaves.values())
    results = results if isinstance(results, tuple) else (results,)
    for key, value in zip(outputs, results):
        file.put("out", key, value)
    gradients = [random.tensor(result.shape, -2, 2) for result, _ in zip(results, incoming)]
    for key, value in zip(incoming, gradients):
        file.put("dy", key, value)
    torch.autograd.backward(results[:len(incoming)], gradients)
    for key, value in leaves.items():
        file.put("grad", key, value.grad)


def activations(file):
    random = Lcg(1)
    x = torch.cat([
        random.tensor((17,), -6, 6),
        torch.tensor([2.0**-10, -(2.0**-10), 1, -1, 3, -3, 20, -20, 88, -88, 300, -300], dtype=torch.float64),
    ])
    positive = random.tensor((7,), 0.125, 9)
    for name, function in {
        "relu": F.relu,
        "sigmoid": torch.sigmoid,
        "tanh": torch.tanh,
        "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
        "gelu_erf": F.gelu,
        "silu": F.silu,
        # The default threshold of 20 is a shortcut, off by 2e-9: ours has none.
        "softplus": lambda x: F.softplus(x, threshold=1000),
        "abs": torch.abs,
    }.items():
        case(file, name, name, {"x": x}, function, random)
    case(file, "leaky_relu", "leaky_relu", {"x": x}, lambda x: F.leaky_relu(x, 0.01), random, {"slope": [0.01]})
    case(file, "clamp", "clamp", {"x": x}, lambda x: torch.clamp(x, -2, 1.5), random, {"limits": [-2, 1.5]})
    case(file, "exp", "exp", {"x": random.tensor((9,), -9, 9)}, torch.exp, random)
    case(file, "log", "log", {"x": positive}, torch.log, random)
    case(file, "sqrt", "sqrt", {"x": positive}, torch.sqrt, random)
    case(file, "rsqrt", "rsqrt", {"x": positive}, torch.rsqrt, random)
    case(file, "pow", "pow", {"x": positive}, lambda x: x**1.7, random, {"exponent": [1.7]})
    case(file, "pow_negative_base", "pow", {"x": random.tensor((7,), -3, 3)}, lambda x: x**3, random, {"exponent": [3]})
    a, b = random.tensor((2, 3, 5), -2, 2), random.tensor((3, 1), 1, 3)
    for name, function in {
        "add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": torch.div,
        "maximum": torch.maximum, "minimum": torch.minimum,
    }.items():
        case(file, name, name, {"a": a, "b": b}, lambda a, b: function(a, b), random)


def reductions(file):
    random = Lcg(2)
    x = random.tensor((3, 4, 5), -2, 2)
    case(file, "sum", "sum", {"x": x}, lambda x: x.sum((0, 2)), random, {"axes": [0, 2]})
    case(file, "mean", "mean", {"x": x}, lambda x: x.mean((1,)), random, {"axes": [1]})
    case(file, "max", "max", {"x": x}, lambda x: x.amax((0, 2)), random, {"axes": [0, 2]})
    case(file, "min", "min", {"x": x}, lambda x: x.amin((1,)), random, {"axes": [1]})
    ties = torch.tensor([[1, 2, 2, 0, 2], [3, 3, 1, 3, 3]], dtype=torch.float64)
    case(file, "max_of_equals", "max", {"x": ties}, lambda x: x.amax((1,)), random, {"axes": [1]})


def normalizations(file):
    random = Lcg(3)
    for name, bound in {"": 3, "_saturated": 300}.items():
        x = random.tensor((4, 7), -bound, bound)
        case(file, "softmax" + name, "softmax", {"x": x}, lambda x: F.softmax(x, -1), random)
        case(file, "log_softmax" + name, "log_softmax", {"x": x}, lambda x: F.log_softmax(x, -1), random)
        targets = random.ints((4,), 7)
        for smoothing in (0, 0.1):
            case(file, f"cross_entropy{name}_{smoothing}", "cross_entropy", {"logits": x},
                 lambda logits: (F.cross_entropy(logits, targets, label_smoothing=smoothing, reduction="none"),
                                 torch.logsumexp(logits, -1)),
                 random, {"smoothing": [smoothing]}, {"targets": targets}, ("loss", "lse"))
        soft = F.softmax(random.tensor((4, 7), -2, 2), -1).to(torch.float32).to(torch.float64)
        file_case_soft(file, "soft_cross_entropy" + name, x, soft, random)
    gamma, beta = random.tensor((7,), -2, 2), random.tensor((7,), -1, 1)
    x = random.tensor((2, 3, 7), -2, 2)
    case(file, "layer_norm", "layer_norm", {"x": x, "gamma": gamma, "beta": beta},
         lambda x, gamma, beta: (
             F.layer_norm(x, (7,), gamma, beta, 1e-5), x.mean(-1),
             1 / torch.sqrt(x.var(-1, unbiased=False) + 1e-5)),
         random, {"epsilon": [1e-5]}, outputs=("y", "mean", "rstd"))
    # torch.nn.RMSNorm is younger than 1.13: the formula of arXiv:1910.07467, section 4.
    case(file, "rms_norm", "rms_norm", {"x": x, "gamma": gamma},
         lambda x, gamma: (x / torch.sqrt((x * x).mean(-1, keepdim=True) + 1e-5) * gamma,
                           1 / torch.sqrt((x * x).mean(-1) + 1e-5)),
         random, {"epsilon": [1e-5]}, outputs=("y", "rstd"))
    gamma, beta = random.tensor((3,), -2, 2), random.tensor((3,), -1, 1)
    for name, shape in {"batch_norm": (5, 3), "batch_norm_image": (2, 3, 4, 5)}.items():
        axes = (0,) + tuple(range(2, len(shape)))
        case(file, name, "batch_norm", {"x": random.tensor(shape, -2, 2), "gamma": gamma, "beta": beta},
             lambda x, gamma, beta: (F.batch_norm(x, None, None, gamma, beta, training=True, eps=1e-5),
                                     x.mean(axes), x.var(axes, unbiased=False)),
             random, {"epsilon": [1e-5]}, outputs=("y", "mean", "variance"))


def file_case_soft(file, name, x, soft, random):
    """Targets are an operand, but not one that is learned: no gradient is written for them."""
    file.case(name, "soft_cross_entropy")
    logits = x.clone().requires_grad_()
    file.put("in", "logits", logits)
    file.put("fixed", "targets", soft)
    loss = F.cross_entropy(logits, soft, reduction="none")
    file.put("out", "loss", loss)
    file.put("out", "lse", torch.logsumexp(logits, -1))
    dy = random.tensor(loss.shape, -2, 2)
    file.put("dy", "dy", dy)
    loss.backward(dy)
    file.put("grad", "logits", logits.grad)


def linear(file):
    random = Lcg(4)
    case(file, "matmul", "matmul", {"a": random.tensor((4, 7), -2, 2), "b": random.tensor((7, 3), -2, 2)},
         torch.matmul, random, {"transposed": [0, 0]})
    case(file, "matmul_transposed", "matmul",
         {"a": random.tensor((2, 1, 7, 4), -2, 2), "b": random.tensor((3, 5, 7), -2, 2)},
         lambda a, b: torch.matmul(a.transpose(-1, -2), b.transpose(-1, -2)), random, {"transposed": [1, 1]})
    for name, x, w, stride, padding, dilation, groups in [
        ("conv2d", (2, 2, 5, 6), (3, 2, 3, 3), (1, 1), (0, 0), (1, 1), 1),
        ("conv2d_stride_padding", (2, 2, 6, 7), (3, 2, 3, 2), (2, 1), (1, 2), (1, 1), 1),
        ("conv2d_dilation", (1, 2, 8, 9), (2, 2, 3, 2), (1, 2), (0, 1), (2, 3), 1),
        ("conv2d_groups", (2, 4, 5, 5), (6, 2, 3, 3), (2, 2), (1, 1), (1, 1), 2),
        ("conv2d_depthwise", (1, 3, 5, 6), (6, 1, 3, 3), (1, 1), (1, 1), (1, 1), 3),
    ]:
        case(file, name, "conv2d", {"x": random.tensor(x, -2, 2), "w": random.tensor(w, -1, 1)},
             lambda x, w: F.conv2d(x, w, None, stride, padding, dilation, groups), random,
             {"stride": stride, "padding": padding, "dilation": dilation, "groups": [groups]})


def pooling(file):
    random = Lcg(5)
    for name, x, kernel, stride, padding in [
        ("halving", (2, 2, 4, 6), (2, 2), (2, 2), (0, 0)),
        ("padded", (1, 2, 5, 7), (3, 2), (2, 1), (1, 1)),
        ("remainder", (1, 2, 5, 5), (2, 2), (2, 2), (0, 0)),
    ]:
        window = {"kernel": kernel, "stride": stride, "padding": padding}
        image = random.tensor(x, -2, 2)
        case(file, "max_pool2d_" + name, "max_pool2d", {"x": image},
             lambda x: F.max_pool2d(x, kernel, stride, padding, return_indices=True), random, window,
             outputs=("y", "indices"))
        case(file, "avg_pool2d_" + name, "avg_pool2d", {"x": image},
             lambda x: F.avg_pool2d(x, kernel, stride, padding), random, window)


def indexing(file):
    random = Lcg(6)
    indices = torch.tensor([[3, 0, 3], [4, 3, 1]])
    case(file, "embedding", "embedding", {"table": random.tensor((6, 4), -2, 2)},
         lambda table: F.embedding(indices, table), random, ints={"indices": indices})
    picks = torch.tensor([[1, 1, 0, 4], [2, 2, 2, 2], [0, 4, 3, 0]])
    case(file, "gather", "gather", {"x": random.tensor((3, 5), -2, 2)},
         lambda x: torch.gather(x, 1, picks), random, {"axis": [1]}, {"indices": picks})


STEPS = 100
WEIGHTS = 6


def gradient(t, random):
    """A gradient with the troubles of real ones: constant, alternating, mostly absent, tiny, huge, random."""
    return [0.5, (-1) ** t * 0.25, 1.0 if t % 10 == 3 else 0.0, 2.0**-20 * (1 + t % 3), 300.0 * (random.next() - 0.5),
            2 * random.next() - 1]


class Lion(torch.optim.Optimizer):
    """PyTorch has none: algorithm 2 of arXiv:2302.06675, line by line."""

    def __init__(self, parameters, lr, betas, weight_decay):
        super().__init__(parameters, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for w in group["params"]:
                m = self.state[w].setdefault("m", torch.zeros_like(w))
                beta1, beta2 = group["betas"]
                update = torch.sign(beta1 * m + (1 - beta1) * w.grad)
                w -= group["lr"] * (update + group["weight_decay"] * w)
                self.state[w]["m"] = beta2 * m + (1 - beta2) * w.grad


def optimizers(file):
    """One sequence of gradients, replayed through each optimizer, with a learning rate that changes with the step."""
    random = Lcg(7)
    start = random.tensor((WEIGHTS,), -1, 1)
    gradients = torch.tensor([gradient(t, random) for t in range(1, STEPS + 1)]).to(torch.float32).to(torch.float64)
    rates = torch.tensor([0.01 * (1 + 0.9 * math.sin(t / 9)) for t in range(1, STEPS + 1)])
    rates = rates.to(torch.float32).to(torch.float64)
    file.case("problem", "-")
    file.put("in", "w", start)
    file.put("in", "gradients", gradients)
    file.put("in", "rates", rates)
    adam = {"betas": (0.9, 0.999), "eps": 1e-8}
    for name, op, attributes, make in [
        ("sgd", "sgd", {}, lambda p: torch.optim.SGD(p, 1)),
        ("sgd_decay", "sgd", {"weight_decay": 0.1}, lambda p: torch.optim.SGD(p, 1, weight_decay=0.1)),
        ("momentum", "momentum", {"momentum": 0.9, "nesterov": 0}, lambda p: torch.optim.SGD(p, 1, momentum=0.9)),
        ("momentum_decay", "momentum", {"momentum": 0.9, "nesterov": 0, "weight_decay": 0.1},
         lambda p: torch.optim.SGD(p, 1, momentum=0.9, weight_decay=0.1)),
        ("nesterov", "momentum", {"momentum": 0.9, "nesterov": 1, "weight_decay": 0.01},
         lambda p: torch.optim.SGD(p, 1, momentum=0.9, nesterov=True, weight_decay=0.01)),
        ("adagrad", "adagrad", {"epsilon": 1e-10, "weight_decay": 0.01},
         lambda p: torch.optim.Adagrad(p, 1, eps=1e-10, weight_decay=0.01)),
        ("rms_prop", "rms_prop", {"alpha": 0.99, "epsilon": 1e-8, "weight_decay": 0.01},
         lambda p: torch.optim.RMSprop(p, 1, alpha=0.99, eps=1e-8, weight_decay=0.01)),
        ("adam", "adam", {"decoupled": 0}, lambda p: torch.optim.Adam(p, 1, **adam)),
        ("adam_decay", "adam", {"decoupled": 0, "weight_decay": 0.1},
         lambda p: torch.optim.Adam(p, 1, **adam, weight_decay=0.1)),
        ("adam_w", "adam", {"decoupled": 1, "weight_decay": 0.1},
         lambda p: torch.optim.AdamW(p, 1, **adam, weight_decay=0.1)),
        ("lion", "lion", {"weight_decay": 0.1}, lambda p: Lion(p, 1, (0.9, 0.99), 0.1)),
    ]:
        for dtype in (torch.float64, torch.float32):
            file.case(name + ("_f64" if dtype == torch.float64 else "_f32"), op)
            for key, number in attributes.items():
                file.attribute(key, number)
            if op in ("adam", "lion"):
                file.attribute("betas", 0.9, 0.999 if op == "adam" else 0.99)
            if op == "adam":
                file.attribute("epsilon", 1e-8)
            w = start.clone().to(dtype).requires_grad_()
            optimizer = make([w])
            for t in range(1, STEPS + 1):
                optimizer.param_groups[0]["lr"] = rates[t - 1].item()
                w.grad = gradients[t - 1].to(dtype)
                optimizer.step()
                if t <= 5 or t % 10 == 0:
                    file.put("out", f"w{t}", w)


def train(file, name, parameters, forward, x, targets, optimizer):
    """Gradients of the first step, then the losses of ten."""
    file.case(name, "network")
    losses = []
    for step in range(10):
        optimizer.zero_grad()
        loss = F.cross_entropy(forward(x), targets)
        loss.backward()
        if step == 0:
            for key, value in parameters.items():
                file.put("grad", key, value.grad)
        losses.append(loss.item())
        optimizer.step()
    file.put("out", "losses", torch.tensor(losses, dtype=torch.float64))
    for key, value in parameters.items():
        file.put("out", key, value)


def parameters_of(random, shapes):
    """Weights come from the generator in this order, then x, then targets: Java makes the same, so none are stored."""
    return {key: random.tensor(shape, -0.5, 0.5).requires_grad_() for key, shape in shapes.items()}


def mlp(file):
    random = Lcg(8)
    p = parameters_of(random, {"w1": (6, 9), "b1": (9,), "w2": (9, 8), "b2": (8,), "w3": (8, 4), "b3": (4,)})
    x, targets = random.tensor((11, 6), -1, 1), random.ints((11,), 4)

    def forward(x):
        h = torch.tanh(x @ p["w1"] + p["b1"])
        h = F.gelu(h @ p["w2"] + p["b2"], approximate="tanh")
        return h @ p["w3"] + p["b3"]

    train(file, "mlp", p, forward, x, targets, torch.optim.SGD(p.values(), 0.5, momentum=0.9))


def conv_net(file):
    random = Lcg(9)
    p = parameters_of(random, {
        "conv1": (4, 2, 3, 3), "gamma": (4,), "beta": (4,), "conv2": (6, 4, 3, 3), "bias2": (6, 1, 1), "w": (24, 5),
        "b": (5,)})
    x, targets = random.tensor((7, 2, 8, 8), -1, 1), random.ints((7,), 5)

    def forward(x):
        h = F.conv2d(x, p["conv1"], None, 1, 1)
        h = F.relu(F.batch_norm(h, None, None, p["gamma"], p["beta"], training=True, eps=1e-5))
        h = F.max_pool2d(h, 2)
        h = F.silu(F.conv2d(h, p["conv2"], None, 1, 1) + p["bias2"])
        h = F.avg_pool2d(h, 2)
        return h.flatten(1) @ p["w"] + p["b"]

    train(file, "conv_net", p, forward, x, targets,
          torch.optim.AdamW(p.values(), 0.02, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.05))


def main():
    torch.set_num_threads(1)
    ops = File("ops")
    for part in (activations, reductions, normalizations, linear, pooling, indexing):
        part(ops)
    ops.write()
    file = File("optimizers")
    optimizers(file)
    file.write()
    file = File("networks")
    mlp(file)
    conv_net(file)
    file.write()


if __name__ == "__main__":
    main()
