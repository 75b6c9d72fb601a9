package dev.tandem.cli.config;

import dev.tandem.io.Sentence;
import java.util.List;
import java.util.stream.Collectors;

/** A config was refused; the message has one line for each problem, in the order of the file. */
public final class ConfigException extends RuntimeException {
  private static final long serialVersionUID = 1;
  private static final int MOST_TOLD = 50;

  public ConfigException(List<Problem> problems) {
    super(
        problems.stream()
                .limit(MOST_TOLD)
                .map(problem -> Sentence.of(problem.toString()))
                .collect(Collectors.joining("\n"))
            + (problems.size() > MOST_TOLD
                ? "\nand " + (problems.size() - MOST_TOLD) + " more"
                : ""));
  }

  public ConfigException(Place place, String path, String message) {
    this(List.of(new Problem(place, path, message)));
  }
}
