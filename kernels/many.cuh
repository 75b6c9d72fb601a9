// One step of an optimizer for many weights of an element type, here f32: many_<rule>_f32(weights, lr, factor, [t,] state,
// attributes...), a block for a piece of a weight. Of each weight the table has the weight, two states, the master and the gradient;
// those that rule or type do not have are null. States are floats; of halves the master, of floats, is what the rule works on, and
// the weight is the master rounded: to nearest, or, if there is a generator's state, stochastically.
//
// The rule's gradient is factor * dw. A factor that is not finite leaves all as it is.
// Bound: memory. Bytes, n times: sgd 12, one state 20, Adam 28; of halves 12, 20 and 28 too. Blocks of THREADS.
#pragma once
#include "philox.cuh"
#include "rows.cuh"
#include "rules.cuh"
#include "tables.cuh"

constexpr int PIECE = 1 << 14;  // TensorTable's in ManyUpdates.java
constexpr int WEIGHTS = 74;     // as many as parameters have room for

typedef Tensors<5, WEIGHTS> Weights;

constexpr int MASTER = 3, GRADIENT = 4;

// The bits of an F32 that a type has no room for.
__device__ inline u32 below(bf16) { return 0xFFFFu; }

__device__ inline u32 below(f16) { return 0x1FFFu; }

// Adds random bits there, cuts them off, and takes what the type makes of that.
template <class T>
__device__ inline void narrow_stochastically(float v, u32 random, T &to) {
  u32 mask = below(T());
  narrow(isfinite(v) ? __uint_as_float((__float_as_uint(v) + (random & mask)) & ~mask) : v, to);
}

// W masters' weights; the first is element i of weight number n.
template <class T, int W>
__device__ inline void store_stochastically(T *w, const Floats<W> &master, const Philox &philox, i64 i, int n) {
  Pack<T, W> weights;
#pragma unroll
  for (int b = 0; b < W; b += 4) {
    Quad<u32> words = philox.block((u32)((i + b) / 4), (u32)n);
    if (W == 1) {
      int j = i % 4;
      narrow_stochastically(master.v[0], j == 0 ? words.v[0] : j == 1 ? words.v[1] : j == 2 ? words.v[2] : words.v[3], weights.v[0]);
    } else {
#pragma unroll
      for (int k = b; k < b + 4 && k < W; k++) narrow_stochastically(master.v[k], words.v[k - b], weights.v[k]);
    }
  }
  store_pack(w + i, weights);
}

template <class T, class Rule>
__device__ inline void many(const Weights &weights, const Rule &rule, const float *factor, const u32 *state) {
  constexpr int STATES = Rule::STATES;
  constexpr bool HALF = sizeof(T) == 2;
  float scale = *factor;
  if (!isfinite(scale)) return;
  for_table<PIECE>(weights, [&](int, int number, i64 begin, i64 end) {
    T *w = (T *)weights.at[0][number];
    const T *dw = (const T *)weights.at[GRADIENT][number];
    float *tensor[STATES + 1];  // what the rule changes
    tensor[0] = (float *)weights.at[HALF ? MASTER : 0][number];
#pragma unroll
    for (int s = 1; s <= STATES; s++) tensor[s] = (float *)weights.at[s][number];
    for_span<BlockTeam, LANES<T>>(begin, end, [&](i64 i, auto width) {
      constexpr int W = decltype(width)::value;
      Floats<W> v[STATES + 1], slope = load<W>(dw + i);
#pragma unroll
      for (int s = 0; s <= STATES; s++) v[s] = load<W>(tensor[s] + i);
#pragma unroll
      for (int k = 0; k < W; k++) {
        float e[STATES + 2];
#pragma unroll
        for (int s = 0; s <= STATES; s++) e[s] = v[s].v[k];
        e[STATES + 1] = __fmul_rn(scale, slope.v[k]);
        rule(e);
#pragma unroll
        for (int s = 0; s <= STATES; s++) v[s].v[k] = e[s];
      }
#pragma unroll
      for (int s = 0; s <= STATES; s++) store(tensor[s] + i, v[s]);
      if constexpr (HALF) {
        if (state == nullptr) store(w + i, v[0]);
        else store_stochastically(w, v[0], Philox(state), i, weights.base + number);
      }
    });
  });
}

#define MANY(rule, ...) \
  extern "C" __global__ void ENTRY(many_##rule)(const __grid_constant__ Weights weights, const float *lr, const float *factor, __VA_ARGS__)

MANY(sgd, const u32 *state, float decay) { many<ELEMENT>(weights, Sgd{*lr, decay}, factor, state); }

MANY(momentum, const u32 *state, float momentum, int nesterov, float decay) {
  many<ELEMENT>(weights, Momentum{*lr, momentum, nesterov, decay}, factor, state);
}

MANY(adagrad, const u32 *state, float epsilon, float decay) { many<ELEMENT>(weights, Adagrad{*lr, epsilon, decay}, factor, state); }

MANY(rms_prop, const u32 *state, float alpha, float rest, float epsilon, float decay) {
  many<ELEMENT>(weights, RmsProp{*lr, alpha, rest, epsilon, decay}, factor, state);
}

MANY(adam, const int *t, const u32 *state, float beta1, float rest1, float log_beta1, float beta2, float rest2, float log_beta2,
     float epsilon, float coupled, float decoupled) {
  Adam adam(*lr, *t, {beta1, rest1, log_beta1}, {beta2, rest2, log_beta2}, epsilon, coupled, decoupled);
  many<ELEMENT>(weights, adam, factor, state);
}

MANY(lion, const u32 *state, float beta1, float rest1, float beta2, float rest2, float decay) {
  many<ELEMENT>(weights, Lion{*lr, beta1, rest1, beta2, rest2, decay}, factor, state);
}
