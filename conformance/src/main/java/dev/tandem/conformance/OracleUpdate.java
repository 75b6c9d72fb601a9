package dev.tandem.conformance;

import dev.tandem.op.Philox;
import dev.tandem.op.Update;
import dev.tandem.op.Update.Accumulate;
import dev.tandem.op.Update.Adagrad;
import dev.tandem.op.Update.Adam;
import dev.tandem.op.Update.Assign;
import dev.tandem.op.Update.ClampInPlace;
import dev.tandem.op.Update.Increment;
import dev.tandem.op.Update.IncrementIfFinite;
import dev.tandem.op.Update.Lion;
import dev.tandem.op.Update.LossScale;
import dev.tandem.op.Update.Many;
import dev.tandem.op.Update.Masters;
import dev.tandem.op.Update.Momentum;
import dev.tandem.op.Update.NextDraw;
import dev.tandem.op.Update.RmsProp;
import dev.tandem.op.Update.RunningAverage;
import dev.tandem.op.Update.Scale;
import dev.tandem.op.Update.Sgd;
import dev.tandem.shape.DType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The definition of what works in place. Formulas follow the cited papers; the golden files check them from
 * outside.
 */
final class OracleUpdate {
  private OracleUpdate() {}

  static void run(Update update, List<Values> operands) {
    switch (update) {
      case Many many -> many(many, operands);
      case NextDraw _ -> nextDraw(operands.getFirst().data());
      case IncrementIfFinite _ -> {
        if (Double.isFinite(operands.get(1).data()[0])) {
          run(new Increment(), operands.subList(0, 1));
        }
      }
      case LossScale loss -> lossScale(loss, operands);
      case Update.Pairwise _, Update.Optimizer _, ClampInPlace _, Scale _, Increment _ ->
          eachElement(update, operands);
    }
  }

  private static void nextDraw(double[] state) {
    long next = OracleStochastic.pair(state[2], state[3]) + 1;
    state[2] = (int) next;
    state[3] = (int) (next >>> 32);
  }

  private static void lossScale(LossScale op, List<Values> operands) {
    double[] scale = operands.get(0).data();
    double[] streak = operands.get(1).data();
    if (!Double.isFinite(operands.get(2).data()[0])) {
      scale[0] = Math.max(1, scale[0] * op.backoff());
      streak[0] = 0;
      return;
    }
    streak[0]++;
    if (streak[0] >= op.interval()) {
      double grown = scale[0] * op.growth();
      scale[0] = Double.isInfinite(Rounding.to(DType.F32, grown)) ? scale[0] : grown;
      streak[0] = 0;
    }
  }

  /** Each weight by its rule, or the master instead and the weight after it. */
  private static void many(Many many, List<Values> operands) {
    int group = many.group();
    int gradients = many.count() * group;
    Values lr = operands.get(gradients + many.count());
    double factor = operands.get(gradients + many.count() + 1).data()[0];
    if (!steps(many, operands)) {
      return;
    }
    for (int n = 0; n < many.count(); n++) {
      boolean itself = many.masters() == Masters.NONE;
      List<Values> step = new ArrayList<>();
      step.add(operands.get(n * group + (itself ? 0 : group - 1)));
      step.addAll(operands.subList(n * group + 1, n * group + 1 + many.rule().states()));
      Values dw = operands.get(gradients + n);
      step.add(
          new Values(
              dw.type().withDType(dw.dtype().statistics()),
              Arrays.stream(dw.data()).map(slope -> factor * slope).toArray()));
      step.add(lr);
      if (many.rule().counted()) {
        step.add(operands.get(gradients + many.count() + 2));
      }
      eachElement(many.rule(), step);
      if (!itself) {
        double[] w = operands.get(n * group).data();
        System.arraycopy(
            rounded(many, n, step.getFirst(), dw.dtype(), operands), 0, w, 0, w.length);
      }
    }
  }

  /** Whether the factor is one to step by. */
  static boolean steps(Many many, List<Values> operands) {
    return Double.isFinite(operands.get(many.count() * (many.group() + 1) + 1).data()[0]);
  }

  /**
   * What weight number n is of this master: which way it was rounded is judged from the master that a backend came to, for one unit of
   * that decides it.
   */
  static double[] rounded(Many many, int n, Values master, DType dtype, List<Values> operands) {
    Values kept = master.as(DType.F32);
    if (many.masters() == Masters.ROUNDED_TO_NEAREST) {
      return kept.as(dtype).data();
    }
    double[] state = operands.getLast().data();
    long key = OracleStochastic.pair(state[0], state[1]);
    long draw = OracleStochastic.pair(state[2], state[3]);
    double[] w = new double[kept.data().length];
    int[] words = new int[4];
    for (int i = 0; i < w.length; i++) {
      Philox.block(key, Integer.toUnsignedLong(i / 4) | (long) n << 32, draw, words);
      w[i] = Rounding.stochastically(dtype, (float) kept.data()[i], words[i % 4]);
    }
    return w;
  }

  private static void eachElement(Update update, List<Values> operands) {
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
      case Many _, IncrementIfFinite _, LossScale _, NextDraw _ ->
          throw new AssertionError(update.name() + ": does not go by elements");
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
