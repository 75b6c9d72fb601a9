package dev.tandem.cli.config;

/**
 * One thing wrong with a config.
 *
 * @param path the key, {@code model.layers.2.units}; empty for the config as a whole
 * @param message {@code what is wrong, got values; what to do}
 */
public record Problem(Place place, String path, String message) {
  @Override
  public String toString() {
    return place + ": " + (path.isEmpty() ? "" : path + ": ") + message;
  }
}
