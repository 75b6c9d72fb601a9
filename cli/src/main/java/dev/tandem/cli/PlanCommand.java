package dev.tandem.cli;

import dev.tandem.backend.BackendProvider;
import dev.tandem.backend.Backends;
import dev.tandem.backend.Flag;
import dev.tandem.cli.config.LoadedConfig;
import dev.tandem.cli.config.ModelConfig;
import dev.tandem.data.Target;
import dev.tandem.op.Flops;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
    name = "plan",
    description =
        "Tells what training a config will need, parameters, memory and work, without allocating it.",
    mixinStandardHelpOptions = true)
final class PlanCommand implements Callable<Integer> {
  private static final double GIB = 1L << 30;

  private final Terminal terminal;

  @Spec private CommandSpec spec;
  @Mixin private ConfigOptions options = new ConfigOptions();

  @Parameters(paramLabel = "CONFIG", description = "The config: examples/gpt2-124m.yaml")
  private Path config;

  @Option(
      names = "--memory",
      paramLabel = "SIZE",
      description =
          "What a device has for tensors, such as 24GiB: tells the largest micro-batch that fits.")
  private String memory;

  PlanCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() {
    OptionalLong limit = limit();
    LoadedConfig loaded = options.read(config);
    BackendProvider provider = provider(loaded);
    Prepared prepared = Prepared.of(loaded, RunData.blank(loaded));
    Plan plan = Plan.of(prepared, provider::blockBytes);
    terminal.say(heading(prepared, plan, provider.kind()));
    terminal.say(parameters(plan));
    terminal.say(memory(plan));
    terminal.say(work(prepared, plan));
    limit.ifPresent(bytes -> terminal.say(largest(prepared, provider, bytes)));
    return 0;
  }

  private OptionalLong limit() {
    if (memory == null) {
      return OptionalLong.empty();
    }
    try {
      return Flag.with(Map.of(Flag.CUDA_MEMORY, memory), Flag.CUDA_MEMORY::bytes);
    } catch (IllegalArgumentException e) {
      throw new CommandLine.ParameterException(
          spec.commandLine(), "--memory: not a size, got '" + memory + "'; write e.g. 24GiB");
    }
  }

  /** Of the config's backend, which need not be usable here; for auto the one that it would take. */
  private static BackendProvider provider(LoadedConfig loaded) {
    String kind = loaded.config().backend().orElseThrow().replaceFirst(":.*", "");
    return Backends.providers().stream()
        .filter(provider ->
            kind.equals("auto") ? provider.probe().usable() : provider.kind().equals(kind))
        .findFirst()
        .orElseThrow(() ->
            loaded.problem("backend", "no such backend, got '" + kind + "'; use cpu or cuda"));
  }

  /** {@code gpt2-124m: bf16 on cuda, steps of 480 windows of 1,024 tokens, 16 at a time}. */
  private static String heading(Prepared prepared, Plan plan, String kind) {
    String samples =
        prepared.data().training().target() instanceof Target.Tokens
            ? " windows of "
                + Report.count(prepared.data().training().input().elements())
                + " tokens"
            : " samples";
    return prepared.config().name().orElseThrow()
        + ": "
        + prepared.config().precision().name().toLowerCase(Locale.ROOT)
        + " on "
        + kind
        + ", steps of "
        + Report.count(plan.batch())
        + samples
        + (plan.microBatch() == plan.batch()
            ? ""
            : ", " + Report.count(plan.microBatch()) + " at a time");
  }

  /** A line a layer, or a part of one; neighbours that differ by their number alone share one. */
  private static String parameters(Plan plan) {
    List<String[]> rows = new ArrayList<>();
    rows.add(new String[] {"layer", "parameters"});
    String open = "";
    long each = 0;
    for (Map.Entry<String, Long> part : plan.parameters().entrySet()) {
      String name = part.getKey();
      String stem = name.replaceFirst("\\.\\d+$", "");
      boolean alike = !stem.equals(name) && stem.equals(open) && part.getValue() == each;
      if (alike) {
        String[] row = rows.getLast();
        row[0] = row[0].replaceFirst(" to .*", "") + " to " + name;
        row[1] = Report.count(each) + " each";
      } else {
        rows.add(new String[] {name, Report.count(part.getValue())});
      }
      open = stem;
      each = part.getValue();
    }
    rows.add(new String[] {"in all", Report.count(plan.parameterCount())});
    return Report.table(rows, column -> column == 1);
  }

  private static String memory(Plan plan) {
    List<String[]> rows = new ArrayList<>();
    rows.add(new String[] {"memory at the peak", "MiB", "bytes a parameter"});
    plan.kinds().forEach((kind, bytes) -> rows.add(row(words(kind), bytes, plan)));
    rows.add(row("tensors in all", plan.tensors(), plan));
    rows.add(row("rounding of blocks", plan.blocks() - plan.tensors(), plan));
    rows.add(row("blocks of other sizes, idle then", plan.reserved() - plan.blocks(), plan));
    rows.add(row("in all", plan.reserved(), plan));
    return Report.table(rows, column -> column > 0)
        + "\n  without what ops borrow while they run, and a device's own, such as the CUDA context";
  }

  private static String words(Ledger.Kind kind) {
    return switch (kind) {
      case PARAMETERS -> "parameters";
      case GRADIENTS -> "gradients";
      case STATES -> "optimizer states";
      case MASTERS -> "masters in F32";
      case ACTIVATIONS -> "activations";
      case OTHER -> "other";
    };
  }

  private static String[] row(String what, long bytes, Plan plan) {
    return new String[] {
      what,
      Report.format("%,.1f", bytes / (double) (1 << 20)),
      Report.format("%.2f", bytes / (double) plan.parameterCount())
    };
  }

  private static String work(Prepared prepared, Plan plan) {
    boolean tokens = prepared.data().training().target() instanceof Target.Tokens;
    long windows = prepared.data().training().input().elements();
    double units = (double) plan.batch() * (tokens ? windows : 1);
    String unit = tokens ? "token" : "sample";
    List<String[]> rows = new ArrayList<>();
    rows.add(new String[] {"work a " + unit + ", forward and backward", "MFLOP"});
    double sum = 0;
    for (Flops.Kind kind : Flops.Kind.values()) {
      double flops = plan.work().getOrDefault(kind, 0L) / units;
      sum += flops;
      rows.add(new String[] {words(kind), mega(flops)});
    }
    rows.add(new String[] {"in all", mega(sum)});
    rows.add(
        new String[] {
          "3 times the products of forward", mega(plan.modelFlops() / (tokens ? windows : 1.0))
        });
    estimate(prepared, plan)
        .ifPresent(
            flops -> rows.add(new String[] {"as llm.c estimates, 6 N + 6 L C T", mega(flops)}));
    return Report.table(rows, column -> column == 1);
  }

  private static String words(Flops.Kind kind) {
    return switch (kind) {
      case PRODUCTS -> "products";
      case ATTENTION -> "attention";
      case ELEMENTS -> "elements";
    };
  }

  /** N parameters, L layers of C channels, T positions: of a network that is one transformer. */
  private static Optional<Double> estimate(Prepared prepared, Plan plan) {
    double positions = prepared.data().training().input().elements();
    double n = 6.0 * plan.parameterCount();
    return prepared.config().model().layers().size() != 1
        ? Optional.empty()
        : switch (prepared.config().model().layers().getFirst()) {
          case ModelConfig.Gpt gpt ->
              Optional.of(n + 6.0 * gpt.layers() * gpt.channels() * positions);
          case ModelConfig.Llama llama ->
              Optional.of(n + 6.0 * llama.layers() * llama.channels() * positions);
          case ModelConfig.LayerConfig _ -> Optional.empty();
        };
  }

  private static String mega(double flops) {
    return Report.format("%,.3f", flops / 1e6);
  }

  private static String largest(Prepared prepared, BackendProvider provider, long bytes) {
    String size = Report.format("%.2f GiB", bytes / GIB);
    return Plan.largest(prepared, provider::blockBytes, bytes)
        .map(plan ->
            Report.format(
                "largest micro-batch in %s: %,d, which takes %.2f GiB",
                size, plan.microBatch(), plan.reserved() / GIB))
        .orElseGet(() ->
            "not even one sample at a time fits in "
                + size
                + "; recompute activations, or make the network smaller");
  }
}
