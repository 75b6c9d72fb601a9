# Writes gpt2.txt: texts and what OpenAI's own tokenizer makes of them. Made with tiktoken 0.14.0 on 2026-11-27:
#   python3 gpt2.py r50k_base.tiktoken
# The merges are those that tiktoken would download, known by their hash; jtokkit's jar holds the same file.
# A line: the text's UTF-8 in hexadecimal, a space, the tokens with commas between.
import hashlib
import random
import sys
import unicodedata

import tiktoken
from tiktoken.load import load_tiktoken_bpe
from tiktoken_ext.openai_public import r50k_pat_str

ranks = open(sys.argv[1], "rb").read()
assert hashlib.sha256(ranks).hexdigest() == "306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930"
gpt2 = tiktoken.Encoding(
    "gpt2",
    pat_str=r50k_pat_str,
    mergeable_ranks=load_tiktoken_bpe(sys.argv[1]),
    special_tokens={"<|endoftext|>": 50256},
    explicit_n_vocab=50257,
)

WRITTEN = [
    "", "Hello world", "hello world", "hello <|endoftext|>", "<|endoftext|><|endoftext|>a", "<|endoftext|",
    "I'll say it's what they've done; she'd, we're, I'm, don't 'tis 'LL", "  leading and trailing  ", "a\n\n\n b\t\tc\r\nd ",
    "3.14159 and 1,000,000 or 12345678901234567890", "x=fn(y)[0]+=~{z}//!?", "Zürich, São Paulo, Ελλάδα, Москва, 東京タワー。中国人,한국",
    "👩‍👩‍👧‍👦 and 🇨🇭🤷🏽‍♀️", "a\u00a0b\u00a0\u00a0!c\u3000\u3000d\u2003\u2028e\u0085f\u200bg\ufeffh", "\x00\x01\x1c\x1d\x1f\x7f\x0b\x0c",
    "e\u0301 \u0300 ½²Ⅷ٣४", " ".join(["0" * i for i in range(1, 18)]), "A" * 300, " " * 70 + "x", "\n" * 33 + " y",
]
# Characters that have been there long enough for every library's tables to agree on them.
OLD = [c for c in map(chr, range(0x110000)) if unicodedata.ucd_3_2_0.category(c) not in ("Cn", "Cs", "Co")]
ASCII = [chr(c) for c in range(128)]
SPACES = list(" \u00a0\u3000\n\t\r'.a1é")
draw = random.Random(1)
DRAWN = ["".join(draw.choices(draw.choice([OLD, ASCII, ASCII, SPACES]), k=draw.randrange(60))) for _ in range(400)]

with open("gpt2.txt", "w") as out:
    for text in WRITTEN + DRAWN:
        tokens = gpt2.encode(text, allowed_special="all")
        assert gpt2.decode(tokens) == text
        out.write(text.encode().hex() + " " + ",".join(map(str, tokens)) + "\n")
