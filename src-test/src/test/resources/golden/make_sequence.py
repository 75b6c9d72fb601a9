#!/usr/bin/python3
"""Makes sequence.txt beside this script: attention, rotary positions and the fused ops as PyTorch has them, in double.

    python3 make_sequence.py

Needs PyTorch 1.13 or later. The format is that of make_golden.py. Attention is written out with its whole matrix of scores, so
that nothing here shares a trick with the implementations that are compared with it.
"""

import math

import torch
import torch.nn.functional as F

from make_golden import File, Lcg, case


def attention(q, k, v, causal, scale):
    """q: (B, T, H, D); k, v: (B, S, G, D). Query head h reads key head h // (H / G); causal is aligned at the end."""
    shared = q.shape[2] // k.shape[2]
    q, k, v = q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2)
    k, v = k.repeat_interleave(shared, 1), v.repeat_interleave(shared, 1)
    scores = scale * (q @ k.transpose(-1, -2))
    if causal:
        queries, keys = scores.shape[-2:]
        hidden = torch.ones(queries, keys).triu(keys - queries + 1).bool()
        scores = scores.masked_fill(hidden, -math.inf)
    return (torch.softmax(scores, -1) @ v).transpose(1, 2), torch.logsumexp(scores, -1)


def packed_attention(qkv, heads, key_heads, causal, scale):
    batch, positions, width = qkv.shape
    parts = qkv.reshape(batch, positions, heads + 2 * key_heads, -1)
    q, k, v = parts.split([heads, key_heads, key_heads], 2)
    y, lse = attention(q, k, v, causal, scale)
    return y.flatten(2), lse


def attentions(file):
    random = Lcg(20)
    for name, causal, (batch, queries, keys, heads, key_heads, length), bound, scale in [
        ("causal", 1, (2, 5, 5, 2, 2, 8), 2, None),
        ("full", 0, (1, 4, 7, 3, 3, 8), 2, None),
        ("grouped", 1, (1, 6, 6, 4, 2, 16), 2, None),
        ("one_key_head", 1, (2, 4, 4, 3, 1, 10), 2, None),
        ("more_keys", 1, (1, 3, 8, 2, 1, 12), 2, None),
        ("last_query", 1, (1, 1, 9, 2, 1, 8), 2, None),
        ("more_queries", 0, (1, 9, 4, 2, 1, 8), 2, None),
        ("beyond_a_tile", 1, (1, 67, 67, 1, 1, 8), 2, None),
        ("beyond_a_tile_full", 0, (1, 2, 70, 1, 1, 8), 2, None),
        ("odd_length", 0, (1, 3, 4, 1, 1, 7), 2, None),
        ("head_40", 1, (1, 4, 4, 1, 1, 40), 2, None),
        ("head_64", 0, (1, 2, 3, 2, 1, 64), 2, None),
        ("head_128", 1, (1, 2, 3, 2, 1, 128), 2, None),
        ("saturated", 1, (1, 5, 5, 2, 2, 8), 16, 1.0),
        ("single", 1, (1, 1, 1, 1, 1, 8), 2, None),
    ]:
        scale = scale or 1 / math.sqrt(length)
        case(file, "attention_" + name, "attention",
             {"q": random.tensor((batch, queries, heads, length), -bound, bound),
              "k": random.tensor((batch, keys, key_heads, length), -bound, bound),
              "v": random.tensor((batch, keys, key_heads, length), -2, 2)},
             lambda q, k, v: attention(q, k, v, causal, scale), random,
             {"causal": [causal], "scale": [scale]}, outputs=("y", "lse"))
    for name, causal, (batch, positions, heads, key_heads, length) in [
        ("causal", 1, (2, 5, 2, 2, 8)),
        ("full", 0, (1, 6, 3, 3, 4)),
        ("grouped", 1, (2, 4, 4, 2, 8)),
        ("head_64", 1, (1, 3, 2, 1, 64)),
    ]:
        scale = 1 / math.sqrt(length)
        case(file, "packed_attention_" + name, "packed_attention",
             {"qkv": random.tensor((batch, positions, (heads + 2 * key_heads) * length), -2, 2)},
             lambda qkv: packed_attention(qkv, heads, key_heads, causal, scale), random,
             {"heads": [heads], "key_heads": [key_heads], "causal": [causal], "scale": [scale]},
             outputs=("y", "lse"))


def rotary(x, rotated, base, start, inverse):
    """The half-split form: each pair is a complex number, turned by multiplication. x: (B, T, heads, D)."""
    half = x.shape[3] // 2
    speed = base ** (-torch.arange(half, dtype=torch.float64) * 2 / x.shape[3])
    angle = (start + torch.arange(x.shape[1], dtype=torch.float64))[:, None] * speed
    turn = torch.polar(torch.ones_like(angle), -angle if inverse else angle)[:, None, :]
    turned = torch.complex(x[..., :half], x[..., half:]) * turn
    turned = torch.cat([turned.real, turned.imag], -1)
    return torch.cat([turned[:, :, :rotated], x[:, :, rotated:]], 2)


def rotaries(file):
    random = Lcg(21)
    for name, shape, rotated, base, start, inverse in [
        ("all", (2, 5, 3, 8), 3, 10000, 0, 0),
        ("some_heads", (1, 4, 6, 6), 4, 10000, 7, 0),
        ("none", (1, 2, 2, 4), 0, 10000, 3, 0),
        ("inverse", (2, 3, 2, 8), 1, 10000, 5, 1),
        ("far", (1, 2, 1, 64), 1, 500000, 4095, 0),
        ("pair", (1, 5, 1, 2), 1, 100, 0, 0),
    ]:
        case(file, "rotary_" + name, "rotary", {"x": random.tensor(shape, -2, 2)},
             lambda x: rotary(x, rotated, base, start, inverse), random,
             {"rotated": [rotated], "base": [base], "start": [start], "inverse": [inverse]})


def residual_layer_norm(x, delta, gamma, beta):
    total = x + delta
    y = F.layer_norm(total, gamma.shape, gamma, beta, 1e-5)
    return y, total, total.mean(-1), 1 / torch.sqrt(total.var(-1, unbiased=False) + 1e-5)


def fused(file):
    random = Lcg(22)
    for name, shape, bound in [("", (2, 3, 7), 3), ("_saturated", (3, 5), 30), ("_vector", (9,), 3)]:
        case(file, "bias_gelu_tanh" + name, "bias_gelu_tanh",
             {"x": random.tensor(shape, -bound, bound), "b": random.tensor(shape[-1:], -2, 2)},
             lambda x, b: F.gelu(x + b, approximate="tanh"), random)
    for name, shape in [("", (2, 3, 7)), ("_wide", (2, 131)), ("_vector", (5,))]:
        case(file, "residual_layer_norm" + name, "residual_layer_norm",
             {"x": random.tensor(shape, -2, 2), "delta": random.tensor(shape, -2, 2),
              "gamma": random.tensor(shape[-1:], -2, 2), "beta": random.tensor(shape[-1:], -1, 1)},
             residual_layer_norm, random, {"epsilon": [1e-5]}, outputs=("y", "sum", "mean", "rstd"),
             incoming=("dy", "dsum"))


def main():
    torch.set_num_threads(1)
    file = File("sequence", "make_sequence.py")
    attentions(file)
    rotaries(file)
    fused(file)
    file.write()


if __name__ == "__main__":
    main()
