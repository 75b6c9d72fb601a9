// softmax.cuh for F32.
#define ELEMENT f32
#include "softmax.cuh"
