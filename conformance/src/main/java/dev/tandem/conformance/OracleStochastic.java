package dev.tandem.conformance;

import dev.tandem.op.Philox;
import dev.tandem.op.Stochastic;
import dev.tandem.op.Stochastic.Dropout;
import dev.tandem.op.Stochastic.DropoutGrad;
import java.util.List;

/** The definition of the random ops: one Philox block an element, of which one word is used. */
final class OracleStochastic {
  private OracleStochastic() {}

  static List<double[]> run(Stochastic op, List<Values> inputs) {
    double[] x = inputs.get(0).data();
    double[] second = inputs.get(1).data();
    double[] y = new double[x.length];
    return switch (op) {
      case Dropout dropout -> {
        long key = pair(second[0], second[1]);
        long draw = pair(second[2], second[3]);
        double[] mask = new double[x.length];
        int[] words = new int[4];
        for (int i = 0; i < x.length; i++) {
          Philox.block(key, i / 4, draw, words);
          mask[i] = Philox.uniform(words[i % 4]) >= dropout.p() ? 1 : 0;
          y[i] = mask[i] == 0 ? 0 : x[i] / (1 - dropout.p());
        }
        yield List.of(y, mask);
      }
      case DropoutGrad dropout -> {
        for (int i = 0; i < x.length; i++) {
          y[i] = second[i] == 0 ? 0 : x[i] / (1 - dropout.p());
        }
        yield List.of(y);
      }
    };
  }

  /** Two I32 words, low first, as one number. */
  static long pair(double low, double high) {
    return Integer.toUnsignedLong((int) low) | (long) (int) high << 32;
  }
}
