package dev.tandem.cli;

import dev.tandem.backend.Backend;
import dev.tandem.backend.BackendException;
import dev.tandem.backend.BackendProvider;
import dev.tandem.backend.Backends;
import dev.tandem.backend.Flag;
import dev.tandem.cli.config.Assignment;
import dev.tandem.cli.config.Config;
import dev.tandem.cli.config.LoadedConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import picocli.CommandLine.Option;

/** The options that write over a config. */
final class ConfigOptions {
  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description =
          "Writes a value over the config's: --set optimizer.lr=0.01, --set model.layers.2.units=64. Repeatable.")
  private List<String> assignments = new ArrayList<>();

  @Option(names = "--backend", paramLabel = "NAME", description = "auto, cpu, cuda or cuda:1.")
  private String backend;

  @Option(names = "--seed", paramLabel = "N", description = "The seed of all random numbers.")
  private String seed;

  @Option(
      names = "--data",
      paramLabel = "PATH",
      description =
          "Where the data lie, in place of what the config's data source says: the file of a text or table, the folder"
              + " of token shards.")
  private Path data;

  LoadedConfig read(Path file) {
    return read(file, List.of());
  }

  /** @param last written over all else */
  LoadedConfig read(Path file, List<Assignment> last) {
    List<Assignment> all = new ArrayList<>(assignments.stream().map(Assignment::of).toList());
    if (backend != null) {
      all.add(new Assignment("backend", backend, "--backend " + backend));
    }
    if (seed != null) {
      all.add(new Assignment("seed", seed, "--seed " + seed));
    }
    all.addAll(last);
    return LoadedConfig.read(file, all, Optional.ofNullable(data));
  }

  /** Opens the config's backend; what there is to say about the choice is said once. */
  static Backend open(LoadedConfig loaded, Consumer<String> notes) {
    String name = loaded.config().backend().orElseThrow();
    boolean ofEnvironment =
        Flag.BACKEND.value().filter(name::equals).isPresent() && !loaded.names("backend");
    Flag.BACKEND
        .value()
        .filter(wanted -> loaded.names("backend") && !wanted.equals(name))
        .ifPresent(wanted ->
            notes.accept(
                "backend: TANDEM_BACKEND="
                    + wanted
                    + " is not used, for "
                    + loaded.where("backend")
                    + " says "
                    + name));
    Map<Flag, String> settings = settings(loaded.config());
    if (settings.containsKey(Flag.CUDA_MEMORY)) {
      try {
        Flag.with(settings, Flag.CUDA_MEMORY::bytes);
      } catch (IllegalArgumentException e) {
        throw loaded.problem("cuda.memory", e.getMessage().replaceFirst("^\\w+: ", ""));
      }
    }
    return Flag.with(
        settings,
        () ->
            open(
                name,
                message ->
                    ofEnvironment
                        ? new BackendException("TANDEM_BACKEND: " + message)
                        : loaded.problem("backend", message),
                notes));
  }

  /** What the config says in the place of the environment. */
  private static Map<Flag, String> settings(Config config) {
    Config.CudaConfig cuda = config.cuda();
    Map<Flag, String> settings = new EnumMap<>(Flag.class);
    cuda.cublas().ifPresent(cublas -> settings.put(Flag.CUBLAS, cublas));
    cuda.memory().ifPresent(memory -> settings.put(Flag.CUDA_MEMORY, memory));
    cuda.tf32().ifPresent(allowed -> settings.put(Flag.TF32, allowed ? "1" : "0"));
    if (config.precision() == Config.Precision.TF32) {
      settings.put(Flag.TF32, "1");
    }
    return settings;
  }

  /** Opens the backend of this name. @param problem what to throw where there is none, given what is wrong */
  static Backend open(
      String name, Function<String, RuntimeException> problem, Consumer<String> notes) {
    List<String> kinds = new ArrayList<>(List.of("auto"));
    Backends.providers().stream().map(BackendProvider::kind).forEach(kinds::add);
    if (!kinds.contains(name.replaceFirst(":.*", ""))) {
      // The list is short, and of "gpu" the nearest by spelling would be "cpu".
      throw problem.apply("no such backend, got '" + name + "'; use " + String.join(", ", kinds));
    }
    try {
      Flag.CAPTURE.number(1); // read again by who trains, who takes a slip of the pen for a defect
      return Backends.open(name, notes);
    } catch (IllegalArgumentException e) {
      throw new BackendException(
          e.getMessage(), e); // a switch in the environment, such as TANDEM_THREADS
    }
  }
}
