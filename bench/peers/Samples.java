import java.util.List;
import java.util.stream.IntStream;

/** What the rounds gave, in their order. */
record Samples(List<Double> values) {
  double median() {
    return quantile(2);
  }

  double low() {
    return quantile(1);
  }

  double high() {
    return quantile(3);
  }

  private double quantile(int quarters) {
    double[] sorted = values.stream().mapToDouble(value -> value).sorted().toArray();
    return sorted[Math.min(sorted.length - 1, quarters * sorted.length / 4)];
  }

  /** Round by round, for both of a round saw the same machine. */
  Samples over(Samples other) {
    return new Samples(
        IntStream.range(0, values.size()).mapToObj(i -> values.get(i) / other.values.get(i)).toList());
  }

}
