import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Tandem beside others on the CPU: {@code bench/compare --help}. */
final class Compare {
  static final String DL4J_GPT = "its attention masks keys for all queries alike, so it is never causal";

  private Compare() {}

  public static void main(String[] arguments) throws IOException, InterruptedException {
    if (List.of(arguments).contains("--help")) {
      System.out.print(Options.HELP);
      return;
    }
    try {
      run(Options.of(arguments));
    } catch (CompareException e) {
      System.err.println("compare: " + e.getMessage());
      System.exit(2);
    }
  }

  private static void run(Options options) throws IOException, InterruptedException {
    if (!Files.exists(Path.of("/proc/self/schedstat")) || !System.getProperty("os.arch").equals("amd64")) {
      throw new CompareException(
          "needs Linux on x86-64, for which the peers' libraries are fetched, got " + System.getProperty("os.name") + " on "
              + System.getProperty("os.arch"));
    }
    Builds.ready(Peer.TANDEM, options.python);
    List<Peer> sides = new ArrayList<>(List.of(Peer.TANDEM));
    for (Peer peer : options.peers) {
      try {
        Builds.ready(peer, options.python);
        sides.add(peer);
      } catch (CompareException e) {
        System.out.println(peer.title + " is left out: " + e.getMessage());
      }
    }
    switch (options.mode) {
      case START -> StartComparison.run(options, sides);
      case GEMM -> GemmComparison.run(options, sides);
      case STEPS -> {
        for (String workload : options.workloads) {
          new StepComparison(options, workload).run(sides);
        }
      }
    }
  }
}
