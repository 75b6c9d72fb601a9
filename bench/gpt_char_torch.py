#!/usr/bin/env python3
"""Trains a GPT of 0.8M parameters on the characters of a text with PyTorch: what Tandem's figure is put beside.

    bible -f Gen1:1-Rev22:21 > kjv.txt        (Debian: apt install bible-kjv; docs/gpt-char.md tells more)
    python3 bench/gpt_char_torch.py kjv.txt --threads 2

The setting is nanoGPT's for a CPU (Karpathy, config/train_shakespeare_char.py and its README): 4 layers, width 128, 4 heads,
windows of 64, batches of 12, 2,000 steps, AdamW (0.9, 0.99) with decay 0.1 on matrices, 1e-3 after 100 steps of warm-up, then
a cosine to 1e-4, clipping at 1.0, no dropout. What depends on choices is made as Tandem makes it, so that both see the same
data in the same order:

    tokens      each character's place among the text's sorted characters; 128 rows in the embedding
    split       the first 90 % of the tokens (rounded down) are for training, the others for validation
    windows     window i holds the tokens [64 i, 64 i + 64), its targets are one later
    order       Fisher-Yates, with Philox4x32-10 keyed with the seed, as dev.tandem.data.BatchLoader shuffles epoch 0
    weights     normal, deviation 0.02; the two projections into the residual stream of a layer 0.02 / sqrt(2 layers);
                biases 0, scales 1. --initial FILE writes them as safetensors, in Hugging Face's naming, F32
    validation  the mean loss over all windows of the validation split

The last line is JSON. Runs on PyTorch 1.13 and later.
"""

import argparse
import json
import math
import struct
import time

import torch
import torch.nn.functional as F

LAYERS, WIDTH, HEADS, WINDOW, BATCH, PADDED = 4, 128, 4, 64, 12, 128
RATE, LAST_RATE, WARM_UP, CLIP = 1e-3, 1e-4, 100, 1.0


def philox(key, low, high):
    """The four words of a block. Salmon et al. 2011, section 5.2, as in dev.tandem.op.Philox."""
    mask = 2**32 - 1
    k0, k1 = key & mask, key >> 32 & mask
    c = [low & mask, low >> 32 & mask, high & mask, high >> 32 & mask]
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(p1 >> 32) ^ c[1] ^ k0, p1 & mask, (p0 >> 32) ^ c[3] ^ k1, p0 & mask]
        k0, k1 = (k0 + 0x9E3779B9) & mask, (k1 + 0xBB67AE85) & mask
    return c


def words(seed, epoch):
    """dev.tandem.data.Draws for a shuffle: purpose 0, sample 0."""
    block = 0
    while True:
        yield from philox(seed, block, epoch)
        block += 1


def shuffled(count, seed, epoch):
    """The order of an epoch. Numbers below a bound by multiplication with rejection (Lemire 2019, arXiv:1805.10941)."""
    order, draws = list(range(count)), words(seed, epoch)
    for i in range(count - 1, 0, -1):
        bound = i + 1
        product = next(draws) * bound
        while product % 2**32 < 2**32 % bound:
            product = next(draws) * bound
        j = product >> 32
        order[i], order[j] = order[j], order[i]
    return order


class Block(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.ln_1, self.ln_2 = torch.nn.LayerNorm(WIDTH), torch.nn.LayerNorm(WIDTH)
        self.attn = torch.nn.ModuleDict(
            {"c_attn": torch.nn.Linear(WIDTH, 3 * WIDTH), "c_proj": torch.nn.Linear(WIDTH, WIDTH)})
        self.mlp = torch.nn.ModuleDict(
            {"c_fc": torch.nn.Linear(WIDTH, 4 * WIDTH), "c_proj": torch.nn.Linear(4 * WIDTH, WIDTH)})

    def attention(self, x):
        batch, positions, _ = x.shape
        q, k, v = (t.view(batch, positions, HEADS, -1).transpose(1, 2) for t in self.attn["c_attn"](x).split(WIDTH, -1))
        if hasattr(F, "scaled_dot_product_attention"):
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            hidden = torch.ones(positions, positions, dtype=torch.bool).triu(1)
            scores = (q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])).masked_fill(hidden, -math.inf)
            y = torch.softmax(scores, -1) @ v
        return self.attn["c_proj"](y.transpose(1, 2).reshape(batch, positions, WIDTH))

    def forward(self, x):
        x = x + self.attention(self.ln_1(x))
        return x + self.mlp["c_proj"](F.gelu(self.mlp["c_fc"](self.ln_2(x)), approximate="tanh"))


class Gpt(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.wte, self.wpe = torch.nn.Embedding(PADDED, WIDTH), torch.nn.Embedding(WINDOW, WIDTH)
        self.h = torch.nn.ModuleList(Block() for _ in range(LAYERS))
        self.ln_f = torch.nn.LayerNorm(WIDTH)
        for name, p in self.named_parameters():
            if p.dim() == 2:
                torch.nn.init.normal_(p, 0, 0.02 / math.sqrt(2 * LAYERS) if name.endswith("c_proj.weight") else 0.02)
            elif name.endswith("bias"):
                torch.nn.init.zeros_(p)

    def forward(self, ids):
        x = self.wte(ids) + self.wpe.weight[: ids.shape[1]]
        for block in self.h:
            x = block(x)
        return F.linear(self.ln_f(x), self.wte.weight)

    def loss(self, ids, targets):
        return F.cross_entropy(self(ids).flatten(0, 1), targets.flatten())


def write_safetensors(path, model):
    """Hugging Face's layout of GPT-2: weights of linear layers are (in, out)."""
    header, data = {}, b""
    for name, p in model.named_parameters():
        values = p.detach().T if p.dim() == 2 and ".c_" in name else p.detach()
        numbers = values.contiguous().flatten().tolist()
        start, data = len(data), data + struct.pack(f"<{len(numbers)}f", *numbers)
        header["transformer." + name] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": [start, len(data)]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def windows(tokens, numbers):
    at = torch.as_tensor(numbers)[:, None] * WINDOW + torch.arange(WINDOW)
    return tokens[at], tokens[at + 1]


def validation(model, tokens):
    count, total = (len(tokens) - 1) // WINDOW, 0.0
    with torch.no_grad():
        for first in range(0, count, 256):
            numbers = range(first, min(first + 256, count))
            total += model.loss(*windows(tokens, list(numbers))).item() * len(numbers)
    return total / count


def rate(step, steps):
    """Of step 0, 1, ...: linear up to RATE at the end of the warm-up, then a cosine that comes to LAST_RATE at the end."""
    if step < WARM_UP:
        return RATE * (step + 1) / WARM_UP
    passed = (step - WARM_UP) / max(1, steps - WARM_UP)
    return LAST_RATE + (RATE - LAST_RATE) * (1 + math.cos(math.pi * passed)) / 2


def main():
    options = argparse.ArgumentParser(description="Trains a GPT of 0.8M parameters on a text's characters.")
    options.add_argument("text")
    options.add_argument("--steps", type=int, default=2000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--initial", help="file to write the initial weights to")
    options = options.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)

    with open(options.text, encoding="utf-8", newline="") as file:
        text = file.read()
    characters = sorted(set(text))
    places = {c: i for i, c in enumerate(characters)}
    tokens = torch.tensor([places[c] for c in text])
    border = len(tokens) * 9 // 10
    training, held_out = tokens[:border], tokens[border:]
    model = Gpt()
    parameters = sum(p.numel() for p in model.parameters())
    print(f"{len(tokens)} tokens, {len(characters)} characters, {parameters} parameters, torch {torch.__version__}")
    if options.initial:
        write_safetensors(options.initial, model)
    matrices = [p for p in model.parameters() if p.dim() == 2]
    vectors = [p for p in model.parameters() if p.dim() == 1]
    optimizer = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}], betas=(0.9, 0.99), eps=1e-8)

    per_epoch = (len(training) - 1) // WINDOW // BATCH
    order, epoch, times, loss = None, -1, [], None
    begin = time.perf_counter()
    for step in range(options.steps):
        if step // per_epoch != epoch:
            epoch = step // per_epoch
            order = shuffled((len(training) - 1) // WINDOW, options.seed, epoch)
        at = step % per_epoch * BATCH
        ids, targets = windows(training, order[at:at + BATCH])
        started = time.perf_counter()
        for group in optimizer.param_groups:
            group["lr"] = rate(step, options.steps)
        loss = model.loss(ids, targets)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimizer.step()
        times.append(time.perf_counter() - started)
        if step < 3 or step % 250 == 249:
            print(f"step {step + 1}: loss {loss.item():.6f}", flush=True)
    seconds = time.perf_counter() - begin
    print(json.dumps({
        "torch": torch.__version__, "threads": options.threads, "seed": options.seed, "steps": options.steps,
        "validation_loss": round(validation(model, held_out), 5), "training_seconds": round(seconds, 1),
        # On a machine that does other things as well, the fastest twentieth tells more than the median.
        "median_step_ms": round(sorted(times)[len(times) // 2] * 1000, 2),
        "twentieth_step_ms": round(sorted(times)[len(times) // 20] * 1000, 2)}))


if __name__ == "__main__":
    main()
