package dev.tandem.backend;

import java.util.List;
import java.util.function.Consumer;

/** Opens backends of a test's own providers, with all switches. */
public final class Opening {
  private Opening() {}

  public static Backend of(String name, List<BackendProvider> providers, Consumer<String> notes) {
    return Backends.open(name, providers, notes);
  }
}
