// fused.cuh for BF16.
#define ELEMENT bf16
#include "fused.cuh"
