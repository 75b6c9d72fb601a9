package dev.tandem.conformance;

import dev.tandem.backend.Backend;
import dev.tandem.backend.BackendException;
import dev.tandem.backend.Operand;
import dev.tandem.shape.DType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** The cases of some ops and updates, to be run on any backend and compared with the oracle. */
public final class Conformance {
  /** Hears of each case before it is run. */
  public interface Listener {
    /** @param number counts from 0 */
    void next(int number);
  }

  /** A case in one element type. Its operands are made when it is run, for those of all together would fill a heap. */
  private record Sample(String op, Supplier<Trial> trial) {}

  private final List<Sample> samples;

  /** @param chosen whether to run the cases of the op or update with this name */
  public Conformance(Predicate<String> chosen) {
    samples = samples().filter(sample -> chosen.test(sample.op)).toList();
  }

  /** The names of all ops and updates. */
  public static List<String> names() {
    return samples().map(Sample::op).distinct().toList();
  }

  /** How many cases there are, those counted whose element types the backend may not support. */
  public int cases() {
    return samples.size();
  }

  /**
   * Runs every case in whose element types the backend computes. A case in which the backend throws has failed, and the
   * others are run all the same, unless the device is lost.
   */
  public ConformanceResult run(Backend backend, Listener listener) {
    Map<String, OpResult> results = new LinkedHashMap<>();
    for (int number = 0; number < samples.size(); number++) {
      Sample sample = samples.get(number);
      listener.next(number);
      results.putIfAbsent(sample.op, OpResult.none(sample.op));
      Trial trial = sample.trial.get();
      if (!trial.supported(backend)) {
        continue;
      }
      Optional<String> lost = Optional.empty();
      Outcome outcome;
      try {
        outcome = trial.run(backend);
      } catch (RuntimeException e) {
        outcome = new Outcome(0, 0, Optional.of("the backend failed: " + message(e)));
        lost = lost(backend);
      }
      Outcome came = outcome;
      results.computeIfPresent(sample.op, (_, result) -> result.and(trial.label(), came));
      if (lost.isPresent()) {
        return new ConformanceResult(List.copyOf(results.values()), lost);
      }
    }
    return new ConformanceResult(List.copyOf(results.values()), Optional.empty());
  }

  private static Stream<Sample> samples() {
    List<Sample> samples = new ArrayList<>();
    for (OpCase sample : OpCases.all()) {
      for (DType dtype : sample.dtypes()) {
        samples.add(new Sample(sample.op().name(), () -> new OpTrial(sample, dtype)));
      }
    }
    for (UpdateCase sample : UpdateCases.all()) {
      for (DType dtype : sample.dtypes()) {
        samples.add(new Sample(sample.update().name(), () -> new UpdateTrial(sample, dtype)));
      }
    }
    return samples.stream();
  }

  /**
   * Why nothing works any more, if so. What failed may be told once more by the next call that waits; a device that then
   * cannot hold a number is lost.
   */
  private static Optional<String> lost(Backend backend) {
    String last = "";
    for (int attempt = 0; attempt < 2; attempt++) {
      try {
        holdANumber(backend);
        return Optional.empty();
      } catch (RuntimeException e) {
        last = message(e);
      }
    }
    return Optional.of(last);
  }

  private static void holdANumber(Backend backend) {
    for (DType dtype : DType.values()) {
      if (backend.supports(dtype)) {
        Operand one = Values.scalar(dtype, 1).on(backend);
        try (var _ = one.buffer()) {
          Values.from(backend, one);
          backend.finish();
        }
        return;
      }
    }
  }

  private static String message(RuntimeException exception) {
    return exception instanceof BackendException ? exception.getMessage() : exception.toString();
  }
}
