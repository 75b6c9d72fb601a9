// Writes printf.txt: what C's printf makes of numbers. gcc -w printf.c && ./a.out > printf.txt
#include <gnu/libc-version.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof(*array))

static const char* ints[] = {
    "%d", "%i", "%5d", "%-5d|", "%05d", "%+d", "% d", "%.3d", "%8.3d", "%-8.3d|", "%08.3d", "%u", "%x", "%X",
    "%#x", "%#X", "%o", "%#o", "%08x", "%#010x", "%hd", "%hhd", "%hu", "%hhu", "%hx", "%.0d|", "%+5i"};
static const int intValues[] = {0, 42, -7, -2147483647 - 1, 70000};
static const char* longs[] = {"%ld", "%lld", "%lu", "%llx", "%20lld|", "%-20llu|", "%020lld", "%#llo"};
static const long long longValues[] = {0, 1LL << 40, -5, -9223372036854775807LL - 1};
static const char* doubles[] = {
    "%f", "%.0f", "%#.0f", "%.3f", "%10.2f|", "%-10.2f|", "%010.2f", "%+f", "% .1f", "%e", "%.0e", "%.2E",
    "%12.3e|", "%g", "%.3g", "%#g", "%G", "%.10g", "%a", "%.2a", "%.0a", "%A", "%.15a"};
static const double doubleValues[] = {
    0, -0.0, 1, 0.5, 2.5, -1234.5678, 1e-5, 9.9999995e5, 1e22, 0.1, 1.0 / 3, 5e-324, 2.2250738585072014e-308,
    1.7976931348623157e308, 1.0 / 0, -1.0 / 0};

int main() {
  printf("# made by printf.c with glibc %s\n", gnu_get_libc_version());
  for (int f = 0; f < COUNT(ints); f++)
    for (int v = 0; v < COUNT(intValues); v++) {
      printf("int~%s~%d~", ints[f], intValues[v]);
      printf(ints[f], intValues[v]);
      puts("");
    }
  for (int f = 0; f < COUNT(longs); f++)
    for (int v = 0; v < COUNT(longValues); v++) {
      printf("long~%s~%lld~", longs[f], longValues[v]);
      printf(longs[f], longValues[v]);
      puts("");
    }
  for (int f = 0; f < COUNT(doubles); f++)
    for (int v = 0; v < COUNT(doubleValues); v++) {
      // glibc drops the zeros that # should keep where rounding adds a digit; C wants 1.00000e+06.
      if (doubleValues[v] == 9.9999995e5 && !strcmp(doubles[f], "%#g")) continue;
      int64_t bits;
      memcpy(&bits, &doubleValues[v], 8);
      printf("double~%s~%lld~", doubles[f], (long long)bits);
      printf(doubles[f], doubleValues[v]);
      puts("");
    }
}
