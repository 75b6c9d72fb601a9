// Calls through pointers: a table of functions, and a virtual method.

typedef int (*Operation)(int, int);

__device__ __noinline__ int plus(int a, int b) { return a + b; }
__device__ __noinline__ int minus(int a, int b) { return a - b; }
__device__ __noinline__ int times(int a, int b) { return a * b; }

__device__ Operation operations[3] = {plus, minus, times};

extern "C" __global__ void pointer_table(const int* codes, int* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = operations[codes[i]](i, 7);
}

struct Form {
  __device__ virtual float area() const = 0;
};

struct Square : Form {
  float side;
  __device__ explicit Square(float side) : side(side) {}
  __device__ float area() const override { return side * side; }
};

struct Rectangle : Form {
  float width, height;
  __device__ Rectangle(float width, float height) : width(width), height(height) {}
  __device__ float area() const override { return width * height; }
};

__device__ __noinline__ float areaOf(const Form& form) { return form.area(); }

extern "C" __global__ void pointer_virtual(float* out, int n) {
  int i = threadIdx.x;
  if (i >= n) return;
  Square square(i);
  Rectangle rectangle(i, 2.0f);
  out[i] = areaOf(i % 2 == 0 ? static_cast<const Form&>(square) : rectangle);
}
