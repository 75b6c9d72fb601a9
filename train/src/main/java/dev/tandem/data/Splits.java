package dev.tandem.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * A data set parted into training, validation and test samples: views that share no sample and together
 * hold them all, each in the data set's own order. A part whose fraction is 0 is absent.
 */
public record Splits(Dataset training, Optional<Dataset> validation, Optional<Dataset> test) {

  /** Which share of the samples goes where; training gets the rest. */
  public record Fractions(double validation, double test) {
    /** Throws {@link DataException} unless both lie in [0, 1) and leave something to train on. */
    public Fractions {
      if (!(validation >= 0 && test >= 0 && validation + test < 1)) {
        throw new DataException(
            "split: fractions must be 0 or more and sum to less than 1, got validation "
                + validation
                + " and test "
                + test
                + "; 0.1 each is usual");
      }
    }
  }

  /**
   * Draws samples at random; for classes each part has the same mix of classes, as near as whole samples
   * allow.
   */
  public static Splits of(Dataset dataset, Fractions fractions, long seed) {
    return dataset.target() instanceof Target.Classes
        ? stratified(dataset, fractions, seed)
        : random(dataset, fractions, seed);
  }

  /** Draws samples at random, whatever their classes. */
  public static Splits random(Dataset dataset, Fractions fractions, long seed) {
    int[] order = shuffled(dataset.size(), seed);
    int test = share("test", dataset, fractions.test());
    int validation = share("validation", dataset, fractions.validation());
    return parted(dataset, order, validation, test);
  }

  /**
   * Draws the same share of every class. Shares are rounded so that the parts come out as large as
   * without classes; a class always keeps a sample for training, so parts may be smaller where classes
   * have very few.
   */
  public static Splits stratified(Dataset dataset, Fractions fractions, long seed) {
    if (!(dataset.target() instanceof Target.Classes(List<String> names))) {
      throw new DataException(
          "split: only classes can be stratified, got "
              + dataset.target()
              + " of "
              + dataset.name()
              + "; use a random split");
    }
    List<List<Integer>> byClass = new ArrayList<>();
    names.forEach(_ -> byClass.add(new ArrayList<>()));
    int[] labels = labels(dataset);
    for (int index : shuffled(dataset.size(), seed)) {
      byClass.get(labels[index]).add(index);
    }
    int[] spare = byClass.stream().mapToInt(members -> Math.max(0, members.size() - 1)).toArray();
    int[] tests = shares("test", dataset, byClass, fractions.test(), spare);
    for (int c = 0; c < spare.length; c++) {
      spare[c] -= tests[c];
    }
    int[] validations = shares("validation", dataset, byClass, fractions.validation(), spare);
    List<Integer> order = new ArrayList<>();
    for (int c = 0; c < tests.length; c++) {
      order.addAll(byClass.get(c).subList(0, tests[c]));
    }
    for (int c = 0; c < tests.length; c++) {
      order.addAll(byClass.get(c).subList(tests[c], tests[c] + validations[c]));
    }
    for (int c = 0; c < tests.length; c++) {
      order.addAll(byClass.get(c).subList(tests[c] + validations[c], byClass.get(c).size()));
    }
    int[] whole = order.stream().mapToInt(Integer::intValue).toArray();
    return parted(dataset, whole, IntStream.of(validations).sum(), IntStream.of(tests).sum());
  }

  /**
   * Training samples first, then validation, then test, nothing drawn: for text and for series in time.
   */
  public static Splits inOrder(Dataset dataset, Fractions fractions) {
    int test = share("test", dataset, fractions.test());
    int validation = share("validation", dataset, fractions.validation());
    int training = dataset.size() - validation - test;
    int[] all = IntStream.range(0, dataset.size()).toArray();
    int[] order = new int[all.length];
    System.arraycopy(all, training + validation, order, 0, test);
    System.arraycopy(all, training, order, test, validation);
    System.arraycopy(all, 0, order, test + validation, training);
    return parted(dataset, order, validation, test);
  }

  /** The class number of every sample. */
  static int[] labels(Dataset dataset) {
    int[] all = IntStream.range(0, dataset.size()).toArray();
    Values.Ints labels = (Values.Ints) Values.zeros(dataset.targetType(), all.length);
    dataset.readTargets(all, 0, all.length, labels);
    return labels.data();
  }

  private static int[] shuffled(int size, long seed) {
    int[] order = IntStream.range(0, size).toArray();
    Draws.shuffle(order, Draws.of(seed, Draws.Purpose.SPLIT, 0));
    return order;
  }

  /** The fraction as a number of samples, at least one where the fraction is not 0. */
  private static int share(String part, Dataset dataset, double fraction) {
    int count = (int) Math.round(dataset.size() * fraction);
    if (fraction > 0 && count == 0) {
      throw new DataException(
          "split: the "
              + part
              + " part would be empty, got fraction "
              + fraction
              + " of the "
              + dataset.size()
              + " samples of "
              + dataset.name()
              + "; use a larger fraction, or 0 for none");
    }
    return count;
  }

  /**
   * Parts a share over classes in proportion, by largest remainders, no class giving more than it can
   * spare.
   */
  private static int[] shares(
      String part, Dataset dataset, List<List<Integer>> byClass, double fraction, int[] spare) {
    int total = share(part, dataset, fraction);
    int[] shares = new int[spare.length];
    double[] remainders = new double[spare.length];
    for (int c = 0; c < shares.length; c++) {
      double exact = byClass.get(c).size() * fraction;
      shares[c] = Math.min((int) exact, spare[c]);
      remainders[c] = exact - (int) exact;
    }
    Comparator<Integer> byRemainder = Comparator.comparingDouble(c -> -remainders[c]);
    List<Integer> order = IntStream.range(0, shares.length).boxed().sorted(byRemainder).toList();
    int left = total - IntStream.of(shares).sum();
    for (int c : order) {
      if (left > 0 && shares[c] < spare[c]) {
        shares[c]++;
        left--;
      }
    }
    if (total > 0 && IntStream.of(shares).sum() == 0) {
      throw new DataException(
          "split: the "
              + part
              + " part would be empty, got classes of one sample each in "
              + dataset.name()
              + "; if they are numbers to be predicted, make the task numbers, otherwise split at random");
    }
    return shares;
  }

  /**
   * Takes the test part from the front of the order, then validation, and leaves the rest to training.
   */
  private static Splits parted(Dataset dataset, int[] order, int validation, int test) {
    int training = order.length - validation - test;
    if (training < 1) {
      throw new DataException(
          "split: nothing is left to train on, got "
              + order.length
              + " samples of "
              + dataset.name()
              + ", "
              + validation
              + " for validation and "
              + test
              + " for test; use smaller fractions");
    }
    return new Splits(
        part(dataset, "training", order, test + validation, training).orElseThrow(),
        part(dataset, "validation", order, test, validation),
        part(dataset, "test", order, 0, test));
  }

  private static Optional<Dataset> part(
      Dataset dataset, String part, int[] order, int from, int count) {
    if (count == 0) {
      return Optional.empty();
    }
    int[] members = Arrays.copyOfRange(order, from, from + count);
    Arrays.sort(members);
    return Optional.of(new Subset(dataset.name() + " (" + part + ")", dataset, members));
  }
}
