// Calls that stay calls: nested, with pointers to locals, structs by value and by address, and a switch table.

struct Vector {
  double x, y;
  int id;
  char tag, unused[3];  // no padding, which copies of a struct would read without anybody having written it
};

struct Pair {
  Vector first, second;
};

__device__ __noinline__ int digits(unsigned int value, int* digit) {
  int count = 0;
  do {
    digit[count++] = value % 10;
    value /= 10;
  } while (value != 0);
  return count;
}

__device__ __noinline__ int alternatingSum(unsigned int value) {
  int digit[10];
  int count = digits(value, digit), sum = 0;
  for (int i = 0; i < count; i++) sum += i % 2 == 0 ? digit[i] : -digit[i];
  return sum;
}

__device__ __noinline__ Vector add(Vector a, Vector b) {
  return {a.x + b.x, a.y + b.y, a.id * 31 + b.id, (char)(a.tag ^ b.tag)};
}

__device__ __noinline__ void swap(Pair* pair) {
  Vector kept = pair->first;
  pair->first = pair->second;
  pair->second = kept;
}

__device__ __noinline__ int operate(int code, int a, int b) {
  switch (code) {
    case 0: return a + b;
    case 1: return a - b;
    case 2: return a * b;
    case 3: return b == 0 ? -1 : a / b;
    case 4: return b == 0 ? -1 : a % b;
    case 5: return a & b;
    case 6: return a | b;
    case 7: return a ^ b;
    case 8: return a << (b & 31);
    case 9: return a >> (b & 31);
    case 10: return max(a, b);
    case 11: return __popc(a) + alternatingSum(b);
    default: return 0x7fffffff;
  }
}

extern "C" __global__ void calls_digits(const unsigned int* in, int* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = alternatingSum(in[i]) + alternatingSum(in[n - 1 - i]) * 100;
}

extern "C" __global__ void calls_structs(const Vector* in, Vector* out, Vector shift, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  Pair pair = {in[i], shift};
  if (i % 3 == 0) swap(&pair);
  out[i] = add(pair.first, add(pair.second, pair.first));
}

extern "C" __global__ void calls_switch(const int* codes, const int* a, const int* b, int* out, int n) {
  for (int i = threadIdx.x; i < n; i += blockDim.x) out[i] = operate(codes[i], a[i], b[i]);
}

// This nvcc makes trees of comparisons of a switch; a real jump table, written by hand.
extern "C" __global__ void calls_branch_table(const int* codes, int* out, int n) {
  int i = threadIdx.x;
  if (i >= n) return;
  int result = i;
  asm volatile(
      "{\n"
      "table: .branchtargets L0, L1, L2, L0;\n"
      "brx.idx %1, table;\n"
      "L0: add.s32 %0, %0, 100;\n"
      "bra.uni DONE;\n"
      "L1: mul.lo.s32 %0, %0, -3;\n"
      "L2: xor.b32 %0, %0, 0x55;\n"
      "DONE:\n"
      "}" : "+r"(result) : "r"(codes[i]));
  out[i] = result;
}
