// Integer division, remainder and wide products, signed and not, of 32 and 64 bits.

extern "C" __global__ void division_64(const long long* a, const long long* b, long long* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  unsigned long long ua = a[i], ub = b[i];
  out[i * 8] = a[i] / b[i];
  out[i * 8 + 1] = a[i] % b[i];
  out[i * 8 + 2] = ua / ub;
  out[i * 8 + 3] = ua % ub;
  out[i * 8 + 4] = __mul64hi(a[i], b[i]);
  out[i * 8 + 5] = __umul64hi(ua, ub);
  out[i * 8 + 6] = a[i] * b[i] + a[i] / 1000003;
  out[i * 8 + 7] = a[i] >> (b[i] & 63) ^ (long long)(ua >> (ub & 63)) ^ a[i] << (b[i] & 63);
}

extern "C" __global__ void division_32(const int* a, const int* b, int* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  unsigned int ua = a[i], ub = b[i];
  out[i * 8] = a[i] / b[i];
  out[i * 8 + 1] = a[i] % b[i];
  out[i * 8 + 2] = ua / ub;
  out[i * 8 + 3] = ua % 7 + ua / 641;
  out[i * 8 + 4] = __mulhi(a[i], b[i]);
  out[i * 8 + 5] = __umulhi(ua, ub);
  out[i * 8 + 6] = __mul24(a[i], b[i]) + a[i] / 7;
  out[i * 8 + 7] = __hadd(a[i], b[i]) ^ __sad(a[i], b[i], ub) ^ __usad(ua, ub, 5u);
}
