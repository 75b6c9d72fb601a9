package dev.tandem.cli;

import dev.tandem.backend.Backend;
import dev.tandem.backend.BackendException;
import dev.tandem.cli.report.Examined;
import dev.tandem.cli.report.RunFiles;
import dev.tandem.cli.report.RunPage;
import dev.tandem.data.DataException;
import dev.tandem.data.Dataset;
import dev.tandem.io.AtomicFile;
import dev.tandem.io.FileException;
import dev.tandem.train.CurveFiles;
import dev.tandem.train.Metrics;
import dev.tandem.train.Outcome;
import dev.tandem.train.RunFolder;
import dev.tandem.train.RunRecord;
import dev.tandem.train.RunRecorder;
import dev.tandem.train.RunSampler;
import dev.tandem.train.Saving;
import dev.tandem.train.TensorBoard;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** Writes all that a run of the command leaves in its folder, from the config at its beginning to the report at its end. */
final class RunWriter implements AutoCloseable {
  private final Prepared prepared;
  private final Session session;
  private final RunFolder folder;
  private final RunRecord record;
  private final Optional<TensorBoard> tensorBoard;

  /** Writes what is known at the beginning, and follows the session's trainer. */
  RunWriter(Prepared prepared, Session session, RunFolder folder, Backend backend, Saving saving) {
    this.prepared = prepared;
    this.session = session;
    this.folder = folder;
    long seed = prepared.config().seed();
    record =
        folder
            .readRecord()
            .map(earlier -> earlier.resumed(folder.lastSign(), seed, backend))
            .orElseGet(() -> RunRecord.starting(seed, backend));
    folder.writeConfig(prepared.loaded().yaml());
    prepared.data().tokenizer().ifPresent(folder::writeTokenizer);
    folder.writeRecord(record);
    forget();
    tensorBoard =
        prepared.config().run().tensorboard()
            ? Optional.of(new TensorBoard(folder.path(), prepared.loaded().yaml()))
            : Optional.empty();
    List<RunSampler.Sink> sinks = new ArrayList<>(List.of(new CurveFiles(folder)));
    tensorBoard.ifPresent(sinks::add);
    session
        .trainer()
        .listen(
            new RunRecorder(
                session.trainer(), folder, ModelCard.of(prepared.data()).metadata(), saving))
        .listen(new RunSampler(session.trainer(), sinks));
  }

  /** What an earlier end of the run left is not true of the one to come. */
  private void forget() {
    try {
      Files.deleteIfExists(folder.evaluation());
      Files.deleteIfExists(folder.report());
    } catch (IOException e) {
      throw FileException.of("run folder", folder.path(), "cannot be tidied up", e);
    }
  }

  /** The best part of the data that there is to measure on. @param part in a word */
  record Measured(String part, Dataset dataset, Metrics metrics) {}

  /** Measures the trained model: on the test samples, or those of the validation, or what it was trained on. */
  Measured measure() {
    Dataset dataset = prepared.data().measured();
    return new Measured(prepared.data().measuredPart(), dataset, session.measure(dataset));
  }

  /** Writes how the run ended. */
  void ended(Outcome outcome) {
    folder.writeRecord(record.ended(outcome));
  }

  /** Writes what the model made of samples, if it was measured, and the report. What fails of it is noted: the run is done. */
  void report(Optional<Measured> measured, Consumer<String> notes) {
    noting(notes, () -> measured.ifPresent(all -> writeEvaluation(folder, examine(all))));
    noting(notes, () -> writeReport(folder));
  }

  private static void noting(Consumer<String> notes, Runnable work) {
    try {
      work.run();
    } catch (FileException | DataException | BackendException e) {
      notes.accept("the report is not whole: " + e.getMessage());
    }
  }

  private Examined examine(Measured measured) {
    return session
        .examiner(measured.dataset())
        .examine(
            measured.part(),
            measured.dataset(),
            measured.metrics(),
            prepared.data().tokenizer(),
            prepared.config().seed());
  }

  static void writeEvaluation(RunFolder folder, Examined examined) {
    AtomicFile.text(folder.evaluation(), examined.json());
  }

  static void writeReport(RunFolder folder) {
    AtomicFile.text(folder.report(), RunPage.file(RunFiles.read(folder)));
  }

  @Override
  public void close() {
    tensorBoard.ifPresent(TensorBoard::close);
  }
}
