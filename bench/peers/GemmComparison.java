import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Matrix products on all sides. */
final class GemmComparison {
  // The first product warms up what they all need, in C2's case for two seconds on a slow core.
  private static final long FIRST_WARM_NANOS = 4_000_000_000L;
  private static final long WARM_NANOS = 800_000_000L;
  private static final long ROUND_NANOS = 150_000_000L;
  private static final List<String> CASES =
      Stream.concat(
              Stream.of(64, 128, 256, 512, 1024, 2048).map(side -> (side + " ").repeat(3) + "false false"),
              Stream.of( // forward, then the gradients of the input and of the weight, which lies as (out, in)
                  "128 784 512 false true", "128 512 784 false false", "512 128 784 true false", "2048 256 1024 false true",
                  "2048 1024 256 false false", "1024 2048 256 true false"))
          .toList();

  private GemmComparison() {}

  static void run(Options options, List<Peer> peers) throws IOException, InterruptedException {
    System.out.printf("%nmatrix products, GFLOP/s, %d threads, %d alternations%n", options.threads, options.rounds);
    List<Contestant> sides = new ArrayList<>();
    try {
      for (Peer peer : peers) {
        sides.add(new Contestant(setting(peer, options.threads), options.python));
      }
      Table table =
          new Table(
              Stream.concat(
                      Stream.concat(Stream.of("rows x inner x columns"), sides.stream().map(side -> side.setting.title())),
                      Stream.of("Tandem / best", "quartiles"))
                  .toArray(String[]::new));
      for (String name : CASES) {
        table.row(row(name, sides, options.rounds));
      }
      table.print(options.markdown);
    } finally {
      sides.forEach(Contestant::close);
    }
  }

  private static Peer.Setting setting(Peer peer, int threads) {
    return peer == Peer.BYTEDECO ? peer.withMkl(threads) : peer.settings(threads).getFirst();
  }

  private static String[] row(String name, List<Contestant> sides, int rounds) throws IOException, InterruptedException {
    for (Contestant side : sides) {
      side.open("gemm " + name);
      side.run(name.equals(CASES.getFirst()) ? FIRST_WARM_NANOS : WARM_NANOS, 3);
      side.awaitQuiet();
    }
    Map<Contestant, Samples> millis = Rounds.alternate(sides, rounds, ROUND_NANOS, false);
    String[] words = name.split(" ");
    double operations = 2.0 * Integer.parseInt(words[0]) * Integer.parseInt(words[1]) * Integer.parseInt(words[2]);
    List<String> cells = new ArrayList<>(List.of(title(words)));
    sides.forEach(side -> cells.add("%.0f".formatted(operations / millis.get(side).median() / 1e6)));
    Samples tandem = millis.get(sides.getFirst());
    sides.stream()
        .skip(1)
        .map(millis::get)
        .min(Comparator.comparing(Samples::median))
        .ifPresent(best -> {
          Samples ratios = best.over(tandem);
          cells.add("%.2f".formatted(best.median() / tandem.median()));
          cells.add("%.2f..%.2f".formatted(ratios.low(), ratios.high()));
        });
    return cells.toArray(String[]::new);
  }

  private static String title(String[] words) {
    return words[0] + " x " + words[1] + " x " + words[2] + (words[3].equals("true") ? " A^T" : "")
        + (words[4].equals("true") ? " B^T" : "");
  }
}
