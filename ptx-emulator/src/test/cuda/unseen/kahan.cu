// Sums in double precision: Kahan's compensated one a thread, and two-sum with fma products for a dot.

extern "C" __global__ void kahan_rows(const double* in, double* out, int rows, int columns) {
  int row = blockIdx.x * blockDim.x + threadIdx.x;
  if (row >= rows) return;
  double sum = 0.0, lost = 0.0;
  for (int i = 0; i < columns; i++) {
    double term = in[row * columns + i] - lost;
    double next = sum + term;
    lost = (next - sum) - term;
    sum = next;
  }
  out[row] = sum;
}

extern "C" __global__ void kahan_dot(const double* a, const double* b, double* out, int n) {
  if (threadIdx.x != 0) return;
  double sum = 0.0, error = 0.0;
  for (int i = 0; i < n; i++) {
    double product = __dmul_rn(a[i], b[i]), low = __fma_rn(a[i], b[i], -product);
    double next = __dadd_rn(sum, product), shifted = __dsub_rn(next, sum);
    double rest = __dadd_rn(__dsub_rn(sum, __dsub_rn(next, shifted)), __dsub_rn(product, shifted));
    error = __dadd_rn(error, __dadd_rn(low, rest));
    sum = next;
  }
  *out = __dadd_rn(sum, error);
}
