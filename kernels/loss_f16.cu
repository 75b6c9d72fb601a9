// loss.cuh for F16.
#define ELEMENT f16
#include "loss.cuh"
