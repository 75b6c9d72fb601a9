// fused.cuh for F32.
#define ELEMENT f32
#include "fused.cuh"
