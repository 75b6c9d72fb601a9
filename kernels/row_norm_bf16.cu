// row_norm.cuh for BF16.
#define ELEMENT bf16
#include "row_norm.cuh"
