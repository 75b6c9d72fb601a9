// fused.cuh for F16.
#define ELEMENT f16
#include "fused.cuh"
