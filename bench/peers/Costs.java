/**
 * What a step must do at least, counted from the network. Operations: two for each multiply-add of the products, once forward and twice
 * backward, but no input gradient of the first layer; attention counts the pairs that the mask leaves. Bytes, each number being four:
 * a parameter is read forward and backward, its gradient written and read, and it and the optimizer's state read and written; what a
 * product, a norm or attention gives is written, read forward and backward, and so is its gradient written and read, as if caches held
 * nothing from one op to the next and all else were done in passing.
 */
record Costs(double operations, double bytes) {
  private static final int WIDTH = 256;
  private static final int LAYERS = 4;
  private static final int ACTIVATION_PASSES = 5;

  /** Multiply-adds forward and numbers kept, for one image or token. */
  private static final class Sum {
    private double first;
    private double others;
    private double kept;

    Sum first(double multiplyAdds, double outputs) {
      first += multiplyAdds;
      kept += outputs;
      return this;
    }

    Sum then(double multiplyAdds, double outputs) {
      others += multiplyAdds;
      kept += outputs;
      return this;
    }

    /** @param side of the square output */
    void convolution(int in, int out, int kernel, int side) {
      then((double) in * kernel * kernel * out * side * side, (double) out * side * side);
    }
  }

  /** @param items images or tokens of a step */
  static Costs of(String name, long parameters, int items) {
    Sum sum =
        switch (name) {
          case "mlp" -> new Sum().first(784 * 512, 512).then(512 * 512, 512).then(512 * 10, 10);
          case "cnn" -> cnn();
          case "resnet" -> resnet();
          default -> gpt();
        };
    int states = name.equals("mlp") || name.equals("resnet") ? 1 : 2;
    double operations = 2.0 * items * (2 * sum.first + 3 * sum.others);
    double passes = 2 + 2 + 2 + 2.0 * states;
    return new Costs(operations, Float.BYTES * (passes * parameters + ACTIVATION_PASSES * sum.kept * items));
  }

  private static Sum cnn() {
    Sum sum = new Sum().first(9 * 32 * 26 * 26, 32 * 26 * 26 + 32 * 13 * 13);
    sum.convolution(32, 64, 3, 11);
    return sum.then(0, 64 * 5 * 5).then(1600 * 128, 128).then(128 * 10, 10);
  }

  private static Sum resnet() {
    Sum sum = new Sum().first(27 * 64 * 32 * 32, 2 * 64 * 32 * 32);
    int in = 64;
    int side = 32;
    for (int out : new int[] {64, 128, 256, 512}) {
      for (int block = 0; block < 2; block++) {
        boolean narrowed = block == 0 && out > 64;
        side = narrowed ? side / 2 : side;
        double outputs = (double) out * side * side;
        sum.convolution(in, out, 3, side);
        sum.convolution(out, out, 3, side);
        sum.then(0, 2 * outputs); // two norms
        if (narrowed) {
          sum.convolution(in, out, 1, side);
          sum.then(0, outputs);
        }
        in = out;
      }
    }
    return sum.then(512 * 10, 10);
  }

  private static Sum gpt() {
    int positions = 128;
    double pairs = (positions + 1) / 2.0;
    Sum sum = new Sum().then(0, WIDTH);
    for (int layer = 0; layer < LAYERS; layer++) {
      sum.then(0, 2 * WIDTH) // two norms
          .then(WIDTH * 3 * WIDTH, 3 * WIDTH)
          .then(2 * pairs * WIDTH, WIDTH)
          .then(WIDTH * WIDTH, WIDTH)
          .then(WIDTH * 4 * WIDTH, 4 * WIDTH)
          .then(4 * WIDTH * WIDTH, 4 * WIDTH + WIDTH); // with gelu's
    }
    return sum.then(0, WIDTH).then(WIDTH * 96, 96);
  }
}
