package dev.tandem.ptx.machine;

/**
 * Where the elements of mma's fragments lie, written down from the formulas of the PTX ISA, sections "Matrix Fragments for
 * mma.m8n8k4" to "mma.m16n8k32". There {@code g} is groupID = laneid >> 2 and {@code t} is threadID_in_group = laneid % 4.
 */
enum MatrixTable {
  HALF_K8("m16n8k8", 16, 8) {
    @Override
    int[] a(int g, int t, int i) {
      return new int[] {i < 2 ? g : g + 8, t * 2 + (i & 1)};
    }

    @Override
    int[] b(int g, int t, int i) {
      return new int[] {t * 2 + i, g};
    }
  },
  HALF_K16("m16n8k16", 16, 16) {
    @Override
    int[] a(int g, int t, int i) {
      int row = i < 2 || 4 <= i && i < 6 ? g : g + 8;
      return new int[] {row, t * 2 + (i & 1) + (i < 4 ? 0 : 8)};
    }

    @Override
    int[] b(int g, int t, int i) {
      return new int[] {t * 2 + (i & 1) + (i < 2 ? 0 : 8), g};
    }
  },
  SINGLE_K4("m16n8k4", 16, 4) {
    @Override
    int[] a(int g, int t, int i) {
      return new int[] {i == 0 ? g : g + 8, t};
    }

    @Override
    int[] b(int g, int t, int i) {
      return new int[] {t, g};
    }
  },
  SINGLE_K8("m16n8k8", 16, 8) {
    @Override
    int[] a(int g, int t, int i) {
      return new int[] {i == 0 || i == 2 ? g : g + 8, i < 2 ? t : t + 4};
    }

    @Override
    int[] b(int g, int t, int i) {
      return new int[] {i == 0 ? t : t + 4, g};
    }
  },
  DOUBLE_K4("m8n8k4", 8, 4) {
    @Override
    int[] a(int g, int t, int i) {
      return new int[] {g, t};
    }

    @Override
    int[] b(int g, int t, int i) {
      return new int[] {t, g};
    }
  },
  BYTE_M8("m8n8k16", 8, 16) {
    @Override
    int[] a(int g, int t, int i) {
      return new int[] {g, t * 4 + i};
    }

    @Override
    int[] b(int g, int t, int i) {
      return new int[] {t * 4 + i, g};
    }
  },
  BYTE_K16("m16n8k16", 16, 16) {
    @Override
    int[] a(int g, int t, int i) {
      return new int[] {i < 4 ? g : g + 8, t * 4 + (i & 3)};
    }

    @Override
    int[] b(int g, int t, int i) {
      return new int[] {t * 4 + (i & 3), g};
    }
  },
  BYTE_K32("m16n8k32", 16, 32) {
    @Override
    int[] a(int g, int t, int i) {
      int row = i < 4 || 8 <= i && i < 12 ? g : g + 8;
      return new int[] {row, t * 4 + (i & 3) + (i < 8 ? 0 : 16)};
    }

    @Override
    int[] b(int g, int t, int i) {
      return new int[] {t * 4 + (i & 3) + (i < 4 ? 0 : 16), g};
    }
  };

  static final int COLUMNS = 8;

  final String shape;
  final int rows;
  final int inner;

  MatrixTable(String shape, int rows, int inner) {
    this.shape = shape;
    this.rows = rows;
    this.inner = inner;
  }

  /** Row and column of a lane's element of A. */
  abstract int[] a(int g, int t, int i);

  /** The same of B. */
  abstract int[] b(int g, int t, int i);

  /** The same of C and D, alike for all shapes. */
  static int[] c(int g, int t, int i) {
    return new int[] {i < 2 ? g : g + 8, t * 2 + (i & 1)};
  }
}
