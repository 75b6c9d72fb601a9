package dev.tandem.cli.config;

import dev.tandem.backend.Flag;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A config and where each of its values was written.
 *
 * @param label what tables call it: the file's name, or what varies
 * @param places by path, {@code model.layers.2}
 */
public record LoadedConfig(Config config, String label, Map<String, Place> places) {
  private static final long MOST_BYTES = 1 << 20;

  /**
   * Reads a file and writes values over it.
   *
   * @param assignments the later ones win
   * @throws ConfigException with all problems that were found
   */
  public static LoadedConfig read(Path file, List<Assignment> assignments) {
    return read(file, assignments, Optional.empty());
  }

  /**
   * As {@link #read(Path, List)}. @param data what {@code --data} names: the file or folder of the data source, whichever
   *     key that has for it
   */
  public static LoadedConfig read(Path file, List<Assignment> assignments, Optional<Path> data) {
    Place start = Place.line(file, 1);
    String text = text(file);
    List<Problem> problems = new ArrayList<>();
    YamlValue root =
        new YamlReader(line -> Place.line(file, line), problems).read(text).orElse(null);
    if (!(root instanceof YamlValue.Keys)) {
      String got =
          root == null || root instanceof YamlValue.Text missing && missing.missing()
              ? "nothing in it"
              : root.describe();
      throw new ConfigException(
          start, "", "not a config, got " + got + "; see 'tandem help config' for its keys");
    }
    for (Assignment assignment : assignments) {
      root = Overrides.apply(root, assignment, problems);
    }
    if (data.isPresent()) {
      root = Overrides.data(root, data.get(), problems);
    }
    Map<String, Place> places = new HashMap<>();
    Object read =
        new ConfigReader(places, problems).read(new Schema.Section(Config.class), root, "", null);
    if (!problems.isEmpty()) {
      throw new ConfigException(
          problems.stream()
              .distinct()
              .sorted(Comparator.comparingInt(LoadedConfig::line))
              .toList());
    }
    Config config = (Config) read;
    return new LoadedConfig(resolved(config, stem(file)), stem(file), Map.copyOf(places));
  }

  /** Every setting spelled out, as YAML that reads back as this config. */
  public String yaml() {
    return ConfigWriter.write(config);
  }

  /** Every setting by its path. */
  public Map<String, String> settings() {
    return ConfigWriter.flat(config);
  }

  /** Where a value was written, or else what holds it. */
  public Place place(String path) {
    for (String p = path; ; p = p.contains(".") ? p.substring(0, p.lastIndexOf('.')) : "") {
      Place place = places.get(p);
      if (place != null || p.isEmpty()) {
        return place;
      }
    }
  }

  /** A problem with a value. @param message {@code what is wrong, got values; what to do} */
  public ConfigException problem(String path, String message) {
    return new ConfigException(place(path), path, message);
  }

  /** Whether the file or an option gives the key, rather than its default. */
  public boolean names(String path) {
    return places.containsKey(path);
  }

  /** Where a key is said: {@code digits.yaml:4}, {@code --backend cpu}. */
  public String where(String path) {
    return place(path).text();
  }

  public LoadedConfig labelled(String other) {
    return new LoadedConfig(config, other, places);
  }

  private static String text(Path file) {
    Place place = Place.option(file.toString());
    try {
      if (!Files.exists(file)) {
        throw new ConfigException(place, "", "no such file; check the path");
      }
      if (Files.isDirectory(file)) {
        throw new ConfigException(
            place, "", "a folder where a config should be; name the .yaml file in it");
      }
      if (Files.size(file) > MOST_BYTES) {
        throw new ConfigException(
            place,
            "",
            "too large for a config, got " + Files.size(file) + " bytes; at most " + MOST_BYTES);
      }
      return Files.readString(file);
    } catch (CharacterCodingException e) {
      throw new ConfigException(place, "", "the text is not UTF-8; convert it");
    } catch (AccessDeniedException e) {
      throw new ConfigException(
          place, "", "cannot be read, got permission denied; change the permissions");
    } catch (IOException e) {
      throw new ConfigException(place, "", "cannot be read, got " + e + "; check its permissions");
    }
  }

  private static String stem(Path file) {
    return file.getFileName().toString().replaceFirst("\\.ya?ml$", "");
  }

  private static Config resolved(Config c, String name) {
    String backend = c.backend().or(Flag.BACKEND::value).orElse("auto");
    return new Config(
        Optional.of(c.name().orElse(name)),
        c.seed(),
        Optional.of(backend),
        c.precision(),
        c.cuda(),
        c.data(),
        c.model(),
        c.loss(),
        c.optimizer(),
        c.schedule(),
        c.clip(),
        c.training(),
        c.run());
  }

  private static int line(Problem problem) {
    String text = problem.place().text();
    String digits = text.substring(text.lastIndexOf(':') + 1);
    return digits.matches("\\d{1,9}") ? Integer.parseInt(digits) : Integer.MAX_VALUE;
  }
}
