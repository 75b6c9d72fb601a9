package dev.tandem.train;

import dev.tandem.data.Tokenizer;
import dev.tandem.data.TokenizerFile;
import dev.tandem.io.AtomicFile;
import dev.tandem.io.FileException;
import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Where a run leaves its files: {@code config.yaml} as it was resolved, {@code run.json} with when and on what it ran, {@code
 * metrics.jsonl} with a line an epoch, {@code steps.jsonl} and {@code distributions.jsonl} with what a {@link RunSampler} saw,
 * {@code model.safetensors}, {@code checkpoint.safetensors} to go on from, of a text's model {@code tokens.json} with what its tokens
 * are, and what the command adds: {@code evaluation.json} and {@code report.html}.
 */
public record RunFolder(Path path) {
  private static final int MOST = 1_000_000;
  private static final Pattern KEPT = Pattern.compile("checkpoint-(\\d{1,18})\\.safetensors");

  /**
   * Makes {@code parent/name-1}, or the next number that is free; two runs that start at once get one each.
   *
   * @throws FileException naming the folder that cannot be made
   */
  public static RunFolder create(Path parent, String name) {
    if (!name.matches("[A-Za-z0-9][A-Za-z0-9._-]*")) {
      throw new FileException(
          "run folder: the name cannot be a folder's, got '"
              + name
              + "'; use letters, digits, ., _ and -");
    }
    try {
      Files.createDirectories(parent);
    } catch (IOException e) {
      throw FileException.of("run folder", parent, "cannot be made", e);
    }
    for (int number = 1; number < MOST; number++) {
      Path folder = parent.resolve(name + "-" + number);
      try {
        Files.createDirectory(folder);
        return new RunFolder(folder);
      } catch (FileAlreadyExistsException _) {
        // Taken: by an earlier run, or a moment ago by another.
      } catch (IOException e) {
        throw FileException.of("run folder", folder, "cannot be made", e);
      }
    }
    throw new FileException(
        "run folder: too many of one name, got "
            + MOST
            + " in "
            + parent
            + "; choose another name");
  }

  /** One that exists. @throws FileException when it does not */
  public static RunFolder open(Path path) {
    if (!Files.isDirectory(path)) {
      throw new FileException(
          "run folder: no such folder, got " + path + "; give the folder that training printed");
    }
    return new RunFolder(path);
  }

  /**
   * Takes the folder for one training, until closed; a process that dies lets go of it.
   *
   * @throws FileException when another training has it
   */
  public Closeable lock() {
    Path file = path.resolve(".lock");
    try {
      FileChannel channel =
          FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      try {
        if (channel.tryLock() != null) {
          return channel;
        }
      } catch (OverlappingFileLockException e) {
        // Held in this process: the same as by another.
      }
      channel.close();
    } catch (IOException e) {
      throw FileException.of("run folder", file, "cannot be locked", e);
    }
    throw new FileException(
        "run folder: another training writes there, got " + path + "; wait for it, or stop it");
  }

  /** The resolved config, {@code config.yaml}. */
  public Path config() {
    return path.resolve("config.yaml");
  }

  /** What it ran on, {@code run.json}. */
  public Path record() {
    return path.resolve("run.json");
  }

  /** Every epoch's figures, {@code metrics.jsonl}. */
  public Path metrics() {
    return path.resolve("metrics.jsonl");
  }

  /** A line of JSON for each step that was looked at. */
  public Path steps() {
    return path.resolve("steps.jsonl");
  }

  /** A line of JSON for each epoch whose weights and gradients were counted into bins. */
  public Path distributions() {
    return path.resolve("distributions.jsonl");
  }

  /** What the trained model made of the test samples. */
  public Path evaluation() {
    return path.resolve("evaluation.json");
  }

  /** The run as a page for a browser. */
  public Path report() {
    return path.resolve("report.html");
  }

  /** The weights, {@code model.safetensors}. */
  public Path model() {
    return path.resolve("model.safetensors");
  }

  /** The newest checkpoint. */
  public Path checkpoint() {
    return path.resolve("checkpoint.safetensors");
  }

  /** The checkpoint of a step, where several are kept. */
  public Path checkpoint(long step) {
    return path.resolve("checkpoint-" + step + ".safetensors");
  }

  /**
   * Keeps the checkpoint that is there under the number of its step as well, and of those so kept the last.
   *
   * @throws FileException naming what cannot be written or removed
   */
  void keepCheckpoint(long step, int most) {
    Path kept = checkpoint(step);
    try {
      Files.deleteIfExists(kept);
      try {
        // No second copy on the disk: when the newest is replaced, this name keeps it.
        Files.createLink(kept, checkpoint());
      } catch (UnsupportedOperationException | FileSystemException e) {
        Files.copy(checkpoint(), kept, StandardCopyOption.REPLACE_EXISTING);
      }
      List<Long> steps = keptCheckpoints();
      for (long old : steps.subList(0, Math.max(0, steps.size() - most))) {
        Files.deleteIfExists(checkpoint(old));
      }
    } catch (IOException e) {
      throw FileException.of("checkpoint", kept, "cannot be kept", e);
    }
  }

  /** The steps whose checkpoints are kept, in order. */
  private List<Long> keptCheckpoints() throws IOException {
    try (Stream<Path> files = Files.list(path)) {
      return files
          .map(file -> KEPT.matcher(file.getFileName().toString()))
          .filter(Matcher::matches)
          .map(name -> Long.parseLong(name.group(1)))
          .sorted()
          .toList();
    }
  }

  /** What the model's tokens are, where it was trained on a text. */
  public Path tokenizer() {
    return path.resolve(TokenizerFile.NAME);
  }

  /** What {@link #tokenizer()} tells; empty where the model has no tokens, or nobody knew what they are. */
  public Optional<Tokenizer> readTokenizer() {
    return TokenizerFile.in(path);
  }

  /** Writes the tokenizer, whole or not at all. Throws FileException where the folder cannot be written. */
  public void writeTokenizer(Tokenizer tokenizer) {
    TokenizerFile.write(tokenizer(), tokenizer);
  }

  /** Writes the resolved config, whole or not at all. Throws FileException where the folder cannot be written. */
  public void writeConfig(String text) {
    AtomicFile.text(config(), text);
  }

  /** Writes what it runs on, whole or not at all. Throws FileException where the folder cannot be written. */
  public void writeRecord(RunRecord record) {
    AtomicFile.text(record(), RunRecordJson.write(record));
  }

  /**
   * What was written of how it ran; empty where nothing was.
   *
   * @throws FileException where the file is damaged or cannot be read
   */
  public Optional<RunRecord> readRecord() {
    String text;
    try {
      // What is no UTF-8 becomes U+FFFD.
      text = new String(Files.readAllBytes(record()), StandardCharsets.UTF_8);
    } catch (NoSuchFileException _) {
      return Optional.empty();
    } catch (IOException e) {
      throw FileException.of("run folder", record(), "cannot be read", e);
    }
    try {
      return Optional.of(RunRecordJson.read(text));
    } catch (IOException e) {
      throw new FileException(
          "run folder: "
              + record()
              + " is damaged, got "
              + String.valueOf(e.getMessage()).lines().findFirst().orElse("")
              + "; remove it: the run goes on without, and its beginning is forgotten",
          e);
    }
  }

  /** When the training last wrote a file of the folder; 1970 where there is none. */
  public Instant lastSign() {
    return Stream.of(config(), record(), metrics(), steps(), distributions(), model(), checkpoint())
        .map(file -> {
          try {
            return Files.getLastModifiedTime(file).toInstant();
          } catch (IOException _) {
            return Instant.EPOCH; // not there yet
          }
        })
        .max(Instant::compareTo)
        .orElseThrow();
  }
}
