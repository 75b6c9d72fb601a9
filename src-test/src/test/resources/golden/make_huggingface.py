#!/usr/bin/env python3
"""Makes the folder huggingface/ and huggingface.txt beside this script: checkpoints that Hugging Face's own code wrote.

    python3 make_huggingface.py

Needs the packages torch, transformers and safetensors; made with the versions in the header of huggingface.txt. First it
loads the weights of make_models.py into transformers' GPT2LMHeadModel and LlamaForCausalLM and compares logits and gradients
with those of the definitions there, which are therefore Hugging Face's.

Each checkpoint is a folder as save_pretrained leaves it, model.safetensors and config.json:

    gpt2            GPT2LMHeadModel: names with `transformer.`, no lm_head.weight, for it is tied
    gpt2-bare       GPT2Model: the same weights, names without the prefix
    gpt2-published  the same as the published GPT-2 files: without the prefix, and with the causal masks `h.<i>.attn.bias`,
                    F32 (1, 1, positions, positions), that older versions stored and a reader must pass over
    llama           LlamaForCausalLM, with a head of its own and grouped queries
    llama-tied      the same with a tied head: no lm_head.weight, and tie_word_embeddings in the config
    llama-bf16      the same as llama, stored in BF16

huggingface.txt has a case for each, in the format of make_golden.py: `int ids` (B, T) and `out logits` (B, T, vocabulary),
computed by transformers in F32 on the weights as stored (BF16 ones widened).
"""

import os
import shutil

import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers import GPT2Config, GPT2LMHeadModel, GPT2Model, LlamaConfig, LlamaForCausalLM

import make_models
from make_golden import HERE, File, Lcg
from make_models import Gpt2, Llama

FOLDER = os.path.join(HERE, "huggingface")
BATCH, POSITIONS = 2, 9


def compare_definitions():
    shape = {"vocab_size": make_models.PADDED, "attn_implementation": "eager"}
    for model, theirs in [
        (Gpt2, GPT2LMHeadModel(GPT2Config(
            n_positions=make_models.POSITIONS, n_embd=make_models.WIDTH, n_layer=make_models.LAYERS, n_head=make_models.HEADS,
            layer_norm_epsilon=Gpt2.attributes["epsilon"], embd_pdrop=0, attn_pdrop=0, resid_pdrop=0, **shape))),
        (Llama, LlamaForCausalLM(LlamaConfig(
            hidden_size=make_models.WIDTH, intermediate_size=Llama.attributes["hidden"],
            num_hidden_layers=make_models.LAYERS, num_attention_heads=make_models.HEADS,
            num_key_value_heads=make_models.KEY_HEADS, rms_norm_eps=Llama.attributes["epsilon"],
            max_position_embeddings=make_models.POSITIONS, tie_word_embeddings=False, **shape))),
    ]:
        weights, ids = make_models.start(model)
        missing, unexpected = theirs.load_state_dict(weights, strict=False)
        assert not unexpected and set(missing) <= {"lm_head.weight"}, (missing, unexpected)
        theirs.double().train()
        logits = theirs(ids[:, :-1]).logits
        make_models.loss_of(logits, ids[:, 1:]).backward()
        truth = make_models.train(model, torch.float64)
        off = (logits - truth["logits"]).abs().max().item()
        off_gradients = max((p.grad - truth["grad." + name]).abs().max().item() for name, p in theirs.named_parameters())
        print(f"{model.name}: transformers differs by {off:.1e} in the logits, {off_gradients:.1e} in the gradients")
        # transformers computes RMS norms and rotary angles in F32 whatever the weights are.
        bound = 1e-12 if model is Gpt2 else 5e-6
        assert off < bound and off_gradients < bound


def random_weights(model):
    """As trained ones may look: nothing is 0 or 1 throughout, so that no parameter can be mistaken for another."""
    with torch.no_grad():
        for p in model.parameters():
            p.normal_(1.0 if p.dim() == 1 else 0.0, 0.2)
    return model


def put(file, name, model):
    """Writes the case of a checkpoint, from its file."""
    folder = os.path.join(FOLDER, name)
    model = type(model).from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    ids = Lcg(30).ints((BATCH, POSITIONS), model.config.vocab_size)
    file.case(name, model.config.model_type)
    file.put("int", "ids", ids)
    with torch.no_grad():
        file.put("out", "logits", model(ids).logits.double())
    print(name, os.path.getsize(os.path.join(folder, "model.safetensors")), "bytes")


def main():
    torch.set_num_threads(1)
    torch.manual_seed(30)
    compare_definitions()
    shutil.rmtree(FOLDER, ignore_errors=True)
    file = File("huggingface", f"make_huggingface.py, transformers {transformers.__version__}")

    gpt2 = random_weights(GPT2LMHeadModel(GPT2Config(vocab_size=67, n_positions=16, n_embd=24, n_layer=2, n_head=3,
                                                      bos_token_id=0, eos_token_id=0)))
    gpt2.save_pretrained(os.path.join(FOLDER, "gpt2"))
    put(file, "gpt2", gpt2)
    gpt2.transformer.save_pretrained(os.path.join(FOLDER, "gpt2-bare"))
    put(file, "gpt2-bare", gpt2)
    bare = load_file(os.path.join(FOLDER, "gpt2-bare", "model.safetensors"))
    for i in range(gpt2.config.n_layer):
        bare[f"h.{i}.attn.bias"] = torch.ones(1, 1, 16, 16).tril()
    shutil.copytree(os.path.join(FOLDER, "gpt2-bare"), os.path.join(FOLDER, "gpt2-published"))
    save_file(bare, os.path.join(FOLDER, "gpt2-published", "model.safetensors"), metadata={"format": "pt"})
    put(file, "gpt2-published", gpt2)

    shape = {"vocab_size": 61, "hidden_size": 32, "intermediate_size": 56, "num_hidden_layers": 2, "num_attention_heads": 4,
             "num_key_value_heads": 2, "max_position_embeddings": 16, "rms_norm_eps": 1e-6}
    llama = random_weights(LlamaForCausalLM(LlamaConfig(**shape, tie_word_embeddings=False)))
    llama.save_pretrained(os.path.join(FOLDER, "llama"))
    put(file, "llama", llama)
    tied = random_weights(LlamaForCausalLM(LlamaConfig(**shape, tie_word_embeddings=True)))
    tied.save_pretrained(os.path.join(FOLDER, "llama-tied"))
    put(file, "llama-tied", tied)
    llama.to(torch.bfloat16).save_pretrained(os.path.join(FOLDER, "llama-bf16"))
    put(file, "llama-bf16", llama)
    file.write()


if __name__ == "__main__":
    main()
