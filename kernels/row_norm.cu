// row_norm.cuh for F32.
#define ELEMENT f32
#include "row_norm.cuh"
