package dev.tandem.cpu;

/** Rows in plain Java, for JVMs without the Vector API. */
final class ScalarRowKernels implements RowKernels {
  private static final int LANES = Kernels.SUM_LANES;

  @Override
  public float dot(float[] x, int xAt, float[] y, int yAt, int n) {
    float[] lanes = new float[LANES];
    int whole = n - n % LANES;
    for (int i = 0; i < whole; i += LANES) {
      for (int lane = 0; lane < LANES; lane++) {
        lanes[lane] = Math.fma(x[xAt + i + lane], y[yAt + i + lane], lanes[lane]);
      }
    }
    for (int i = whole; i < n; i++) {
      lanes[i - whole] = Math.fma(x[xAt + i], y[yAt + i], lanes[i - whole]);
    }
    return folded(lanes);
  }

  @Override
  public float sumOfDifferences(float[] x, int at, int n, float shift) {
    float[] lanes = new float[LANES];
    for (int i = 0; i < n; i++) {
      lanes[i % LANES] += x[at + i] - shift;
    }
    return folded(lanes);
  }

  @Override
  public float sumOfSquares(float[] x, int at, int n, float shift) {
    float[] lanes = new float[LANES];
    for (int i = 0; i < n; i++) {
      float d = x[at + i] - shift;
      lanes[i % LANES] = Math.fma(d, d, lanes[i % LANES]);
    }
    return folded(lanes);
  }

  private static float folded(float[] lanes) {
    for (int half = LANES / 2; half > 0; half /= 2) {
      for (int lane = 0; lane < half; lane++) {
        lanes[lane] += lanes[lane + half];
      }
    }
    return lanes[0];
  }

  @Override
  public void add(float[] x, int xAt, float[] y, int yAt, int n) {
    for (int i = 0; i < n; i++) {
      y[yAt + i] += x[xAt + i];
    }
  }

  @Override
  public void sumOfRows(float[] x, int[] rows, int count, float[] y, int n) {
    System.arraycopy(x, rows[0], y, 0, n);
    for (int row = 1; row < count; row++) {
      add(x, rows[row], y, 0, n);
    }
  }

  @Override
  public void scale(float a, float[] x, int xAt, float[] y, int yAt, int n) {
    for (int i = 0; i < n; i++) {
      y[yAt + i] = a * x[xAt + i];
    }
  }

  @Override
  public void addScaled(float a, float[] x, int xAt, float[] y, int yAt, int n) {
    for (int i = 0; i < n; i++) {
      y[yAt + i] = Math.fma(a, x[xAt + i], y[yAt + i]);
    }
  }

  @Override
  public void slopes(float[] weights, float[] slopes, int at, int n, float dot, float scale) {
    for (int i = at; i < at + n; i++) {
      slopes[i] = weights[i] * (slopes[i] - dot) * scale;
    }
  }

  @Override
  public void maxOfColumns(Windows w, float[] x, int at, int row) {
    w.columns(x, at, row, 0);
  }

  @Override
  public void maxOfWindows(Windows w) {
    w.windows(0);
  }

  @Override
  public void normalize(Row r) {
    normalize(r, 0);
  }

  static void normalize(Row r, int from) {
    for (int j = from; j < r.n; j++) {
      r.out[r.at + j] = Math.fma((r.x[r.at + j] - r.mean - r.rest) * r.rstd, r.gamma[j], r.beta[j]);
    }
  }

  @Override
  public void normalizeGradSums(Row r) {
    normalizeGradSums(r, 0);
  }

  static void normalizeGradSums(Row r, int from) {
    for (int j = from; j < r.n; j++) {
      float dy = r.dy[r.at + j];
      float h = (r.x[r.at + j] - r.mean) * r.rstd;
      r.h[j] = h;
      r.g[j] = dy * r.gamma[j];
      r.dgamma[r.part + j] = Math.fma(dy, h, r.dgamma[r.part + j]);
      r.dbeta[r.part + j] += dy;
    }
  }

  @Override
  public void normalizeGrad(Row r, float meanG, float meanGh) {
    normalizeGrad(r, meanG, meanGh, 0);
  }

  static void normalizeGrad(Row r, float meanG, float meanGh, int from) {
    for (int j = from; j < r.n; j++) {
      float dx = (r.g[j] - meanG - r.h[j] * meanGh) * r.rstd;
      r.out[r.at + j] = r.dsum == null ? dx : dx + r.dsum[r.at + j];
    }
  }

  @Override
  public void turn(Turn t) {
    t.turn(0);
  }

  @Override
  public void addRows(Rows r) {
    r.add(0);
  }

  @Override
  public void copyRows(Rows r) {
    r.copy(0);
  }
}
