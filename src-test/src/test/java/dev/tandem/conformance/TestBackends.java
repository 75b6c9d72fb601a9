package dev.tandem.conformance;

import dev.tandem.backend.Backend;
import dev.tandem.backend.BackendProvider;
import dev.tandem.backend.Backends;
import java.util.ArrayList;
import java.util.List;

/** The backends of this machine, opened once a run; closed by the JVM's end, for tests share them. */
public final class TestBackends {
  private static final List<Backend> AVAILABLE = open();

  private TestBackends() {}

  /** One backend of each kind that can be used here. */
  public static List<Backend> available() {
    return AVAILABLE;
  }

  private static List<Backend> open() {
    List<Backend> backends = new ArrayList<>();
    for (BackendProvider provider : Backends.providers()) {
      if (provider.probe().usable()) {
        backends.add(provider.open(0));
      }
    }
    return List.copyOf(backends);
  }
}
