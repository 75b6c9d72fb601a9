package dev.tandem.cli.config;

import java.util.List;
import java.util.stream.Collectors;

/** A config was refused; the message has one line for each problem, in the order of the file. */
public final class ConfigException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public ConfigException(List<Problem> problems) {
    super(problems.stream().map(Problem::toString).collect(Collectors.joining("\n")));
  }

  public ConfigException(Place place, String path, String message) {
    this(List.of(new Problem(place, path, message)));
  }
}
