package dev.tandem.train;

import dev.tandem.io.AtomicFile;
import dev.tandem.io.FileException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import java.util.Map;

/**
 * Writes a run's files as it goes. At any moment, also after a kill, the folder holds the metrics of all finished epochs, a
 * model that was good when it was written, and a checkpoint: each file is replaced whole, but for the metrics, to
 * which a line is added.
 */
public final class RunRecorder implements TrainingListener {
  private final Trainer trainer;
  private final RunFolder folder;
  private final Map<String, String> modelMetadata;
  private final Saving saving;
  private boolean begun;
  private boolean modelWritten;

  /**
   * @param modelMetadata what users of the model need, such as normalisation statistics: text in model.safetensors
   * @param checkpointEvery epochs between checkpoints; an interrupted run writes one in any case
   */
  public RunRecorder(
      Trainer trainer, RunFolder folder, Map<String, String> modelMetadata, int checkpointEvery) {
    this(trainer, folder, modelMetadata, Saving.everyEpochs(checkpointEvery));
  }

  /** Writes into this folder while a trainer runs. */
  public RunRecorder(
      Trainer trainer, RunFolder folder, Map<String, String> modelMetadata, Saving saving) {
    this.trainer = trainer;
    this.folder = folder;
    this.modelMetadata = Map.copyOf(modelMetadata);
    this.saving = saving;
  }

  @Override
  public void started(int epoch, int batches) {
    begin();
  }

  /** Brings metrics.jsonl in line with the run once: empty, or cut back to what a checkpoint knows. */
  private void begin() {
    if (!begun) {
      AtomicFile.removeLeftovers(folder.checkpoint());
      AtomicFile.removeLeftovers(folder.model());
      AtomicFile.text(folder.metrics(), trainer.history().lines());
      modelWritten = Files.exists(folder.model());
      begun = true;
    }
  }

  @Override
  public void epoch(EpochReport report) {
    try {
      Files.writeString(
          folder.metrics(),
          EpochJson.write(report) + "\n",
          StandardCharsets.UTF_8,
          StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw FileException.of("metrics", folder.metrics(), "cannot be written", e);
    }
    if (report.best() || !trainer.keepsBest()) {
      saveModel();
    }
    if (report.epoch() % saving.epochs() == 0) {
      save();
    }
  }

  private void save() {
    if (!trainer.sound()) {
      return; // the run ends at its next look, and the checkpoint before is the one to go on from
    }
    trainer.save(folder.checkpoint());
    if (saving.keep() > 1) {
      folder.keepCheckpoint(trainer.steps(), saving.keep());
    }
  }

  @Override
  public void step(StepReport report) {
    // After an epoch's last step its report comes, and a checkpoint that knows it.
    boolean last = report.batch() == report.batches();
    if (!last && saving.steps().isPresent() && report.step() % saving.steps().getAsInt() == 0) {
      save();
    }
  }

  @Override
  public void stopped(Outcome outcome) {
    begin();
    switch (outcome.reason()) {
      case INTERRUPTED -> {
        save();
        if (!modelWritten) {
          saveModel();
        }
      }
      // What epochs wrote was good; what is there now may hold NaN.
      case DIVERGED -> {}
      case MAX_EPOCHS, TARGET_LOSS, NO_IMPROVEMENT, GRADIENT_NORM -> saveModel();
    }
  }

  private void saveModel() {
    trainer.saveModel(folder.model(), modelMetadata);
    modelWritten = true;
  }
}
