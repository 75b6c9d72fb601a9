// many.cuh for BF16.
#define ELEMENT bf16
#include "many.cuh"
