// Arrays of a thread's own, indexed by what is known only at run time: permutations, a heap, a matrix.

extern "C" __global__ void local_permutation(const unsigned int* ranks, unsigned char* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  unsigned char left[8] = {0, 1, 2, 3, 4, 5, 6, 7};
  unsigned int rank = ranks[i], radix = 5040;
  for (int j = 0; j < 8; j++) {
    int at = rank / radix;
    rank %= radix;
    if (j < 7) radix /= 7 - j;
    out[i * 8 + j] = left[at];
    for (int k = at; k < 7; k++) left[k] = left[k + 1];
  }
}

extern "C" __global__ void local_heap(const float* in, float* out, int columns, int keep, int rows) {
  int row = blockIdx.x * blockDim.x + threadIdx.x;
  if (row >= rows) return;
  float heap[16];
  int size = 0;
  for (int c = 0; c < columns; c++) {
    float value = in[row * columns + c];
    if (size < keep) {
      int at = size++;
      while (at > 0 && heap[(at - 1) / 2] > value) {
        heap[at] = heap[(at - 1) / 2];
        at = (at - 1) / 2;
      }
      heap[at] = value;
    } else if (value > heap[0]) {
      int at = 0;
      for (;;) {
        int child = 2 * at + 1;
        if (child >= size) break;
        if (child + 1 < size && heap[child + 1] < heap[child]) child++;
        if (heap[child] >= value) break;
        heap[at] = heap[child];
        at = child;
      }
      heap[at] = value;
    }
  }
  float sum = 0.0f;
  for (int i = 0; i < size; i++) sum += heap[i];
  out[row * 2] = heap[0];
  out[row * 2 + 1] = sum;
}

// Gaussian elimination with pivots; order at most 6.
extern "C" __global__ void local_solve(const double* matrices, const double* right, double* out, int order, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  double a[6][7];
  for (int r = 0; r < order; r++) {
    for (int c = 0; c < order; c++) a[r][c] = matrices[(i * order + r) * order + c];
    a[r][order] = right[i * order + r];
  }
  for (int p = 0; p < order; p++) {
    int best = p;
    for (int r = p + 1; r < order; r++)
      if (fabs(a[r][p]) > fabs(a[best][p])) best = r;
    for (int c = 0; c <= order; c++) {
      double kept = a[p][c];
      a[p][c] = a[best][c];
      a[best][c] = kept;
    }
    for (int r = 0; r < order; r++) {
      if (r == p) continue;
      double factor = a[r][p] / a[p][p];
      for (int c = p; c <= order; c++) a[r][c] -= factor * a[p][c];
    }
  }
  for (int r = 0; r < order; r++) out[i * order + r] = a[r][order] / a[r][r];
}
