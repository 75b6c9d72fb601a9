import dev.tandem.backend.Availability;
import dev.tandem.backend.Operand;
import dev.tandem.cuda.CudaBackend;
import dev.tandem.cuda.CudaBackendProvider;
import dev.tandem.cuda.CudaOptions;
import dev.tandem.cuda.Kernel;
import dev.tandem.cuda.driver.Device;
import dev.tandem.cuda.driver.DeviceAttribute;
import dev.tandem.cuda.driver.Driver;
import dev.tandem.cuda.driver.JcudaDriver;
import dev.tandem.op.Op;
import dev.tandem.op.Update;
import dev.tandem.ptx.EmulatedDriver;
import dev.tandem.ptx.machine.EmulatorOptions;
import dev.tandem.ptx.machine.EmulatorOptions.Sanitizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What every kernel moves, what it executes to do so, and how fast it is on this machine's GPU if there is one. Run it by
 * bench/run; with --markdown it prints the tables of docs/kernels.md.
 *
 * <p>The software GPU counts the PTX instructions of each kernel, thread by thread, for each byte that it must move. What a
 * card can do for each byte of its memory's bandwidth says which of the two will end first: an H100 SXM issues 132
 * multiprocessors x 128 lanes x 1.7 GHz = 28.7e12 lane instructions a second beside 3.35e12 bytes, 8.6 a byte; an RTX 4090
 * 128 x 128 x 2.5 GHz = 41e12 beside 1.0e12, 41 a byte. A kernel below the smaller is bound by memory on both, above the larger
 * by its instructions on both. PTX is not what a card executes, but near enough in number to tell these apart.
 */
final class KernelBench {
  /** Scale of the cases on a card; at scale 1 they are the share of one of its multiprocessors, or nearly. */
  static final int LARGE = 128;

  private static final double H100 = 132 * 128 * 1.7e9 / 3.35e12;
  private static final double RTX_4090 = 128 * 128 * 2.5e9 / 1.0e12;

  /** Bytes that an H100 moves in the 2 microseconds that a launch takes at least. */
  private static final double LAUNCH_BYTES = 3.35e12 * 2e-6;

  private static final int ROUNDS = 11;
  private static final long WARM_NANOS = 200_000_000L;
  private static final long ROUND_NANOS = 20_000_000L;
  private static final String NOT_MEASURED = "-";

  private final boolean markdown;
  private final List<KernelCase> small = KernelCases.all(1);
  private final List<KernelCase> large = KernelCases.all(LARGE);

  /** PTX instructions a byte that the software GPU counted. Equal parts of different cases are not the same. */
  private final Map<KernelCase.Part, Double> instructions = new IdentityHashMap<>();

  private final String[] speeds;

  private KernelBench(boolean markdown) {
    this.markdown = markdown;
    speeds = new String[large.size()];
    Arrays.fill(speeds, NOT_MEASURED);
  }

  public static void main(String[] arguments) {
    KernelBench bench = new KernelBench(List.of(arguments).contains("--markdown"));
    bench.large.forEach(KernelCase::check);
    Set<Kernel> never = bench.count();
    bench.measure();
    bench.print();
    if (!never.isEmpty()) {
      System.err.println(
          "kernels: no case launches these, got " + never + "; add one to bench/KernelCases.java");
      System.exit(1);
    }
  }

  // ---- counting

  /** Runs each case on a software GPU of one multiprocessor. @return the kernels that none launched */
  private Set<Kernel> count() {
    EmulatorOptions options =
        EmulatorOptions.standard()
            .withMultiprocessors(1)
            .withSanitizer(Sanitizer.OFF)
            .withStepLimit(1L << 40);
    Set<Kernel> never = EnumSet.allOf(Kernel.class);
    try (EmulatedDriver driver = EmulatedDriver.open(options);
        CudaBackend backend = CudaBackend.open(driver, 0, CudaOptions.standard("software GPU"))) {
      KernelData data = new KernelData(backend);
      for (KernelCase each : small) {
        List<Operand> operands = data.operands(each);
        backend.finish();
        Map<String, Long> before = driver.instructionsByKernel();
        Map<Kernel, Long> launched = backend.launches();
        run(backend, each, operands);
        backend.finish();
        for (KernelCase.Part part : each.parts()) {
          String entry = part.kernel().entry();
          long executed =
              driver.instructionsByKernel().getOrDefault(entry, 0L)
                  - before.getOrDefault(entry, 0L);
          if (executed == 0) {
            throw new IllegalStateException(
                each.name()
                    + ": does not launch its kernel, got "
                    + backend.launches()
                    + " after "
                    + launched
                    + "; expected "
                    + entry);
          }
          instructions.put(part, (double) executed / each.bytes(part));
          never.remove(part.kernel());
        }
        operands.forEach(operand -> operand.buffer().close());
      }
    }
    return never;
  }

  private static void run(CudaBackend backend, KernelCase each, List<Operand> operands) {
    switch (each.work()) {
      case Update update -> backend.update(update, operands);
      case Op op -> {
        backend.run(
            op,
            operands.subList(0, each.inputs()),
            operands.subList(each.inputs(), operands.size()));
      }
      default ->
          throw new IllegalStateException(
              each.name() + ": neither op nor update, got " + each.work());
    }
  }

  // ---- timing

  private void measure() {
    Availability found = new CudaBackendProvider().probe();
    if (!found.usable()) {
      System.out.println("GB/s are not measured: " + found.reason() + (markdown ? "\n" : ""));
      return;
    }
    try (Driver driver = JcudaDriver.open();
        CudaBackend backend = CudaBackend.open(driver, 0, CudaOptions.standard("cuda:0"))) {
      double peak = peak(driver.devices().getFirst());
      System.out.println(backend.description());
      System.out.println(
          peak > 0
              ? "peak bandwidth %.0f GB/s: memory clock x bus width x 2".formatted(peak)
              : "peak bandwidth: the device does not report its memory's clock");
      KernelData data = new KernelData(backend);
      for (int i = 0; i < large.size(); i++) {
        KernelCase each = large.get(i);
        List<Operand> operands = data.operands(each);
        double[] seconds = seconds(backend, each, operands);
        speeds[i] =
            each.flops() > 0
                ? speed(seconds, each.flops(), 0, "TFLOP/s", 1e12)
                : speed(seconds, each.bytes(), peak, "GB/s", 1e9);
        operands.forEach(operand -> operand.buffer().close());
      }
    }
  }

  /** GB/s, or 0 where the device says nothing. */
  private static double peak(Device device) {
    double hertz = device.attribute(DeviceAttribute.MEMORY_CLOCK_KHZ) * 1e3;
    return 2 * hertz * device.attribute(DeviceAttribute.MEMORY_BUS_BITS) / 8 / 1e9;
  }

  /** Seconds of a run of each round, in order. */
  private static double[] seconds(CudaBackend backend, KernelCase each, List<Operand> operands) {
    long start = System.nanoTime();
    int runs = 0;
    do {
      for (int i = 0; i < 8; i++) {
        run(backend, each, operands);
      }
      backend.finish();
      runs += 8;
    } while (System.nanoTime() - start < WARM_NANOS);
    int batch = (int) Math.max(1, ROUND_NANOS * runs / (System.nanoTime() - start));
    double[] seconds = new double[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
      start = System.nanoTime();
      for (int i = 0; i < batch; i++) {
        run(backend, each, operands);
      }
      backend.finish();
      seconds[round] = (System.nanoTime() - start) / 1e9 / batch;
    }
    Arrays.sort(seconds);
    return seconds;
  }

  private static String speed(
      double[] seconds, double amount, double peak, String unit, double unitSize) {
    double median = amount / seconds[ROUNDS / 2] / unitSize;
    double low = amount / seconds[3 * ROUNDS / 4] / unitSize;
    double high = amount / seconds[ROUNDS / 4] / unitSize;
    String share = peak > 0 ? ", %.0f %%".formatted(100 * median / peak) : "";
    return "%.4g %s (%.4g to %.4g)%s".formatted(median, unit, low, high, share);
  }

  // ---- tables

  /** A kernel in a case. */
  private record Row(int number, KernelCase.Part part) {}

  private void print() {
    Map<Kernel, Row> first = new EnumMap<>(Kernel.class);
    List<Row> others = new ArrayList<>();
    for (int i = 0; i < small.size(); i++) {
      for (KernelCase.Part part : small.get(i).parts()) {
        Row row = new Row(i, part);
        if (part.does().isEmpty() || first.putIfAbsent(part.kernel(), row) != null) {
          others.add(row);
        }
      }
    }
    String module = "";
    for (Map.Entry<Kernel, Row> entry : first.entrySet()) {
      if (!entry.getKey().module().equals(module)) {
        module = entry.getKey().module();
        heading(module + ".cu");
      }
      print(entry.getValue(), true);
    }
    heading("Other shapes");
    others.forEach(row -> print(row, false));
    for (int i = 0; i < large.size(); i++) {
      if (large.get(i).flops() > 0) {
        System.out.println((markdown ? "\n" : "") + large.get(i).name() + ": " + speeds[i]);
      }
    }
  }

  private void heading(String title) {
    System.out.println(
        markdown
            ? "\n## "
                + title
                + "\n\n| entry | does | bytes moved | PTX instructions a byte | expected bound | GB/s |\n"
                + "| --- | --- | --- | --- | --- | --- |"
            : "\n%-34s %-52s %-28s %8s  %-26s %s"
                .formatted(title, "case", "bytes moved", "PTX/byte", "expected bound", "GB/s"));
  }

  /** @param first whether it is the kernel's own row, which says what the kernel does; others name their case */
  private void print(Row row, boolean first) {
    KernelCase.Part part = row.part;
    double count = instructions.get(part);
    String entry = part.kernel().entry();
    String bound = bound(row, count);
    String name = large.get(row.number).name();
    if (!markdown) {
      System.out.printf(
          "%-34s %-52s %-28s %8.2f  %-26s %s%n",
          entry, name, part.bytes(), count, bound, speeds[row.number]);
      return;
    }
    // One case times all of its kernels.
    boolean alone =
        large.get(row.number).parts().size() == 1 && large.get(row.number).flops() == 0
            || speeds[row.number].equals(NOT_MEASURED);
    System.out.printf(
        "| %s | %s | %s | %.2f | %s | %s |%n",
        first ? "`" + entry + "`" : entry,
        first ? part.does() : name,
        part.bytes(),
        count,
        bound,
        speeds[row.number] + (alone ? "" : ", all of " + name));
  }

  /** What ends first; a launch itself, where there is next to nothing to do on a card. */
  private String bound(Row row, double count) {
    KernelCase each = large.get(row.number);
    KernelCase.Part part = each.parts().get(small.get(row.number).parts().indexOf(row.part));
    if (each.bytes(part) / part.launches() < LAUNCH_BYTES) {
      return "launch";
    }
    return count < H100 ? "memory" : count > RTX_4090 ? "issue" : "memory or issue, by the card";
  }
}
