// Functions of the maths library in double precision, large angles among them.

extern "C" __global__ void math_double(const double* in, double* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  double x = in[i], positive = fabs(x) + 0.001, *to = out + i * 8;
  to[0] = exp(fmin(x, 700.0));
  to[1] = log(positive);
  to[2] = sin(x);
  to[3] = cos(x);
  to[4] = tanh(x);
  to[5] = sqrt(positive);
  to[6] = 1.0 / positive;
  to[7] = rsqrt(positive);
}

extern "C" __global__ void math_double_convert(const double* in, float* singles, long long* integers, double* back, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  singles[i] = (float)in[i];
  integers[i * 3] = (long long)in[i];
  integers[i * 3 + 1] = __double2ll_rn(in[i]);
  integers[i * 3 + 2] = __double_as_longlong(in[i]) ^ __double2hiint(in[i]);
  back[i * 3] = (double)integers[i * 3] + (double)(unsigned int)integers[i * 3 + 1];
  back[i * 3 + 1] = floor(in[i]) + rint(in[i]);
  back[i * 3 + 2] = fma(in[i], in[i], -1.0);
}
