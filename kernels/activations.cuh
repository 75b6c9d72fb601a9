// The functions that activations and their slopes have in common.
#pragma once

// sqrt(2 / pi) and the cubic's factor: Hendrycks and Gimpel 2016, arXiv:1606.08415, section 2.
constexpr float GELU_BETA = 0.7978845608028654f;
constexpr float GELU_KAPPA = 0.044715f;
constexpr float SQRT_HALF = 0.7071067811865476f;
constexpr float DENSITY_AT_0 = 0.3989422804014327f;  // 1 / sqrt(2 pi)
// From here on out every gate below is 0 or 1 to all digits, and a product with its slope is no longer 0 times infinity.
constexpr float SATURATED = 40;

__device__ inline float nan_or(float v, float otherwise) { return v != v ? v : otherwise; }

// e^-|v| never overflows.
__device__ inline float sigmoid(float v) {
  float z = expf(-fabsf(v));
  return (v < 0 ? z : 1.f) / (1.f + z);
}

// The argument of the sigmoid that equals (1 + tanh(BETA (v + KAPPA v^3))) / 2.
__device__ inline float gelu_argument(float v) { return 2 * GELU_BETA * (v * (1 + GELU_KAPPA * v * v)); }

// Phi, the normal distribution, without cancellation in the lower tail.
__device__ inline float normal(float v) { return 0.5f * erfcf(-v * SQRT_HALF); }

__device__ inline float gelu_tanh(float v) { return v * sigmoid(gelu_argument(v)); }

__device__ inline float within(float v) { return nan_or(v, fmaxf(fminf(v, SATURATED), -SATURATED)); }

// s + v s (1 - s) times the slope of the argument; 1 - s as a sigmoid of its own keeps its digits.
__device__ inline float gelu_tanh_slope(float x) {
  float v = within(x), a = gelu_argument(v), s = sigmoid(a), rest = sigmoid(-a);
  return s + v * s * rest * (2 * GELU_BETA) * (1 + 3 * GELU_KAPPA * v * v);
}
