package dev.tandem.cli.config;

/**
 * A value that the command line writes over a config's.
 *
 * @param path {@code model.layers.2.units}
 * @param text the value as YAML
 * @param option how messages name it: {@code --set optimizer.lr=0.01}
 */
public record Assignment(String path, String text, String option) {
  /** @param assignment {@code optimizer.lr=0.01} */
  public static Assignment of(String assignment) {
    return of("--set", assignment);
  }

  /** @param name of the option that the assignment was given to */
  public static Assignment of(String name, String assignment) {
    int equals = assignment.indexOf('=');
    String option = name + " " + assignment;
    if (equals < 1) {
      throw new ConfigException(
          Place.option(option), "", "not an assignment; write " + name + " optimizer.lr=0.01");
    }
    return new Assignment(
        assignment.substring(0, equals).strip(), assignment.substring(equals + 1), option);
  }
}
