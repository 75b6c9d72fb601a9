import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** One workload on all sides. */
final class StepComparison {
  private static final long WARM_NANOS = 6_000_000_000L;
  private static final int WARM_STEPS = 20; // of which the losses are told
  private static final long ROUND_NANOS = 400_000_000L;
  private static final long CEILING_WARM_NANOS = 1_000_000_000L;
  private static final long TRIAL_WARM_NANOS = 1_500_000_000L;
  private static final long TRIAL_NANOS = 300_000_000L;
  private static final int TRIAL_ROUNDS = 3;

  private final Options options;
  private final String name;
  private final int batch;
  private long parameters;

  StepComparison(Options options, String workload) {
    this.options = options;
    name = workload.substring(0, workload.indexOf(':'));
    batch = Integer.parseInt(workload.substring(workload.indexOf(':') + 1));
  }

  private String caseName() {
    return name + " " + batch;
  }

  /** @param peers that can be had here, Tandem first */
  void run(List<Peer> peers) throws IOException, InterruptedException {
    System.out.printf("%n%s, batch %d, %d threads, %d alternations%n", title(), batch, options.threads, options.rounds);
    List<Contestant> sides = new ArrayList<>();
    List<Contestant> ceilings = new ArrayList<>();
    try {
      List<String> losses = new ArrayList<>();
      for (Peer peer : peers) {
        if (peer == Peer.DL4J && name.equals("gpt")) {
          System.out.println("  DL4J has no part in this: " + Compare.DL4J_GPT);
          continue;
        }
        try {
          Contestant side = new Contestant(chosen(peer), options.python);
          sides.add(side);
          side.open(caseName());
          losses.add(warmed(side));
        } catch (CompareException e) {
          if (peer == Peer.TANDEM) {
            throw e;
          }
          if (sides.size() > losses.size()) {
            sides.removeLast().close();
          }
          System.out.println("  " + peer.title + " is left out: " + e.getMessage());
        }
      }
      requireEqualParameters(sides);
      for (String ceiling : List.of("fma", "triad")) {
        Contestant side = new Contestant(Peer.TANDEM.settings(options.threads).getFirst(), options.python);
        ceilings.add(side);
        side.open(ceiling);
        side.run(CEILING_WARM_NANOS, 1);
        side.awaitQuiet();
      }
      List<Contestant> all = Stream.concat(sides.stream(), ceilings.stream()).toList();
      Map<Contestant, Samples> millis = Rounds.alternate(all, options.rounds, ROUND_NANOS, true);
      print(sides, millis, losses);
      printRoofline(millis.get(sides.getFirst()), ceilings, millis);
    } finally {
      ceilings.forEach(Contestant::close);
      sides.forEach(Contestant::close);
    }
  }

  private String title() {
    return switch (name) {
      case "mlp" -> "MLP 784-512-512-10, momentum";
      case "cnn" -> "CNN, two convolutions, Adam";
      case "resnet" -> "ResNet-18 on 32 x 32, momentum and weight decay";
      default -> "GPT, 4 layers, width 256, 128 positions, AdamW";
    };
  }

  private static String warmed(Contestant side) throws IOException, InterruptedException {
    double first = side.run(0, 1).loss();
    double then = side.run(0, WARM_STEPS - 1).loss();
    long end = System.nanoTime() + WARM_NANOS;
    while (System.nanoTime() < end) {
      side.renew();
      side.run(ROUND_NANOS, 1);
    }
    side.awaitQuiet();
    return "%.2f, %.2f".formatted(first, then);
  }

  /** The fastest setting of a few short rounds. */
  private Peer.Setting chosen(Peer peer) throws IOException, InterruptedException {
    List<Peer.Setting> settings = peer.settings(options.threads);
    if (settings.size() == 1) {
      return settings.getFirst();
    }
    List<Contestant> trials = new ArrayList<>();
    try {
      for (Peer.Setting setting : settings) {
        Contestant trial = new Contestant(setting, options.python);
        trials.add(trial);
        trial.open(caseName());
        trial.run(TRIAL_WARM_NANOS, 3);
        trial.awaitQuiet();
      }
      Map<Contestant, Samples> millis = Rounds.alternate(trials, TRIAL_ROUNDS, TRIAL_NANOS, true);
      millis.forEach((trial, samples) -> System.out.printf("  trial: %s: %.3f ms%n", trial.setting.title(), samples.median()));
      return millis.entrySet().stream().min(Comparator.comparing(e -> e.getValue().median())).orElseThrow().getKey().setting;
    } finally {
      trials.forEach(Contestant::close);
    }
  }

  private void requireEqualParameters(List<Contestant> sides) {
    for (Contestant side : sides) {
      if (side.parameters() != sides.getFirst().parameters()) {
        throw new CompareException(
            "the networks differ: Tandem trains " + sides.getFirst().parameters() + " numbers, " + side.setting.title() + " "
                + side.parameters());
      }
    }
    parameters = sides.getFirst().parameters();
    System.out.printf("  %,d parameters on every side%n", parameters);
  }

  private void print(List<Contestant> sides, Map<Contestant, Samples> millis, List<String> losses) {
    Table table = new Table("side", "ms a step", "quartiles", items() + "/s", "Tandem is faster by", "quartiles", "loss 1, " + WARM_STEPS);
    Samples tandem = millis.get(sides.getFirst());
    for (int row = 0; row < sides.size(); row++) {
      Samples samples = millis.get(sides.get(row));
      Samples ratios = samples.over(tandem);
      table.row(
          sides.get(row).setting.title(), "%.3f".formatted(samples.median()),
          "%.3f..%.3f".formatted(samples.low(), samples.high()), "%,.0f".formatted(perStep() * 1e3 / samples.median()),
          row == 0 ? "" : "%.2f".formatted(samples.median() / tandem.median()),
          row == 0 ? "" : "%.2f..%.2f".formatted(ratios.low(), ratios.high()), losses.get(row));
    }
    table.print(options.markdown);
    sides.stream()
        .filter(side -> side.setting.peer().isTorch())
        .min(Comparator.comparing(side -> millis.get(side).median()))
        .ifPresent(best ->
            System.out.printf(
                "  best libtorch: %s; Tandem is faster by %.2f%n", best.setting.title(),
                millis.get(best).median() / tandem.median()));
  }

  /** What the machine's ceilings, met in the same rounds, would allow. */
  private void printRoofline(Samples tandem, List<Contestant> ceilings, Map<Contestant, Samples> millis) {
    Costs costs = Costs.of(name, parameters, perStep());
    double[] rates = new double[2]; // a millisecond
    for (int i = 0; i < rates.length; i++) {
      rates[i] = ceilings.get(i).parameters() / millis.get(ceilings.get(i)).median();
    }
    double arithmetic = costs.operations() / rates[0];
    double memory = costs.bytes() / rates[1];
    System.out.printf(
        "  ceilings: %.0f GFLOP/s of multiply-adds in registers, %.1f GB/s of triad%n", rates[0] / 1e6, rates[1] / 1e6);
    System.out.printf(
        "  a step: %.3f GFLOP, %.1f MB: %.3f ms and %.3f ms at the ceilings; Tandem reaches %.0f %% of the arithmetic's, %.0f %% of the"
            + " lower one%n",
        costs.operations() / 1e9, costs.bytes() / 1e6, arithmetic, memory, 100 * arithmetic / tandem.median(),
        100 * Math.max(arithmetic, memory) / tandem.median());
  }

  private String items() {
    return name.equals("gpt") ? "tokens" : "images";
  }

  private int perStep() {
    return name.equals("gpt") ? batch * 128 : batch;
  }
}
