package dev.tandem.backend;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.ServiceLoader;
import java.util.function.Consumer;

/** Chooses a backend by its name in a config: {@code auto}, {@code cpu}, {@code cuda} or {@code cuda:1}. */
public final class Backends {
  private Backends() {}

  /** The kinds of backend on the class path, the most preferred first. */
  public static List<BackendProvider> providers() {
    List<BackendProvider> found = new ArrayList<>();
    ServiceLoader.load(BackendProvider.class).forEach(found::add);
    found.sort(Comparator.comparingInt(BackendProvider::preference).reversed());
    return List.copyOf(found);
  }

  /** Opens the backend that {@code TANDEM_BACKEND} names, {@code auto} where it is not set. Notes go to standard error. */
  public static Backend open() {
    return open(Flag.BACKEND.value().orElse("auto"), System.err::println);
  }

  /**
   * Opens the named backend. There is no silent fallback: a named backend that cannot be used is an error with its
   * reason; {@code auto} takes the most preferred one that can be used, and tells of each better one that could not, once.
   *
   * @param name {@code auto}, or a kind with an optional device number, {@code cuda:1}
   * @param notes takes the lines that a user should see
   * @throws BackendException naming the reason
   */
  public static Backend open(String name, Consumer<String> notes) {
    Backend backend = name.equals("auto") ? auto(providers(), notes) : named(name, providers());
    int debug = Flag.DEBUG.number(0);
    if (debug >= 1) {
      notes.accept("backend: " + backend.description());
    }
    boolean check = Flag.CHECK.number(0) > 0;
    return debug >= 2 || check
        ? new WatchedBackend(backend, debug >= 2 ? notes : null, check)
        : backend;
  }

  private static Backend named(String name, List<BackendProvider> providers) {
    String kind = name.contains(":") ? name.substring(0, name.indexOf(':')) : name;
    String device = name.equals(kind) ? "0" : name.substring(kind.length() + 1);
    BackendProvider provider =
        providers.stream()
            .filter(candidate -> candidate.kind().equals(kind))
            .findFirst()
            .orElseThrow(() ->
                new BackendException(
                    "backend: no such kind, got '"
                        + name
                        + "'; use auto"
                        + providers.stream().map(p -> ", " + p.kind()).reduce("", String::concat)));
    if (!device.matches("\\d{1,4}")) {
      throw new BackendException(
          "backend: not a device number, got '" + name + "'; write " + kind + ":0");
    }
    Availability availability = provider.probe();
    if (!availability.usable()) {
      throw new BackendException(
          "backend: " + kind + " cannot be used here: " + availability.reason());
    }
    return provider.open(Integer.parseInt(device));
  }

  private static Backend auto(List<BackendProvider> providers, Consumer<String> notes) {
    for (BackendProvider provider : providers) {
      Availability availability = provider.probe();
      if (availability.usable()) {
        return provider.open(0);
      }
      notes.accept("backend: auto passes over " + provider.kind() + ": " + availability.reason());
    }
    throw new BackendException(
        "backend: none on the class path can be used, got "
            + providers.stream().map(BackendProvider::kind).toList()
            + "; add tandem-cpu-backend");
  }
}
