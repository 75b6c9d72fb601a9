package dev.tandem.train;

import dev.tandem.backend.Backend;
import dev.tandem.backend.Flag;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a run needs to be repeated, and how it ended: run.json of its folder.
 *
 * @param legs the times that it ran, in order: one, and one more for each time that it was resumed
 * @param end absent while the run goes on, or where it was killed
 */
public record RunRecord(long seed, List<Leg> legs, Optional<End> end) {
  /**
   * A time that the run ran without a break.
   *
   * @param ended absent while it goes on; of one that was killed the last sign of life, once the run is resumed
   * @param device the backend's own description
   * @param versions of Tandem, Java and the operating system; the machine's processors, the heap's limit, and switches that were set
   */
  public record Leg(
      Instant started,
      Optional<Instant> ended,
      String backend,
      String device,
      Map<String, String> versions) {
    /** Copies what it is given: later changes do not reach it. */
    public Leg {
      versions = Collections.unmodifiableMap(new LinkedHashMap<>(versions));
    }

    private static Leg starting(Backend backend) {
      return new Leg(now(), Optional.empty(), backend.name(), backend.description(), environment());
    }

    /** A clock that was put back meanwhile must not let it end before it began. */
    private Leg ended(Instant at) {
      Instant end = at.isBefore(started) ? started : at;
      return new Leg(started, Optional.of(end), backend, device, versions);
    }
  }

  /** How the run ended. */
  public record End(Outcome.Reason reason, int epochs, String message) {}

  /** Copies what it is given. Throws IllegalArgumentException where there is no leg. */
  public RunRecord {
    legs = List.copyOf(legs);
    if (legs.isEmpty()) {
      throw new IllegalArgumentException("run record: no leg, got none; a run has begun once");
    }
  }

  /** A run that starts now. */
  public static RunRecord starting(long seed, Backend backend) {
    return new RunRecord(seed, List.of(Leg.starting(backend)), Optional.empty());
  }

  /**
   * The same run, gone on with from now.
   *
   * @param lastSign when there was the last sign of life, where no end was written
   */
  public RunRecord resumed(Instant lastSign, long seed, Backend backend) {
    List<Leg> longer = new ArrayList<>(legs);
    if (last().ended().isEmpty()) {
      longer.set(longer.size() - 1, last().ended(lastSign.truncatedTo(ChronoUnit.SECONDS)));
    }
    longer.add(Leg.starting(backend));
    return new RunRecord(seed, longer, Optional.empty());
  }

  /** The same run, ended now. */
  public RunRecord ended(Outcome outcome) {
    List<Leg> ended = new ArrayList<>(legs);
    ended.set(ended.size() - 1, last().ended(now()));
    return new RunRecord(
        seed,
        ended,
        Optional.of(
            new End(outcome.reason(), outcome.history().epochs().size(), outcome.message())));
  }

  /** The leg that runs, or ran last. */
  public Leg last() {
    return legs.getLast();
  }

  /** When the run began. */
  public Instant started() {
    return legs.getFirst().started();
  }

  private static Instant now() {
    return Instant.now().truncatedTo(ChronoUnit.SECONDS);
  }

  private static Map<String, String> environment() {
    Map<String, String> versions = new LinkedHashMap<>();
    versions.put(
        "tandem",
        Optional.ofNullable(RunRecord.class.getPackage().getImplementationVersion())
            .orElse("unpacked"));
    versions.put("java", System.getProperty("java.vm.name") + " " + Runtime.version());
    versions.put(
        "os",
        System.getProperty("os.name")
            + " "
            + System.getProperty("os.version")
            + " "
            + System.getProperty("os.arch"));
    versions.put("processors", Integer.toString(Runtime.getRuntime().availableProcessors()));
    versions.put("heap", Runtime.getRuntime().maxMemory() / (1 << 20) + " MiB");
    for (Flag flag : Flag.values()) {
      flag.value().ifPresent(value -> versions.put("TANDEM_" + flag.name(), value));
    }
    return versions;
  }
}
