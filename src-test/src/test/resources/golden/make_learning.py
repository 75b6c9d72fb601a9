#!/usr/bin/env python3
"""Makes losses.txt, layers.txt, clipping.txt and schedules.txt beside it, the numbers that PyTorch gives.

Run: python3 make_learning.py   (needs torch; made with Debian 12's python3-torch 1.13.0)
Format: a line "tandem-golden 1 <script> <torch version>", then one line a tensor: its name, a space, its elements in
row-major order with 17 significant digits. The shapes are known to the test that reads the name.
"""
import math
import os
import warnings

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
HERE = os.path.dirname(os.path.abspath(__file__))


class Golden:
    def __init__(self, name):
        self.path = os.path.join(HERE, name)
        self.lines = [f"tandem-golden 1 make_learning.py torch-{torch.__version__}"]

    def put(self, name, values):
        numbers = torch.as_tensor(values).detach().double().flatten().tolist()
        self.lines.append(" ".join([name] + [format(x, ".17g") for x in numbers]))

    def write(self):
        with open(self.path, "w") as out:
            out.write("\n".join(self.lines) + "\n")


def loss_case(golden, name, prediction, target, per_element, denominator):
    """per_element(p, t): losses whose first axis is the sample. The mean is their sum over the denominator."""
    p = prediction.clone().requires_grad_()
    losses = per_element(p, target)
    samples = losses.flatten(1).sum(1) if losses.dim() > 1 else losses
    mean = losses.sum() / denominator
    mean.backward()
    golden.put(name + ".prediction", prediction)
    golden.put(name + ".target", target)
    golden.put(name + ".samples", samples)
    golden.put(name + ".sum", losses.sum())
    golden.put(name + ".mean", mean)
    golden.put(name + ".gradient", p.grad)


def losses():
    golden = Golden("losses.txt")
    torch.manual_seed(11)
    p, t = torch.randn(4, 3) * 2, torch.randn(4, 3) * 2
    p[0, 0] = t[0, 0]  # the kink of the absolute error
    loss_case(golden, "absolute", p, t, lambda p, t: F.l1_loss(p, t, reduction="none"), 12)
    loss_case(golden, "squared", p, t, lambda p, t: F.mse_loss(p, t, reduction="none"), 12)
    for delta in (1.0, 0.3):
        loss_case(golden, f"huber{delta}", p, t, lambda p, t: F.huber_loss(p, t, reduction="none", delta=delta), 12)

    bce = lambda p, t: F.binary_cross_entropy_with_logits(p, t, reduction="none")
    loss_case(golden, "bce", torch.randn(4, 3) * 3, torch.rand(4, 3), bce, 12)
    extreme = torch.tensor([-1e4, -1000.0, -50.0, -1.0, 0.0, 1.0, 50.0, 1000.0, 1e4]).reshape(9, 1)
    for target in (0.0, 1.0, 0.25):
        loss_case(golden, f"bce_extreme{target}", extreme, torch.full((9, 1), target), bce, 9)

    logits, labels, soft = torch.randn(5, 4) * 2, torch.tensor([0, 3, 1, 1, 2]), torch.softmax(torch.randn(5, 4), 1)
    for smoothing in (0.0, 0.1):
        entropy = lambda p, t: F.cross_entropy(p, t, reduction="none", label_smoothing=smoothing)
        loss_case(golden, f"cross_entropy{smoothing}", logits, labels, entropy, 5)
        loss_case(golden, f"cross_entropy_soft{smoothing}", logits, soft, entropy, 5)
        # Sequences: torch wants the classes at axis 1, Tandem at the end.
        loss_case(golden, f"cross_entropy_tokens{smoothing}", torch.randn(2, 3, 4), torch.tensor([[0, 3, 1], [2, 2, 0]]),
                  lambda p, t: entropy(p.transpose(1, 2), t), 6)

    soft[0] = torch.tensor([1.0, 0.0, 0.0, 0.0])
    loss_case(golden, "kl", logits, soft, lambda p, t: F.kl_div(F.log_softmax(p, 1), t, reduction="none"), 5)
    signs = torch.tensor([[1.0, -1.0, 1.0], [-1.0, -1.0, 1.0], [1.0, 1.0, 1.0], [-1.0, 1.0, -1.0]])
    loss_case(golden, "hinge", p, signs, lambda p, t: torch.clamp(1 - t * p, min=0), 12)
    loss_case(golden, "hinge_classes", logits, labels, lambda p, t: F.multi_margin_loss(p, t, reduction="none") * 4, 5)
    golden.write()


def module_case(golden, name, module, x, call=None):
    """The forward value and, for an upstream gradient, those of x and of every parameter, under their names."""
    x = x.clone().requires_grad_()
    y = (call or module)(x)
    dy = torch.randn_like(y)
    module.zero_grad()
    y.backward(dy)
    golden.put(name + ".x", x)
    golden.put(name + ".y", y)
    golden.put(name + ".dy", dy)
    golden.put(name + ".dx", x.grad)
    for parameter, value in module.named_parameters():
        golden.put(f"{name}.{parameter}", value)
        golden.put(f"{name}.d{parameter}", value.grad)


def layers():
    golden = Golden("layers.txt")
    torch.manual_seed(12)
    module_case(golden, "linear", torch.nn.Linear(5, 3), torch.randn(2, 4, 5))
    conv = torch.nn.Conv2d(4, 6, (3, 2), stride=(2, 1), padding=(1, 1), dilation=(1, 2), groups=2)
    module_case(golden, "conv2d", conv, torch.randn(2, 4, 7, 6))
    module_case(golden, "max_pool2d", torch.nn.MaxPool2d(3, 2, 1), torch.randn(2, 3, 7, 6))
    module_case(golden, "avg_pool2d", torch.nn.AvgPool2d(3, 2, 1), torch.randn(2, 3, 7, 6))
    layer_norm = torch.nn.LayerNorm(6)
    torch.nn.init.normal_(layer_norm.weight)
    torch.nn.init.normal_(layer_norm.bias)
    module_case(golden, "layer_norm", layer_norm, torch.randn(2, 4, 6) * 3 + 1)
    for name in ("relu", "leaky_relu", "sigmoid", "tanh", "gelu", "silu", "softplus"):
        x = (torch.randn(4, 5) * 3).requires_grad_()
        y = getattr(F, name)(x)
        dy = torch.randn_like(y)
        y.backward(dy)
        for part, value in (("x", x), ("y", y), ("dy", dy), ("dx", x.grad)):
            golden.put(f"{name}.{part}", value)
    x = (torch.randn(4, 5) * 3).requires_grad_()
    y = F.gelu(x, approximate="tanh")
    dy = torch.randn_like(y)
    y.backward(dy)
    for part, value in (("x", x), ("y", y), ("dy", dy), ("dx", x.grad)):
        golden.put(f"gelu_tanh.{part}", value)

    # Three batches of training, of unequal sizes and scales, then evaluation: what the running statistics have become.
    for name, norm, tail in (("batch_norm1d", torch.nn.BatchNorm1d(3), ()), ("batch_norm2d", torch.nn.BatchNorm2d(3), (2, 4))):
        torch.nn.init.normal_(norm.weight)
        torch.nn.init.normal_(norm.bias)
        for i, size in enumerate((5, 2, 4)):
            module_case(golden, f"{name}.train{i}", norm, torch.randn(size, 3, *tail) * (i + 1) + i)
            golden.put(f"{name}.train{i}.running_mean", norm.running_mean)
            golden.put(f"{name}.train{i}.running_var", norm.running_var)
        norm.eval()
        module_case(golden, f"{name}.eval", norm, torch.randn(4, 3, *tail))
    golden.write()


def clipping():
    golden = Golden("clipping.txt")
    torch.manual_seed(13)
    for limit in (0.5, 3.0, 1000.0):
        parameters = [torch.nn.Parameter(torch.zeros(4, 3)), torch.nn.Parameter(torch.zeros(5))]
        for i, parameter in enumerate(parameters):
            parameter.grad = torch.randn_like(parameter) * (i + 1)
            golden.put(f"norm{limit}.before{i}", parameter.grad)
        golden.put(f"norm{limit}.norm", torch.nn.utils.clip_grad_norm_(parameters, limit))
        for i, parameter in enumerate(parameters):
            golden.put(f"norm{limit}.after{i}", parameter.grad)
    gradient = torch.randn(12) * 2
    parameter = torch.nn.Parameter(torch.zeros(12))
    parameter.grad = gradient.clone()
    torch.nn.utils.clip_grad_value_([parameter], 0.7)
    golden.put("value.before", gradient)
    golden.put("value.after", parameter.grad)
    golden.write()


def rates(make, base, steps):
    """The rate of each of the steps: what param_groups holds before the optimizer's step."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=base)
    schedule = make(optimizer)
    values = []
    for _ in range(steps):
        values.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return values


def schedules():
    S = torch.optim.lr_scheduler
    golden = Golden("schedules.txt")
    golden.put("step_decay", rates(lambda o: S.StepLR(o, 7, gamma=0.3), 0.1, 40))
    golden.put("cosine", rates(lambda o: S.CosineAnnealingLR(o, 30, eta_min=0.002), 0.1, 31))
    golden.put("warmup_cosine", rates(
        lambda o: S.SequentialLR(o, [S.LinearLR(o, start_factor=0.25, total_iters=8), S.CosineAnnealingLR(o, 30)], [8]),
        0.1, 39))
    golden.put("warmup_constant", rates(lambda o: S.LinearLR(o, start_factor=1 / 3, total_iters=5), 0.1, 12))
    golden.put("one_cycle", rates(lambda o: S.OneCycleLR(o, max_lr=0.1, total_steps=41), 0.1, 40))
    golden.put("one_cycle_short", rates(
        lambda o: S.OneCycleLR(o, max_lr=0.1, total_steps=10, pct_start=0.2, div_factor=10, final_div_factor=100), 0.1, 9))

    # A metric that falls, stalls, wobbles within the threshold, falls again, and at last stays.
    metric = [1 / (1 + i) for i in range(6)] + [0.2 - 1e-6 * i for i in range(12)] + [0.1, math.nan, 0.05] + [0.05] * 60
    golden.put("plateau.metric", metric)
    for name, options in (
        ("plateau.standard", dict()),
        ("plateau.cooled", dict(factor=0.5, patience=3, threshold=1e-3, cooldown=4, min_lr=0.004)),
        ("plateau.hasty", dict(factor=0.1, patience=0)),
    ):
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
        schedule = S.ReduceLROnPlateau(optimizer, **options)
        values = []
        for value in metric:
            schedule.step(value)
            values.append(optimizer.param_groups[0]["lr"])
        golden.put(name, values)
    golden.write()


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    losses()
    layers()
    clipping()
    schedules()
