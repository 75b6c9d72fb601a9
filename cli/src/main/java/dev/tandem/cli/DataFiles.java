package dev.tandem.cli;

import dev.tandem.cli.config.DataConfig;
import dev.tandem.io.AtomicFile;
import dev.tandem.io.FileException;
import dev.tandem.io.Sentence;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;
import java.util.zip.CheckedInputStream;

/**
 * What the files of a run's data held when it began, {@code data.txt} in its folder: so that a run that goes on can say that somebody
 * edited them since. Those of token shards and of data sets that everybody knows are not among them.
 */
record DataFiles(List<Entry> entries) {
  private static final String NAME = "data.txt";

  /** A file, its length, and the CRC-32C of what is in it. */
  record Entry(long bytes, long checksum, String file) {
    @Override
    public String toString() {
      return contents() + file;
    }

    /** What is compared: files may have moved with their run. */
    private String contents() {
      return bytes + " " + Long.toHexString(checksum) + " ";
    }
  }

  static DataFiles of(DataConfig config) {
    List<Path> files = new ArrayList<>();
    switch (config.source()) {
      case DataConfig.Csv csv -> {
        files.add(csv.file());
        csv.testFile().ifPresent(files::add);
      }
      case DataConfig.Text text -> files.add(text.file());
      case DataConfig.Idx idx -> {
        files.add(idx.images());
        files.add(idx.labels());
        idx.testImages().ifPresent(files::add);
        idx.testLabels().ifPresent(files::add);
      }
      case DataConfig.Digits _,
          DataConfig.FashionMnist _,
          DataConfig.Mnist _,
          DataConfig.Tokens _ -> {}
    }
    return new DataFiles(files.stream().map(DataFiles::entry).toList());
  }

  private static Entry entry(Path file) {
    try (CheckedInputStream in = new CheckedInputStream(Files.newInputStream(file), new CRC32C())) {
      long bytes = in.transferTo(OutputStream.nullOutputStream());
      return new Entry(
          bytes, in.getChecksum().getValue(), Sentence.plain(file.toAbsolutePath().toString()));
    } catch (IOException e) {
      throw FileException.of("data", file, "cannot be read", e);
    }
  }

  /** Writes them into a run's folder; nothing where there is none. */
  void write(Path run) {
    if (!entries.isEmpty()) {
      StringBuilder text = new StringBuilder();
      entries.forEach(entry -> text.append(entry).append('\n'));
      AtomicFile.text(run.resolve(NAME), text.toString());
    }
  }

  /**
   * What has changed since they were written into a run's folder, in a sentence; empty where nothing has, or nobody wrote any. The
   * same contents in another place are no change.
   */
  Optional<String> changed(Path run) {
    Path file = run.resolve(NAME);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    List<String> before;
    try {
      before = Files.readAllLines(file);
    } catch (IOException e) {
      throw FileException.of("data", file, "cannot be read", e);
    }
    List<String> changed = new ArrayList<>();
    for (int i = 0; i < Math.max(before.size(), entries.size()); i++) {
      if (i >= entries.size()) {
        changed.add(before.get(i).replaceFirst("^\\S+ \\S+ ", "") + " (no longer read)");
      } else if (i >= before.size() || !before.get(i).startsWith(entries.get(i).contents())) {
        changed.add(entries.get(i).file());
      }
    }
    return changed.isEmpty()
        ? Optional.empty()
        : Optional.of(
            "data: changed since the run began, got "
                + String.join(", ", changed)
                + "; its samples are split anew, and what it was tested on may now be trained on: begin a new run, or go"
                + " on knowing that");
  }
}
