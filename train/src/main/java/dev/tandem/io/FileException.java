package dev.tandem.io;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;

/**
 * A file could not be read, written or understood. The message is one sentence that names it, of the form {@code <what>:
 * <what is wrong>, got <values>; <what to do>}.
 */
public final class FileException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** What happened and what to do, in a sentence for people. */
  public FileException(String message) {
    super(Sentence.of(message));
  }

  /** What happened and what to do, in a sentence for people, and what it came from. */
  public FileException(String message, Throwable cause) {
    super(Sentence.of(message), cause);
  }

  /**
   * One sentence for what the system refused.
   *
   * @param failed what could not be done: {@code cannot be written}
   */
  public static FileException of(String what, Path file, String failed, IOException cause) {
    return new FileException(
        what + ": " + file + " " + failed + ", got " + reason(file, cause), cause);
  }

  private static String reason(Path file, IOException cause) {
    return switch (cause) {
      case AccessDeniedException denied ->
          "permission denied"
              + where(file, denied)
              + "; change the permissions, or choose another folder";
      case NoSuchFileException missing ->
          "no such file or folder" + where(file, missing) + "; check the path";
      case NotDirectoryException other ->
          "a file where a folder should be" + where(file, other) + "; check the path";
      case FileAlreadyExistsException other ->
          "a file where a folder should be"
              + where(file, other)
              + "; remove it, or choose another folder";
      case FileSystemException other ->
          (other.getReason() == null ? other.getMessage() : other.getReason())
              + "; free or choose another place";
      default -> cause.getMessage() + "; check disk and path";
    };
  }

  /** Names the file the system spoke of, where it is another than the message has named. */
  private static String where(Path file, FileSystemException cause) {
    return cause.getFile() == null || cause.getFile().equals(file.toString())
        ? ""
        : " for " + cause.getFile();
  }
}
