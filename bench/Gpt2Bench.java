import dev.tandem.backend.Backend;
import dev.tandem.backend.Backends;
import dev.tandem.backend.OutOfMemoryException;
import dev.tandem.data.BatchLoader;
import dev.tandem.data.Dataset;
import dev.tandem.data.Target;
import dev.tandem.data.Values;
import dev.tandem.nn.Gpt;
import dev.tandem.nn.Init;
import dev.tandem.nn.LossFunction;
import dev.tandem.op.Op;
import dev.tandem.op.Update;
import dev.tandem.optim.Clipping;
import dev.tandem.optim.Optimizer;
import dev.tandem.optim.Rule;
import dev.tandem.optim.Schedule;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import dev.tandem.tensor.Random;
import dev.tandem.tensor.Scope;
import dev.tandem.tensor.Tensor;
import dev.tandem.train.Descent;
import dev.tandem.train.Feed;
import dev.tandem.train.Learner;
import dev.tandem.train.Outcome;
import dev.tandem.train.PeakRate;
import dev.tandem.train.StepReport;
import dev.tandem.train.Stopping;
import dev.tandem.train.Trainer;
import dev.tandem.train.TrainingListener;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Tokens a second of GPT-2's training, beside PyTorch's on the same device in one run if a python with torch is given:
 *
 * <pre>
 * bench/run Gpt2Bench --torch python3                          124M, T = 1024, BF16, batch sizes up to what fits
 * bench/run Gpt2Bench --batches 32 --tokens-per-step 524288    an update of half a million tokens
 * bench/run Gpt2Bench --tiny --backend cpu                     a tiny model on any machine, to see that the benchmark is right
 * </pre>
 *
 * <p>A measured step is everything from a batch on the host to new weights, clipping included, through {@link Trainer}; steps are
 * captured where the backend can. The host waits after each for its time, which costs it some 20 microseconds. Tokens are random.
 * MFU is by llm.c's count of FLOPs a token, 6 N + 6 L C T, against the device's dense peak, which is named. The breakdown is of one
 * step that is not captured, with a wait after each op, so its sum is more than a step takes.
 */
final class Gpt2Bench {
  private static final double MIB = 1 << 20;

  private final Options options;
  private final Backend backend;
  private final Gpt.Config config;

  private record Options(
      String backend,
      boolean tiny,
      List<Integer> batches,
      int tokensPerStep,
      int steps,
      int warmUp,
      DType dtype,
      boolean capture,
      boolean recompute,
      OptionalDouble peakTflops,
      Optional<String> torch) {

    static Options of(String[] words) {
      Map<String, String> given = new TreeMap<>();
      List<String> flags = List.of("tiny", "no-capture", "recompute");
      List<String> known =
          List.of(
              "backend", "batches", "tokens-per-step", "steps", "warm-up", "dtype", "peak", "torch");
      for (Iterator<String> left = List.of(words).iterator(); left.hasNext(); ) {
        String word = left.next();
        String name = word.replaceFirst("^--", "");
        if (!word.startsWith("--") || !flags.contains(name) && !known.contains(name)) {
          throw new IllegalArgumentException(
              "no such option, got '" + word + "'; use --" + String.join(", --", flags) + ", --"
                  + String.join(", --", known));
        }
        if (known.contains(name) && !left.hasNext()) {
          throw new IllegalArgumentException("no value, got " + word + " at the end; give one");
        }
        given.put(name, flags.contains(name) ? "" : left.next());
      }
      boolean tiny = given.containsKey("tiny");
      String batches = given.getOrDefault("batches", tiny ? "2,4" : "4,8,16,32,64,96,128");
      return new Options(
          given.getOrDefault("backend", "cuda"),
          tiny,
          Arrays.stream(batches.split(",")).map(Integer::parseInt).toList(),
          Integer.parseInt(given.getOrDefault("tokens-per-step", "0")),
          Integer.parseInt(given.getOrDefault("steps", "20")),
          Integer.parseInt(given.getOrDefault("warm-up", "5")),
          given.getOrDefault("dtype", "bf16").equals("f32") ? DType.F32 : DType.BF16,
          !given.containsKey("no-capture"),
          given.containsKey("recompute"),
          given.containsKey("peak")
              ? OptionalDouble.of(Double.parseDouble(given.get("peak")))
              : OptionalDouble.empty(),
          Optional.ofNullable(given.get("torch")));
    }
  }

  /** Random tokens, of which any window serves. */
  private record Noise(int size, int length, int vocabulary) implements Dataset {
    @Override
    public String name() {
      return "random tokens";
    }

    @Override
    public TensorType input() {
      return new TensorType(DType.I32, Shape.of(length));
    }

    @Override
    public Target target() {
      return new Target.Tokens(vocabulary);
    }

    @Override
    public void readInputs(int[] indices, int from, int count, Values rows) {
      fill(indices, from, count, rows, 0);
    }

    @Override
    public void readTargets(int[] indices, int from, int count, Values rows) {
      fill(indices, from, count, rows, 1);
    }

    private void fill(int[] indices, int from, int count, Values rows, int shift) {
      int[] into = ((Values.Ints) rows).data();
      for (int row = 0; row < count; row++) {
        for (int i = 0; i < length; i++) {
          long z = (indices[from + row] * (long) length + i + shift) * 0x9E3779B97F4A7C15L;
          into[row * length + i] = (int) Math.floorMod((z ^ z >>> 32) * 0xBF58476D1CE4E5B9L >>> 16, vocabulary);
        }
      }
    }
  }

  /** What a batch size came to. */
  private record Measured(int batch, double tokensPerSecond, OptionalDouble mfu, double mib) {}

  private Gpt2Bench(Options options, Backend backend) {
    this.options = options;
    this.backend = backend;
    Gpt.Config plain =
        options.tiny ? new Gpt.Config(256, 64, 2, 4, 64, 0, false) : Gpt.Config.gpt2();
    config =
        new Gpt.Config(
            plain.vocabulary(),
            plain.context(),
            plain.layers(),
            plain.heads(),
            plain.channels(),
            0,
            options.recompute);
  }

  public static void main(String[] words) throws IOException, InterruptedException {
    Options options;
    try {
      options = Options.of(words);
    } catch (IllegalArgumentException e) {
      System.err.println("Gpt2Bench: " + e.getMessage());
      System.exit(2);
      return;
    }
    List<Measured> ours = new ArrayList<>();
    try (Backend backend = Backends.open(options.backend, System.err::println)) {
      System.out.println(backend.description());
      Gpt2Bench bench = new Gpt2Bench(options, backend);
      for (int batch : options.batches) {
        Optional<Measured> measured = bench.measure(batch);
        measured.ifPresent(ours::add);
        if (measured.isEmpty()) {
          break;
        }
      }
      if (!ours.isEmpty()) {
        bench.breakDown(ours.getLast().batch);
      }
    }
    // Only now, for PyTorch needs the memory that our backend has given back.
    if (options.torch.isPresent()) {
      sideBySide(ours, torch(options));
    }
  }

  /** Empty where there is no room; the backend then goes on. */
  private Optional<Measured> measure(int batch) {
    List<Long> nanos = new ArrayList<>();
    try {
      int micro = microSteps(batch);
      int steps = options.warmUp + options.steps;
      double[] losses = train(backend, batch, steps, options.capture, nanos);
      List<Long> times = nanos.subList(options.warmUp, steps).stream().sorted().toList();
      double median = times.get(times.size() / 2) / 1e9;
      long tokens = (long) micro * batch * config.context();
      double rate = tokens / median;
      Optional<Double> peak = peak();
      Measured measured =
          new Measured(
              batch,
              rate,
              peak.map(flops -> OptionalDouble.of(rate * flopsPerToken() / flops))
                  .orElse(OptionalDouble.empty()),
              backend.memory().peak() / MIB);
      say(
          "batch %d x %d, %,d tokens a step: %.2f ms (%.2f to %.2f), %,.0f tokens/s, %.1f TFLOPS%s, %,.0f MiB of tensors, %,.0f"
              + " MiB held, loss %.4f to %.4f",
          batch,
          micro,
          tokens,
          median * 1e3,
          times.getFirst() / 1e6,
          times.getLast() / 1e6,
          rate,
          rate * flopsPerToken() / 1e12,
          measured.mfu.isPresent()
              ? String.format(Locale.ROOT, ", MFU %.1f %% of %s", 100 * measured.mfu.getAsDouble(), peakName())
              : "",
          measured.mib,
          backend.memory().reserved() / MIB,
          losses[0],
          losses[1]);
      return Optional.of(measured);
    } catch (OutOfMemoryException e) {
      say("batch %d: %s", batch, e.getMessage());
      requireUsable();
      return Optional.empty();
    }
  }

  /** After running out of memory the backend must compute as before. */
  private void requireUsable() {
    try (Scope _ = Scope.open()) {
      Tensor x = Tensor.of(backend, new float[] {1, 2, 3, 4}, 2, 2);
      float[] y = x.matmul(x).toFloats();
      if (!Arrays.equals(y, new float[] {7, 10, 15, 22})) {
        throw new IllegalStateException(
            "the backend is broken after it ran out of memory, got " + Arrays.toString(y));
      }
    }
    say("the backend still computes, and holds %,d bytes in open tensors", backend.memory().used());
  }

  private int microSteps(int batch) {
    return Math.max(1, options.tokensPerStep / (batch * config.context()));
  }

  /** @param nanos takes the time of each step. @return the first and the last loss */
  private double[] train(Backend on, int batch, int steps, boolean capture, List<Long> nanos) {
    int rows = batch * microSteps(batch);
    double[] losses = new double[2];
    try (Gpt model = new Gpt(new Init(on, options.dtype, new Random(1)), config);
        Optimizer optimizer =
            new Optimizer(
                new Rule.AdamW(0.9, 0.95, 1e-8, 0.1).update(),
                model.parameters(),
                Optimizer.Options.standard().withDecay(Optimizer.Decay.MATRICES));
        Trainer trainer =
            new Trainer(
                new Learner(model, new LossFunction.CrossEntropy(0)),
                new Descent(
                        optimizer, 6e-4, new Schedule.Constant(), new Clipping.ByGlobalNorm(1))
                    .inMicroBatches(batch),
                Feed.of(
                    BatchLoader.of(
                            new Noise(rows * steps, config.context(), config.vocabulary()), rows)
                        .prefetching(2)),
                Stopping.afterEpochs(1))) {
      trainer.capture(capture).checkEvery(Integer.MAX_VALUE);
      trainer.listen(
          new TrainingListener() {
            private long before = System.nanoTime();

            @Override
            public void step(StepReport report) {
              on.finish();
              nanos.add(System.nanoTime() - before);
              if (report.step() == 1 || report.step() == steps) {
                losses[report.step() == 1 ? 0 : 1] = report.loss();
              }
              before = System.nanoTime();
            }
          });
      Outcome outcome = trainer.run();
      if (outcome.reason() != Outcome.Reason.MAX_EPOCHS) {
        throw new IllegalStateException("the run went wrong: " + outcome.message());
      }
      return losses;
    }
  }

  // ---- where the time goes

  /** Time of the calls of a kind. */
  private static final class Spent {
    private long nanos;
    private int calls;
  }

  /** One step, each op waited for. The steps before it warm up. */
  private void breakDown(int batch) {
    Map<String, Spent> spent = new TreeMap<>();
    Backend timed =
        (Backend)
            Proxy.newProxyInstance(
                Backend.class.getClassLoader(),
                new Class<?>[] {Backend.class},
                (_, method, arguments) -> {
                  try {
                    String kind = kind(method.getName(), arguments);
                    if (kind == null) {
                      return method.invoke(backend, arguments);
                    }
                    long begin = System.nanoTime();
                    Object result = method.invoke(backend, arguments);
                    backend.finish();
                    Spent all = spent.computeIfAbsent(kind, _ -> new Spent());
                    all.nanos += System.nanoTime() - begin;
                    all.calls++;
                    return result;
                  } catch (InvocationTargetException e) {
                    throw e.getCause();
                  }
                });
    List<Long> nanos = new ArrayList<>();
    int[] done = new int[1];
    try (Gpt model = new Gpt(new Init(timed, options.dtype, new Random(1)), config);
        Optimizer optimizer =
            new Optimizer(Rule.AdamW.standard().update(), model.parameters());
        Trainer trainer =
            new Trainer(
                new Learner(model, new LossFunction.CrossEntropy(0)),
                new Descent(
                    optimizer, 6e-4, new Schedule.Constant(), new Clipping.ByGlobalNorm(1)),
                Feed.of(
                    BatchLoader.of(
                        new Noise(3 * batch, config.context(), config.vocabulary()), batch)),
                Stopping.afterEpochs(1))) {
      trainer
          .capture(false)
          .checkEvery(Integer.MAX_VALUE)
          .listen(
              new TrainingListener() {
                @Override
                public void step(StepReport report) {
                  if (++done[0] < 3) {
                    spent.clear();
                  } else {
                    trainer.requestStop();
                  }
                  nanos.add(System.nanoTime());
                }
              })
          .run();
    }
    double step = (nanos.get(2) - nanos.get(1)) / 1e6;
    say("a step of batch %d, not captured, each op waited for: %.2f ms", batch, step);
    Map<String, Spent> families = new TreeMap<>();
    spent.forEach((name, part) -> {
      Spent all = families.computeIfAbsent(name.replaceFirst("\\..*", ""), _ -> new Spent());
      all.nanos += part.nanos;
      all.calls += part.calls;
    });
    table(families, step);
    say("  of these:");
    table(spent, step);
  }

  private static void table(Map<String, Spent> spent, double step) {
    spent.entrySet().stream()
        .sorted((a, b) -> Long.compare(b.getValue().nanos, a.getValue().nanos))
        .forEach(entry ->
            say(
                "  %-36s %9.3f ms  %5.1f %%  %4d calls",
                entry.getKey(),
                entry.getValue().nanos / 1e6,
                100 * entry.getValue().nanos / 1e6 / step,
                entry.getValue().calls));
  }

  /** {@code linear} of {@code Linear.Matmul}, and {@code elementwise} of {@code Elementwise.Add}, which is of a family within one. */
  private static String family(Class<?> type) {
    for (Class<?> parent : type.getInterfaces()) {
      return parent == Op.class ? type.getSimpleName().toLowerCase(Locale.ROOT) : family(parent);
    }
    throw new IllegalArgumentException("no op, got " + type);
  }

  /** The family of an op and its name, of an update its name; null for other calls. */
  private static String kind(String method, Object[] arguments) {
    return switch (method) {
      case "run" -> {
        Op op = (Op) arguments[0];
        yield family(op.getClass()) + "." + op.name();
      }
      case "update" -> "update." + ((Update) arguments[0]).name();
      case "write" -> "write";
      default -> null;
    };
  }

  // ---- what it is a share of

  private double flopsPerToken() {
    return 6.0 * parameters() + 6.0 * config.layers() * config.channels() * config.context();
  }

  /** Tied embedding once, positions included, padding too: as llm.c counts. */
  private long parameters() {
    long c = config.channels();
    long padded = (config.vocabulary() + 127L) / 128 * 128;
    return (padded + config.context()) * c + config.layers() * (12 * c * c + 13 * c) + 2 * c;
  }

  private Optional<Double> peak() {
    return options.peakTflops.isPresent()
        ? Optional.of(options.peakTflops.getAsDouble() * 1e12)
        : rate().map(PeakRate::flops);
  }

  private String peakName() {
    return options.peakTflops.isPresent()
        ? options.peakTflops.getAsDouble() + " TFLOPS, as given"
        : rate().orElseThrow().toString();
  }

  private Optional<PeakRate> rate() {
    return PeakRate.of(
        backend.description(),
        options.dtype == DType.F32 ? PeakRate.Arithmetic.F32 : PeakRate.Arithmetic.HALF);
  }

  // ---- PyTorch

  /** Runs the same in PyTorch. @return tokens a second by batch size */
  private static Map<Integer, Double> torch(Options options)
      throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(
                options.torch.orElseThrow(),
                "bench/gpt2_torch.py",
                "--batches",
                String.join(",", options.batches.stream().map(String::valueOf).toList()),
                "--tokens-per-step",
                Integer.toString(options.tokensPerStep),
                "--steps",
                Integer.toString(options.steps),
                "--warm-up",
                Integer.toString(options.warmUp),
                "--dtype",
                options.dtype == DType.F32 ? "f32" : "bf16",
                "--device",
                options.backend.startsWith("cuda") ? "cuda" : "cpu"));
    if (options.tiny) {
      command.add("--tiny");
    }
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    Map<Integer, Double> rates = new TreeMap<>();
    Pattern line = Pattern.compile("\"batch\": (\\d+),.*\"tokens_per_s\": (\\d+)");
    try (BufferedReader out =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      for (String text = out.readLine(); text != null; text = out.readLine()) {
        System.out.println(text);
        Matcher matcher = line.matcher(text);
        if (matcher.find()) {
          rates.put(Integer.parseInt(matcher.group(1)), Double.parseDouble(matcher.group(2)));
        }
      }
    }
    if (process.waitFor() != 0) {
      System.err.println("Gpt2Bench: PyTorch ended with " + process.exitValue());
    }
    return rates;
  }

  private static void sideBySide(List<Measured> ours, Map<Integer, Double> theirs) {
    say("%8s %16s %16s %8s", "batch", "Tandem tokens/s", "PyTorch tokens/s", "ratio");
    for (Measured measured : ours) {
      Double other = theirs.get(measured.batch);
      say(
          "%8d %,16.0f %16s %8s",
          measured.batch,
          measured.tokensPerSecond,
          other == null ? "-" : String.format(Locale.ROOT, "%,.0f", other),
          other == null
              ? "-"
              : String.format(Locale.ROOT, "%.3f", measured.tokensPerSecond / other));
    }
  }

  private static void say(String pattern, Object... values) {
    System.out.println(String.format(Locale.ROOT, pattern, values));
  }
}
