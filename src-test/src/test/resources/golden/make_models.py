#!/usr/bin/env python3
"""Makes gpt2.txt and llama.txt beside this script: two small language models, trained for ten steps by PyTorch.

    python3 make_models.py

Needs PyTorch 1.13 or later. Each model is trained in float64, which is the truth, in float32, and plainly in bfloat16:
parameters, activations and gradients bfloat16, as autograd yields them, master weights and AdamW in float32. How far the plain
runs end up from the truth is what a better bfloat16 implementation is measured by (Dao 2023, arXiv:2307.08691, tests so).

Lines are as in make_golden.py. The cases of a file:

    start   attributes of the model and of its training; `int ids` (B, T + 1), inputs and, one later, targets; for each
            parameter in Hugging Face's naming, in the order in which they are drawn, `attribute shape.<name>` and
            `in <name>`, a sample of its initial values, and `attribute whole.<name>`
    f64     `out logits` (a sample), `out losses` and `out norms` (of the gradients, before clipping) of ten steps;
            `grad <name>` at step 0 and `last <name>` after ten steps, samples both; `attribute whole.grad.<name>` and
            `attribute whole.last.<name>`
    f32, bf16
            `out losses` and `out norms`; `attribute error.logits`, `error.losses`, `error.grad.<name>`,
            `error.last.<name>`: how far from f64 this run is: the largest difference among all elements, the root of the
            mean square, and the largest among those of the sample

A sample of n elements in row-major order is all of them up to 256, else the elements 7919 i mod n for i from 0 to 255.
`whole` is about all elements: sum, sum of squares, largest absolute value, and the sum of the products with Lcg(99)'s
numbers in [-1, 1), which tells a transposed tensor from the right one.

Initial values come from Lcg(10) or Lcg(11): for a parameter of two axes tensor(shape, -1/8, 1/8), for the scale of a norm
1 + 8 tensor(shape, -1/32, 1/32), for a bias tensor(shape, -1/8, 1/8); then the ids, ints((2, 33), 65). bfloat16 holds all of
these exactly. Weights of GPT-2 are (in, out), those of Llama (out, in), as Hugging Face stores them. The rows 65 to 127 of the
embeddings are padding: they are learned, and take part in softmax, but are never a target.
"""

import math

import torch
import torch.nn.functional as F

from make_golden import File, Lcg

BATCH, POSITIONS = 2, 32
LAYERS, WIDTH, HEADS, KEY_HEADS = 2, 64, 4, 2
VOCABULARY, PADDED = 65, 128
STEPS = 10
TRAINING = {"lr": 1e-3, "betas": (0.9, 0.95), "eps": 1e-8}
WEIGHT_DECAY, CLIP = 0.1, 1.0


def statistics_type(dtype):
    return torch.float32 if dtype == torch.bfloat16 else dtype


def causal_attention(q, k, v):
    """q, k, v: (B, heads, T, D)."""
    scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
    positions = scores.shape[-1]
    hidden = torch.ones(positions, positions).triu(1).bool()
    return torch.softmax(scores.masked_fill(hidden, -math.inf), -1) @ v


class Gpt2:
    """Pre-norm, learned positions, gelu's tanh form, the embedding as head. Radford et al. 2019."""

    name, seed = "gpt2", 10
    attributes = {"hidden": 4 * WIDTH, "epsilon": 1e-5, "key_heads": HEADS}

    @staticmethod
    def shapes():
        shapes = {"transformer.wte.weight": (PADDED, WIDTH), "transformer.wpe.weight": (POSITIONS, WIDTH)}
        for i in range(LAYERS):
            for name, shape in {
                "ln_1.weight": (WIDTH,), "ln_1.bias": (WIDTH,),
                "attn.c_attn.weight": (WIDTH, 3 * WIDTH), "attn.c_attn.bias": (3 * WIDTH,),
                "attn.c_proj.weight": (WIDTH, WIDTH), "attn.c_proj.bias": (WIDTH,),
                "ln_2.weight": (WIDTH,), "ln_2.bias": (WIDTH,),
                "mlp.c_fc.weight": (WIDTH, 4 * WIDTH), "mlp.c_fc.bias": (4 * WIDTH,),
                "mlp.c_proj.weight": (4 * WIDTH, WIDTH), "mlp.c_proj.bias": (WIDTH,),
            }.items():
                shapes[f"transformer.h.{i}.{name}"] = shape
        return shapes | {"transformer.ln_f.weight": (WIDTH,), "transformer.ln_f.bias": (WIDTH,)}

    @staticmethod
    def logits(p, ids):
        def norm(name, x):
            return F.layer_norm(x, (WIDTH,), p[name + ".weight"], p[name + ".bias"], Gpt2.attributes["epsilon"])

        def linear(name, x):
            return x @ p[name + ".weight"] + p[name + ".bias"]

        batch, positions = ids.shape
        x = F.embedding(ids, p["transformer.wte.weight"]) + p["transformer.wpe.weight"][:positions]
        for i in range(LAYERS):
            block = f"transformer.h.{i}."
            q, k, v = linear(block + "attn.c_attn", norm(block + "ln_1", x)).split(WIDTH, -1)
            q, k, v = (t.view(batch, positions, HEADS, -1).transpose(1, 2) for t in (q, k, v))
            attended = causal_attention(q, k, v).transpose(1, 2).reshape(batch, positions, WIDTH)
            x = x + linear(block + "attn.c_proj", attended)
            h = F.gelu(linear(block + "mlp.c_fc", norm(block + "ln_2", x)), approximate="tanh")
            x = x + linear(block + "mlp.c_proj", h)
        return norm("transformer.ln_f", x) @ p["transformer.wte.weight"].T


class Llama:
    """RMS norm, rotary positions, SwiGLU, grouped queries, a head of its own, no biases. Touvron et al. 2023, arXiv:2307.09288."""

    name, seed = "llama", 11
    attributes = {"hidden": 176, "epsilon": 1e-6, "key_heads": KEY_HEADS, "base": 10000}

    @staticmethod
    def shapes():
        hidden, keys = Llama.attributes["hidden"], WIDTH // HEADS * KEY_HEADS
        shapes = {"model.embed_tokens.weight": (PADDED, WIDTH)}
        for i in range(LAYERS):
            for name, shape in {
                "input_layernorm.weight": (WIDTH,),
                "self_attn.q_proj.weight": (WIDTH, WIDTH), "self_attn.k_proj.weight": (keys, WIDTH),
                "self_attn.v_proj.weight": (keys, WIDTH), "self_attn.o_proj.weight": (WIDTH, WIDTH),
                "post_attention_layernorm.weight": (WIDTH,),
                "mlp.gate_proj.weight": (hidden, WIDTH), "mlp.up_proj.weight": (hidden, WIDTH),
                "mlp.down_proj.weight": (WIDTH, hidden),
            }.items():
                shapes[f"model.layers.{i}.{name}"] = shape
        return shapes | {"model.norm.weight": (WIDTH,), "lm_head.weight": (PADDED, WIDTH)}

    @staticmethod
    def logits(p, ids):
        def norm(name, x):
            wide = x.to(statistics_type(x.dtype))
            wide = wide * torch.rsqrt((wide * wide).mean(-1, keepdim=True) + Llama.attributes["epsilon"])
            return wide.to(x.dtype) * p[name + ".weight"]

        def linear(name, x):
            return x @ p[name + ".weight"].T

        def heads(x):
            return x.view(batch, positions, -1, WIDTH // HEADS).transpose(1, 2)

        def rotate(x):
            first, second = x.chunk(2, -1)
            return torch.cat([first * cos - second * sin, second * cos + first * sin], -1)

        batch, positions = ids.shape
        x = F.embedding(ids, p["model.embed_tokens.weight"])
        half = WIDTH // HEADS // 2
        speed = Llama.attributes["base"] ** (-torch.arange(half, dtype=torch.float64) / half)
        angle = torch.arange(positions, dtype=torch.float64)[:, None] * speed
        cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
        for i in range(LAYERS):
            block = f"model.layers.{i}."
            h = norm(block + "input_layernorm", x)
            q, k, v = (heads(linear(f"{block}self_attn.{role}_proj", h)) for role in "qkv")
            q, k = rotate(q), rotate(k)
            k, v = (t.repeat_interleave(HEADS // KEY_HEADS, 1) for t in (k, v))
            attended = causal_attention(q, k, v).transpose(1, 2).reshape(batch, positions, WIDTH)
            x = x + linear(block + "self_attn.o_proj", attended)
            h = norm(block + "post_attention_layernorm", x)
            h = F.silu(linear(block + "mlp.gate_proj", h)) * linear(block + "mlp.up_proj", h)
            x = x + linear(block + "mlp.down_proj", h)
        return linear("lm_head", norm("model.norm", x))


def start(model):
    """Initial weights in double, and the ids."""
    random = Lcg(model.seed)
    weights = {}
    for name, shape in model.shapes().items():
        if name.endswith("bias") or len(shape) == 2:
            weights[name] = random.tensor(shape, -1 / 8, 1 / 8)
        else:
            weights[name] = 1 + 8 * random.tensor(shape, -1 / 32, 1 / 32)
    return weights, random.ints((BATCH, POSITIONS + 1), VOCABULARY)


def loss_of(logits, targets):
    """bfloat16 logits are widened: a loss of eight bits would say little."""
    wide = logits.to(statistics_type(logits.dtype))
    return F.cross_entropy(wide.flatten(0, 1), targets.flatten())


def train(model, dtype):
    """What happens in ten steps on one batch, all in double: logits and gradients of step 0, losses, norms, last weights."""
    weights, ids = start(model)
    masters = {name: w.to(statistics_type(dtype)).requires_grad_() for name, w in weights.items()}
    optimizer = torch.optim.AdamW(
        [{"params": [m for m in masters.values() if m.dim() == 2], "weight_decay": WEIGHT_DECAY},
         {"params": [m for m in masters.values() if m.dim() == 1], "weight_decay": 0.0}], **TRAINING)
    record = {"losses": [], "norms": []}
    for step in range(STEPS):
        p = {name: m.detach().to(dtype).requires_grad_() for name, m in masters.items()}
        logits = model.logits(p, ids[:, :-1])
        loss = loss_of(logits, ids[:, 1:])
        loss.backward()
        for name, m in masters.items():
            m.grad = p[name].grad.to(m.dtype).clone()
        if step == 0:
            record["logits"] = logits.detach().double()
            record |= {"grad." + name: m.grad.double().clone() for name, m in masters.items()}
        record["norms"].append(torch.nn.utils.clip_grad_norm_(masters.values(), CLIP).item())
        record["losses"].append(loss.item())
        optimizer.step()
    for key in ("losses", "norms"):
        record[key] = torch.tensor(record[key], dtype=torch.float64)
    return record | {"last." + name: m.detach().double() for name, m in masters.items()}


def sample(tensor):
    flat = tensor.reshape(-1)
    return flat if flat.numel() <= 256 else flat[torch.arange(256) * 7919 % flat.numel()]


def whole(tensor):
    mixed = tensor * Lcg(99).tensor(tensor.shape, -1, 1)
    return [t.item() for t in (tensor.sum(), (tensor * tensor).sum(), tensor.abs().max(), mixed.sum())]


def error(actual, truth):
    difference = (actual - truth).abs()
    return [t.item() for t in (difference.max(), (difference * difference).mean().sqrt(), sample(difference).max())]


def write(model):
    file = File(model.name, "make_models.py")
    weights, ids = start(model)
    file.case("start", "model")
    for name, value in ({"layers": LAYERS, "width": WIDTH, "heads": HEADS, "vocabulary": VOCABULARY, "padded": PADDED,
                         "positions": POSITIONS, "seed": model.seed, "lr": TRAINING["lr"], "adam_epsilon": TRAINING["eps"],
                         "weight_decay": WEIGHT_DECAY, "clip": CLIP} | model.attributes).items():
        file.attribute(name, value)
    file.attribute("betas", *TRAINING["betas"])
    file.put("int", "ids", ids)
    for name, weight in weights.items():
        file.attribute("shape." + name, *weight.shape)
        file.attribute("whole." + name, *whole(weight))
        file.put("in", name, sample(weight))

    truth = train(model, torch.float64)
    file.case("f64", "model")
    for key in ("losses", "norms", "logits"):
        file.put("out", key, sample(truth[key]))
    file.attribute("whole.logits", *whole(truth["logits"]))
    for kind in ("grad", "last"):
        for name in weights:
            file.attribute(f"whole.{kind}.{name}", *whole(truth[f"{kind}.{name}"]))
            file.put(kind, name, sample(truth[f"{kind}.{name}"]))

    for title, dtype in {"f32": torch.float32, "bf16": torch.bfloat16}.items():
        record = train(model, dtype)
        file.case(title, "model")
        for key in ("losses", "norms"):
            file.put("out", key, record[key])
        for key, value in record.items():
            file.attribute("error." + key, *error(value, truth[key]))
        worst = max((error(record["grad." + name], truth["grad." + name])[0], name) for name in weights)
        print(model.name, title, "errors: logits %.1e" % error(record["logits"], truth["logits"])[0],
              "losses %.1e" % error(record["losses"], truth["losses"])[0], "gradients %.1e (%s)" % worst)
    print(model.name, "losses", truth["losses"].tolist(), "norms", truth["norms"].tolist())
    file.write()


def main():
    torch.set_num_threads(1)
    write(Gpt2)
    write(Llama)


if __name__ == "__main__":
    main()
