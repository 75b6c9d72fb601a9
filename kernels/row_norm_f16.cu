// row_norm.cuh for F16.
#define ELEMENT f16
#include "row_norm.cuh"
