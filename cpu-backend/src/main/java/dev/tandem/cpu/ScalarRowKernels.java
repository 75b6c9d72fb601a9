package dev.tandem.cpu;

/** Rows in plain Java, for JVMs without the Vector API. */
final class ScalarRowKernels implements RowKernels {
  @Override
  public float dot(float[] x, int xAt, float[] y, int yAt, int n) {
    float s0 = 0f, s1 = 0f, s2 = 0f, s3 = 0f;
    int i = 0;
    for (; i + 4 <= n; i += 4) {
      s0 = Math.fma(x[xAt + i], y[yAt + i], s0);
      s1 = Math.fma(x[xAt + i + 1], y[yAt + i + 1], s1);
      s2 = Math.fma(x[xAt + i + 2], y[yAt + i + 2], s2);
      s3 = Math.fma(x[xAt + i + 3], y[yAt + i + 3], s3);
    }
    float s = (s0 + s1) + (s2 + s3);
    for (; i < n; i++) {
      s = Math.fma(x[xAt + i], y[yAt + i], s);
    }
    return s;
  }

  @Override
  public void moments(float[] x, int xAt, int n, float shift, float[] moments) {
    float first0 = 0f, first1 = 0f, second0 = 0f, second1 = 0f;
    int i = 0;
    for (; i + 2 <= n; i += 2) {
      float d0 = x[xAt + i] - shift;
      float d1 = x[xAt + i + 1] - shift;
      first0 += d0;
      first1 += d1;
      second0 = Math.fma(d0, d0, second0);
      second1 = Math.fma(d1, d1, second1);
    }
    float first = first0 + first1;
    float second = second0 + second1;
    for (; i < n; i++) {
      float d = x[xAt + i] - shift;
      first += d;
      second = Math.fma(d, d, second);
    }
    moments[0] = first;
    moments[1] = second;
  }

  @Override
  public void add(float[] x, int xAt, float[] y, int yAt, int n) {
    for (int i = 0; i < n; i++) {
      y[yAt + i] += x[xAt + i];
    }
  }

  @Override
  public void addScaled(float a, float[] x, int xAt, float[] y, int yAt, int n) {
    for (int i = 0; i < n; i++) {
      y[yAt + i] = Math.fma(a, x[xAt + i], y[yAt + i]);
    }
  }

  @Override
  public void gather(Gather g) {
    g.copy(0);
  }

  @Override
  public void addRows(Rows r) {
    r.add(0);
  }
}
