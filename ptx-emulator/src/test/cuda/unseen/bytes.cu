// Small loads and stores: a packed struct read byte by byte, signs extended, bit fields, a UTF-8 counter.

#pragma pack(push, 1)
struct Packet {
  unsigned char kind;
  unsigned int length;
  short delta;
  unsigned long long stamp;
  signed char tail;
};
#pragma pack(pop)

extern "C" __global__ void bytes_packed(const Packet* in, Packet* out, long long* sums, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  Packet packet = in[i];
  sums[i] = packet.kind + (long long)packet.length * 3 + packet.delta + (long long)packet.stamp + packet.tail;
  packet.length += packet.kind;
  packet.delta = -packet.delta;
  packet.tail ^= 0x55;
  out[n - 1 - i] = packet;
}

struct Flags {
  unsigned int low : 5;
  int middle : 11;
  unsigned int high : 16;
};

extern "C" __global__ void bytes_fields(const Flags* in, Flags* out, short* middles, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  Flags flags = in[i];
  middles[i] = (short)flags.middle;
  flags.low += 3;
  flags.middle = -flags.middle;
  flags.high = flags.high >> 1 | flags.low << 8;
  out[i] = flags;
}

extern "C" __global__ void bytes_utf8(const char* text, int* starts, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  bool begins = i < n && (text[i] & 0xc0) != 0x80;
  int count = __syncthreads_count(begins);
  if (threadIdx.x == 0) starts[blockIdx.x] = count;
}
