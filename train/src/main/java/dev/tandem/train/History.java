package dev.tandem.train;

import dev.tandem.io.FileException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The epochs of a run, in order. */
public record History(List<EpochReport> epochs) {
  /** Copies what it is given: later changes do not reach it. */
  public History {
    epochs = List.copyOf(epochs);
  }

  /**
   * The epoch that counts as the best: the last whose monitored loss fell below the best one before by more than {@link
   * Stopping#minDelta}. Its weights are kept where early stopping is on; without it the model has those of the last epoch. Empty
   * before the first whose loss is a finite number.
   */
  public Optional<EpochReport> best() {
    return epochs.reversed().stream().filter(EpochReport::best).findFirst();
  }

  /** The latest epoch. */
  public Optional<EpochReport> last() {
    return epochs.isEmpty() ? Optional.empty() : Optional.of(epochs.getLast());
  }

  History then(EpochReport report) {
    List<EpochReport> longer = new ArrayList<>(epochs);
    longer.add(report);
    return new History(longer);
  }

  /** Reads the metrics.jsonl of a run folder. @throws FileException naming the file and the line */
  public static History read(Path metrics) {
    try {
      return parse(metrics, Files.readString(metrics, StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw FileException.of("metrics", metrics, "cannot be read", e);
    }
  }

  /** Reads the lines of a metrics.jsonl. @param source what messages call it @throws FileException naming it and the line */
  public static History parse(Path source, String text) {
    List<EpochReport> epochs = new ArrayList<>();
    for (String line : text.lines().filter(line -> !line.isBlank()).toList()) {
      try {
        epochs.add(EpochJson.read(line));
      } catch (IOException e) {
        throw new FileException(
            "metrics: "
                + source
                + " has a line that is no epoch, got "
                + e.getMessage().lines().findFirst().orElse("")
                + " in line "
                + (epochs.size() + 1)
                + "; remove the line",
            e);
      }
    }
    return new History(epochs);
  }

  /** A line of JSON an epoch. */
  String lines() {
    StringBuilder lines = new StringBuilder();
    epochs.forEach(epoch -> lines.append(EpochJson.write(epoch)).append('\n'));
    return lines.toString();
  }
}
