import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** From the start of a process to the end of the first step of the MLP, and the most memory until then. */
final class StartComparison {
  private static final int PROCESSES = 5;
  private static final long PAUSE_MILLIS = 300; // in which what a process leaves is cleared away

  private StartComparison() {}

  static void run(Options options, List<Peer> peers) throws IOException, InterruptedException {
    System.out.printf("%nto the first finished step of the MLP, batch 128, %d processes of each side in turn%n", PROCESSES);
    Map<Peer.Setting, List<Double>> seconds = new LinkedHashMap<>();
    Map<Peer.Setting, List<Double>> mebibytes = new LinkedHashMap<>();
    for (int round = -1; round < PROCESSES; round++) { // the first, uncounted, may unpack libraries
      for (Peer peer : peers) {
        Peer.Setting setting = peer.settings(options.threads).getFirst();
        long start = System.nanoTime();
        try (Contestant side = new Contestant(setting, options.python)) {
          side.open("mlp 128");
          side.run(0, 1);
          double taken = (System.nanoTime() - start) / 1e9;
          if (round >= 0) {
            seconds.computeIfAbsent(setting, _ -> new ArrayList<>()).add(taken);
            mebibytes.computeIfAbsent(setting, _ -> new ArrayList<>()).add((double) side.peakMebibytes());
          }
        }
        Thread.sleep(PAUSE_MILLIS);
      }
    }
    Table table = new Table("side", "seconds", "quartiles", "most memory, MiB");
    seconds.forEach((setting, values) -> {
      Samples samples = new Samples(values);
      table.row(
          setting.title(), "%.2f".formatted(samples.median()), "%.2f..%.2f".formatted(samples.low(), samples.high()),
          "%.0f".formatted(new Samples(mebibytes.get(setting)).median()));
    });
    table.print(options.markdown);
  }
}
