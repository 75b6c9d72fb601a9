import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** A running side: a process that obeys lines, see {@code common/Worker.java}. */
final class Contestant implements AutoCloseable {
  private static final long QUIET_MILLIS = 20;
  private static final long QUIET_NANOS = 1_000_000; // of processor time, in QUIET_MILLIS
  private static final int PATIENCE = 150; // of QUIET_MILLIS

  final Peer.Setting setting;
  private final Process process;
  private final BufferedReader answers;
  private final Writer lines;
  private final Path log;
  private String current = "";
  private String version = "";
  private long parameters;

  /** @param nanos of all the steps together */
  record Run(long steps, long nanos, double loss) {
    double millis() {
      return nanos / 1e6 / steps;
    }
  }

  Contestant(Peer.Setting setting, String python) throws IOException {
    this.setting = setting;
    Files.createDirectories(setting.peer().folder().resolve("target"));
    log = setting.peer().folder().resolve("target/worker.log");
    ProcessBuilder builder = new ProcessBuilder(setting.peer().command(setting, python)).redirectError(log.toFile());
    for (String inherited : List.of("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")) {
      builder.environment().remove(inherited);
    }
    builder.environment().put("DJL_CACHE_DIR", setting.peer().folder().resolve("target/cache").toString());
    builder.environment().putAll(setting.environment());
    process = builder.start();
    answers = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    lines = process.outputWriter(StandardCharsets.UTF_8);
  }

  void open(String name) throws IOException {
    current = name;
    opened("open ");
  }

  /** Makes the open case anew. */
  void renew() throws IOException {
    opened("renew ");
  }

  private void opened(String how) throws IOException {
    String[] words = ask(how + current).split(" ", 3);
    parameters = Long.parseLong(words[1]);
    version = words[2];
  }

  Run run(long nanos, long leastSteps) throws IOException {
    String[] words = ask("run " + nanos + " " + leastSteps).split(" ");
    return new Run(Long.parseLong(words[1]), Long.parseLong(words[2]), Double.parseDouble(words[3]));
  }

  private String ask(String line) throws IOException {
    String answer = null;
    try {
      lines.write(line + "\n");
      lines.flush();
      answer = answers.readLine();
    } catch (IOException e) {
      // the process is gone, as where it ends its output
    }
    if (answer == null) {
      throw new CompareException(setting.title() + " ended at '" + line + "'; see " + log);
    }
    return answer;
  }

  String version() {
    return version;
  }

  long parameters() {
    return parameters;
  }

  /** Waits until its threads sleep: some go on spinning for a while after a step, others compile. */
  void awaitQuiet() throws IOException, InterruptedException {
    long before = processorNanos();
    for (int i = 0; i < PATIENCE; i++) {
      Thread.sleep(QUIET_MILLIS);
      long now = processorNanos();
      if (now - before < QUIET_NANOS) {
        return;
      }
      before = now;
    }
    System.err.println("compare: " + setting.title() + " does not come to rest, which disturbs the others");
  }

  private long processorNanos() throws IOException {
    try (Stream<Path> tasks = Files.list(Path.of("/proc/" + process.pid() + "/task"))) {
      return tasks.mapToLong(Contestant::taskNanos).sum();
    }
  }

  private static long taskNanos(Path task) {
    try {
      return Long.parseLong(Files.readString(task.resolve("schedstat")).split(" ")[0]);
    } catch (IOException e) {
      return 0; // the thread has ended
    }
  }

  /** The most memory it had at once, MiB. */
  long peakMebibytes() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/" + process.pid() + "/status"))) {
      if (line.startsWith("VmHWM:")) {
        return Long.parseLong(line.replaceAll("[^0-9]", "")) / 1024;
      }
    }
    throw new IOException("/proc tells no VmHWM");
  }

  @Override
  public void close() {
    process.destroyForcibly();
    try {
      process.waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
