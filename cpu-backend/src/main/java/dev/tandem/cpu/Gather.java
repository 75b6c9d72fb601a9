package dev.tandem.cpu;

/**
 * Columns of patches: y[to + k * toStep + j] = x[at + offsets[first + k] + j * step] for k below depth and j below count. Mutable and
 * reused, for a task goes through thousands of these. By arraycopy: loads and stores of vectors are as fast from 64 columns on, but C2
 * made objects of theirs, a megabyte for each step of a small network.
 */
final class Gather {
  private final float[] x;
  private final int[] offsets;
  private final float[] y;
  int at;
  int step;
  int count;
  int first;
  int depth;
  int to;
  int toStep;

  Gather(float[] x, int[] offsets, float[] y) {
    this.x = x;
    this.offsets = offsets;
    this.y = y;
  }

  void run() {
    for (int k = 0; k < depth; k++) {
      int source = at + offsets[first + k];
      int target = to + k * toStep;
      if (step == 1) {
        System.arraycopy(x, source, y, target, count);
      } else {
        for (int j = 0; j < count; j++) {
          y[target + j] = x[source + j * step];
        }
      }
    }
  }
}
