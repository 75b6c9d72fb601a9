package dev.tandem.conformance;

import dev.tandem.backend.Availability;
import dev.tandem.backend.Backend;
import dev.tandem.backend.BackendProvider;
import dev.tandem.backend.Backends;
import dev.tandem.backend.Flag;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;

/**
 * Counts the comparisons with the oracle and the networks trained as PyTorch does and, when the last test of the run is
 * done, says how many there were on each backend, so that a missing device is never silent: {@code conformance: oracle 212
 * and 2 networks, cpu 848 and 4, cuda-emulated 424 and 2, cuda 0 and 0 (no device)}.
 */
public final class ConformanceReport implements BeforeAllCallback {
  private static final List<String> KINDS = List.of("cpu", TestBackends.EMULATED, "cuda");
  private static final Map<String, Integer> PASSED = new TreeMap<>();
  private static final Map<String, Integer> NETWORKS = new TreeMap<>();
  private static int oracle;

  static synchronized void ranOracle() {
    oracle++;
  }

  static synchronized void ran(Backend backend) {
    PASSED.merge(kind(backend), 1, Integer::sum);
  }

  /** A network was trained as PyTorch does. */
  public static synchronized void trained(Backend backend) {
    NETWORKS.merge(kind(backend), 1, Integer::sum);
  }

  @Override
  public void beforeAll(ExtensionContext context) {
    // The root's store is closed after the last class of the run, and with it what it holds.
    context
        .getRoot()
        .getStore(Namespace.GLOBAL)
        .getOrComputeIfAbsent(
            ConformanceReport.class, _ -> (AutoCloseable) () -> System.out.println(line()));
  }

  private static String kind(Backend backend) {
    return backend.name().replaceAll(":.*", "");
  }

  private static synchronized String line() {
    StringBuilder line = new StringBuilder("conformance: oracle " + oracle);
    line.append(" and ").append(NETWORKS.getOrDefault("oracle", 0)).append(" networks");
    for (String kind : KINDS) {
      line.append(", ").append(kind).append(' ').append(PASSED.getOrDefault(kind, 0));
      line.append(" and ").append(NETWORKS.getOrDefault(kind, 0));
      if (kind.equals(TestBackends.EMULATED)) {
        // Usable on every machine, and left out where a run is about the CPU's vectors alone.
        line.append(
            Flag.VECTOR_BITS.value().isPresent()
                ? " (not again at this vector width, which does not matter to it)"
                : "");
        continue;
      }
      Availability availability =
          Backends.providers().stream()
              .filter(provider -> provider.kind().equals(kind))
              .findFirst()
              .map(BackendProvider::probe)
              .orElse(Availability.no("not on the class path"));
      if (!availability.usable()) {
        line.append(" (").append(availability.reason()).append(')');
      }
    }
    return line.toString();
  }
}
