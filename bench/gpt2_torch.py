#!/usr/bin/env python3
"""Training speed of GPT-2 in PyTorch, done as well as is usual: what `bench gpt2` is put beside, on the same card in one run.

    python3 bench/gpt2_torch.py                          GPT-2 124M, T = 1024, batch sizes up to what fits
    python3 bench/gpt2_torch.py --batches 64 --tokens-per-step 524288       one update of half a million tokens
    python3 bench/gpt2_torch.py --tiny --device cpu      a tiny model on any machine, to see that the script is right

bf16 autocast, torch.compile, scaled_dot_product_attention, fused AdamW, a vocabulary padded to 50304, TF32 for what stays
float32. Inputs are random tokens that lie on the device. A measured step is everything from zeroed gradients to new weights,
clipping included. Each line of output is JSON: medians over the steps by CUDA events (by the host's clock on a CPU).

MFU is by llm.c's count of FLOPs a token, 6 N + 6 L C T, with N the parameters (the tied embedding once, positions included),
against the card's dense bf16 peak, which is named. A card that is not in the table needs --peak.
"""

import argparse
import contextlib
import json
import math
import re
import statistics
import sys
import time

import torch
import torch.nn.functional as F

# Dense bf16 tensor throughput without sparsity, NVIDIA's data sheets; the longest name whose words a card's name has counts.
PEAK_TFLOPS = {"H100 PCIe": 756, "H100 NVL": 835, "H100": 989, "H200": 989, "A100": 312, "RTX 4090": 165.2, "L4": 121}
SIZES = {"124M": (12, 768, 12), "350M": (24, 1024, 16), "774M": (36, 1280, 20), "1558M": (48, 1600, 25)}


class Block(torch.nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.ln_1, self.ln_2 = torch.nn.LayerNorm(width), torch.nn.LayerNorm(width)
        self.qkv, self.attended = torch.nn.Linear(width, 3 * width), torch.nn.Linear(width, width)
        self.wide, self.narrow = torch.nn.Linear(width, 4 * width), torch.nn.Linear(4 * width, width)

    def attention(self, x):
        batch, positions, width = x.shape
        q, k, v = (t.view(batch, positions, self.heads, -1).transpose(1, 2) for t in self.qkv(x).split(width, -1))
        if hasattr(F, "scaled_dot_product_attention"):
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            hidden = torch.ones(positions, positions, dtype=torch.bool, device=x.device).triu(1)
            scores = (q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])).masked_fill(hidden, -math.inf)
            y = torch.softmax(scores, -1) @ v
        return self.attended(y.transpose(1, 2).reshape(batch, positions, width))

    def forward(self, x):
        x = x + self.attention(self.ln_1(x))
        return x + self.narrow(F.gelu(self.wide(self.ln_2(x)), approximate="tanh"))


class Gpt2(torch.nn.Module):
    def __init__(self, layers, width, heads, positions, vocabulary):
        super().__init__()
        self.tokens, self.positions = torch.nn.Embedding(vocabulary, width), torch.nn.Embedding(positions, width)
        self.blocks = torch.nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.norm = torch.nn.LayerNorm(width)
        for name, p in self.named_parameters():
            if p.dim() == 2:
                residual = name.endswith(("attended.weight", "narrow.weight"))
                torch.nn.init.normal_(p, 0, 0.02 / math.sqrt(2 * layers) if residual else 0.02)
            elif name.endswith("bias"):
                torch.nn.init.zeros_(p)

    def forward(self, ids, targets):
        x = self.tokens(ids) + self.positions.weight[: ids.shape[1]]
        for block in self.blocks:
            x = block(x)
        logits = F.linear(self.norm(x), self.tokens.weight)
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


def warn(sentence):
    print("gpt2_torch: " + sentence, file=sys.stderr)


def adam_w(model, device):
    groups = [{"params": [p for p in model.parameters() if p.dim() >= 2], "weight_decay": 0.1},
              {"params": [p for p in model.parameters() if p.dim() < 2], "weight_decay": 0.0}]
    settings = {"lr": 6e-4, "betas": (0.9, 0.95), "eps": 1e-8}
    if device == "cuda":
        try:
            return torch.optim.AdamW(groups, **settings, fused=True), True
        except (TypeError, RuntimeError) as e:
            warn(f"AdamW is not fused, for torch {torch.__version__} has none that is ({e}); 2.0 has one")
    return torch.optim.AdamW(groups, **settings), False


def compiled(model, wanted):
    if wanted and not hasattr(torch, "compile"):
        warn(f"not compiled, for torch {torch.__version__} has no torch.compile; 2.0 has one")
    wanted = wanted and hasattr(torch, "compile")
    return torch.compile(model) if wanted else model, wanted


class Timer:
    """Times steps by CUDA events, so that the host never waits between them; by the host's clock on a CPU."""

    def __init__(self, device):
        self.cuda = device == "cuda"
        self.marks = []

    def mark(self):
        if self.cuda:
            event = torch.cuda.Event(enable_timing=True)
            event.record()
            self.marks.append(event)
        else:
            self.marks.append(time.perf_counter())

    def milliseconds(self):
        pairs = list(zip(self.marks, self.marks[1:]))
        if self.cuda:
            torch.cuda.synchronize()
            return [a.elapsed_time(b) for a, b in pairs]
        return [(b - a) * 1000 for a, b in pairs]


def peak(options):
    """TFLOPS and what they are of; none on an unknown device."""
    if options.peak:
        return options.peak, "given"
    if options.device == "cuda":
        name = torch.cuda.get_device_name()
        for card in sorted(PEAK_TFLOPS, key=len, reverse=True):
            if set(card.split()) <= set(re.split("[ -]", name)):
                return PEAK_TFLOPS[card], f"{card}, dense bf16"
        warn(f"no MFU, for the peak of '{name}' is not known; give it with --peak TFLOPS")
    return None, None


def measure(options, batch):
    layers, width, heads = (2, 64, 4) if options.tiny else SIZES[options.size]
    positions, vocabulary = (64, 256) if options.tiny else (1024, 50304)
    device = options.device
    torch.manual_seed(1)
    plain = Gpt2(layers, width, heads, positions, vocabulary).to(device)
    optimizer, fused = adam_w(plain, device)
    model, is_compiled = compiled(plain, options.compile)
    micro_steps = max(1, options.tokens_per_step // (batch * positions))
    ids = torch.randint(vocabulary, (micro_steps, batch, positions + 1), device=device)
    autocast = contextlib.nullcontext
    if options.dtype == "bf16":
        autocast = lambda: torch.autocast(device, torch.bfloat16)  # noqa: E731

    def step():
        optimizer.zero_grad(set_to_none=True)
        for i in range(micro_steps):
            with autocast():
                loss = model(ids[i, :, :-1], ids[i, :, 1:])
            (loss / micro_steps).backward()
        torch.nn.utils.clip_grad_norm_(plain.parameters(), 1.0)
        optimizer.step()
        return loss

    first = step().item()
    for _ in range(options.warm_up - 1):
        step()
    if device == "cuda":
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
    timer = Timer(device)
    timer.mark()
    for _ in range(options.steps):
        loss = step()
        timer.mark()
    times = timer.milliseconds()
    median = statistics.median(times)
    parameters = sum(p.numel() for p in plain.parameters())
    flops = 6 * parameters + 6 * layers * width * positions
    tokens = micro_steps * batch * positions
    rate = tokens / median * 1000
    tflops, whose = peak(options)
    return {
        "batch": batch, "micro_steps": micro_steps, "tokens_per_step": tokens,
        "median_ms": round(median, 3), "min_ms": round(min(times), 3), "max_ms": round(max(times), 3),
        "tokens_per_s": round(rate), "tflops": round(rate * flops / 1e12, 2),
        "mfu": tflops and round(rate * flops / 1e12 / tflops, 4), "peak_tflops": tflops, "peak_of": whose,
        "memory_mib": round(torch.cuda.max_memory_allocated() / 2**20) if device == "cuda" else None,
        "loss_first": round(first, 4), "loss_last": round(loss.item(), 4),
        "parameters": parameters, "flops_per_token": flops, "positions": positions, "dtype": options.dtype,
        "compiled": is_compiled, "fused_adam_w": fused,
        "flash": hasattr(F, "scaled_dot_product_attention"), "torch": torch.__version__,
        "device": torch.cuda.get_device_name() if device == "cuda" else "cpu"}


def arguments():
    parser = argparse.ArgumentParser(description="Tokens a second of GPT-2's training in PyTorch, one JSON line a batch size.")
    parser.add_argument("--size", choices=list(SIZES), default="124M")
    parser.add_argument("--batches", default="4,8,16,32,64,96,128", help="sequences a batch, with commas between")
    parser.add_argument("--tokens-per-step", type=int, default=0, help="gather gradients of as many batches, e.g. 524288")
    parser.add_argument("--steps", type=int, default=20, help="measured steps")
    parser.add_argument("--warm-up", type=int, default=5, help="steps before them, compiling included")
    parser.add_argument("--dtype", choices=["bf16", "f32"], default="bf16")
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--no-compile", dest="compile", action="store_false")
    parser.add_argument("--peak", type=float, help="the card's dense bf16 TFLOPS")
    parser.add_argument("--tiny", action="store_true", help="2 layers, width 64, T = 64, vocabulary 256")
    return parser.parse_args()


def main():
    options = arguments()
    if options.device == "cuda" and not torch.cuda.is_available():
        sys.exit("gpt2_torch: no CUDA device, torch " + torch.__version__ + "; --tiny --device cpu runs anywhere")
    if options.warm_up < 1 or options.steps < 1:
        sys.exit(f"gpt2_torch: needs a step of each, got --warm-up {options.warm_up} --steps {options.steps}; give at least 1")
    if hasattr(torch, "set_float32_matmul_precision"):
        torch.set_float32_matmul_precision("high")
    for batch in (int(b) for b in options.batches.split(",")):
        try:
            print(json.dumps(measure(options, batch)), flush=True)
        except RuntimeError as e:
            if "out of memory" not in str(e):
                raise
            print(json.dumps({"batch": batch, "error": "out of memory"}), flush=True)
            break
        finally:
            if hasattr(torch, "compiler"):
                torch.compiler.reset()
            if options.device == "cuda":
                torch.cuda.empty_cache()


if __name__ == "__main__":
    main()
