package dev.tandem.cli;

import dev.tandem.backend.Backend;
import dev.tandem.cli.config.Assignment;
import dev.tandem.cli.config.Config;
import dev.tandem.cli.config.LoadedConfig;
import dev.tandem.data.Tokenizer;
import dev.tandem.train.Outcome;
import dev.tandem.train.RunFolder;
import dev.tandem.train.RunRecord;
import dev.tandem.train.Saving;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
    name = "train",
    description = "Trains the network of a config, and measures it on the test set.",
    mixinStandardHelpOptions = true)
final class TrainCommand implements Callable<Integer> {
  private final Terminal terminal;

  @Spec private CommandSpec spec;
  @Mixin private ConfigOptions options = new ConfigOptions();

  @Parameters(
      arity = "0..1",
      paramLabel = "CONFIG",
      description = "The config: examples/digits.yaml")
  private Path config;

  @Option(
      names = "--resume",
      paramLabel = "RUN",
      description = "Goes on with a run, from its folder's checkpoint.")
  private Path resumed;

  @Option(
      names = "--init",
      paramLabel = "FOLDER|FILE",
      description =
          "Weights to begin with: a folder of train or import, or a safetensors file, Hugging Face's too.")
  private Path weights;

  @Option(
      names = "--tensorboard",
      description =
          "Writes an event file for TensorBoard into the run folder: tensorboard --logdir runs")
  private boolean tensorboard;

  TrainCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() throws IOException {
    if (resumed != null && weights != null) {
      throw new CommandLine.ParameterException(
          spec.commandLine(),
          "--init is for a run that begins, got it with --resume; a checkpoint has the weights");
    }
    if ((config == null) == (resumed == null)) {
      throw new CommandLine.ParameterException(
          spec.commandLine(), "give a config, or --resume with a run folder");
    }
    Optional<RunFolder> earlier = Optional.ofNullable(resumed).map(RunFolder::open);
    LoadedConfig loaded =
        options.read(earlier.map(RunFolder::config).orElse(config), assignments());
    Optional<Tokenizer> known =
        earlier.isPresent()
            ? earlier.get().readTokenizer()
            : InitialWeights.of(loaded).flatMap(InitialWeights::tokenizer);
    try (Backend backend = ConfigOptions.open(loaded, terminal::note)) {
      Prepared prepared = Prepared.of(loaded, RunData.open(loaded, known));
      DataFiles files = DataFiles.of(loaded.config().data());
      terminal.say(prepared.data().summary());
      prepared.data().largeTargets().ifPresent(terminal::note);
      terminal.say(Report.layers(prepared.network()));
      terminal.say("backend: " + backend.description());
      try (Session session =
          earlier.isPresent()
              ? Session.resumed(prepared, backend)
              : Session.begun(prepared, backend)) {
        RunFolder folder =
            earlier.orElseGet(() ->
                RunFolder.create(
                    Path.of(prepared.config().run().folder()),
                    prepared.config().name().orElseThrow()));
        try (Closeable _ = folder.lock()) {
          if (earlier.isPresent()) {
            files.changed(folder.path()).ifPresent(terminal::note);
            session.trainer().resume(folder.checkpoint());
            int done = session.trainer().history().epochs().size();
            if (done >= prepared.config().training().epochs() && whole(folder)) {
              terminal.say(
                  "run "
                      + folder.path()
                      + " has trained for all its epochs, "
                      + done
                      + "; to go on, give more: --set training.epochs="
                      + 2 * done
                      + "; to measure its model anew: tandem report "
                      + folder.path()
                      + " --evaluate");
              return 0;
            }
          } else {
            files.write(folder.path());
          }
          return train(prepared, session, folder, backend);
        }
      }
    }
  }

  /** Whether nothing is left to do after the last epoch. A run that was killed while its model was measured has no report, or no end. */
  private static boolean whole(RunFolder folder) {
    return folder.readRecord().flatMap(RunRecord::end).isPresent() && Files.exists(folder.report());
  }

  /** What options say in the place of the config. */
  private List<Assignment> assignments() {
    List<Assignment> assignments = new ArrayList<>();
    if (weights != null) {
      assignments.add(
          new Assignment(
              "model.weights",
              "'" + weights.toString().replace("'", "''") + "'",
              "--init " + weights));
    }
    if (tensorboard) {
      assignments.add(new Assignment("run.tensorboard", "true", "--tensorboard"));
    }
    return assignments;
  }

  private int train(Prepared prepared, Session session, RunFolder folder, Backend backend) {
    try (RunWriter writer =
        new RunWriter(prepared, session, folder, backend, saving(prepared.config().run()))) {
      Outcome outcome;
      try (ProgressDisplay display =
              new ProgressDisplay(
                  terminal,
                  prepared.config().training().epochs(),
                  prepared.data().window(),
                  Speed.of(prepared, backend));
          Interruption _ = Interruption.stops(session.trainer()::requestStop, terminal)) {
        session.trainer().listen(display);
        outcome = session.trainer().run();
      }
      writer.ended(outcome);
      return tell(prepared, writer, folder, outcome);
    }
  }

  private int tell(Prepared prepared, RunWriter writer, RunFolder folder, Outcome outcome) {
    return switch (outcome.reason()) {
      case INTERRUPTED -> {
        writer.report(Optional.empty(), terminal::note);
        terminal.note(outcome.message() + "; go on with: tandem train --resume " + folder.path());
        yield Interruption.EXIT;
      }
      case DIVERGED -> {
        writer.report(Optional.empty(), terminal::note);
        terminal.note(outcome.message());
        terminal.note("run " + folder.path());
        yield Main.FAILED;
      }
      case MAX_EPOCHS, TARGET_LOSS, NO_IMPROVEMENT, GRADIENT_NORM -> {
        if (outcome.reason() != Outcome.Reason.MAX_EPOCHS || outcome.restored().isPresent()) {
          terminal.say(outcome.message());
        }
        RunWriter.Measured measured = writer.measure();
        writer.report(Optional.of(measured), terminal::note);
        terminal.say(last(prepared, measured, outcome) + ", run " + folder.path());
        yield 0;
      }
    };
  }

  private static Saving saving(Config.RunConfig config) {
    return new Saving(
        1,
        config.checkpointEvery().map(OptionalInt::of).orElse(OptionalInt.empty()),
        config.keep());
  }

  /**
   * {@code test accuracy 98.9 % (355 of 359), 21,400 samples/s}, or of next tokens their loss too and tokens/s: of the best part
   * there is to measure on.
   */
  private static String last(Prepared prepared, RunWriter.Measured measured, Outcome outcome) {
    RunData data = prepared.data();
    int window = data.window();
    return measured.part()
        + " "
        + (window > 0 ? "loss " + Report.loss(measured.metrics().loss()) + ", " : "")
        + Report.measured(measured.metrics(), measured.dataset().target(), data.targets())
        + Report.format(
            ", %,d %s/s",
            Math.round(Math.max(1, window) * Report.samplesPerSecond(outcome.history())),
            window > 0 ? "tokens" : "samples");
  }
}
