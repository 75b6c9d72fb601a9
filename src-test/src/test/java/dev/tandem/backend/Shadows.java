package dev.tandem.backend;

import java.util.function.Consumer;

/** Shadowed backends for tests of other packages. */
public final class Shadows {
  private Shadows() {}

  /** The backend, shadowed by the other; closed with it. */
  public static Backend of(Backend backend, Backend shadow, Consumer<String> notes) {
    return new ShadowBackend(backend, shadow, notes);
  }
}
