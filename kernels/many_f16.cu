// many.cuh for F16.
#define ELEMENT f16
#include "many.cuh"
