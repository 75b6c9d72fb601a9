package dev.tandem.train;

import dev.tandem.data.BatchLoader;
import java.util.Optional;

/**
 * What is learned from, and what progress is measured on after every epoch.
 *
 * @param validation the loader of samples that are not trained on, unshuffled; without it progress is the training loss
 */
public record Feed(BatchLoader training, Optional<BatchLoader> validation) {
  /** Throws {@link dev.tandem.data.DataException} when the validation loader leaves samples out. */
  public Feed {
    validation.ifPresent(Evaluation::requireAll);
  }

  /** Nothing is validated on: progress is the training loss. */
  public static Feed of(BatchLoader training) {
    return new Feed(training, Optional.empty());
  }

  /** Progress is the loss on the validation samples. */
  public static Feed of(BatchLoader training, BatchLoader validation) {
    return new Feed(training, Optional.of(validation));
  }
}
