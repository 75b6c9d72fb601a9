#include <stddef.h>
// Writes what goes in, input.bin, and of what each kernel gives a hash for each field, expected.txt.
#define FIELD(f) { #f, offsetof(State, f), sizeof(State::f) }
static const struct { const char* name; size_t at, bytes; } fields[] = {
  FIELD(l0), FIELD(l1), FIELD(w0), FIELD(w1), FIELD(d0), FIELD(d1), FIELD(i0), FIELD(i1), FIELD(i2), FIELD(u0), FIELD(u1),
  FIELD(u2), FIELD(f0), FIELD(f1), FIELD(f2), FIELD(s0), FIELD(s1), FIELD(h0), FIELD(h1), FIELD(b0), FIELD(c0), FIELD(c1)};
int main(int argc, char** argv) {
  static State in[BLOCKS * NT], out[BLOCKS * NT];
  memset(in, 0, sizeof in);
  unsigned long long z = strtoull(argv[1], 0, 10) * 0x9e3779b97f4a7c15ull + 1;
  auto next = [&]() { z ^= z << 13; z ^= z >> 7; z ^= z << 17; return z * 0x2545f4914f6cdd1dull; };
  static const unsigned fl[] = {0, 0x80000000u, 0x3f800000u, 0x7f800000u, 0xff800000u, 0x7fffffffu, 1, 0x7fffff, 0x00800000u, 0x7f7fffffu, 0x4f000000u, 0xcf000000u, 0x5f000000u};
  auto flt = [&]() { unsigned long long r = next() >> 20; return BITF((r & 7) == 0 ? fl[(r >> 8) % 13] : (r & 7) < 4 ? (unsigned)(0x3c000000u + (r >> 4) % 0x08000000u) | (unsigned)(r >> 5 & 0x80000000u) : (unsigned)(r >> 8)); };
  auto nn = [&](float f) { return BITF(FBITS(f)); };
  for (State& s : in) {
    s.l0 = next(); s.l1 = (long long)next() >> 40; s.w0 = next() >> (next() & 63); s.w1 = next();
    s.d0 = (double)nn(flt()) * 1.000000001; s.d1 = BITD((0x3f0ull + (next() >> 50) % 32) << 52 | next() >> 12);
    if (s.d0 != s.d0) s.d0 = BITD(0x7ff8000000000000ull);
    s.i0 = next() >> 32; s.i1 = (int)(next() >> 32) >> 20; s.i2 = next() % 7; s.u0 = next() >> 32; s.u1 = next() >> 50; s.u2 = next() >> 32;
    s.f0 = nn(flt()); s.f1 = nn(flt()); s.f2 = nn(flt());
    s.s0 = next() >> 30; s.s1 = next() >> 30; s.h0 = H_bits(0x3000 + (next() >> 30) % 0x1800); s.h1 = H_bits((next() >> 30) % 0x7c00 | (next() & 1 ? 0x8000 : 0)); s.b0 = B_bits(0x3800 + (next() >> 30) % 0x1000); s.c0 = next() >> 30; s.c1 = next() >> 30;
  }
  Extra x = {-5, 7, 2.5, {1, -2, 3}};
  FILE* f = fopen("input.bin", "wb"); fwrite(in, sizeof in, 1, f); fclose(f);
  f = fopen("expected.txt", "w");
  int number = 0;
  for (Kernel k : kernels) {
    memset(out, 0, sizeof out);
    k(in, out, x);
    fprintf(f, "k%d", number++);
    for (auto& field : fields) {
      unsigned hash = 0x811c9dc5u;
      for (State& s : out)
        for (size_t i = 0; i < field.bytes; i++) hash = (hash ^ ((unsigned char*)&s)[field.at + i]) * 0x01000193u;
      fprintf(f, " %s:%zu:%zu:%08x", field.name, field.at, field.bytes, hash);
    }
    fputc('\n', f);
  }
  fclose(f);
}
