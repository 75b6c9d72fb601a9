package dev.tandem.data;

import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * A change of scale: y = (x - center) / scale, for each feature or channel its own center and scale. Fit
 * it to the training part alone, save it with the run, and apply it to every batch, in prediction too.
 * All its numbers are double: they survive being written as text and read again.
 *
 * @param method how center and scale were chosen; what is applied depends on them alone
 * @param sample the shape of one sample
 * @param center one a group; a sample's elements fall into center.size() groups of equal length,
 *     row-major
 * @param scale one a group, never 0
 */
public record Normalization(Method method, Shape sample, List<Double> center, List<Double> scale) {
  /** How center and scale are chosen. */
  public enum Method {
    /** Mean 0 and standard deviation 1 (of the population, not the estimate for a larger one). */
    STANDARDIZE,
    /** Smallest value 0 and largest 1. */
    MIN_MAX,
    /** Unchanged. */
    NONE
  }

  /** Which elements share a center and scale. */
  public enum Grouping {
    /** Each element of a sample has its own. */
    FEATURE,
    /**
     * The elements of a sample's outermost axis share: a picture's channels; for a sample of one axis as
     * FEATURE.
     */
    CHANNEL
  }

  private static final int CHUNK = 256;

  /** Throws {@link DataException} when the numbers do not fit the shape or are not usable. */
  public Normalization {
    center = List.copyOf(center);
    scale = List.copyOf(scale);
    if (center.isEmpty()
        || sample.elements() == 0
        || center.size() != scale.size()
        || sample.elements() % center.size() != 0) {
      throw new DataException(
          "normalization: centers and scales do not fit the samples, got "
              + center.size()
              + " and "
              + scale.size()
              + " for "
              + sample
              + "; give one each a feature or a channel");
    }
    for (int group = 0; group < center.size(); group++) {
      if (!Double.isFinite(center.get(group))
          || !Double.isFinite(scale.get(group))
          || scale.get(group) == 0) {
        throw new DataException(
            "normalization: center and scale must be finite and scale not 0, got "
                + center.get(group)
                + " and "
                + scale.get(group)
                + " for group "
                + group
                + "; fit it anew");
      }
    }
  }

  /** Leaves samples of the shape as they are. */
  public static Normalization none(Shape sample) {
    return new Normalization(Method.NONE, sample, List.of(0.0), List.of(1.0));
  }

  /**
   * Fits to a data set's inputs: give it the training part. A constant feature is centered and not
   * scaled.
   */
  public static Normalization ofInputs(Dataset training, Method method, Grouping grouping) {
    return fit(training, training.input(), false, method, grouping);
  }

  /** Fits to a data set's targets, which must be numbers, each with its own center and scale. */
  public static Normalization ofTargets(Dataset training, Method method) {
    return fit(training, training.targetType(), true, method, Grouping.FEATURE);
  }

  /** Scales rows of samples in place. */
  public void apply(Values.Floats rows) {
    checkShape(rows);
    if (method == Method.NONE) {
      return;
    }
    float[] data = rows.data();
    int length = groupLength();
    for (int start = 0; start < data.length; start += length) {
      int group = start / length % center.size();
      double shift = center.get(group);
      double divisor = scale.get(group);
      for (int i = start; i < start + length; i++) {
        data[i] = (float) ((data[i] - shift) / divisor);
      }
    }
  }

  /** Undoes {@link #apply}, up to rounding: turns a model's outputs into the units of the targets. */
  public void invert(Values.Floats rows) {
    checkShape(rows);
    if (method == Method.NONE) {
      return;
    }
    float[] data = rows.data();
    int length = groupLength();
    for (int start = 0; start < data.length; start += length) {
      int group = start / length % center.size();
      double shift = center.get(group);
      double factor = scale.get(group);
      for (int i = start; i < start + length; i++) {
        data[i] = (float) (data[i] * factor + shift);
      }
    }
  }

  /** As a loader's step: scales each batch's inputs. */
  public Transform onInputs() {
    return new OfBatch(this, false);
  }

  /** As a loader's step: scales each batch's targets. */
  public Transform onTargets() {
    return new OfBatch(this, true);
  }

  private int groupLength() {
    return (int) sample.elements() / center.size();
  }

  private void checkShape(Values.Floats rows) {
    if (rows.shape().rank() < 1 || !rows.shape().without(0).equals(sample)) {
      throw new DataException(
          "normalization: fitted to other samples, got rows "
              + rows.shape()
              + " for samples of "
              + sample
              + "; fit it to this data set");
    }
  }

  private static Normalization fit(
      Dataset training, TensorType type, boolean targets, Method method, Grouping grouping) {
    if (type.dtype() != DType.F32) {
      throw new DataException(
          "normalization: only F32 values have a scale, got "
              + type
              + " of "
              + training.name()
              + "; leave it out");
    }
    if (method == Method.NONE) {
      return none(type.shape());
    }
    int elements = (int) type.elements();
    int groups =
        grouping == Grouping.CHANNEL && type.shape().rank() > 0 ? type.shape().length(0) : elements;
    Statistics statistics = new Statistics(groups);
    scan(training, type, targets, values -> statistics.first(values, elements / groups));
    statistics.takeMeans((long) training.size() * (elements / groups));
    if (method == Method.STANDARDIZE) {
      scan(training, type, targets, values -> statistics.second(values, elements / groups));
    }
    return statistics.normalization(
        method, type.shape(), (long) training.size() * (elements / groups));
  }

  private static void scan(
      Dataset dataset, TensorType type, boolean targets, Consumer<float[]> visitor) {
    int[] all = IntStream.range(0, dataset.size()).toArray();
    for (int from = 0; from < all.length; from += CHUNK) {
      int count = Math.min(CHUNK, all.length - from);
      Values.Floats rows = (Values.Floats) Values.zeros(type, count);
      if (targets) {
        dataset.readTargets(all, from, count, rows);
      } else {
        dataset.readInputs(all, from, count, rows);
      }
      visitor.accept(rows.data());
    }
  }

  /** Two passes in double: sums of squares would cancel where the mean is large and the spread small. */
  private static final class Statistics {
    private final double[] sum;
    private final double[] squares;
    private final double[] least;
    private final double[] most;

    Statistics(int groups) {
      sum = new double[groups];
      squares = new double[groups];
      least = new double[groups];
      most = new double[groups];
      Arrays.fill(least, Double.POSITIVE_INFINITY);
      Arrays.fill(most, Double.NEGATIVE_INFINITY);
    }

    void first(float[] values, int length) {
      for (int i = 0; i < values.length; i++) {
        int group = i / length % sum.length;
        sum[group] += values[i];
        least[group] = Math.min(least[group], values[i]);
        most[group] = Math.max(most[group], values[i]);
      }
    }

    /** Turns the sums into means. */
    void takeMeans(long count) {
      for (int group = 0; group < sum.length; group++) {
        // A constant's own value: beyond 2^29 of them the sum of equal floats is rounded, and so
        // its mean.
        sum[group] = least[group] == most[group] ? least[group] : sum[group] / count;
      }
    }

    void second(float[] values, int length) {
      for (int i = 0; i < values.length; i++) {
        int group = i / length % sum.length;
        double deviation = values[i] - sum[group];
        squares[group] += deviation * deviation;
      }
    }

    Normalization normalization(Method method, Shape sample, long count) {
      Double[] center = new Double[sum.length];
      Double[] scale = new Double[sum.length];
      for (int group = 0; group < sum.length; group++) {
        boolean constant = least[group] == most[group];
        boolean standard = method == Method.STANDARDIZE;
        center[group] = standard ? sum[group] : least[group];
        double spread = standard ? Math.sqrt(squares[group] / count) : most[group] - least[group];
        scale[group] = constant ? 1 : spread;
      }
      return new Normalization(method, sample, List.of(center), List.of(scale));
    }
  }

  private record OfBatch(Normalization normalization, boolean targets) implements Transform {
    @Override
    public void check(Dataset dataset) {
      TensorType type = targets ? dataset.targetType() : dataset.input();
      if (type.dtype() != DType.F32 || !type.shape().equals(normalization.sample)) {
        throw new DataException(
            "normalization: fitted to other samples, got "
                + type
                + " of "
                + dataset.name()
                + " for F32 "
                + normalization.sample
                + "; fit it to this data set");
      }
    }

    @Override
    public void apply(Batch batch, int epoch) {
      normalization.apply((Values.Floats) (targets ? batch.targets() : batch.inputs()));
    }
  }
}
