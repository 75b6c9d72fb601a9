// Attention of BF16 heads of up to 64 columns; attention_entries.cuh says what the entries do.
#include "attention_entries.cuh"

ATTENTION(64, bf16)
