package dev.tandem.conformance;

import dev.tandem.op.Update;
import dev.tandem.op.Update.Accumulate;
import dev.tandem.op.Update.Adagrad;
import dev.tandem.op.Update.Adam;
import dev.tandem.op.Update.Assign;
import dev.tandem.op.Update.ClampInPlace;
import dev.tandem.op.Update.Increment;
import dev.tandem.op.Update.Lion;
import dev.tandem.op.Update.Momentum;
import dev.tandem.op.Update.NextDraw;
import dev.tandem.op.Update.RmsProp;
import dev.tandem.op.Update.RunningAverage;
import dev.tandem.op.Update.Scale;
import dev.tandem.op.Update.Sgd;
import java.util.List;

/**
 * The definition of what works in place. Formulas follow the cited papers; the golden files check them from
 * outside.
 */
final class OracleUpdate {
  private OracleUpdate() {}

  static void run(Update update, List<Values> operands) {
    if (update instanceof NextDraw) {
      double[] state = operands.getFirst().data();
      long next = OracleStochastic.pair(state[2], state[3]) + 1;
      state[2] = (int) next;
      state[3] = (int) (next >>> 32);
      return;
    }
    for (int i = 0; i < operands.getFirst().data().length; i++) {
      double[] v = new double[operands.size()];
      for (int k = 0; k < v.length; k++) {
        double[] data = operands.get(k).data();
        boolean scalar = operands.get(k).shape().rank() == 0;
        v[k] = data[scalar ? 0 : i];
      }
      step(update, v);
      for (int k = 0; k < update.written(); k++) {
        operands.get(k).data()[i] = v[k];
      }
    }
  }

  /** One element: v holds what each operand has for it, and takes what is written. */
  private static void step(Update update, double[] v) {
    switch (update) {
      case Assign _ -> v[0] = v[1];
      case Accumulate _ -> v[0] += v[1];
      case RunningAverage average -> v[0] += average.weight() * (v[1] - v[0]);
      case ClampInPlace clamp ->
          v[0] = v[0] < clamp.low() ? clamp.low() : v[0] > clamp.high() ? clamp.high() : v[0];
      case Scale _ -> v[0] *= v[1];
      case Increment _ -> v[0] = (int) v[0] + 1;
      case Update.Many _, Update.IncrementIfFinite _, Update.LossScale _ ->
          throw new UnsupportedOperationException(update.name());
      case NextDraw _ -> throw new AssertionError("next_draw: works on a state, not on elements");
      case Sgd sgd -> {
        double g = v[1] + sgd.weightDecay() * v[0];
        v[0] -= v[2] * g;
      }
      case Momentum momentum -> {
        double g = v[2] + momentum.weightDecay() * v[0];
        v[1] = momentum.momentum() * v[1] + g;
        v[0] -= v[3] * (momentum.nesterov() ? g + momentum.momentum() * v[1] : v[1]);
      }
      case Adagrad adagrad -> {
        double g = v[2] + adagrad.weightDecay() * v[0];
        v[1] += g * g;
        v[0] -= v[3] * g / (Math.sqrt(v[1]) + adagrad.epsilon());
      }
      case RmsProp rms -> {
        double g = v[2] + rms.weightDecay() * v[0];
        v[1] = rms.alpha() * v[1] + (1 - rms.alpha()) * g * g;
        v[0] -= v[3] * g / (Math.sqrt(v[1]) + rms.epsilon());
      }
      case Adam adam -> {
        double g = v[3] + (adam.decoupled() ? 0 : adam.weightDecay() * v[0]);
        if (adam.decoupled()) {
          v[0] *= 1 - v[4] * adam.weightDecay();
        }
        v[1] = adam.beta1() * v[1] + (1 - adam.beta1()) * g;
        v[2] = adam.beta2() * v[2] + (1 - adam.beta2()) * g * g;
        double mean = v[1] / (1 - Math.pow(adam.beta1(), v[5]));
        double square = v[2] / (1 - Math.pow(adam.beta2(), v[5]));
        v[0] -= v[4] * mean / (Math.sqrt(square) + adam.epsilon());
      }
      case Lion lion -> {
        double direction = Math.signum(lion.beta1() * v[1] + (1 - lion.beta1()) * v[2]);
        v[0] = v[0] * (1 - v[3] * lion.weightDecay()) - v[3] * direction;
        v[1] = lion.beta2() * v[1] + (1 - lion.beta2()) * v[2];
      }
    }
  }
}
