package dev.tandem.cli;

import dev.tandem.backend.Backend;
import dev.tandem.cli.config.Assignment;
import dev.tandem.cli.config.Config;
import dev.tandem.cli.config.DataConfig;
import dev.tandem.cli.config.LoadedConfig;
import dev.tandem.io.AtomicFile;
import dev.tandem.train.Outcome;
import dev.tandem.train.RunFolder;
import dev.tandem.train.Saving;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
    name = "compare",
    description =
        "Trains several configs on the same data, one after the other, and shows their losses as a table and as a"
            + " plot.",
    mixinStandardHelpOptions = true)
final class CompareCommand implements Callable<Integer> {
  private final Terminal terminal;

  @Spec private CommandSpec spec;
  @Mixin private ConfigOptions options = new ConfigOptions();

  @Parameters(
      arity = "1..*",
      paramLabel = "CONFIG",
      description = "The configs, or one config and --vary.")
  private List<Path> files;

  @Option(
      names = "--vary",
      paramLabel = "KEY=A,B,C",
      description =
          "Trains each config once for each value: --vary optimizer.lr=0.001,0.01,0.1. Repeatable: all"
              + " combinations.")
  private List<String> varied = new ArrayList<>();

  @Option(
      names = "--scale",
      defaultValue = "auto",
      paramLabel = "SCALE",
      description =
          "How the plot lays out losses: ${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}")
  private LossPlot.Scale scale;

  @Option(
      names = "--runs",
      defaultValue = "runs",
      paramLabel = "FOLDER",
      description = "Where the folder with the results is made. Default: ${DEFAULT-VALUE}")
  private Path runs;

  CompareCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() {
    List<LoadedConfig> configs = configs();
    if (configs.size() < 2) {
      throw new CommandLine.ParameterException(
          spec.commandLine(),
          "one config has nothing to be compared with; name more, or add --vary optimizer.lr=0.001,0.01,0.1");
    }
    List<Prepared> prepared = prepared(configs);
    terminal.say(prepared.getFirst().data().summary());
    RunFolder folder = RunFolder.create(runs, "compare");
    List<Comparison.Run> done = new ArrayList<>();
    Set<String> notes = new LinkedHashSet<>();
    for (Prepared run : prepared) {
      terminal.say(
          Report.format("%d/%d  %s", done.size() + 1, prepared.size(), run.loaded().label()));
      done.add(train(run, folder, notes));
      if (Interruption.requested()) {
        break;
      }
    }
    Comparison comparison = new Comparison(done);
    Path plot = folder.path().resolve("compare.svg");
    String title =
        prepared.getFirst().config().name().orElseThrow()
            + ": loss by "
            + (varied.isEmpty()
                ? "config"
                : String.join(", ", varied.stream().map(v -> v.replaceFirst("=.*", "")).toList()));
    AtomicFile.text(plot, new LossPlot(title, comparison.curves(), scale).svg());
    AtomicFile.text(folder.path().resolve("compare.csv"), comparison.csv());
    terminal.say(comparison.table());
    terminal.say("plot " + plot);
    return Interruption.requested() ? Interruption.EXIT : 0;
  }

  /** Every config with every combination of varied values. */
  private List<LoadedConfig> configs() {
    List<List<Assignment>> combinations = List.of(List.of());
    for (String variation : varied) {
      List<List<Assignment>> longer = new ArrayList<>();
      for (List<Assignment> combination : combinations) {
        for (Assignment value : values(variation)) {
          List<Assignment> more = new ArrayList<>(combination);
          more.add(value);
          longer.add(more);
        }
      }
      combinations = longer;
    }
    List<LoadedConfig> configs = new ArrayList<>();
    for (Path file : files) {
      for (List<Assignment> combination : combinations) {
        LoadedConfig loaded = options.read(file, combination);
        List<String> words = new ArrayList<>();
        if (files.size() > 1 || combination.isEmpty()) {
          words.add(loaded.label());
        }
        combination.forEach(
            value -> words.add(value.path().replaceFirst(".*\\.", "") + "=" + value.text()));
        configs.add(loaded.labelled(String.join(" ", words)));
      }
    }
    return configs;
  }

  /** {@code a=1,[2, 3]} as {@code a=1} and {@code a=[2, 3]}: commas in brackets do not part values. */
  private static List<Assignment> values(String variation) {
    Assignment whole = Assignment.of("--vary", variation);
    List<Assignment> values = new ArrayList<>();
    StringBuilder value = new StringBuilder();
    int depth = 0;
    for (char c : (whole.text() + ",").toCharArray()) {
      depth += c == '[' || c == '{' ? 1 : c == ']' || c == '}' ? -1 : 0;
      if (c == ',' && depth <= 0) {
        String text = value.toString().strip();
        values.add(new Assignment(whole.path(), text, "--vary " + whole.path() + "=" + text));
        value.setLength(0);
      } else {
        value.append(c);
      }
    }
    return values;
  }

  /** Checks all before any is trained. Data are read once where they are the same. */
  private static List<Prepared> prepared(List<LoadedConfig> configs) {
    Map<DataConfig, RunData> opened = new HashMap<>();
    DataConfig first = configs.getFirst().config().data();
    List<Prepared> prepared = new ArrayList<>();
    for (LoadedConfig loaded : configs) {
      DataConfig data = loaded.config().data();
      boolean same =
          data.source().equals(first.source())
              && data.test().equals(first.test())
              && data.validation() == first.validation()
              && data.splitSeed() == first.splitSeed();
      if (!same) {
        throw loaded.problem(
            "data",
            "not the data of the first config, got other source, shares or split_seed; only"
                + " losses on the same samples can be compared");
      }
      // Not computeIfAbsent, whose function must not throw half way into the map's own work.
      RunData run = opened.get(data);
      if (run == null) {
        run = RunData.open(loaded);
        opened.put(data, run);
      }
      prepared.add(Prepared.of(loaded, run));
    }
    return prepared;
  }

  private Comparison.Run train(Prepared prepared, RunFolder parent, Set<String> notes) {
    Config config = prepared.config();
    Consumer<String> once =
        note -> {
          if (notes.add(note)) {
            terminal.note(note);
          }
        };
    try (Backend backend = ConfigOptions.open(prepared.loaded(), once);
        Session session = Session.begun(prepared, backend)) {
      String name =
          prepared
              .loaded()
              .label()
              .replaceAll("[^A-Za-z0-9._-]+", "-")
              .replaceFirst("^[^A-Za-z0-9]+", "");
      RunFolder folder = RunFolder.create(parent.path(), name.isEmpty() ? "run" : name);
      LossCurve curve = new LossCurve(config.training().epochs());
      long begin = System.nanoTime();
      try (RunWriter writer =
          new RunWriter(prepared, session, folder, backend, Saving.everyEpochs(1))) {
        Outcome outcome;
        try (ProgressDisplay display = new ProgressDisplay(terminal, config.training().epochs());
            Interruption _ = Interruption.stops(session.trainer()::requestStop, terminal)) {
          session.trainer().listen(curve).listen(display);
          outcome = session.trainer().run();
        }
        double seconds = (System.nanoTime() - begin) / 1e9;
        writer.ended(outcome);
        boolean measurable = outcome.reason() != Outcome.Reason.DIVERGED;
        Optional<RunWriter.Measured> measured =
            measurable ? Optional.of(writer.measure()) : Optional.empty();
        writer.report(measured, once);
        return new Comparison.Run(
            prepared.loaded().label(),
            outcome,
            curve,
            measured.filter(all -> all.part().equals("test")).map(RunWriter.Measured::metrics),
            seconds);
      }
    }
  }
}
