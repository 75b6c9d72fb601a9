import dev.tandem.backend.Backend;
import dev.tandem.backend.Backends;
import java.io.IOException;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;

/**
 * Fresh processes that train: when the first step is done and when steps are fast, counted from the start of the process, and the
 * memory that it takes. {@code bench/run StartBench 7 mlp 128 -- -XX:+UseSerialGC -- -XX:+UseParallelGC} compares the default with
 * two other sets of JVM options, in turns.
 */
final class StartBench {
  private static final long RUN_NANOS = 4_000_000_000L;
  private static final int WINDOW = 5;
  private static final double FAST = 1.5;
  private static final double MIB = 1 << 20;

  /** What a process tells; milliseconds and MiB. */
  private record Run(double first, double fast, double steady, double rss, double heap, double collections) {
    static Run parse(String line) {
      double[] n = Stream.of(line.split(" ")).mapToDouble(Double::parseDouble).toArray();
      return new Run(n[0], n[1], n[2], n[3], n[4], n[5]);
    }
  }

  public static void main(String[] arguments) throws Exception {
    if (arguments.length == 4 && arguments[0].equals("child")) {
      child(arguments[1], Integer.parseInt(arguments[2]), Long.parseLong(arguments[3]));
    } else {
      parent(List.of(arguments));
    }
  }

  private static void parent(List<String> arguments) throws IOException, InterruptedException {
    int runs = arguments.isEmpty() ? 5 : Integer.parseInt(arguments.get(0));
    String name = arguments.size() > 1 ? arguments.get(1) : "mlp";
    String batch = arguments.size() > 2 ? arguments.get(2) : "128";
    List<List<String>> options = new ArrayList<>();
    options.add(List.of());
    for (String word : arguments.subList(Math.min(3, arguments.size()), arguments.size())) {
      if (word.equals("--")) {
        options.add(List.of());
      } else {
        List<String> longer = new ArrayList<>(options.removeLast());
        longer.add(word);
        options.add(longer);
      }
    }
    Path classes = compile();
    List<List<Run>> results = new ArrayList<>();
    options.forEach(_ -> results.add(new ArrayList<>()));
    for (int round = 0; round < runs; round++) {
      for (int i = 0; i < options.size(); i++) {
        results.get(i).add(start(classes, options.get(i), name, batch));
      }
    }
    System.out.println("medians and quartiles; ms from the start of the process, MiB");
    for (int i = 0; i < options.size(); i++) {
      List<Run> all = results.get(i);
      System.out.printf(
          "%-32s first %s  fast %s  step %s  rss %s  heap %s  collections %s%n", options.get(i).isEmpty() ? name : options.get(i),
          spread(all.stream().mapToDouble(Run::first).toArray(), "%.0f"), spread(all.stream().mapToDouble(Run::fast).toArray(), "%.0f"),
          spread(all.stream().mapToDouble(Run::steady).toArray(), "%.2f"), spread(all.stream().mapToDouble(Run::rss).toArray(), "%.0f"),
          spread(all.stream().mapToDouble(Run::heap).toArray(), "%.0f"),
          spread(all.stream().mapToDouble(Run::collections).toArray(), "%.0f"));
    }
  }

  /** The benchmark's own classes: the source launcher would compile them in each process. */
  private static Path compile() throws IOException {
    Path classes = Files.createTempDirectory("tandem-start");
    classes.toFile().deleteOnExit();
    Path sources = Path.of(System.getProperty("jdk.launcher.sourcefile", "bench/StartBench.java")).toAbsolutePath().getParent();
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    int failed =
        compiler.run(
            null, null, null, "-nowarn", "-proc:none", "-d", classes.toString(), "-cp", System.getProperty("java.class.path"),
            sources.resolve("StartBench.java").toString(), sources.resolve("Workload.java").toString());
    if (failed != 0) {
      throw new IllegalStateException("StartBench: its sources do not compile, see above");
    }
    return classes;
  }

  private static Run start(Path classes, List<String> options, String name, String batch) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("--add-modules", "jdk.incubator.vector"));
    command.addAll(options);
    command.addAll(List.of("-cp", classes + java.io.File.pathSeparator + System.getProperty("java.class.path"), "StartBench"));
    command.addAll(List.of("child", name, batch, String.valueOf(System.nanoTime())));
    Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    String last = "";
    for (String line : new String(process.getInputStream().readAllBytes()).split("\n")) {
      last = line;
    }
    if (process.waitFor() != 0) {
      throw new IllegalStateException("StartBench: a process failed, got " + last + " from " + command);
    }
    return Run.parse(last);
  }

  private static void child(String name, int batch, long started) throws IOException {
    List<Long> ends = new ArrayList<>();
    try (Backend cpu = Backends.open("cpu", System.err::println);
        Workload workload = new Workload(name, batch, cpu)) {
      ends.add(System.nanoTime());
      while (ends.getLast() - started < RUN_NANOS || ends.size() < 3 * WINDOW) {
        workload.step();
        ends.add(System.nanoTime());
      }
    }
    double[] millis = new double[ends.size() - 1];
    for (int i = 0; i < millis.length; i++) {
      millis[i] = (ends.get(i + 1) - ends.get(i)) / 1e6;
    }
    double steady = median(millis, millis.length - Math.max(WINDOW, millis.length / 4), millis.length);
    int fast = 0;
    while (fast + WINDOW < millis.length && median(millis, fast, fast + WINDOW) > FAST * steady) {
      fast++;
    }
    long collections = ManagementFactory.getGarbageCollectorMXBeans().stream().mapToLong(GarbageCollectorMXBean::getCollectionCount).sum();
    long heap =
        ManagementFactory.getMemoryPoolMXBeans().stream()
            .filter(pool -> pool.getType() == MemoryType.HEAP)
            .map(MemoryPoolMXBean::getPeakUsage)
            .mapToLong(usage -> usage.getUsed())
            .sum();
    System.out.printf(
        "%f %f %f %f %f %d%n", (ends.get(1) - started) / 1e6, (ends.get(fast + 1) - started) / 1e6, steady, residentMiB(), heap / MIB,
        collections);
  }

  /** The most memory that the process had at once; 0 where the system does not tell. */
  private static double residentMiB() throws IOException {
    Path status = Path.of("/proc/self/status");
    if (!Files.exists(status)) {
      return 0;
    }
    String line = Files.readAllLines(status).stream().filter(l -> l.startsWith("VmHWM")).findFirst().orElse("VmHWM: 0 kB");
    return Integer.parseInt(line.replaceAll("\\D", "")) / 1024.0;
  }

  private static double median(double[] values, int from, int to) {
    double[] sorted = Arrays.copyOfRange(values, from, to);
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }

  private static String spread(double[] values, String format) {
    Arrays.sort(values);
    int n = values.length;
    return String.format(format + " [" + format + ".." + format + "]", values[n / 2], values[n / 4], values[3 * n / 4]);
  }
}
