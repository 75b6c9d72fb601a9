// Threads of a warp that go very different ways: Mandelbrot's set, Collatz' sequences, nested loops with exits.

extern "C" __global__ void mandelbrot(int* out, int width, int height, float x0, float y0, float step, int limit) {
  int px = blockIdx.x * blockDim.x + threadIdx.x, py = blockIdx.y * blockDim.y + threadIdx.y;
  if (px >= width || py >= height) return;
  float cx = __fmaf_rn(px, step, x0), cy = __fmaf_rn(py, step, y0), x = 0.0f, y = 0.0f;
  int i = 0;
  while (i < limit && __fmaf_rn(x, x, __fmul_rn(y, y)) < 4.0f) {
    float next = __fadd_rn(__fmaf_rn(x, x, -__fmul_rn(y, y)), cx);
    y = __fmaf_rn(__fmul_rn(2.0f, x), y, cy);
    x = next;
    i++;
  }
  out[py * width + px] = i;
}

extern "C" __global__ void collatz(const unsigned long long* in, int* steps, unsigned long long* peaks, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  unsigned long long value = in[i], peak = value;
  int count = 0;
  while (value != 1) {
    value = value & 1 ? 3 * value + 1 : value >> 1;
    if (value > peak) peak = value;
    count++;
  }
  steps[i] = count;
  peaks[i] = peak;
}

extern "C" __global__ void exits(const int* in, int* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  int value = in[i], sum = 0;
  for (int a = 0; a < 8; a++) {
    if (a == (value & 7)) continue;
    for (int b = a; b < 12; b++) {
      if (b * a > (value >> 3 & 31)) break;
      if ((b ^ value) % 5 == 0) goto next;
      sum += a * b + 1;
      if (sum > 100 + value) {
        out[i] = -sum;
        return;
      }
    }
    sum += 1000;
  next:
    sum ^= a;
  }
  out[i] = sum;
}
