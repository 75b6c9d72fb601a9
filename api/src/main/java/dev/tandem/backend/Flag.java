package dev.tandem.backend;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The switches that are not part of a run's config. Each is an environment variable, {@code TANDEM_VECTOR_BITS}, that a
 * system property of the same name, {@code tandem.vector.bits}, overrides. docs/backends-and-troubleshooting.md lists them.
 */
public enum Flag {
  /** Which backend to use where the config does not say: auto, cpu, cuda or cuda:N. */
  BACKEND,
  /** Width of the CPU backend's vectors: 0 (scalar), 128, 256 or 512. Default: the widest the machine prefers. */
  VECTOR_BITS,
  /** 0: the CPU backend uses vector kernels from their first call on, compiled or not; by default plain ones until they are. */
  WARM_UP,
  /** Threads of the CPU backend. Default: all cores. */
  THREADS,
  /** How much to tell: 0 nothing, 1 the backend chosen and why, 2 each op with its shapes. */
  DEBUG,
  /** 1: check each op's results for NaN and infinities, so that the failing op is the one named. */
  CHECK,
  /**
   * Which cuBLAS: the library's file or folder, or how it is called, {@code jcublas} or {@code ffm}; or both,
   * {@code ffm:/opt/cuda}. Default: JCublas where it loads, with the first library found.
   */
  CUBLAS,
  /** How much memory the CUDA backend may hold, as {@link #bytes} reads it; default: all that is free. */
  CUDA_MEMORY,
  /** 1: F32 matrix products on CUDA may round their operands to TF32, which is faster and keeps ten bits of fraction. */
  TF32,
  /** 0: training steps are not captured and replayed as a whole, where the backend could. */
  CAPTURE,
  /** A second backend, {@code cpu}, that does each op as well: the first whose results differ is named. Slow. */
  SHADOW,
  /** Tests only: kinds of backends whose absence is a failure, and docker, for their containers: {@code cuda,docker}. */
  REQUIRE;

  private static final ScopedValue<Map<Flag, String>> GIVEN = ScopedValue.newInstance();

  private static final Pattern SIZE =
      Pattern.compile("(\\d{1,18})(?:([KMGT])(I?B)?)?", Pattern.CASE_INSENSITIVE);

  private final String property = "tandem." + name().toLowerCase(Locale.ROOT).replace('_', '.');

  /**
   * Does work for which these values count before properties and environment: those of a run's config. Around them, those
   * of an outer call still count where they name other switches. Other threads do not see them.
   */
  public static <T> T with(Map<Flag, String> values, Supplier<T> work) {
    Map<Flag, String> all = new HashMap<>(GIVEN.orElse(Map.of()));
    all.putAll(values);
    return ScopedValue.where(GIVEN, Map.copyOf(all)).call(work::get);
  }

  /** The value, if set and not blank. */
  public Optional<String> value() {
    String set = System.getProperty(property, System.getenv("TANDEM_" + name()));
    String value = GIVEN.orElse(Map.of()).getOrDefault(this, set);
    return Optional.ofNullable(value).map(String::strip).filter(text -> !text.isEmpty());
  }

  /** The value as a number of at least 0, or the default where it is not set. */
  public int number(int otherwise) {
    String text = value().orElse(null);
    if (text == null) {
      return otherwise;
    }
    if (!text.matches("\\d{1,9}")) {
      throw new IllegalArgumentException(
          "TANDEM_"
              + name()
              + ": not a number, got '"
              + text
              + "'; give a whole number of 0 or more");
    }
    return Integer.parseInt(text);
  }

  /**
   * The value as a size in bytes, if set: a whole number above 0 with a unit in either case, {@code 8GiB} or {@code 500M},
   * or without one. K, KiB and so on count in steps of 1024, KB and so on in steps of 1000.
   */
  public OptionalLong bytes() {
    String text = value().orElse(null);
    if (text == null) {
      return OptionalLong.empty();
    }
    Matcher size = SIZE.matcher(text);
    long count = size.matches() ? Long.parseLong(size.group(1)) : 0;
    long unit = size.matches() ? unit(size.group(2), size.group(3)) : 1;
    if (count == 0 || count > Long.MAX_VALUE / unit) {
      throw new IllegalArgumentException(
          "TANDEM_" + name() + ": not a size, got '" + text + "'; write e.g. 8GiB");
    }
    return OptionalLong.of(count * unit);
  }

  private static long unit(String letter, String suffix) {
    if (letter == null) {
      return 1;
    }
    long step = "B".equalsIgnoreCase(suffix) ? 1000 : 1024;
    long unit = step;
    for (int i = "KMGT".indexOf(letter.toUpperCase(Locale.ROOT)); i > 0; i--) {
      unit *= step;
    }
    return unit;
  }
}
