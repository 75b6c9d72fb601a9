"""PyTorch's side of bench/compare, in Python: see common/Worker.java for what it is told. Usage: torch_worker.py THREADS"""

import math
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

VOCABULARY, CONTEXT, WIDTH, HEADS, LAYERS = 96, 128, 256, 4, 4


class Residual(nn.Module):
    def __init__(self, branch, shortcut):
        super().__init__()
        self.branch, self.shortcut = branch, shortcut

    def forward(self, x):
        return F.relu(self.branch(x) + self.shortcut(x))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.first_norm, self.second_norm = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.wide, self.narrow = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x):
        n, t, _ = x.shape
        q, k, v = self.qkv(self.first_norm(x)).view(n, t, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4).unbind(0)
        attended = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(attended.transpose(1, 2).reshape(n, t, WIDTH))
        return x + self.narrow(F.gelu(self.wide(self.second_norm(x)), approximate="tanh"))


class Gpt(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(VOCABULARY, WIDTH), nn.Parameter(torch.empty(CONTEXT, WIDTH))
        self.blocks, self.norm = nn.Sequential(*(Block() for _ in range(LAYERS))), nn.LayerNorm(WIDTH)
        for name, parameter in self.named_parameters():
            if parameter.dim() == 2:
                narrow = name.endswith("out.weight") or name.endswith("narrow.weight")
                nn.init.normal_(parameter, 0, 0.02 / math.sqrt(2 * LAYERS) if narrow else 0.02)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)

    def forward(self, x):
        x = self.blocks(self.tokens(x) + self.positions)
        return F.linear(self.norm(x), self.tokens.weight).view(-1, VOCABULARY)


def convolution(inputs, outputs, kernel, stride, padding):
    return nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)


def resnet():
    layers, inputs = [convolution(3, 64, 3, 1, 1), nn.BatchNorm2d(64), nn.ReLU()], 64
    for outputs in (64, 128, 256, 512):
        for block in range(2):
            stride = 2 if block == 0 and outputs > 64 else 1
            branch = nn.Sequential(
                convolution(inputs, outputs, 3, stride, 1), nn.BatchNorm2d(outputs), nn.ReLU(),
                convolution(outputs, outputs, 3, 1, 1), nn.BatchNorm2d(outputs))
            shortcut = nn.Identity() if stride == 1 else nn.Sequential(
                convolution(inputs, outputs, 1, stride, 0), nn.BatchNorm2d(outputs))
            layers.append(Residual(branch, shortcut))
            inputs = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10))


def network(name):
    if name == "gpt":
        return Gpt()
    if name == "mlp":
        made = nn.Sequential(
            nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10))
    elif name == "cnn":
        made = nn.Sequential(
            nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
            nn.Linear(1600, 128), nn.ReLU(), nn.Linear(128, 10))
    else:
        made = resnet()
    for module in made.modules():
        if isinstance(module, (nn.Linear, nn.Conv2d)):
            nn.init.kaiming_uniform_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return made


def optimizer(name, parameters):
    if name == "mlp":
        return torch.optim.SGD(parameters, lr=0.01, momentum=0.9)
    if name == "resnet":
        return torch.optim.SGD(parameters, lr=0.01, momentum=0.9, weight_decay=5e-4)
    if name == "cnn":
        return torch.optim.Adam(parameters, lr=1e-3)
    return torch.optim.AdamW(parameters, lr=3e-4, weight_decay=0.01)


def data(name, batch):
    if name == "gpt":
        return torch.randint(VOCABULARY, (batch, CONTEXT)), torch.randint(VOCABULARY, (batch * CONTEXT,))
    shape = {"mlp": (784,), "cnn": (1, 28, 28), "resnet": (3, 32, 32)}[name]
    return torch.rand(batch, *shape), torch.randint(10, (batch,))


def product(rows, inner, columns, transpose_a, transpose_b):
    a = torch.rand(inner, rows).sub_(0.5).t() if transpose_a else torch.rand(rows, inner).sub_(0.5)
    b = torch.rand(columns, inner).sub_(0.5).t() if transpose_b else torch.rand(inner, columns).sub_(0.5)
    y = torch.empty(rows, columns)

    def step():
        torch.matmul(a, b, out=y)
        return 0.0

    return 0, step


def workload(name, batch):
    x, y = data(name, batch)
    model = network(name)
    rule = optimizer(name, model.parameters())

    def step():
        rule.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        rule.step()
        return loss.item()

    return sum(parameter.numel() for parameter in model.parameters()), step


def opened(words):
    if words[0] == "gemm":
        rows, inner, columns = map(int, words[1:4])
        return product(rows, inner, columns, words[4] == "true", words[5] == "true")
    return workload(words[0], int(words[1]))


def run(step, nanos, least):
    start, steps = time.perf_counter_ns(), 0
    while steps < least or time.perf_counter_ns() - start < nanos:
        loss = step()
        steps += 1
    return f"ran {steps} {time.perf_counter_ns() - start} {loss}"


def main():
    torch.set_num_threads(int(sys.argv[1]))
    torch.manual_seed(1)
    cases, step = {}, None
    for line in iter(sys.stdin.readline, ""):
        words = line.split()
        if words[0] == "run":
            print(run(step, int(words[1]), int(words[2])), flush=True)
            continue
        name = tuple(words[1:])
        if words[0] == "renew" or name not in cases:
            cases[name] = opened(name)
        parameters, step = cases[name]
        print(f"opened {parameters} PyTorch {torch.__version__}, threads {torch.get_num_threads()}", flush=True)


if __name__ == "__main__":
    main()
