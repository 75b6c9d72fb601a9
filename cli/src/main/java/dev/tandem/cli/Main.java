package dev.tandem.cli;

import dev.tandem.backend.BackendException;
import dev.tandem.backend.Flag;
import dev.tandem.backend.OutOfMemoryException;
import dev.tandem.cli.config.ConfigException;
import dev.tandem.cli.config.ConfigReference;
import dev.tandem.data.DataException;
import dev.tandem.io.FileException;
import java.io.PrintWriter;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/**
 * The {@code tandem} command. Exit codes: 0 done; 1 diverged, wrong, or something unexpected; 2 a mistake in options, config, data
 * or files, told in a sentence; 130 interrupted.
 */
@Command(
    name = "tandem",
    description = "Trains neural networks on NVIDIA GPUs, and on the CPU with the same code.",
    synopsisSubcommandLabel = "COMMAND",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    footer = {
      "",
      "'tandem COMMAND --help' tells of a command, 'tandem help config' of the keys of a config.",
      "Start with: tandem train examples/digits.yaml"
    })
public final class Main implements Callable<Integer> {
  static final int FAILED = 1;
  static final int REFUSED = 2;

  @Spec private CommandSpec spec;

  private Main() {}

  /** Runs the command and ends the process. */
  public static void main(String[] arguments) {
    int code = FAILED;
    try {
      code = run(Terminal.standard(), arguments);
      System.out.flush();
    } finally {
      Interruption.finished();
    }
    System.exit(code);
  }

  /** Runs the command. @return the exit code */
  static int run(Terminal terminal, String... arguments) {
    CommandLine command = new CommandLine(new Main());
    command.addSubcommand(new TrainCommand(terminal));
    command.addSubcommand(new PlanCommand(terminal));
    command.addSubcommand(new EvalCommand(terminal));
    command.addSubcommand(new ReportCommand(terminal));
    command.addSubcommand(new UiCommand(terminal));
    command.addSubcommand(new PredictCommand(terminal));
    command.addSubcommand(new GenerateCommand(terminal));
    command.addSubcommand(new CompareCommand(terminal));
    command.addSubcommand(new TokenizeCommand(terminal));
    command.addSubcommand(new ImportCommand(terminal));
    command.addSubcommand(new ExportCommand(terminal));
    command.addSubcommand(new DevicesCommand(terminal));
    command.addSubcommand(new ConformanceCommand(terminal));
    command.addSubcommand(new Help(terminal));
    command.setOut(new PrintWriter(terminal.out(), true));
    command.setErr(new PrintWriter(terminal.err(), true));
    command.setUsageHelpAutoWidth(true);
    command.setCaseInsensitiveEnumValuesAllowed(true);
    command.setExecutionExceptionHandler((exception, _, _) -> failed(terminal, exception));
    try {
      return command.execute(arguments);
    } catch (OutOfMemoryError e) {
      // picocli passes errors on. Whatever was being allocated is free again, so there is room for
      // a sentence.
      return failed(
          terminal,
          new RuntimeException(
              "memory: the JVM's heap is too small ("
                  + e.getMessage()
                  + "); use a smaller model or batch, or give it more: TANDEM_JAVA_OPTS=-Xmx8g"));
    } catch (Error e) {
      return failed(terminal, new IllegalStateException(e.toString(), e));
    }
  }

  /** Without a command: the usage, as a mistake. */
  @Override
  public Integer call() {
    spec.commandLine().usage(spec.commandLine().getErr());
    return REFUSED;
  }

  private static int failed(Terminal terminal, Exception exception) {
    if (Flag.DEBUG.value().filter(level -> !level.equals("0")).isPresent()) {
      exception.printStackTrace(terminal.err());
    }
    boolean mistake =
        switch (exception) {
          case ConfigException _, DataException _, FileException _ -> true;
          case OutOfMemoryException _ -> false;
          case BackendException _ -> true;
          default -> false;
        };
    if (mistake
        || exception instanceof OutOfMemoryException
        || exception.getClass() == RuntimeException.class) {
      terminal.note(exception.getMessage());
    } else {
      terminal.note(
          "unexpected: "
              + exception
              + "; this is a defect, TANDEM_DEBUG=1 shows where it comes from");
    }
    return mistake ? REFUSED : FAILED;
  }

  /** {@code tandem help}, {@code tandem help train}, {@code tandem help config}. */
  @Command(
      name = "help",
      description = "Tells of a command, or of the keys of a config.",
      helpCommand = true)
  static final class Help implements Callable<Integer> {
    private final Terminal terminal;

    @Spec private CommandSpec spec;

    @CommandLine.Parameters(
        arity = "0..1",
        paramLabel = "TOPIC",
        description = "A command, or 'config'.")
    private String topic;

    Help(Terminal terminal) {
      this.terminal = terminal;
    }

    @Override
    public Integer call() {
      CommandLine tandem = spec.parent().commandLine();
      if ("config".equals(topic)) {
        terminal.out().print(ConfigReference.text());
        return 0;
      }
      CommandLine command = topic == null ? tandem : tandem.getSubcommands().get(topic);
      if (command == null) {
        throw new CommandLine.ParameterException(
            spec.commandLine(),
            "no such topic, got '"
                + topic
                + "'; use config, "
                + String.join(", ", tandem.getSubcommands().keySet()));
      }
      command.usage(tandem.getOut());
      return 0;
    }
  }

  /** What {@code --version} says. */
  static final class Version implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() {
      String version =
          Optional.ofNullable(Main.class.getPackage().getImplementationVersion())
              .orElse("(unpacked)");
      return new String[] {
        "tandem " + version, "Java " + Runtime.version() + ", " + System.getProperty("os.arch")
      };
    }
  }
}
