package dev.tandem.backend;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.ServiceLoader;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Chooses a backend by its name in a config: {@code auto}, {@code cpu}, {@code cuda} or {@code cuda:1}. */
public final class Backends {
  private static final Logger LOG = LoggerFactory.getLogger(Backends.class);

  private Backends() {}

  /** The kinds of backend on the class path, the most preferred first. */
  public static List<BackendProvider> providers() {
    List<BackendProvider> found = new ArrayList<>();
    ServiceLoader.load(BackendProvider.class).forEach(found::add);
    found.sort(Comparator.comparingInt(BackendProvider::preference).reversed());
    return List.copyOf(found);
  }

  /**
   * Opens the backend that {@code TANDEM_BACKEND} names, {@code auto} where it is not set; see {@link #open(String)}.
   *
   * @throws BackendException naming the reason
   */
  public static Backend open() {
    return open(Flag.BACKEND.value().orElse("auto"));
  }

  /**
   * Opens the named backend, as {@link #open(String, Consumer)} does. What a user should see is logged, as a warning: that
   * {@code auto} passes over a backend must not go unseen.
   *
   * @param name {@code auto}, or a kind with an optional device number, {@code cuda:1}
   * @throws BackendException naming the reason
   */
  public static Backend open(String name) {
    return open(name, LOG::warn);
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
    return open(name, providers(), notes);
  }

  /** Opens the named backend of these kinds, the most preferred first. */
  static Backend open(String name, List<BackendProvider> providers, Consumer<String> notes) {
    int debug = Flag.DEBUG.number(0);
    boolean check = Flag.CHECK.number(0) > 0;
    Choice choice =
        name.equals("auto")
            ? auto(providers, notes)
            : named("backend", name, List.of("auto"), providers);
    String shadow = Flag.SHADOW.value().orElse(null);
    Backend backend = shadow == null ? choice.open() : shadowed(choice, shadow, providers, notes);
    if (debug >= 1) {
      notes.accept("backend: " + backend.description());
    }
    return debug >= 2 || check
        ? new WatchedBackend(backend, debug >= 2 ? notes : null, check)
        : backend;
  }

  /** A device that can be used. */
  private record Choice(BackendProvider provider, int device) {
    Backend open() {
      return provider.open(device);
    }
  }

  private static Backend shadowed(
      Choice choice, String name, List<BackendProvider> providers, Consumer<String> notes) {
    Choice shadow = named("TANDEM_SHADOW", name, List.of(), providers);
    if (shadow.equals(choice)) {
      throw new BackendException(
          "TANDEM_SHADOW: a backend that shadows itself proves nothing, got '"
              + name
              + "', which is the backend in use; name another, or unset it");
    }
    if (Flag.TF32.number(0) > 0) {
      throw new BackendException(
          "TANDEM_SHADOW: products in TF32 differ by more than rounding of F32, got TANDEM_TF32=1; unset one of the two");
    }
    Backend backend = choice.open();
    try {
      return new ShadowBackend(backend, shadow.open(), notes);
    } catch (RuntimeException | Error e) {
      backend.close();
      throw e;
    }
  }

  /**
   * @param asker whose name it is, for messages
   * @param others what else could be named, for messages
   */
  private static Choice named(
      String asker, String name, List<String> others, List<BackendProvider> providers) {
    String kind = name.contains(":") ? name.substring(0, name.indexOf(':')) : name;
    String device = name.equals(kind) ? "0" : name.substring(kind.length() + 1);
    BackendProvider provider =
        providers.stream()
            .filter(candidate -> candidate.kind().equals(kind))
            .findFirst()
            .orElseThrow(() ->
                new BackendException(
                    asker
                        + ": no such kind, got '"
                        + name
                        + "'; use "
                        + Stream.concat(
                                others.stream(), providers.stream().map(BackendProvider::kind))
                            .collect(Collectors.joining(", "))));
    if (!device.matches("\\d{1,4}")) {
      throw new BackendException(
          asker + ": not a device number, got '" + name + "'; write " + kind + ":0");
    }
    Availability availability = provider.probe();
    if (!availability.usable()) {
      throw new BackendException(
          asker + ": " + kind + " cannot be used here: " + availability.reason());
    }
    return new Choice(provider, Integer.parseInt(device));
  }

  private static Choice auto(List<BackendProvider> providers, Consumer<String> notes) {
    for (BackendProvider provider : providers) {
      Availability availability = provider.probe();
      if (availability.usable()) {
        return new Choice(provider, 0);
      }
      notes.accept("backend: auto passes over " + provider.kind() + ": " + availability.reason());
    }
    throw new BackendException(
        "backend: none on the class path can be used, got "
            + providers.stream().map(BackendProvider::kind).toList()
            + "; add tandem-cpu-backend");
  }
}
