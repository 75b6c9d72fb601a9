package dev.tandem.train;

import dev.tandem.data.Tokenizer;
import dev.tandem.data.TokenizerFile;
import dev.tandem.io.AtomicFile;
import dev.tandem.io.FileException;
import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/**
 * Where a run leaves its files: {@code config.yaml} as it was resolved, {@code run.json} with what it ran on, {@code
 * metrics.jsonl} with a line an epoch, {@code model.safetensors}, {@code checkpoint.safetensors} to go on from,
 * and of a text's model {@code tokens.json} with what its tokens are.
 */
public record RunFolder(Path path) {
  private static final int MOST = 1_000_000;

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

  public Path config() {
    return path.resolve("config.yaml");
  }

  public Path record() {
    return path.resolve("run.json");
  }

  public Path metrics() {
    return path.resolve("metrics.jsonl");
  }

  public Path model() {
    return path.resolve("model.safetensors");
  }

  public Path checkpoint() {
    return path.resolve("checkpoint.safetensors");
  }

  /** What the model's tokens are, where it was trained on a text. */
  public Path tokenizer() {
    return path.resolve(TokenizerFile.NAME);
  }

  /** What {@link #tokenizer()} tells; empty where the model has no tokens, or nobody knew what they are. */
  public Optional<Tokenizer> readTokenizer() {
    return TokenizerFile.in(path);
  }

  public void writeTokenizer(Tokenizer tokenizer) {
    TokenizerFile.write(tokenizer(), tokenizer);
  }

  public void writeConfig(String text) {
    AtomicFile.text(config(), text);
  }

  public void writeRecord(RunRecord record) {
    AtomicFile.text(record(), record.json());
  }
}
