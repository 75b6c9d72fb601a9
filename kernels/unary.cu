// unary.cuh for F32.
#define ELEMENT f32
#include "unary.cuh"
